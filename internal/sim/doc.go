// Package sim runs the commit protocol as it is in production in a world of its own: simulated
// disks, one bag of messages in flight, and a scheduler that decides what happens next, all from one
// seed. It looks for a schedule that breaks an invariant of internal/check.
//
//	seed ─▶ Plan ─▶ scheduler ─▶ actions ─▶ World: nodes, ledgers, disks, messages
//	                                          │ every event
//	                                          ▼
//	                                        check.Watch: I1 to I11, counters for I12
//
// A schedule is a list of Actions. The scheduler makes it while it runs; afterwards the list alone
// replays it, and any part of it is a schedule too, which is how Shrink cuts a failure down to the
// few events that matter. The list is also the script that people read.
//
// docs/SIMULATION.md says what the actions and the schedulers are, and why one seed means one trace. Safety holds
// at every step; a quarter of the schedules, half of those of whole nodes, end in peace and must converge (I8).
//
// A node is, at the core level, a machine of batch3pc with a list of records for a disk: act.go and
// power.go move it. By default the machines hand each other values, which is fast, and in one schedule of
// sixteen, or in all, the bytes that codec makes of messages and records.
//
// At the driver level it is a process on a computer: the participants and coordinators of internal/rounds, over the
// production log on a simdisk, started as production starts it (boot.go). The same actions move it, and
// some more (hardware.go). The computer watches the calls of the log from below and knows, whatever
// the log says, which records a power cut would leave. Package engine, whose loop steps its coordinator itself, is
// not in this world.
package sim
