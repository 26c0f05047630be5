// Package textbook has the two protocols that E3PC is to be compared with: two-phase commit, and
// three-phase commit with the timeout transitions of the textbooks.
//
// UNSAFE, ON PURPOSE. Two-phase commit blocks: who has voted yes waits for its coordinator, for ever
// if need be. Textbook three-phase commit splits: when its coordinator falls silent, a participant
// that has a PRE-COMMIT commits and one that has not aborts, so a coordinator that dies between two
// of its PRE-COMMITs, or a partition, gives two outcomes. They exist so that tests, the simulator
// and benchmarks can show this and what it costs; nothing in the product selects them.
//
// The machines have the shape of those in batch3pc: Step, Tick and Ready, the same messages and
// records, the same stream of batches in a pipelined window. So driver, simulator and benchmarks run
// all three alike.
//
//	             CAN-COMMIT             (3PC only) PRE-COMMIT        DO-COMMIT
//	coordinator ─ Batch ──▶ ◀─ Yes ──── PreCommit ─▶ ◀─ Ack ──────── Commit ─▶ (rides on every message)
//	participant    vote, fdatasync           fdatasync                 apply
//
// Start stands for ABORT: everything above its Seq is dropped.
//
// # How they decide
//
//	       decided when                              coordinator silent          a vote is missing
//	2PC    all voted yes and the coordinator's       participants wait           coordinator aborts
//	       commit record is durable
//	3PC    all have acknowledged PRE-COMMIT, or      with PRE-COMMIT: commit     coordinator aborts
//	       those who have not are taken for dead     without: abort
//
// Every wait is counted in Ticks: TimeoutTicks of them without a word, and the other is dead. That is
// the assumption which no real network keeps.
//
// What the books leave out is left out here: no termination protocol among the participants, one
// coordinator, no catch-up from others. The batches that the coordinator holds are those which not
// everybody has applied.
package textbook
