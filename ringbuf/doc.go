// Package ringbuf passes data between goroutines in order, without locks and without allocation.
//
//	SPSC    one producer ──▶ [ values of one type, without pointers ] ──▶ one consumer
//	Frames  one producer ──▶ [ byte records of any length           ] ──▶ one consumer
//	Bell    any producers ─ring─▶ one consumer, which waits for several rings at once
//
// # Rings
//
// A ring never blocks, allocates or calls the system. The producer claims slots, fills them in
// place and publishes them; the consumer peeks at what is published, uses it in place and releases
// it. Both do so in batches of whatever is there, and that is what makes a ring fast: one store and
// one cache line carried to the other core per batch, not per item.
//
//	slots := r.Claim(64)               slots := r.Peek(64)
//	n := fill(slots)                   use(slots)
//	r.Publish(n)                       r.Release(len(slots))
//	bell.Ring()
//
// Each slot has one owner at any time. Two words, tail and head, say who it is; see the type sides
// for the picture and for which store hands what over. Between the two sides, and between a shared
// word and the private block of its writer, lie 128 bytes of padding, so that no core waits for a
// cache line that it does not need. Each side remembers where it last saw the other, and looks
// again only when that is not enough.
//
// A full ring is the producer's problem, by design: it rejects, waits or lets its protocol send
// again, but it does so in the open.
//
// # Waiting
//
// Who waits and how is not a ring's business. A consumer waits with a Bell, for any condition it
// can express as a function of loads, and the policy Wait says how long it spins and yields before
// it parks. A producer that must wait for room does the same with a Bell of its own, rung by the
// consumer after Release.
//
// # Closing
//
// Close ends a ring from any goroutine. The producer gets nothing more; the consumer drains what
// was published. To miss nothing it asks in this order:
//
//	closed := r.Closed()
//	if slots := r.Peek(64); slots != nil { ... } else if closed { return }
//
// # Invariants
//
//	I1  Only the producer stores tail, only the consumer stores head, and both only grow.
//	I2  What a side remembers of the other is never ahead of it, so it errs to the safe side.
//	I3  The consumer sees every published item once, whole, in the order of publication.
//	I4  Close takes nothing away that was published before it.
//	I5  No record crosses the end of a slab, and a padding record is published with its successor.
//	I6  An empty Frames takes a record of MaxFrame bytes, wherever its positions stand.
//	I7  A Ring after the store that makes ready true ends the Wait for it.
//	I8  Between two waits a Bell is awake and its channel is empty.
//	I9  A ring in shared memory goes on where a side that died has stopped.
package ringbuf
