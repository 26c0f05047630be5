package ringbuf

import "sync/atomic"

// MPSC is a ring of values between any number of producers and one consumer. Claim, Publish and the
// pushes belong to the producers, each lot to the one that claimed it; Peek, Release and the pops to
// the consumer; everything else to anyone.
//
// A claim moves the word claimed by compare-and-swap: from then on the slots of the lot are that
// producer's. What is published cannot be one word, because lots become ready out of order, so each
// slot has a stamp, and the one store that hands a lot to the consumer is that of the position
// behind it into the stamp of its first slot:
//
//	          lot of A, published       lot of B, not yet     lot of C, published
//	stamps   │ 5 │ . │ . │ . │ . │     │ - │ . │ . │         │ 9 │       places: 0 ... 8
//	         pos                        the consumer stops here; C's lot waits for B's
//
// The stamp of an earlier lap is never above the position of its slot, so it cannot be taken for a
// new one (I10). The consumer hands slots back with one store of head, as in SPSC.
//
// A lot must be published, whole and soon: the consumer gets nothing that was claimed after it
// before it. A producer that may die between the two does not belong on this ring.
type MPSC[T any] struct {
	slots[T]
	stamps []atomic.Uint64 // this, the slots' header and the bells are never written again
	rooms  []*Bell         // the producers', rung after each Release
	items  *Bell           // the consumer's, rung after each Publish; nil: nobody waits
	_      padding

	claimed  atomic.Uint64 // next position to be claimed; far ahead of everything when closed
	seen     atomic.Uint64 // head when one of the producers last looked: never ahead of it, maybe behind
	producer cursor        // of all producers: the counters only
	_        padding
	head     atomic.Uint64 // the consumer's
	_        padding
	consumer cursor
	_        padding
	closed   atomic.Bool
}

// closing is how far Close moves claimed ahead: it claims slots that nobody will ever publish, so
// that every later claim finds the ring full for ever. So there is one order of claims and Close,
// and the consumer knows which position is the last (I4).
const closing = 1 << 62

// Lot is a run of slots that a producer has claimed.
type Lot[T any] struct {
	Slots []T
	at    uint64
}

// NewMPSC makes a ring of at least capacity items, rounded up to a power of two. It panics if
// capacity is negative or T contains pointers.
func NewMPSC[T any](capacity int) *MPSC[T] {
	r := &MPSC[T]{slots: newSlots[T](capacity)}
	r.stamps = make([]atomic.Uint64, r.size)
	return r
}

// start puts an unused ring at a position.
func (r *MPSC[T]) start(pos uint64) {
	r.claimed.Store(pos)
	r.seen.Store(pos)
	r.head.Store(pos)
	r.consumer.pos, r.consumer.cached = pos, pos
	for i := range r.stamps {
		r.stamps[i].Store(pos)
	}
}

// Bells lets the ring do the ringing: Publish rings the consumer's bell, Release those of the
// producers, and Close all. A producer waits with a bell of its own, which it names to ClaimWait and
// Push. Call it before the ring is used.
func (r *MPSC[T]) Bells(consumer *Bell, producers ...*Bell) { r.items, r.rooms = consumer, producers }

// Claim gives up to n free slots to the calling producer, in a row, so near the end of the ring
// there may be fewer than n although more are free. The lot has no slots when the ring is full or
// closed; otherwise it must be published.
func (r *MPSC[T]) Claim(n int) Lot[T] {
	want := count(n)
	for {
		at := r.claimed.Load()
		used := at - r.seen.Load()
		if used > r.size || r.size-used < want {
			head := r.head.Load()
			storeRelease(&r.seen, head)
			used = at - head
		}
		if used-closing <= r.size {
			return Lot[T]{}
		}
		if used > r.size {
			continue // others have claimed meanwhile, and the consumer is beyond what we loaded
		}
		k := r.fit(at, min(want, r.size-used))
		if k == 0 {
			if want > 0 {
				r.producer.miss()
			}
			return Lot[T]{}
		}
		if r.claimed.CompareAndSwap(at, at+k) {
			return Lot[T]{r.lend(at, k), at}
		}
	}
}

// miss counts a look of one of several producers that found no room.
func (c *cursor) miss() {
	c.spins.Add(1)
	c.stalls.Add(1)
}

// ClaimWait is Claim, but waits while the ring is full, with the bell of the calling producer. The
// lot has no slots only when the ring is closed, or n is 0.
func (r *MPSC[T]) ClaimWait(n int, mine *Bell) Lot[T] {
	for {
		lot := r.Claim(n)
		if len(lot.Slots) > 0 || n == 0 || r.closed.Load() {
			return lot
		}
		mine.Wait(r.hasRoom)
	}
}

func (r *MPSC[T]) hasRoom() bool { return r.claimed.Load()-r.head.Load() < r.size || r.closed.Load() }

// Publish hands a lot over to the consumer. It panics if the lot is empty or published already.
func (r *MPSC[T]) Publish(lot Lot[T]) {
	if len(lot.Slots) == 0 {
		panic("ringbuf: publish of an empty lot")
	}
	r.hand(lot.at, uint64(len(lot.Slots)))
}

func (r *MPSC[T]) hand(at, n uint64) {
	stamp := &r.stamps[at&(r.size-1)]
	if int64(stamp.Load()-at) > 0 { // in a later lap too: the lot that is there now would be lost
		panic("ringbuf: publish of a lot that is published already")
	}
	storeRelease(stamp, at+n)
	if r.items != nil {
		r.items.Ring()
	}
}

// TryPush copies v into the ring and hands it over. It returns false when the ring is full or
// closed.
func (r *MPSC[T]) TryPush(v T) bool {
	lot := r.Claim(1)
	if len(lot.Slots) == 0 {
		return false
	}
	lot.Slots[0] = v
	r.hand(lot.at, 1)
	return true
}

// Push is TryPush, but waits while the ring is full, with the bell of the calling producer. It
// returns false only when the ring is closed.
func (r *MPSC[T]) Push(v T, mine *Bell) bool {
	lot := r.ClaimWait(1, mine)
	if len(lot.Slots) == 0 {
		return false
	}
	lot.Slots[0] = v
	r.hand(lot.at, 1)
	return true
}

// ready walks the published lots until want items are there or the next lot is not ready, and
// returns how many items there are.
func (r *MPSC[T]) ready(want uint64) uint64 {
	c := &r.consumer
	for c.cached-c.pos < want {
		end := r.stamps[c.cached&(r.size-1)].Load()
		if end-c.cached-1 >= r.size { // of an earlier lap
			break
		}
		c.cached = end
	}
	depth := c.cached - c.pos
	c.look(depth, depth > 0)
	return depth
}

// Peek lends up to n published slots to the consumer, in the order in which they were claimed and
// contiguous, so there may be fewer than n although more are published. It returns nil when the ring
// is empty or its oldest lot is not published yet. The slots belong to the consumer until it
// releases them; Peek again returns the same ones.
func (r *MPSC[T]) Peek(n int) []T {
	want, c := count(n), &r.consumer
	depth := c.cached - c.pos
	if depth < want {
		depth = r.ready(want)
	}
	c.lent = r.fit(c.pos, min(want, depth))
	return r.lend(c.pos, c.lent)
}

// PeekWait is Peek, but waits while there is nothing, as the consumer's bell says. It returns nil
// only when the ring is closed and everything claimed before is released, or n is 0.
func (r *MPSC[T]) PeekWait(n int) []T {
	for {
		if s := r.Peek(n); s != nil || n == 0 || r.Drained() {
			return s
		}
		r.items.Wait(func() bool { return r.ready(1) > 0 || r.Drained() })
	}
}

// Release hands the first n peeked slots back to the producers. It panics if fewer than n are
// peeked.
func (r *MPSC[T]) Release(n int) {
	c := &r.consumer
	if uint64(n) > c.lent {
		panic("ringbuf: release of more slots than were peeked")
	}
	c.lent -= uint64(n)
	c.pos += uint64(n)
	storeRelease(&r.head, c.pos)
	for _, b := range r.rooms {
		b.Ring()
	}
}

// TryPop takes the oldest item out of the ring. It returns false when there is none. An open peek
// is forgotten.
func (r *MPSC[T]) TryPop() (v T, ok bool) {
	s := r.Peek(1)
	if s == nil {
		return v, false
	}
	v = s[0]
	r.Release(1)
	return v, true
}

// Pop is TryPop, but waits while there is nothing. It returns false only when the ring is closed and
// drained.
func (r *MPSC[T]) Pop() (v T, ok bool) {
	if r.PeekWait(1) == nil {
		return v, false
	}
	return r.TryPop()
}

// Close ends the ring: nothing more can be claimed, what was claimed before can still be published
// and comes out. Any goroutine may call it, more than once.
func (r *MPSC[T]) Close() {
	if r.closed.CompareAndSwap(false, true) {
		r.claimed.Add(closing)
	}
	if r.items != nil {
		r.items.Ring()
	}
	for _, b := range r.rooms {
		b.Ring()
	}
}

// Closed reports whether Close was called.
func (r *MPSC[T]) Closed() bool { return r.closed.Load() }

// Drained reports to the consumer that the ring is closed and that nothing will ever come again.
func (r *MPSC[T]) Drained() bool { return r.claimed.Load()-r.consumer.pos == closing }

// Len is the number of claimed slots that are not released. For a goroutine that is not the
// consumer it is a moment in the past.
func (r *MPSC[T]) Len() int {
	head := r.head.Load()
	n := r.claimed.Load() - head
	if n >= closing {
		n -= closing
	}
	return int(min(n, r.size))
}

// Cap is the number of slots.
func (r *MPSC[T]) Cap() int { return int(r.size) }

// Stats may be called by any goroutine. Every look of a producer that found no room counts as a wait
// of its own. DepthMax counts what was published in a row, as the consumer saw it.
func (r *MPSC[T]) Stats() Stats {
	s := statsOf(&r.producer, &r.consumer, r.items)
	for _, b := range r.rooms {
		s.RoomParks += b.Parks()
	}
	return s
}
