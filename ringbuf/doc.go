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
// Each slot has one owner at any time, and one store hands it over: see the types sides, MPSC and
// Broadcast for the pictures. Between the two sides, and between a shared word and the private block
// of its writer, lie 128 bytes of padding, so that no core waits for a cache line that it does not
// need. Each side remembers where it last saw the other, and looks again only when that is not
// enough. The store itself is cheaper than what sync/atomic has: see order.go.
//
// The figures, and what each of these is worth, are in docs/RINGS.md.
//
// # Waiting
//
// Nothing waits by itself: Claim and Peek return nil, TryPush and TryPop false, and a full ring is
// the producer's problem, by design: it rejects, waits or lets its protocol send again, but it does
// so in the open. Whoever wants to wait does it with a Bell, for any condition that can be expressed
// as a function of loads, and the bell's policy, Wait, says how long it spins and yields before it
// parks. Then whoever publishes, or releases, rings. Another process wakes the consumer by a word that it shares with
// the bell (Mirror, Wake).
//
// A ring to which Bells has given the bells of its sides rings them by itself, and has forms that
// wait: ClaimWait, PeekWait, Push and Pop.
//
// # Closing
//
// Close ends a ring from any goroutine. The producer gets nothing more; the consumer drains what
// was published. PeekWait and Pop say when that is done. Who does not wait in them asks in this
// order, to miss nothing:
//
//	closed := r.Closed()
//	if slots := r.Peek(64); slots != nil { ... } else if closed { return }
//
// # Invariants
//
//	I1   A word has one writer: only the producer stores tail, only the consumer stores head, and both
//	     only grow. The word that producers share, claimed, moves by compare-and-swap.
//	I2   What a side remembers of the other is never ahead of it, so it errs to the safe side.
//	I3   The consumer sees every published item once, whole, in the order of publication; of several
//	     producers, in the order of their claims.
//	I4   Close takes nothing away that was published before it; in MPSC nothing that was claimed.
//	I5   No record crosses the end of a slab, and a padding record is published with its successor.
//	I6   An empty Frames takes a record of MaxFrame bytes, wherever its positions stand.
//	I7   A Ring after the store that makes ready true ends the Wait for it.
//	I8   Between two waits a Bell is awake and its channel is empty.
//	I9   A ring in shared memory goes on where a side that died has stopped.
//	I10  The stamp of a slot is above its position only if the lot that begins there is published.
//	I11  A reader is never ahead of those it waits for, and sees what they did.
//	I12  At the producer's position of a Frames stands 0 until the record there is whole.
package ringbuf
