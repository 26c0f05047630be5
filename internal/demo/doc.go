// Package demo shows what the choice of a commit protocol means: the same fault, at the same moment,
// under two-phase commit, the three-phase commit of the textbooks, and E3PC.
//
//	scenario ─▶ world (simulated clock, network, disks; the real machines and drivers) ─▶ Report
//	                                                                                        │
//	                                                          table for people, JSON ◀──────┘
//
// One seed gives one report, to the byte: it draws the delays of messages and disks. Nothing in the
// outcome depends on it.
//
// Invariants:
//
//	I1  A message of a node that was killed is delivered only if it left before.
//	I2  What a killed node had not synced is lost.
//	I3  Messages of one node to another arrive in the order in which they were sent.
package demo
