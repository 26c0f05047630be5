//go:build cgo

// Command referee puts package orderbook behind the C interface of the public matching-engine
// benchmark (github.com/flash1-dev/matching-engine-benchmark), whose harness then judges it: every
// report is hashed against what some 160 independent engines agree on, the state of the book is audited
// at random points, and the throughput is taken. How to run it is told in docs/REFEREE.md.
//
//	go build -buildmode=c-shared -o tezi_adapter.so ./tools/referee
//
// It is the only cgo in the project, and no part of the product: without cgo the package is empty.
//
//	harness, matcher's core                                   harness, drainer's core
//	engine_on_batch ─▶ engine.message ─▶ orderbook.Book
//	                        └──▶ reports ──▶ [ ring in C memory ] ──▶ drain, in transport.c
//
// Nothing crosses between C and Go one by one: messages come in runs, because a call into Go costs as much
// as four messages, and reports go out through memory that both sides see. A report is 32 bytes in the
// ring, published 512 at a time, and gets the 64 bytes of the interface on the drainer's side.
//
// What the harness asks of the book is answered from the book. Beside it the engine keeps only what the
// acknowledgement of a cancel has to repeat, the price and side of a resting order, by its slot.
package main
