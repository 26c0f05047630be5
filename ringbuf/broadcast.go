package ringbuf

import (
	"slices"
	"sync/atomic"
)

// Broadcast is a ring of values from one writer to several readers, each of which sees every item.
// A reader may wait for other readers, so that stages form a graph without rings between them:
//
//	writer ──▶ journal ──▶ match ──▶ publish       journal := b.Reader(bell)
//	       └─▶ replicate ──▶┘                      replicate := b.Reader(bell)
//	                                               match := b.Reader(bell, journal, replicate)
//
// A reader that waits for others sees a slot when all of them have released it, and everything they
// did before. It may read what they wrote into it: between two readers that one waits for, a slot
// has one owner at a time. Readers that do not wait for each other share it, and only read.
//
// Each side has one word, and it is the store of that word that hands slots on: the writer's tail to
// the readers that wait for nobody; a reader's head to the readers that wait for it, and of the last
// readers of the graph, the leaves, back to the writer. Every reader is behind those it waits for
// (I11), so the writer looks at the leaves alone.
type Broadcast[T any] struct {
	slots[T]
	room    *Bell
	readers []*Reader[T] // all; like what is above, complete before the ring is used
	leaves  []*Reader[T] // those for which nobody waits
	wakes   []*Bell      // of the readers that wait for nobody
	origin  uint64       // where the positions began
	_       padding

	tail   atomic.Uint64
	_      padding
	writer cursor
	_      padding
	closed atomic.Bool
}

// Reader is one consumer of a Broadcast. All its methods belong to that consumer, except Stats.
type Reader[T any] struct {
	ring  *Broadcast[T]
	after []*Reader[T] // whom it waits for; empty: the writer
	items *Bell
	wakes []*Bell // of the readers that wait for it, and the writer's if nobody does
	leaf  bool
	_     padding

	head   atomic.Uint64
	_      padding
	cursor // cached: the least position of those it waits for, when it last looked
	_      padding
}

// NewBroadcast makes a ring of at least capacity items, rounded up to a power of two, whose writer
// waits for room with bell; nil: it does not wait. It panics if capacity is negative or T contains
// pointers.
func NewBroadcast[T any](capacity int, bell *Bell) *Broadcast[T] {
	return &Broadcast[T]{slots: newSlots[T](capacity), room: bell}
}

// Reader adds a consumer that sees an item when every reader of after has released it; without
// after, when it is published. It waits with bell; nil: it does not wait. One bell may serve a
// consumer on many rings. It panics if the ring is in use already, or a reader is another ring's.
func (b *Broadcast[T]) Reader(bell *Bell, after ...*Reader[T]) *Reader[T] {
	if b.tail.Load() != b.origin {
		panic("ringbuf: a reader for a ring that is in use")
	}
	r := &Reader[T]{ring: b, after: slices.Clone(after), items: bell, leaf: true}
	r.pos, r.cached = b.origin, b.origin
	r.head.Store(b.origin)
	for _, a := range after {
		if a.ring != b {
			panic("ringbuf: a reader cannot wait for one of another ring")
		}
		a.leaf = false
	}
	b.readers = append(b.readers, r)
	b.connect()
	return r
}

// start puts an unused ring without readers at a position.
func (b *Broadcast[T]) start(pos uint64) {
	b.origin = pos
	b.tail.Store(pos)
	b.writer.begin(pos, pos)
}

// connect works out who wakes whom.
func (b *Broadcast[T]) connect() {
	b.leaves, b.wakes = nil, nil
	for _, r := range b.readers {
		r.wakes = nil
		if r.leaf {
			b.leaves = append(b.leaves, r)
			r.wakes = appendBell(r.wakes, b.room)
		}
	}
	for _, r := range b.readers {
		if len(r.after) == 0 {
			b.wakes = appendBell(b.wakes, r.items)
		}
		for _, a := range r.after {
			a.wakes = appendBell(a.wakes, r.items)
		}
	}
}

func appendBell(bells []*Bell, bell *Bell) []*Bell {
	if bell == nil {
		return bells
	}
	return append(bells, bell)
}

func ringAll(bells []*Bell) {
	for _, b := range bells {
		b.Ring()
	}
}

// free is the writer's slow path: it looks for the last reader and returns the free slots.
func (b *Broadcast[T]) free() uint64 {
	w := &b.writer
	depth := uint64(0)
	for _, r := range b.leaves {
		depth = max(depth, w.pos-r.head.Load())
	}
	w.cached = w.pos - depth
	w.look(depth, depth < b.size)
	return b.size - depth
}

// Claim lends up to n free slots to the writer, as SPSC.Claim does: contiguous, nil when the slowest
// reader is a whole ring behind or the ring is closed. It panics if there is no reader.
func (b *Broadcast[T]) Claim(n int) []T {
	want, w := count(n), &b.writer
	if len(b.readers) == 0 {
		panic("ringbuf: a broadcast to nobody")
	}
	w.lent = 0
	if b.closed.Load() {
		return nil
	}
	free := b.size - (w.pos - w.cached)
	if free < want {
		free = b.free()
	}
	w.lent = b.fit(w.pos, min(want, free))
	if int64(w.pos+w.lent-w.limit) >= 0 {
		b.ahead(w, w.lent)
	}
	return b.lend(w.pos, w.lent)
}

// ClaimWait is Claim, but waits while the ring is full, as the writer's bell says. It returns nil
// only when the ring is closed, or n is 0.
func (b *Broadcast[T]) ClaimWait(n int) []T {
	for {
		if s := b.Claim(n); s != nil || n == 0 || b.closed.Load() {
			return s
		}
		b.room.Wait(func() bool { return b.free() > 0 || b.closed.Load() })
	}
}

// Publish hands the first n claimed slots over to the readers; the rest of the claim stays with the
// writer. It panics if fewer than n are claimed.
func (b *Broadcast[T]) Publish(n int) {
	w := &b.writer
	if uint64(n) > w.lent {
		panic("ringbuf: publish of more slots than were claimed")
	}
	w.lent -= uint64(n)
	w.pos += uint64(n)
	storeRelease(&b.tail, w.pos)
	ringAll(b.wakes)
}

// TryPush copies v into the ring and hands it over. It returns false when the ring is full or
// closed.
func (b *Broadcast[T]) TryPush(v T) bool {
	s := b.Claim(1)
	if s == nil {
		return false
	}
	s[0] = v
	b.Publish(1)
	return true
}

// Push is TryPush, but waits while the ring is full. It returns false only when the ring is closed.
func (b *Broadcast[T]) Push(v T) bool {
	s := b.ClaimWait(1)
	if s == nil {
		return false
	}
	s[0] = v
	b.Publish(1)
	return true
}

// Close ends the ring: the writer can claim nothing more, the readers drain what is published. It is
// the writer's to call; from another goroutine it frees everybody too, but what the writer publishes
// at that moment some readers may see and others not.
func (b *Broadcast[T]) Close() {
	b.closed.Store(true)
	if b.room != nil {
		b.room.Ring()
	}
	for _, r := range b.readers {
		if r.items != nil {
			r.items.Ring()
		}
	}
}

// Closed reports whether Close was called.
func (b *Broadcast[T]) Closed() bool { return b.closed.Load() }

// Cap is the number of slots.
func (b *Broadcast[T]) Cap() int { return int(b.size) }

// Stats are the writer's counters. Any goroutine may call it.
func (b *Broadcast[T]) Stats() Stats { return statsOf(&b.writer, new(cursor), nil).withRoom(b.room) }

// ready is the reader's slow path: it looks at those it waits for.
func (r *Reader[T]) ready() uint64 {
	var depth uint64
	if len(r.after) == 0 {
		depth = r.ring.tail.Load() - r.pos
	} else {
		depth = r.ring.size
		for _, a := range r.after {
			depth = min(depth, a.head.Load()-r.pos)
		}
	}
	r.cached = r.pos + depth
	r.look(depth, depth > 0)
	return depth
}

// Peek lends up to n slots to the reader, oldest first and contiguous, so there may be fewer than n
// although more are there; nil if there is none. Peek again returns the same ones.
func (r *Reader[T]) Peek(n int) []T {
	want := count(n)
	depth := r.cached - r.pos
	if depth < want {
		depth = r.ready()
	}
	r.lent = r.ring.fit(r.pos, min(want, depth))
	return r.ring.lend(r.pos, r.lent)
}

// PeekWait is Peek, but waits while there is nothing, as the reader's bell says. It returns nil only
// when the ring is closed and the reader has released everything published before, or n is 0.
func (r *Reader[T]) PeekWait(n int) []T {
	for {
		done := r.Drained() // before the look
		if s := r.Peek(n); s != nil || n == 0 || done {
			return s
		}
		r.items.Wait(func() bool { return r.ready() > 0 || r.Drained() })
	}
}

// Release hands the first n peeked slots on: to the readers that wait for this one, or back to the
// writer. It panics if fewer than n are peeked.
func (r *Reader[T]) Release(n int) {
	if uint64(n) > r.lent {
		panic("ringbuf: release of more slots than were peeked")
	}
	r.lent -= uint64(n)
	r.pos += uint64(n)
	storeRelease(&r.head, r.pos)
	ringAll(r.wakes)
}

// TryPop copies the oldest item and hands it on. It returns false when there is none. An open peek
// is forgotten.
func (r *Reader[T]) TryPop() (v T, ok bool) {
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
func (r *Reader[T]) Pop() (v T, ok bool) {
	if r.PeekWait(1) == nil {
		return v, false
	}
	return r.TryPop()
}

// Drained reports that the ring is closed and that this reader has released everything.
func (r *Reader[T]) Drained() bool { return r.ring.closed.Load() && r.ring.tail.Load() == r.pos }

// Stats are the reader's counters. Any goroutine may call it.
func (r *Reader[T]) Stats() Stats { return statsOf(new(cursor), &r.cursor, r.items) }
