// Package system measures all of it at once: engine, risk, settlement and market data on one machine, as `tezi up`
// runs them, fed from memory.
//
//	Loop ─▶ feeder ─▶ engine: ring, log, book, batches ═ transport ═▶ risk, settlement, market data ─▶ disks
//	                     │ decided
//	                     ▼
//	                   meter: what was committed between the end of the warm-up and the end, and how late
//
// The feeder is a thread of the engine's process, as in a run; what it gives is made before the clock starts.
// Nothing is left out: every command is in a log, every batch in three journals and on the tape, and afterwards
// all four say which trades they have.
//
// Open loop, a rate is trades a second: commands are due at the rate at which the flow makes so many of them,
// and latency counts from the moment when an order was due until its trade is committed.
//
// Of each trade the way is taken apart (engine.Part), so that a result says where its time went:
//
//	due ─▶ taken from the ring ─▶ matched ─▶ sealed ─▶ all yes ─▶ log durable ─▶ decided ─▶ applied by each
//	   queue                 match       batch     vote        log          ack         side by side
//
// A case of several shards has as many of all this: engines in one process, each with its own instruments, stream
// and participants. They share the machine and nothing else.
//
// What holds:
//
//	I1  What is committed from the end of the warm-up to the end counts, and nothing else: what came due in the warm-up
//	    counts if it is committed later, and what is under way at the end does not. Open loop, the end is when all that was due
//	    in the time of the case is committed, or after twice that time.
//	I2  A trade counts when the engine has decided its batch, once. A run in which a batch was aborted, or in
//	    which a participant ends with another chain or other trades than the engine, is an error and no result.
//	I3  All shards count over the same time: the warm-up begins when each has committed something, and none stops
//	    before each has enough. What a case has is the sum.
package system
