// Package check holds the invariants of the commit protocol as plain code, apart from the machines that
// must keep them: what a history of events or a set of logs has to look like, whoever produced it.
// The simulator (internal/sim) feeds it every step; tests of real processes feed it the journals they left.
//
//	I1  agreement: no batch is committed at one site and aborted at another, over the whole history
//	I2  validity: a committed batch has the yes of every member
//	I3  prefix: committed histories are prefixes of each other; watermarks and ballots never go back
//	I4  durability: what promises leaves behind the record that keeps the promise; what was decided
//	    is in the end applied by everybody
//	I5  exactly once: each committed batch is applied once, in order, and nothing else is
//	I6  fencing: nothing is voted for or accepted below a promise; one value for each ballot; no
//	    ballot twice
//	I7  quorum: at each decision a quorum has durably accepted it in that ballot
//	I8  liveness: when faults stop, everything in doubt is decided (the caller counts the ticks)
//	I9  blocking is honest: without a quorum nothing is decided; I7 says so at each decision
//	I10 determinism: equal history, equal state
//	I11 nothing vanishes: what was proposed is decided, or its proposer is told of the abort
//	I12 not vacuous: the counters say what a run set has met (Counters.Missing)
//
// The numbers are those of docs/PROTOCOL.md section 8. Watch checks a history event by event; Logs
// and Votes check what is on the disks at the end.
package check
