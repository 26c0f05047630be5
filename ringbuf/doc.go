// Package ringbuf passes data between goroutines in order, without locks and without allocation.
//
//	SPSC       one producer   ──▶ [ values of one type, without pointers ] ──▶ one consumer
//	MPSC       many producers ──▶ [ the same                             ] ──▶ one consumer
//	Broadcast  one writer     ──▶ [ the same                             ] ──▶ readers, each of which sees
//	                                                                           all, some behind others
//	Frames     one producer   ──▶ [ byte records of any length           ] ──▶ one consumer,
//	                                                                           maybe of another process
//	Bell       any producers ─ring─▶ one consumer, which waits for several rings at once
//
// # Rings
//
// A ring never allocates or calls the system. The producer claims slots, fills them in place and
// publishes them; the consumer peeks at what is published, uses it in place and releases it. Both do
// so in batches of whatever is there, and that is what makes a ring fast: one store and one cache
// line carried to the other core per batch, not per item.
//
//	slots := r.Claim(64)               slots := r.Peek(64)
//	n := fill(slots)                   use(slots)
//	r.Publish(n)                       r.Release(len(slots))
//
// A negative number, and more than was claimed or peeked, is a bug of the caller, and panics. A ring is made by a
// function of this package: the zero value of its type is none.
//
// Each slot has one owner at any time, and one store hands it over: see the types sides, MPSC and Broadcast for the
// pictures. Between the two sides, and between a shared word and the private block of its writer, lie 128 bytes of
// padding, so that no core waits for a cache line that it does not use. Each side remembers where it last saw the
// other, and looks again only when that is not enough. The publishing store is cheaper than a store of sync/atomic: see
// order.go. The producer asks for the cache lines of the slots that it will fill next: see ahead.go.
//
// The engine of this module uses SPSC, Frames and Bell; MPSC and Broadcast are for other users of the package.
// docs/RINGS.md has the figures, and what each of these measures is worth.
//
// # Waiting
//
// Nothing waits by itself: Claim and Peek return nil, TryPush and TryPop false. A full ring is, by
// design, the producer's problem: it rejects, waits, or lets its protocol resend, and it does so
// explicitly. To wait, use a Bell: it waits for any condition that is a function of loads, and its
// policy, Wait, says how long it spins and yields before it parks. Whoever publishes or releases then
// rings. Another process wakes the consumer through a word that it shares with the bell (Mirror, Wake).
//
// A ring that has been given its bells by the method Bells rings them by itself, and has methods that
// wait: ClaimWait, PeekWait, Push and Pop.
//
// # Closing
//
// Close ends a ring from any goroutine. The producer gets nothing more; the consumer drains what
// was published. PeekWait and Pop say when that is done. A consumer that does not use them must ask in
// this order, so as to miss nothing:
//
//	closed := r.Closed()
//	if slots := r.Peek(64); slots != nil { ... } else if closed { return }
//
// # Invariants
//
//	I1   A word has one writer: only the producer stores tail, only the consumer stores head, and both
//	     only grow. The word that producers share, claimed, moves by compare-and-swap.
//	I2   What a side remembers of the other is never ahead of it, so it errs on the safe side.
//	I3   The consumer sees every published item once, whole, in the order of publication; of several
//	     producers, in the order of their claims.
//	I4   Close loses nothing that was published before it, and in MPSC nothing that was claimed.
//	I5   No record crosses the end of a slab, and a padding record is published with its successor.
//	I6   An empty Frames takes a record of MaxFrame bytes, wherever its positions stand.
//	I7   A Ring after the store that makes ready true ends the Wait for it.
//	I8   Between two waits a Bell is awake and its channel is empty.
//	I9   A ring in shared memory can be continued where a side that died stopped.
//	I10  The stamp of a slot is above its position only if the lot that begins there is published.
//	I11  A reader is never ahead of those it waits for, and sees what they did.
//	I12  The word at the producer's position of a Frames is 0 until the record there is whole.
package ringbuf
