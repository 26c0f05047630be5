package commit

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// BenchmarkCommit measures the cases of all sweeps, each for as many batches as it decides in a
// second; one op is a batch.
//
//	go test -run '^$' -bench Commit -benchtime 1x ./bench/commit
func BenchmarkCommit(b *testing.B) {
	seen := map[string]bool{}
	for _, s := range Sweeps {
		cases, err := s.Cases(Default())
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range cases {
			if name := c.String(); !seen[name] {
				seen[name] = true
				b.Run(name, func(b *testing.B) { benchCase(b, c) })
			}
		}
	}
}

func benchCase(b *testing.B, c Case) {
	c.Duration = time.Second
	o := options(b)
	for b.Loop() {
		r, err := Measure(b.Context(), o, c)
		if errors.Is(err, errAway) || errors.Is(err, errShort) {
			b.Skip(err) // more is offered than this machine commits now beside one that catches up, or its disk stands still
		}
		if err != nil {
			b.Fatal(err)
		}
		for unit, v := range map[string]float64{
			"trades/s": r.TradesPerS, "cpu-ns/trade": r.CPUPerTrade, "mallocs/batch": r.Mallocs,
			"p50-us": float64(r.Decision.P50) / 1000, "p99-us": float64(r.Decision.P99) / 1000,
			"x-floor": r.DecisionRatio(), "x-floor-p99": r.TailRatio(), "of-floor": r.RateRatio(),
			"ns/op": r.ElapsedS * 1e9 / float64(max(r.Batches, 1)),
		} {
			b.ReportMetric(v, unit)
		}
	}
}

// BenchmarkRestart is how long a participant needs that was killed with some million trades in its journal:
// reading, checking, voting and applying all of them again.
//
//	go test -run '^$' -bench Restart -benchtime 3x ./bench/commit
func BenchmarkRestart(b *testing.B) {
	c := Default()
	c.Transport, c.Durable, c.Warmup, c.Duration = TransportRings, false, 0, 700*time.Millisecond
	o := options(b)
	o.NoFloor = true
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		b.Fatal(err)
	}
	if _, err := measureBesideFloor(b.Context(), o, &c); err != nil {
		b.Fatal(err)
	}
	for _, node := range []int{0, 1, 2} {
		s := specOf(o, &c, node, false)
		b.Run("role="+s.role(), func(b *testing.B) {
			trades := 0.0
			for b.Loop() {
				ours, theirs := transport.Pair(1<<20, 1<<20, ringbuf.NewBell(ringbuf.WaitPark), ringbuf.NewBell(ringbuf.WaitPark))
				n, err := openNode(s, theirs, ringbuf.NewBell(ringbuf.WaitPark))
				if err != nil {
					b.Fatal(err)
				}
				ctx, cancel := context.WithCancel(b.Context())
				cancel()
				b.StopTimer()
				trades = float64(n.(*participant.Node).Status().AppliedBatches) * float64(c.Trades)
				if err := n.Run(ctx); err != nil {
					b.Fatal(err)
				}
				ours.Close()
				b.StartTimer()
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/trades*1e6, "s/1M-trades")
		})
	}
}
