// Package driver is batch3pc as a library: participants and coordinators that another program runs, each with a
// log in a directory of its own and with links over TCP, or rings in memory.
//
//	p, err := driver.ListenParticipant(addr, driver.ParticipantOptions{Group: group, Self: 1, Dir: dir, App: app})
//	c, err := driver.DialCoordinator(addrs, driver.CoordinatorOptions{Group: group, Self: 16, Dir: dir})
//	err = c.Commit(ctx, count, payload) // nil: committed by all
//
// StartLocal is the same in one process. docs/LIBRARY.md walks through an example.
//
//	 program                                                                             program
//	Propose ─▶ CoordinatorNode ─── can-commit, pre-commit, do-commit ──▶ ParticipantNode ─▶ App: Vote
//	Outcome ◀─      log        ◀── votes and acknowledgements ──────────       log          Apply, Drop
//
// # Nodes
//
// Besides those of its links, a node has two goroutines. One takes what the links bring, asks the App, and appends to
// the log; the other only calls fdatasync, so that votes go on while the disk works and one sync covers every
// PRE-COMMIT that arrived meanwhile (group commit). A node remembers its promises across every crash: invariants D1 to
// D5 of internal/rounds, on which nodes run, say how.
//
// A node's directory is its identity: it is locked while the node runs, names the node it belongs to,
// and must never be copied and run a second time. A coordinator that meets its own twin ends. A participant
// that has lost its directory and starts on an empty one is refused until CoordinatorNode.ChangeMembers names it.
//
// A node that has ended, because another coordinator leads (ErrFenced) or because its disk failed, says why in Err. To
// restart it, make the same call on the same directory, with an empty App: the log rebuilds its state.
// A participant that was started at port 0 is restarted at its Addr, where the coordinator dials it.
package driver
