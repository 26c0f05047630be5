package ringbuf

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// starts are the positions at which a ring is tested: the first one, and those from which it passes
// the end of the number range during the test.
var starts = []uint64{0, 5, math.MaxUint64 - 100, math.MaxUint64 - 1, math.MaxUint64}

// newSPSCAt is NewSPSC for a ring that has already passed start items.
func newSPSCAt[T any](capacity int, start uint64) *SPSC[T] {
	r := NewSPSC[T](capacity)
	r.start(start)
	return r
}

// newFramesAt is NewFrames for a ring that has already passed start bytes, a multiple of 8.
func newFramesAt(capacity int, start uint64) *Frames {
	r := NewFrames(capacity)
	r.start(start)
	return r
}

// mix is a cheap checksum whose result depends on the order of the values.
func mix(sum, v uint64) uint64 { return (sum ^ v) * 0x9e3779b97f4a7c15 }

// mustPanic runs f and fails the test if it returns.
func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

// until spins, and makes room for others, until ok.
func until(ok func() bool) {
	for !ok() {
		runtime.Gosched()
	}
}

func capName(capacity int, start uint64) string {
	return fmt.Sprintf("cap=%d/start=%#x", capacity, start)
}
