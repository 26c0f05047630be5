package ring

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// aloneItems fill the smallest ring here, and no ring needs to wait for room or items.
const aloneItems = 1024

// aloneRounds is how often a ring and its anchor are measured: often and shortly, so that the best round of each is one
// that nobody has disturbed, however busy the machine is.
const aloneRounds = 50

// BenchmarkAlone has one thread fill a ring and drain it again. No cache line travels, so this is no figure to be proud
// of: it is the cost of the ring's own instructions, by that of a channel's, and moves when they do and hardly otherwise.
func BenchmarkAlone(b *testing.B) {
	alone[small](b, 8)
	alone[large](b, 64)
}

func alone[T item](b *testing.B, size int) {
	anchor := channel[T](1)
	for _, c := range []struct {
		name  string
		batch int
		subject
	}{
		{"spsc/how=copy", 1, spscOne[T](aloneItems)},
		{"spsc/how=place", 1, spscBatch[T](1, 1, aloneItems)},
		{"spsc/how=place", 64, spscBatch[T](64, 64, aloneItems)},
		{"mpsc/how=copy", 1, mpscOne[T](1)},
		{"mpsc/how=place", 64, mpscBatch[T](1, 64)},
		{"broadcast/how=place", 1, broadcast[T](1, [][]int{nil})},
		{"broadcast/how=place", 64, broadcast[T](64, [][]int{nil})},
	} {
		b.Run(fmt.Sprintf("ring=%s/size=%d/batch=%d", c.name, size, c.batch), func(b *testing.B) {
			b.ReportAllocs()
			n := max(b.N/aloneRounds/aloneItems, 1)
			ours, theirs := math.Inf(1), math.Inf(1)
			for range aloneRounds {
				ours = min(ours, oneThread(c.subject, n))
				b.StopTimer()
				theirs = min(theirs, oneThread(anchor, max(n/8, 1)))
				b.StartTimer()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours, "ns/item")
			b.ReportMetric(ours/theirs, "x-chan")
		})
	}
}

// oneThread fills and drains n times, and returns ns an item.
func oneThread(s subject, n int) float64 {
	work := s(aloneItems)
	begin := time.Now()
	for range n {
		for _, f := range work {
			f()
		}
	}
	return float64(time.Since(begin).Nanoseconds()) / float64(n*aloneItems)
}
