//go:build cgo

package main

// #include "transport.h"
import "C"

import (
	"math"
	"unsafe"

	"github.com/tezi-exchange/tezi/orderbook"
)

// judged is the engine of this process: the interface has no handle. The harness calls it from one
// thread.
var judged engine

// A c-shared library needs it, and nobody calls it.
func main() {}

//export engine_get_transport
func engine_get_transport() unsafe.Pointer { return C.report_transport }

//export engine_init
func engine_init(_ uint64, transport, sink unsafe.Pointer) {
	if transport != C.report_transport {
		panic("referee: reports have to go by the engine's own transport")
	}
	judged.open()
	judged.out.open((*C.struct_ring)(sink))
}

//export engine_shutdown
func engine_shutdown() { judged.arena.Close() }

//export engine_on_batch
func engine_on_batch(messages unsafe.Pointer, n uint32) {
	judged.batch(unsafe.Slice((*message)(messages), n))
}

//export engine_on_new_order
func engine_on_new_order(m unsafe.Pointer) { judged.enter((*order)(m)) }

//export engine_on_cancel
func engine_on_cancel(m unsafe.Pointer) {
	c := (*[2]uint64)(m)
	judged.cancel(c[0], c[1])
}

//export engine_on_modify
func engine_on_modify(m unsafe.Pointer) { judged.modify((*order)(m)) }

//export engine_flush
func engine_flush() { judged.out.publish() }

//export engine_query_best_bid
func engine_query_best_bid() int64 { return judged.best(orderbook.Buy, math.MinInt64) }

//export engine_query_best_ask
func engine_query_best_ask() int64 { return judged.best(orderbook.Sell, math.MaxInt64) }

//export engine_query_depth_at
func engine_query_depth_at(ticks int64, side uint8) uint64 {
	return judged.book.DepthAt(sideOf(side), priceOf(ticks)).Qty
}
