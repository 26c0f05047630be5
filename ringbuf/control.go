package ringbuf

import (
	"sync/atomic"
	"unsafe"
)

// padding keeps what stands before and after it off each other's cache lines. 128 bytes, not 64,
// because the hardware prefetches lines in pairs; and padding between, not alignment of, because
// the heap does not promise more than 8 bytes.
type padding [128]byte

// control is the shared part of a ring with one producer and one consumer: what either side writes
// for the other. It has a fixed layout because it may lie in memory that two processes share; see
// FramesOn.
//
//	  0  u64 magic    8 u64 bytes of the slab    16 u32 1 if closed     written once, read by both
//	128  u64 tail   136 u64 records published                           written by the producer only
//	256  u64 head   264 u64 records released                            written by the consumer only
//	384  end; in shared memory the slab begins here
type control struct {
	magic     atomic.Uint64
	size      uint64
	closed    atomic.Uint32
	_         [108]byte
	tail      atomic.Uint64
	published atomic.Uint64
	_         [112]byte
	head      atomic.Uint64
	released  atomic.Uint64
	_         [112]byte
}

const controlSize = 384

// The layout is a promise between processes, checked at compile time.
var (
	_ [controlSize]byte = [unsafe.Sizeof(control{})]byte{}
	_ [16]byte          = [unsafe.Offsetof(control{}.closed)]byte{}
	_ [128]byte         = [unsafe.Offsetof(control{}.tail)]byte{}
	_ [256]byte         = [unsafe.Offsetof(control{}.head)]byte{}
)
