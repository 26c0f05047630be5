package ringbuf

import "sync/atomic"

// What a ring needs of the memory model is little: whoever loads a position must see everything
// that was stored before the position was. That is a store with release order, and Go has none to
// offer: the Store of sync/atomic is sequentially consistent, on amd64 an XCHG, which waits until
// the core owns the cache line and all stores before it are done. Between two cores that is the
// time of a cache line on its way, paid for every item: a factor of three to seven
// (docs/RINGS.md).
//
// So there are two builds of the four functions below:
//
//	order_asm.go   a plain MOV, which on amd64 is a release store, and PAUSE and a fence in assembly
//	order_go.go    sync/atomic, for every other processor (on arm64 its Store is the release store
//	               STLR anyway), for the race detector, which would call a plain store a race,
//	               and with the build tag purego, so that it can be tested and measured on amd64
//
// Loads are atomic.Load in both: a MOV on amd64.
//
//	storeRelease(p, v)  everything stored before it is seen by whoever loads v
//	fence()             loads after it are not done before a storeRelease that is before it
//	pause(n)            n times a few dozen cycles of rest, for the sake of the other core and of
//	                    the items that pile up meanwhile

// Count adds n to a counter that nobody else writes at the time: a load and a store, where an atomic addition is a
// barrier.
func Count(c *atomic.Uint64, n uint64) { storeRelease(c, c.Load()+n) }

// bump counts one.
func bump(c *atomic.Uint64) { storeRelease(c, c.Load()+1) }
