// Package book measures package orderbook alone: how many messages a second one core can match and
// report, how long one message takes, and whether that stays as it is when books grow deep, wide or many.
//
//	workload.Message ─▶ Desk ─▶ orderbook.Book
//	                     └─ Report ─▶ ringbuf.SPSC, published 64 at a time, released unread
//
// The benchmarks are in its tests:
//
//	BenchmarkReferee   the five scenarios of the public matching-engine benchmark
//	BenchmarkParts     one of them taken apart: what orders and their cancels take alone, and what each thing beside them adds
//	BenchmarkOverlap   the five, with the lives of some 1,500 orders lying over each other
//	BenchmarkLatency   each message by itself, back to back: percentiles
//	BenchmarkMarket    10,000 to 512,000 live orders in one book or 256, cancelled at random, with trades
//	BenchmarkFlat      the same work against ever more orders, prices, instruments
//	BenchmarkSweep     one order that takes ever more makers
//	BenchmarkMemory    what orders take of memory
//
// Times on a shared machine vary with what its neighbours do. So most benchmarks also tell their time as a
// multiple of a fixed loop, the Anchor, that takes turns with them in the same process: that figure is to be
// compared between days and machines.
//
// What holds:
//
//	I1  Everything that a message leads to is reported, in 32 bytes each, and the cost of it is measured.
//	I2  What is measured runs on one goroutine and allocates nothing.
//	I3  A figure is for the same messages on every machine: workload.Referee, or a flow with a fixed seed.
package book
