package ringbuf

import "sync/atomic"

// sides is what a ring with one producer and one consumer is made of: two shared words that say who
// owns what, and a private block for each side.
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
	shared *control // this and the bells are never written again once the ring is in use
	room   *Bell    // the producer's; nil: somebody else rings, or nobody waits
	items  *Bell    // the consumer's, likewise
	freed  *Bell    // room if its policy parks, rung after each Release; else nil, which saves a call
	filled *Bell    // items likewise, rung after each Publish
	_      padding

	producer cursor
	_        padding
	consumer cursor
	_        padding
}

// cursor is the private block of one side. Nobody else reads it, except the counters.
type cursor struct {
	pos     uint64 // this side's shared word, without the cost of loading it
	cached  uint64 // the other side's shared word when this side last loaded it; never ahead of it (I2)
	limit   uint64 // the producer's: below it a push has room and need not ask for cache lines; see ahead.go
	asked   uint64 // likewise: below it those of free slots are asked for
	lent    uint64 // slots or records lent to the caller and not handed over yet
	stalled bool   // the last look found nothing: counts a stall once, not once per spin

	stalls   atomic.Uint64 // times this side found the ring full (producer) or empty (consumer)
	spins    atomic.Uint64 // looks of this side that found nothing
	depthMax atomic.Uint64 // highest depth that this side saw
}

// start puts both sides at pos.
func (s *sides) start(pos uint64) {
	s.shared.tail.Store(pos)
	s.shared.head.Store(pos)
	s.resume()
}

// resume puts both sides where the shared words say that they were. The other side may go on meanwhile, so head goes
// first, as in depth.
func (s *sides) resume() {
	head := s.shared.head.Load()
	tail := s.shared.tail.Load()
	s.producer.begin(tail, head)
	s.consumer.begin(head, tail)
}

// begin puts a side at pos, and the other one at cached.
func (c *cursor) begin(pos, cached uint64) { c.pos, c.cached, c.limit, c.asked = pos, cached, pos, pos }

// bells is Bells of a ring.
func (s *sides) bells(producer, consumer *Bell) {
	s.room, s.items = producer, consumer
	s.freed, s.filled = producer.ifParks(), consumer.ifParks()
}

// publish is the store that hands the slots below pos to the consumer: everything the producer did
// to them happens before whatever the consumer does after it has loaded pos.
func (s *sides) publish(pos uint64) {
	s.producer.pos = pos
	storeRelease(&s.shared.tail, pos)
	if s.filled != nil {
		s.filled.Ring()
	}
}

// release is the store that hands the slots below pos back to the producer: the consumer has done
// with them whatever it wanted before.
func (s *sides) release(pos uint64) {
	s.consumer.pos = pos
	storeRelease(&s.shared.head, pos)
	if s.freed != nil {
		s.freed.Ring()
	}
}

// free is the producer's slow path: it loads head and returns the free part of capacity. None
// counts as a stall.
func (s *sides) free(capacity uint64) uint64 {
	p := &s.producer
	p.cached = s.shared.head.Load()
	depth := p.pos - p.cached
	p.look(depth, depth < capacity)
	return capacity - depth
}

// ready is the consumer's slow path: it loads tail and returns how much is published.
func (s *sides) ready() uint64 {
	c := &s.consumer
	c.cached = s.shared.tail.Load()
	depth := c.cached - c.pos
	c.look(depth, depth > 0)
	return depth
}

// look keeps the counters.
func (c *cursor) look(depth uint64, found bool) {
	if depth > c.depthMax.Load() {
		storeRelease(&c.depthMax, depth)
	}
	if !found {
		c.nothing()
		return
	}
	c.stalled = false
}

// nothing counts a look that found nothing.
func (c *cursor) nothing() {
	bump(&c.spins)
	if !c.stalled {
		bump(&c.stalls)
		c.stalled = true
	}
}

// depth is tail - head for any goroutine. The two loads are not one instant: head goes first, so
// that the difference cannot be negative, and the caller cuts it off at the capacity.
func (s *sides) depth() uint64 {
	head := s.shared.head.Load()
	return s.shared.tail.Load() - head
}

// close is Close of a ring.
func (s *sides) close() {
	s.shared.closed.Store(1)
	for _, b := range []*Bell{s.room, s.items} {
		if b != nil {
			b.Ring()
		}
	}
}

// closed is Closed of a ring.
func (s *sides) closed() bool { return s.shared.closed.Load() != 0 }

// Stats are the counters of one ring.
type Stats struct {
	// DepthMax is the highest depth seen, in items (Frames: bytes). The sides look when they run
	// out of room or items, so it is a lower bound, and exact for a ring that ran full.
	DepthMax uint64

	Full       uint64 // times a producer ran out of room; a wait counts once, however long
	FullSpins  uint64 // looks for room that found too little
	RoomParks  uint64 // times the producer's bell slept, for this ring or another; 0 without a bell
	Empty      uint64 // times a consumer ran out of items; a wait counts once
	EmptySpins uint64 // looks for items that found none
	ItemParks  uint64 // times the consumer's bell slept, likewise
}

// statsOf puts the counters of two sides together; bell is the consumer's.
func statsOf(producer, consumer *cursor, bell *Bell) Stats {
	return Stats{
		DepthMax: max(producer.depthMax.Load(), consumer.depthMax.Load()),
		Full:     producer.stalls.Load(), FullSpins: producer.spins.Load(),
		Empty: consumer.stalls.Load(), EmptySpins: consumer.spins.Load(), ItemParks: bell.Parks(),
	}
}

func (s Stats) withRoom(bell *Bell) Stats {
	s.RoomParks = bell.Parks()
	return s
}

// stats is Stats of a ring.
func (s *sides) stats() Stats { return statsOf(&s.producer, &s.consumer, s.items).withRoom(s.room) }
