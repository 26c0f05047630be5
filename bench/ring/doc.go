// Package ring measures package ringbuf: what an item costs, how long a hop from core to core takes,
// and what both become when there are more stages than cores.
//
//	Queue    one to three producers ─▶ ring ─▶ consumers     ns an item, beside a Go channel
//	Line     a block of cache lines that two cores fill and read in turns: what the machine takes for a line
//	Hop      a turn that goes to and fro                     ns one way, percentiles, beside a bare word
//	Circle   one item around five stages, whatever the cores ns a hop
//	Stream   a stream through five stages                    ns an item
//	Alone    one thread fills a ring and drains it again     ns an item: the ring's own instructions
//	Idle     a consumer with nothing to do                   per cent of a core, µs until it is awake again
//
// Times on a shared machine mean little, so every benchmark takes turns with its anchor in the same
// run, round by round, and reports a ratio: x-chan and x-line of the best round of each, x-word of the
// percentiles of all. Every consumer checks the order and the content of every item.
//
// Two threads that spin are pinned to two cores if there are two; the metric pinned says whether
// they were. docs/RINGS.md has the figures, and make bench-ring writes them.
package ring
