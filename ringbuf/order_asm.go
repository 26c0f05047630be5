//go:build amd64 && !race && !purego

package ringbuf

import (
	"sync/atomic"
	"unsafe"
)

// storeRelease is one MOV in the middle of its caller. The processor shows the stores of a core in their order and has
// done the loads before a store: that is release order. The compiler has all stores, and the loads of sync/atomic, on
// one chain, and moves a plain load behind no store that follows it, so the order stays that of the text. (Of two stores to
// one place with nothing between them it may leave out the first, which hands over later, and not too early.) As a call, of
// three instructions in assembly, it was a third of a push and a pop: docs/RINGS.md.
func storeRelease(p *atomic.Uint64, v uint64) { *(*uint64)(unsafe.Pointer(p)) = v }

func fence()

// pause rests n times. It cannot be preempted meanwhile, so n is small.
//
//go:noescape
func pause(n int)

// own asks for n cache lines from p on, to be written, and does not wait for them.
//
//go:noescape
func own(p unsafe.Pointer, n int)
