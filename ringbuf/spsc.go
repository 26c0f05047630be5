package ringbuf

import (
	"fmt"
	"math/bits"
	"reflect"
)

// SPSC is a ring of values between one producer and one consumer. Claim, Publish and TryPush
// belong to the producer; Peek, Release and TryPop to the consumer; everything else to anyone.
type SPSC[T any] struct {
	sides
	buf []T // len is a power of two; the header is never written again
	_   padding
}

// NewSPSC makes a ring of at least capacity items, rounded up to a power of two. It panics if
// capacity is negative or T contains pointers: what waits in a ring must not hold memory alive,
// nor cost the garbage collector a scan or the producer a write barrier.
func NewSPSC[T any](capacity int) *SPSC[T] {
	if t := reflect.TypeFor[T](); hasPointers(t) {
		panic(fmt.Sprintf("ringbuf: type %v contains pointers", t))
	}
	return &SPSC[T]{buf: make([]T, roundUp(capacity))}
}

// roundUp returns the smallest power of two >= n, and at least 1.
func roundUp(n int) int {
	if n < 0 || n > 1<<40 {
		panic(fmt.Sprintf("ringbuf: capacity %d out of range", n))
	}
	return 1 << bits.Len(uint(max(n, 1)-1))
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	default:
		return t.Kind() > reflect.Complex128
	}
}

// Claim lends up to n free slots to the producer, which fills them in place and hands them over
// with Publish. The slots are contiguous, so near the end of the ring there may be fewer than n
// although more are free. It returns nil when the ring is full or closed. A claim that is not
// published is simply forgotten by the next one.
func (r *SPSC[T]) Claim(n int) []T {
	if n < 0 {
		panic("ringbuf: claim of a negative number of slots")
	}
	p := &r.producer
	p.lent = 0
	if r.closed.Load() {
		return nil
	}
	size := uint64(len(r.buf))
	free := size - (p.pos - p.cached)
	if free < uint64(n) {
		free = r.free(size, 1)
	}
	at := p.pos & (size - 1)
	p.lent = min(uint64(n), free, size-at)
	if p.lent == 0 {
		return nil
	}
	return r.buf[at : at+p.lent : at+p.lent]
}

// Publish hands the first n claimed slots over to the consumer; the rest of the claim stays with
// the producer. It panics if fewer than n are claimed.
func (r *SPSC[T]) Publish(n int) {
	p := &r.producer
	if uint64(n) > p.lent {
		panic("ringbuf: publish of more slots than were claimed")
	}
	p.lent -= uint64(n)
	p.pos += uint64(n)
	handOver(&r.tail, p.pos)
}

// Peek lends up to n published slots to the consumer, oldest first and contiguous, so there may be
// fewer than n although more are published. It returns nil when the ring is empty. The slots
// belong to the consumer until it releases them; Peek again returns the same ones.
func (r *SPSC[T]) Peek(n int) []T {
	if n < 0 {
		panic("ringbuf: peek at a negative number of slots")
	}
	c := &r.consumer
	depth := c.cached - c.pos
	if depth < uint64(n) {
		depth = r.ready()
	}
	size := uint64(len(r.buf))
	at := c.pos & (size - 1)
	c.lent = min(uint64(n), depth, size-at)
	if c.lent == 0 {
		return nil
	}
	return r.buf[at : at+c.lent : at+c.lent]
}

// Release hands the first n peeked slots back to the producer. It panics if fewer than n are
// peeked.
func (r *SPSC[T]) Release(n int) {
	c := &r.consumer
	if uint64(n) > c.lent {
		panic("ringbuf: release of more slots than were peeked")
	}
	c.lent -= uint64(n)
	c.pos += uint64(n)
	handOver(&r.head, c.pos)
}

// TryPush copies v into the ring and hands it over. It returns false when the ring is full or
// closed. An open claim is forgotten.
func (r *SPSC[T]) TryPush(v T) bool {
	p := &r.producer
	size := uint64(len(r.buf))
	if r.closed.Load() || (p.pos-p.cached == size && r.free(size, 1) == 0) {
		return false
	}
	p.lent = 0
	r.buf[p.pos&(size-1)] = v
	p.pos++
	handOver(&r.tail, p.pos)
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
	v = r.buf[c.pos&uint64(len(r.buf)-1)]
	c.pos++
	handOver(&r.head, c.pos)
	return v, true
}

// Len is the number of published items that are not released. For a goroutine that is neither side
// it is a moment in the past.
func (r *SPSC[T]) Len() int { return int(min(r.depth(), uint64(len(r.buf)))) }

// Cap is the number of slots.
func (r *SPSC[T]) Cap() int { return len(r.buf) }
