package commit

import (
	"testing"
	"time"
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
		if err != nil {
			b.Fatal(err)
		}
		for unit, v := range map[string]float64{
			"trades/s": r.TradesPerS, "cpu-ns/trade": r.CPUPerTrade, "mallocs/batch": r.Mallocs,
			"p50-us": float64(r.Decision.P50) / 1000, "p99-us": float64(r.Decision.P99) / 1000,
			"x-floor": r.DecisionRatio(), "of-floor": r.RateRatio(),
			"ns/op": r.ElapsedS * 1e9 / float64(max(r.Batches, 1)),
		} {
			b.ReportMetric(v, unit)
		}
	}
}
