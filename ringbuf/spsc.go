package ringbuf

// SPSC is a ring of values between one producer and one consumer. Claim, Publish and the pushes
// belong to the producer; Peek, Release and the pops to the consumer; everything else to anyone.
type SPSC[T any] struct {
	sides
	slots[T]
	_ padding
}

// NewSPSC makes a ring of at least capacity items, rounded up to a power of two. It panics if
// capacity is negative or T contains pointers.
func NewSPSC[T any](capacity int) *SPSC[T] {
	return &SPSC[T]{sides: sides{shared: new(control)}, slots: newSlots[T](capacity)}
}

// Claim lends up to n free slots to the producer, which fills them in place and hands them over
// with Publish. The slots are contiguous, so near the end of the ring there may be fewer than n
// although more are free. It returns nil when the ring is full or closed. A claim that is not
// published is simply forgotten by the next one.
func (r *SPSC[T]) Claim(n int) []T {
	want, p := count(n), &r.producer
	p.lent = 0
	if r.closed() {
		return nil
	}
	free := r.size - (p.pos - p.cached)
	if free < want {
		free = r.free(r.size)
	}
	p.lent = r.fit(p.pos, min(want, free))
	if int64(p.pos+p.lent-p.limit) >= 0 {
		r.ahead(p, p.lent)
	}
	return r.lend(p.pos, p.lent)
}

// ClaimWait is Claim, but waits while the ring is full, as the producer's bell says. It returns nil
// only when the ring is closed, or n is 0.
func (r *SPSC[T]) ClaimWait(n int) []T {
	for {
		if s := r.Claim(n); s != nil || n == 0 || r.closed() {
			return s
		}
		r.room.Wait(func() bool { return r.free(r.size) > 0 || r.closed() })
	}
}

// Publish hands the first n claimed slots over to the consumer; the rest of the claim stays with
// the producer. It panics if fewer than n are claimed.
func (r *SPSC[T]) Publish(n int) {
	p := &r.producer
	if uint64(n) > p.lent {
		panic("ringbuf: publish of more slots than were claimed")
	}
	p.lent -= uint64(n)
	r.publish(p.pos + uint64(n))
}

// Peek lends up to n published slots to the consumer, oldest first and contiguous, so there may be
// fewer than n although more are published. It returns nil when the ring is empty. The slots
// belong to the consumer until it releases them; Peek again returns the same ones.
func (r *SPSC[T]) Peek(n int) []T {
	want, c := count(n), &r.consumer
	depth := c.cached - c.pos
	if depth < want {
		depth = r.ready()
	}
	c.lent = r.fit(c.pos, min(want, depth))
	return r.lend(c.pos, c.lent)
}

// PeekWait is Peek, but waits while the ring is empty, as the consumer's bell says. It returns nil
// only when the ring is closed and everything published before is released, or n is 0.
func (r *SPSC[T]) PeekWait(n int) []T {
	for {
		closed := r.closed() // before the look: what was published before Close must be seen
		if s := r.Peek(n); s != nil || n == 0 || closed {
			return s
		}
		r.items.Wait(func() bool { return r.ready() > 0 || r.closed() })
	}
}

// Release hands the first n peeked slots back to the producer. It panics if fewer than n are
// peeked.
func (r *SPSC[T]) Release(n int) {
	c := &r.consumer
	if uint64(n) > c.lent {
		panic("ringbuf: release of more slots than were peeked")
	}
	c.lent -= uint64(n)
	r.release(c.pos + uint64(n))
}

// TryPush copies v into the ring and hands it over. It returns false when the ring is full or
// closed. An open claim is forgotten.
func (r *SPSC[T]) TryPush(v T) bool {
	p := &r.producer
	if int64(p.pos-p.limit) >= 0 && !r.more() || r.closed() {
		return false
	}
	p.lent = 0
	*r.at(p.pos) = v
	p.pos++
	storeRelease(&r.shared.tail, p.pos)
	if r.filled != nil {
		r.filled.Ring()
	}
	return true
}

// Push is TryPush, but waits while the ring is full. It returns false only when the ring is closed. One item at a
// time every call counts, so the body of TryPush stands here again.
func (r *SPSC[T]) Push(v T) bool {
	p := &r.producer
	if int64(p.pos-p.limit) >= 0 && !r.awaitRoom() || r.closed() {
		return false
	}
	p.lent = 0
	*r.at(p.pos) = v
	p.pos++
	storeRelease(&r.shared.tail, p.pos)
	if r.filled != nil {
		r.filled.Ring()
	}
	return true
}

// more is the slow path of a push: it reports whether there is a free slot, and asks for the lines of the next ones.
func (r *SPSC[T]) more() bool {
	p := &r.producer
	if p.pos-p.cached == r.size && r.free(r.size) == 0 {
		return false
	}
	r.ahead(p, 1)
	return true
}

// awaitRoom waits until there is a free slot, and returns false if the ring is closed.
func (r *SPSC[T]) awaitRoom() bool {
	for !r.more() {
		if r.closed() {
			return false
		}
		r.room.Wait(func() bool { return r.free(r.size) > 0 || r.closed() })
	}
	return true
}

// TryPop takes the oldest item out of the ring. It returns false when the ring is empty. An open
// peek is forgotten.
func (r *SPSC[T]) TryPop() (v T, ok bool) {
	c := &r.consumer
	if c.pos == c.cached && r.ready() == 0 {
		return v, false
	}
	c.lent = 0
	v = *r.at(c.pos)
	c.pos++
	storeRelease(&r.shared.head, c.pos)
	if r.freed != nil {
		r.freed.Ring()
	}
	return v, true
}

// Pop is TryPop, but waits while the ring is empty. It returns false only when the ring is closed
// and drained. As in Push, the body stands here again: one call less for each item.
func (r *SPSC[T]) Pop() (v T, ok bool) {
	c := &r.consumer
	for c.pos == c.cached {
		token, more := r.awaitItem()
		if !more {
			return v, false
		}
		if token != nil {
			<-token
			r.items.mirror(awake)
		}
	}
	c.lent = 0
	v = *r.at(c.pos)
	c.pos++
	storeRelease(&r.shared.head, c.pos)
	if r.freed != nil {
		r.freed.Ring()
	}
	return v, true
}

// awaitItem waits until there is an item, or to receive from token is all that is left of waiting. more is false if the
// ring is closed and drained.
func (s *sides) awaitItem() (token <-chan struct{}, more bool) {
	token = s.items.doze(func() bool { return s.ready() > 0 || s.closed() })
	if token != nil || s.consumer.pos != s.consumer.cached || !s.closed() {
		return token, true
	}
	return nil, s.ready() > 0 // what was published before Close must be seen
}

// Len is the number of published items that are not released. For a goroutine that is neither side
// it is a moment in the past.
func (r *SPSC[T]) Len() int { return int(min(r.depth(), r.size)) }

// Cap is the number of slots.
func (r *SPSC[T]) Cap() int { return int(r.size) }

// Bells lets the ring do the ringing: from now on Publish rings the consumer's bell, Release the
// producer's, and Close both, and the forms that wait (their names end in Wait, or have no Try) may
// be used by the sides that have a bell. Either may be nil. One bell may serve many rings for which
// its owner waits at the same time; a stage between two rings, which waits for items or for room and
// never for both, has a bell for each, or every release behind it would wake it for nothing. Call it
// before the ring is used.
func (r *SPSC[T]) Bells(producer, consumer *Bell) { r.bells(producer, consumer) }

// Close ends the ring for both sides: the producer can claim nothing more, the consumer may still
// drain what is published. Any goroutine may call it, more than once. It rings the bells of the
// ring; whoever closes a ring without bells, on which somebody waits, rings afterwards.
func (r *SPSC[T]) Close() { r.close() }

// Closed reports whether Close was called. A consumer that wants everything that was published
// before Close asks Closed first and looks into the ring afterwards, in this order.
func (r *SPSC[T]) Closed() bool { return r.closed() }

// Stats may be called by any goroutine.
func (r *SPSC[T]) Stats() Stats { return r.stats() }
