//go:build cgo

package main

// #include "transport.h"
import "C"

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// report is a report in the ring: struct report of transport.h.
type report struct {
	order, maker uint64
	what         uint64 // sequence number, kind << 48, side << 56
	price        int32
	qty          uint32
}

// The kinds of report, me_report_type_t of the interface.
const (
	orderAck = iota
	trade
	cancelAck
	modifyAck
	cancelReject
	modifyReject
)

// publishEach is how many reports go to the drainer at a time, 10 µs of matching. Each time the line of tail crosses to this
// core and back, and so do the lines behind the last report, which the drainer's core has fetched ahead. Where the
// cores are far from each other, 64 at a time halve the throughput.
const publishEach = 512

// reports is the engine's side of the ring, which it fills chunk by chunk: publishEach slots that the drainer has
// left.
type reports struct {
	chunk *[publishEach]report // in C memory
	used  uint32               // of the chunk
	pos   uint64               // of the chunk, since the start
	head  uint64               // where the drainer was last seen
	slots []report             // all of the ring; a power of two, publishEach at least
	ring  *C.struct_ring
}

// open takes the ring that the harness has created.
func (r *reports) open(ring *C.struct_ring) {
	if unsafe.Sizeof(report{}) != C.sizeof_struct_report {
		panic("referee: report and struct report differ")
	}
	*r = reports{ring: ring, slots: unsafe.Slice((*report)(unsafe.Pointer(ring.slots)), int(ring.size))}
	r.claim()
}

// next returns the slot of the next report, which the caller fills before it asks for another.
func (r *reports) next() *report {
	if r.used == publishEach {
		r.turn()
	}
	r.used++
	return &r.chunk[(r.used-1)%publishEach] // in range, as the compiler sees
}

// turn publishes a full chunk and goes on with the next.
func (r *reports) turn() {
	r.publish()
	r.pos += publishEach
	r.used = 0
	r.claim()
}

// claim takes the chunk at pos. It waits for the drainer as long as it must: a report is never lost.
func (r *reports) claim() {
	for r.pos+publishEach-r.head > uint64(len(r.slots)) {
		head := atomic.LoadUint64((*uint64)(&r.ring.head))
		if head == r.head {
			runtime.Gosched()
		}
		r.head = head
	}
	at := r.pos & uint64(len(r.slots)-1)
	r.chunk = (*[publishEach]report)(r.slots[at:])
}

// publish hands over what is filled.
func (r *reports) publish() {
	atomic.StoreUint64((*uint64)(&r.ring.tail), r.pos+uint64(r.used))
}

// set fills s field by field where it lies: a composite would be built elsewhere in smaller pieces, and copying
// it would wait for them.
func (s *report) set(kind, side uint8, sequence, order, maker uint64, price int32, qty uint32) {
	s.order, s.maker, s.price, s.qty = order, maker, price, qty
	s.what = sequence | uint64(kind)<<48 | uint64(side)<<56
}
