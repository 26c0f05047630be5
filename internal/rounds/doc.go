// Package rounds steps the machines of batch3pc: it connects them to links, to a log and to the time that it
// is told, for everything here that runs, simulates or measures them, but for package engine, whose loop steps its
// coordinator itself. For other programs there is batch3pc/driver, whose nodes run on it.
//
//	link ─▶ Step ─▶ Ready ─▶ log (append, flush) ─▶ syncer (fdatasync) ─▶ durable messages ─▶ link
//	                  └────▶ messages that promise nothing leave at once
//
// Participant and Coordinator are duty cycles: no goroutine, no clock, no file. Their owner calls Round with the
// time; links and log are small interfaces. The simulator puts a simulated network and disk behind them
// and drives the very code that runs in production.
//
// Loop and Disk are what production puts there. One goroutine runs the rounds and appends to the log; another
// one only calls fdatasync, so that votes go on while the disk works and one sync covers every PRE-COMMIT that
// came meanwhile (group commit). A participant for which everything that it voted for is pre-committed syncs
// itself: nothing else is likely to come, and a hand-over to another goroutine and back would only delay the answer.
//
// # Logs that are cut, damaged or lost
//
// A participant whose App is a batch3pc.Snapshotter writes a checkpoint after so many batches, marks
// its place beside the log when it is durable and nobody needs what lies before, and gives segments
// back. OpenCutDisk replays from the mark on, and repairs a log with a hole. Decided reads the committed batches
// of a log, for participants that lack them and for proofs.
//
// Invariants:
//
//	D1  A message of Ready.Durable leaves only after every record that came before it is durable.
//	D2  The log holds everything needed to rebuild the machine; nothing else is trusted at a restart.
//	D3  An error of the log ends the node: it is never retried (PROTOCOL.md S9).
//	D4  In steady state a Round allocates nothing.
//	D5  Each proposal has one Outcome, in the order of Propose. It says committed or aborted only
//	    where that is decided.
package rounds
