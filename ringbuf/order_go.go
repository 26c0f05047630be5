//go:build !amd64 || race || purego

package ringbuf

import (
	"sync/atomic"
	"unsafe"
)

func storeRelease(p *atomic.Uint64, v uint64) { p.Store(v) }

// fence has nothing to do: stores and loads of sync/atomic are not reordered with each other.
func fence() {}

// pauseLoop is about as long as a PAUSE of the processors that have a long one.
const pauseLoop = 64

func pause(n int) {
	for range n * pauseLoop {
	}
}

// own is only a hint.
func own(unsafe.Pointer, int) {}
