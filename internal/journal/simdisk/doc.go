// Package simdisk is a disk in memory whose power can be cut. It keeps two states of everything, what
// a reader sees now and what would be there after a power cut, and between them a list of what is
// pending: sectors that were written, sizes, names. A sync moves things from the list to the durable
// state; a crash asks for each pending thing whether it made it.
//
//	WriteAt ─▶ live sectors ──Sync──▶ durable sectors
//	               │ pending, one by one          ▲
//	               └──────── Crash(keep) ─────────┘
//
// Faults are injected by a function that sees each call before it is made and may refuse it; the disk
// then behaves as a real one that gives this error: a write that fails has perhaps been done in part,
// and a sync that fails gives up the content that was pending and calls it clean, so that the next one
// succeeds and proves nothing. Sizes and names stay pending then.
//
// Everything is a function of the seed and of the calls. A disk that is used by one goroutine at a
// time behaves the same in every run, on every machine.
//
// Invariants, each held to by a test:
//
//	D1  What was synced under a name that was synced survives every crash, byte for byte.
//	D2  After a crash each sector holds what it held at the last sync or what was written last, and
//	    nothing else.
//	D3  A rename is done as a whole or not at all.
//	D4  A handle from before a crash or kill does nothing any more.
//	D5  Same seed, same calls: same states.
package simdisk
