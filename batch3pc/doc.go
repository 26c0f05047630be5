// Package batch3pc commits a stream of batches atomically to a set of participants. The protocol is
// E3PC (Keidar and Dolev): three-phase commit whose middle phase is a quorum step, run over a stream.
// The package does no I/O, reads no clock and starts no goroutine; payloads are opaque bytes.
//
//	             CAN-COMMIT          PRE-COMMIT             DO-COMMIT
//	coordinator ─ Batch ──▶ ◀─ Yes ── PreCommit ─▶ ◀─ Ack ── Commit ─▶ (rides on every message)
//	participant    vote        record, fdatasync, then ack      apply
//
// Every step is a cumulative watermark over a chain of batches, so messages may be lost, repeated
// and reordered: applied <= committed <= pre-committed <= voted.
//
// # Failure model
//
// Nodes crash, lose what they did not sync, and come back; links drop, delay, repeat, reorder and
// partition; any number of coordinators may believe that they lead. Nobody lies. A new batch needs
// a yes from every member. What is in doubt is decided as soon as one coordinator and a quorum of
// the configured participants can talk to each other; a minority waits, as it must. Coordinators have
// no vote: the one that proposed a batch may die together with a minority of participants.
//
// # Why not textbook 3PC
//
// Its participants decide alone when a timer fires: commit if pre-committed, abort if not. A
// coordinator that dies while it sends PreCommit leaves some of each kind. Here no timer decides
// (rule S5). A successor opens a higher Ballot, has a quorum promise to obey nothing lower, and
// settles a base, a prefix of the stream: whatever may have been decided is in it, and everything
// above is aborted for good.
//
// # States
//
//	Idle      ─ Open ─▶ Electing             Electing  a quorum promised: base chosen ─▶ Starting
//	Starting  a quorum accepted: ─▶ Active   Starting  too long without: next ballot ─▶ Electing
//	Active    a member refused: ─▶ Refused   Refused   ─ Open ─▶ Electing: aborts what is above the base
//	any       a higher ballot exists: ─▶ Fenced ─ Open ─▶ Electing, above it
//
// A participant has no states, only two ballots (promised, and accepted in) and its watermarks.
//
// # Members, standbys, deadlines
//
// Members are the participants whose yes a new batch needs. They may change: ProposeGeneration puts an entry that names
// the new ones into the stream. A Standby is a coordinator that watches and opens a ballot when a quorum of the
// participants has heard of no leader for its patience. Deadlines name who is late; they decide nothing.
//
// # Invariants
//
// Panics and tests cite these numbers. They are those of docs/PROTOCOL.md section 8; the ones missing
// here concern whole histories and are checked from outside, by internal/check.
//
//	I1  agreement: what one node commits no other node aborts or replaces
//	I2  validity: a committed batch has the yes of every member
//	I3  prefix: all apply one chain, in order; watermarks and ballots never go back
//	I4  durability: a decision survives any crash that leaves disks intact
//	I6  fencing: nothing is accepted below the promise; one ballot accepts one history
//	I7  quorum: a decision has a quorum of durable accepts in its ballot
//	I8  liveness: when faults stop, everything in doubt is decided
//	I12 tests are not vacuous: they count the recoveries, aborts and catch-ups they have met
//
// # Driver
//
// Feed each machine from one goroutine and do what Ready says, in order: append Records; send
// Messages; sync the log; send Durable. See the example of the package. The proposer calls Open
// first, PeerUp and PeerDown as links come and go, Tick at every resend interval, Propose while
// Room. On Refused it looks at the veto and calls Open; then Status().Base tells, as soon as the
// state is Active, which of its batches are decided: those at or below it. The rest are aborted.
package batch3pc
