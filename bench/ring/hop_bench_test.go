package ring

import (
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/ringbuf"
)

const hopMaxNs = 1_000_000_000

// game is a turn that goes to and fro: serve sends turn v and comes back with the answer, answer
// waits for turn v and sends it back.
type game struct {
	name   string
	serve  func(v uint64)
	answer func(v uint64)
}

// BenchmarkHop measures half of a round trip between two threads that spin, each round trip by
// itself. The anchor is a bare word on a cache line of its own for each direction.
func BenchmarkHop(b *testing.B) {
	anchor := word()
	for _, g := range []game{
		hopOne[small]("ring=spsc/size=8"), hopOne[large]("ring=spsc/size=64"), anchor,
	} {
		b.Run(g.name, func(b *testing.B) { rally(b, g, anchor) })
	}
}

// rally plays the game and the anchor by turns and reports the percentiles of one hop.
func rally(b *testing.B, g, anchor game) {
	b.ReportAllocs()
	stamp := clock.New()
	t := newTeam(2)
	n := max(b.N/rounds, 100)
	took := make([]uint32, n)
	ours, theirs := hdrhistogram.New(1, hopMaxNs, 3), hdrhistogram.New(1, hopMaxNs, 3)
	play := func(g game, n int, h *hdrhistogram.Histogram) {
		t.run(func() {
			for i := range n {
				begin := clock.Ticks()
				g.serve(uint64(i))
				took[i] = clock.Since(begin)
			}
		}, func() {
			for i := range n {
				g.answer(uint64(i))
			}
		})
		for _, d := range took[:n] {
			if err := h.RecordValue(min(stamp.Ns(d), hopMaxNs)); err != nil {
				b.Fatal(err)
			}
		}
	}
	for range rounds {
		play(g, n, ours)
		b.StopTimer()
		play(anchor, max(n/4, 1), theirs)
		b.StartTimer()
	}
	half := func(h *hdrhistogram.Histogram, q float64) float64 { return float64(h.ValueAtQuantile(q)) / 2 }
	b.ReportMetric(0, "ns/op") // two threads, their start and the clock
	b.ReportMetric(half(ours, 50), "p50-ns")
	b.ReportMetric(half(ours, 99), "p99-ns")
	b.ReportMetric(half(ours, 99.9), "p99.9-ns")
	b.ReportMetric(half(ours, 50)/half(theirs, 50), "x-word-p50")
	b.ReportMetric(half(ours, 99)/half(theirs, 99), "x-word-p99")
	b.ReportMetric(t.pinned(), "pinned")
}

func word() game {
	ping, pong := new(apart), new(apart)
	next := uint64(0) // of the server; the words only grow
	seen := uint64(0)
	return game{
		name: "ring=word/size=8",
		serve: func(uint64) {
			next++
			ping.Store(next)
			for pong.Load() != next {
			}
		},
		answer: func(uint64) {
			seen++
			for ping.Load() != seen {
			}
			pong.Store(seen)
		},
	}
}

func hopOne[T item](name string) game {
	ping, pong := ringbuf.NewSPSC[T](64), ringbuf.NewSPSC[T](64)
	pass := func(to *ringbuf.SPSC[T], v uint64) {
		var t T
		set(&t, v)
		for !to.TryPush(t) {
		}
	}
	take := func(from *ringbuf.SPSC[T], v uint64) {
		for {
			if t, ok := from.TryPop(); ok {
				if check(&t, v) != 0 {
					panic("ring: an item is wrong or out of order")
				}
				return
			}
		}
	}
	return game{
		name:   name,
		serve:  func(v uint64) { pass(ping, v); take(pong, v) },
		answer: func(v uint64) { take(ping, v); pass(pong, v) },
	}
}
