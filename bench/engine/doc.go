// Package engine measures the engine's core behind a ring, with its feeder on the other core: what an order goes
// through from the input ring until its trades are in the open batch.
//
//	Loop ─▶ feeder ─▶ input ring ─▶ sequence, log record ─▶ phase, rules, margin ─▶ book ─▶ trades in the batch
//	         core 0                                       core 1                              │ full: encoded
//	            │ due                                                                         ▼
//	            └──────────────────────── due → in the batch, ns ─────────────────────▶ histogram ─▶ Result
//
// The disk of the command log, the participants and their commit are not in it: package bench/commit measures
// the commit alone, bench/system all of it together.
//
// Closed loop the feeder fills the ring as fast as it drains. Open loop each command is due at a moment of its own,
// whatever became of those before it, and its latency counts from then: a stall is not forgiven to the commands
// that had to wait behind it.
//
// On a machine that others use, too, the far percentiles are theirs: a core that is taken away for a millisecond
// delays a thousand commands. Both threads note such hiccups as they see them (type hiccups), and a result has the
// latencies twice: of all commands, which is the figure, and of those that no hiccup has kept waiting, which says what the
// engine itself does. A command of which it is not certain counts among the undisturbed.
//
// How far the two cores are from each other is the machine's, and on a virtual one changes: so before and after each case a
// bare word goes to and fro between them (bench/word), and the undisturbed latencies are told as multiples of its way, too.
//
// What holds:
//
//	I1  Nothing that happened before the end of the warm-up counts, and everything after it does. In between the
//	    ring is empty. Open loop, a case ends when all that was due in its time is handed over, or after twice its time.
//	I2  While it counts nothing is allocated, and so nothing collected: the result says how often it was.
//	I3  Each thread has a core of its own; where there are not enough, the result says so.
//	I4  The core has made as many trades as the flow has: one that rejects what it should match has no result.
package engine
