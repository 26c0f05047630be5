// Package driver runs the machines of batch3pc: it connects them to links, to a log and to a clock. With
// it another program runs participants and coordinators of its own:
//
//	p, err := driver.ListenParticipant(addr, driver.ParticipantOptions{Group: group, Self: 1, Dir: dir, App: app})
//	c, err := driver.DialCoordinator(addrs, driver.CoordinatorOptions{Group: group, Self: 16, Dir: dir})
//	err = c.Commit(ctx, count, payload) // nil: committed by all
//
// StartLocal is the same in one process. docs/LIBRARY.md walks through an example.
//
//	link ─▶ Step ─▶ Ready ─▶ log (append, flush) ─▶ syncer (fdatasync) ─▶ durable messages ─▶ link
//	                  └────▶ messages that promise nothing leave at once
//
// # Two halves
//
// Participant and Coordinator are the half that can be stepped: no goroutine, no clock, no file.
// Their owner calls Round with the time; links and log are small interfaces. The simulator puts a
// simulated network and disk behind them and drives the very code that runs in production.
//
// ParticipantNode and CoordinatorNode add the other half: Loop, Disk, and links over TCP or rings. One
// goroutine runs the rounds and appends to the log; another one only calls fdatasync, so that votes
// go on while the disk works and one sync covers every PRE-COMMIT that came meanwhile (group commit).
// A participant for which everything that it voted for is pre-committed syncs itself: nothing else is
// likely to come, and a hand-over to another goroutine and back would only delay the answer.
//
// A node's directory is its identity: it is locked while the node runs, names the node it belongs to,
// and must never be copied to run twice. A coordinator that meets its own twin ends.
//
// # Logs that are cut, damaged or lost
//
// A participant whose App is a batch3pc.Snapshotter writes a checkpoint after so many batches, marks
// its place beside the log when it is durable and nobody needs what lies before, and gives segments
// back. OpenParticipantDisk replays from the mark on, and repairs a log with a hole. A participant that
// was started on an empty directory is refused until CoordinatorNode.ChangeMembers names it.
//
// Invariants:
//
//	D1  A message of Ready.Durable leaves only after every record that came before it is durable.
//	D2  The log holds everything needed to rebuild the machine; nothing else is trusted at a restart.
//	D3  An error of the log ends the node: it is never retried (protocol.md S9).
//	D4  In steady state a Round allocates nothing.
//	D5  Each proposal has one Outcome, in the order of Propose. It says committed or aborted only
//	    where that is decided.
package driver
