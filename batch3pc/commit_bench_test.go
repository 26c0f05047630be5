package batch3pc_test

import (
	"fmt"
	"testing"
)

// BenchmarkCommit takes batches from Propose to Apply, a window of them at once, through a
// coordinator and three participants in one goroutine, without disk and network: it is what the
// protocol itself costs. With items it hashes every payload four times and copies it three times;
// with 8 bytes next to nothing.
func BenchmarkCommit(b *testing.B) {
	for _, payload := range []struct {
		name string
		size int
	}{{"items=1000x64", 64_000}, {"items=none", 8}} {
		for _, window := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/window=%d", payload.name, window), func(b *testing.B) {
				r := newRig(b, window, payload.size)
				for range 10 {
					r.commit(window)
				}
				b.ReportAllocs()
				b.SetBytes(int64(window * payload.size))
				batches := 0
				for b.Loop() {
					r.commit(window)
					batches += window
				}
				b.ReportMetric(float64(batches)/b.Elapsed().Seconds(), "batches/s")
			})
		}
	}
}
