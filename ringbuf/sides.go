package ringbuf

import "sync/atomic"

// padding keeps what stands before and after it off each other's cache lines. 128 bytes, not 64,
// because the hardware prefetches lines in pairs; and padding between, not alignment of, because
// the heap does not promise more than 8 bytes.
type padding [128]byte

// sides is what every ring of this package is made of: two shared words that say who owns what,
// and a private block for each side.
//
// Positions count slots (SPSC) or bytes (Frames) since the ring was made. They only grow and wrap
// around at 2^64, so only their differences mean anything. The capacity is a power of two, which
// keeps the place of a position, position & (capacity-1), continuous across that wrap.
//
//	released and free          published             free
//	──────────────────── head ─────────── tail ───────────────── head + capacity
//	   the producer's        the consumer's        the producer's
//
// Only the producer stores tail, only the consumer stores head (I1). A store of tail hands the
// slots below it to the consumer, a store of head hands the slots below it back to the producer.
type sides struct {
	_        padding
	tail     atomic.Uint64
	_        padding
	head     atomic.Uint64
	_        padding
	producer cursor
	_        padding
	consumer cursor
	_        padding
	closed   atomic.Bool // read on every claim, written once: stays in both caches
}

// cursor is the private block of one side. Nobody else reads it, except the counters.
type cursor struct {
	pos     uint64 // this side's shared word, without the cost of loading it
	cached  uint64 // the other side's shared word when this side last loaded it; never ahead of it (I2)
	lent    uint64 // slots or records lent to the caller and not handed over yet
	stalled bool   // the last look found nothing: counts a stall once, not once per spin

	stalls   atomic.Uint64 // times this side found the ring full (producer) or empty (consumer)
	depthMax atomic.Uint64 // highest depth that this side saw
	passed   atomic.Uint64 // records handed over (Frames only)
}

// handOver is the one store that publishes: everything the caller did to the slots below pos
// happens before whatever the other side does after it has loaded pos.
//
// atomic.Store is a full barrier on amd64 (XCHG), and Bell relies on that: see Bell.Ring. Whoever
// puts a cheaper release store here must give Ring a barrier of its own.
func handOver(word *atomic.Uint64, pos uint64) { word.Store(pos) }

// start puts both sides at pos.
func (s *sides) start(pos uint64) {
	s.tail.Store(pos)
	s.head.Store(pos)
	s.producer.pos, s.producer.cached = pos, pos
	s.consumer.pos, s.consumer.cached = pos, pos
}

// free is the producer's slow path: it loads head and returns the free part of capacity. Less than
// want counts as a stall.
func (s *sides) free(capacity, want uint64) uint64 {
	p := &s.producer
	p.cached = s.head.Load()
	depth := p.pos - p.cached
	p.look(depth, capacity-depth >= want)
	return capacity - depth
}

// ready is the consumer's slow path: it loads tail and returns how much is published.
func (s *sides) ready() uint64 {
	c := &s.consumer
	c.cached = s.tail.Load()
	depth := c.cached - c.pos
	c.look(depth, depth > 0)
	return depth
}

// look keeps the counters. Each has one writer, so a load and a store are enough.
func (c *cursor) look(depth uint64, found bool) {
	if depth > c.depthMax.Load() {
		c.depthMax.Store(depth)
	}
	if !found && !c.stalled {
		c.stalls.Store(c.stalls.Load() + 1)
	}
	c.stalled = !found
}

// depth is tail - head for any goroutine. The two loads are not one instant: head goes first, so
// that the difference cannot be negative, and the caller cuts it off at the capacity.
func (s *sides) depth() uint64 {
	head := s.head.Load()
	return s.tail.Load() - head
}

// Close ends the ring for both sides: the producer can claim nothing more, the consumer may still
// drain what is published. Any goroutine may call it, more than once. It wakes nobody: whoever
// closes a ring on which somebody waits rings that Bell afterwards.
func (s *sides) Close() { s.closed.Store(true) }

// Closed reports whether Close was called. A consumer that wants everything that was published
// before Close asks Closed first and looks into the ring afterwards, in this order.
func (s *sides) Closed() bool { return s.closed.Load() }

// Stats are the counters of one ring.
type Stats struct {
	// DepthMax is the highest depth seen, in items (SPSC) or bytes (Frames). The sides look when
	// they run out of room or items, so it is a lower bound, and exact for a ring that ran full.
	DepthMax uint64
	Full     uint64 // times the producer ran out of room; a wait counts once, however long
	Empty    uint64 // times the consumer ran out of items; a wait counts once
}

// Stats may be called by any goroutine.
func (s *sides) Stats() Stats {
	return Stats{
		DepthMax: max(s.producer.depthMax.Load(), s.consumer.depthMax.Load()),
		Full:     s.producer.stalls.Load(),
		Empty:    s.consumer.stalls.Load(),
	}
}
