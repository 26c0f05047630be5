package system

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

// BenchmarkSystem measures engine and participants inside this process, over rings; for processes there is
// `tezi bench system`.
func BenchmarkSystem(b *testing.B) {
	for _, durable := range []bool{true, false} {
		for _, rate := range []float64{0, 500_000} {
			c := Default()
			c.Transport, c.Durable, c.Rate = TransportRings, durable, rate
			c.Warmup, c.Duration = 300*time.Millisecond, 700*time.Millisecond
			b.Run(c.String(), func(b *testing.B) {
				for b.Loop() {
					r, err := Measure(b.Context(), &Options{Dir: filepath.Join(b.TempDir(), "run"), Profile: host.Profile{Name: host.Shared}}, c)
					if err != nil {
						b.Fatal(err)
					}
					l := r.Latency(bench.OrderToCommit)
					b.ReportMetric(0, "ns/op") // of a whole measurement: says nothing
					b.ReportMetric(r.TradesPerS, "trades/s")
					b.ReportMetric(r.CPUPerTrade, "cpu-ns/trade")
					b.ReportMetric(float64(l.P50), "order-to-commit-p50-ns")
					b.ReportMetric(float64(l.P99), "order-to-commit-p99-ns")
					b.ReportMetric(float64(l.P999), "order-to-commit-p99.9-ns")
				}
			})
		}
	}
}
