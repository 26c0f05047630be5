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

// resume puts both sides where the shared words say that they were.
func (s *sides) resume() {
	tail, head := s.shared.tail.Load(), s.shared.head.Load()
	s.producer.pos, s.producer.cached = tail, head
	s.consumer.pos, s.consumer.cached = head, tail
}

// Bells lets the ring do the ringing: from now on Publish rings the consumer's bell, Release the
// producer's, and Close both, and the forms that wait (their names end in Wait, or have no Try) may
// be used by the sides that have a bell. Either may be nil. One bell may serve many rings for which
// its owner waits at the same time; a stage between two rings, which waits for items or for room and
// never for both, has a bell for each, or every release behind it would wake it for nothing. Call it
// before the ring is used.
func (s *sides) Bells(producer, consumer *Bell) {
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

// free is the producer's slow path: it loads head and returns the free part of capacity. Less than
// want counts as a stall.
func (s *sides) free(capacity, want uint64) uint64 {
	p := &s.producer
	p.cached = s.shared.head.Load()
	depth := p.pos - p.cached
	p.look(depth, capacity-depth >= want)
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
		bump(&c.spins)
		if !c.stalled {
			bump(&c.stalls)
		}
	}
	c.stalled = !found
}

// depth is tail - head for any goroutine. The two loads are not one instant: head goes first, so
// that the difference cannot be negative, and the caller cuts it off at the capacity.
func (s *sides) depth() uint64 {
	head := s.shared.head.Load()
	return s.shared.tail.Load() - head
}

// Close ends the ring for both sides: the producer can claim nothing more, the consumer may still
// drain what is published. Any goroutine may call it, more than once. It rings the bells of the
// ring; whoever closes a ring without bells, on which somebody waits, rings afterwards.
func (s *sides) Close() {
	s.shared.closed.Store(1)
	for _, b := range []*Bell{s.room, s.items} {
		if b != nil {
			b.Ring()
		}
	}
}

// Closed reports whether Close was called. A consumer that wants everything that was published
// before Close asks Closed first and looks into the ring afterwards, in this order.
func (s *sides) Closed() bool { return s.shared.closed.Load() != 0 }

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

// Stats may be called by any goroutine.
func (s *sides) Stats() Stats { return statsOf(&s.producer, &s.consumer, s.items).withRoom(s.room) }
