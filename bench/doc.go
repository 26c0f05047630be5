// Package bench measures the exchange and says what it measured.
//
// The numbers of a run are born on the busy threads and become a report when those have stopped:
//
//	matcher, coordinator ──ns──▶ Recorder (one histogram a stage) ──Snapshot──▶ Report ──▶ table
//	       │                                                          ▲               ├──▶ JSON
//	       └──atomics──▶ Progress (status line on a terminal)         │               └──▶ .hgrm files
//	                                                       counts, chains, machine
//
// The stages follow the way of an order:
//
//	order_to_match    arrival of a command → matched, in the book or out of it
//	batch_decision    sealing begins → the batch is decided
//	can_commit        sealing begins → every member has voted yes
//	pre_commit        every member has voted yes → a quorum has it durably: decided
//	do_commit         decided → every member has applied the batch
//	order_to_commit   arrival of a trade's taker → its batch is decided
//
// docs/REPORT.md says what arrival is, and when each stamp is taken.
//
// What holds:
//
//	I1  No sample is lost in silence: a value outside 0..60 s is recorded at the limit and counted,
//	    and both the table and the JSON show the count.
//	I2  Every percentile in a report is the percentile of its histogram: computed once, never
//	    averaged, never merged from other percentiles.
//	I3  Recording does not allocate, lock or read a clock.
//	I4  The JSON keys are stable: they are only ever added to.
//	I5  Progress reads what others publish and writes only to a terminal. A run with its output
//	    in a file is not disturbed by a byte.
//	I6  The parts of a Budget are of the same trades as its whole and follow each other without a gap: their means
//	    add up to its mean, but for the resolution of the histograms, 0.1 %.
//
// # Benchmarks
//
// A benchmark measures a part by itself, in many cases. What it has measured is a Record: the machine, the command,
// and for each case its parameters, figures and histograms. What go test prints is read into the same Results.
//
//	tezi bench ... ─▶ Record.Add ─▶ Result ─▶ Sheet ─▶ table
//	go test -bench ─▶ ReadGoTest ─▶   │     ├▶ JSON, and back
//	                                  │     ├▶ lines for benchstat
//	                                  │     ├▶ .hgrm files
//	                                  └─────┴▶ Chart ─▶ bench/plot ─▶ SVG
//
// The parts have packages of their own below this one. The synthetic trading day that all of them feed on is in
// bench/workload.
package bench
