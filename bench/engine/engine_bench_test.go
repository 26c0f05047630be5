package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench/book"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/bench/workload"
)

// BenchmarkEngine measures each flow behind a ring: one operation is one command, from the input ring into the
// open batch. At rate=0 the feeder is never late, and ns/op is what a command costs; with a rate the latencies
// count from the moment when a command was due.
func BenchmarkEngine(b *testing.B) {
	for _, flow := range workload.Flows {
		for _, rate := range []float64{0, 1e6, 5e6} {
			b.Run(fmt.Sprintf("flow=%s/rate=%.0f", flow, rate), func(b *testing.B) {
				c := Default()
				c.Loop.Flow, c.Rate = flow, rate
				c.Duration = 500 * time.Millisecond
				for b.Loop() {
					r, err := Measure(b.Context(), profile.Set{}, c)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(0, "ns/op") // of a whole measurement: says nothing
					b.ReportMetric(1e9/r.CommandsPerS, "ns/command")
					b.ReportMetric(r.CommandsPerS, "commands/s")
					b.ReportMetric(r.TradesPerS, "trades/s")
					b.ReportMetric(float64(r.Collections), "gc-cycles")
					if l := r.Latency; l != nil {
						b.ReportMetric(float64(l.ValueAtQuantile(50)), "p50-ns")
						b.ReportMetric(float64(l.ValueAtQuantile(99)), "p99-ns")
						b.ReportMetric(float64(l.ValueAtQuantile(99.9)), "p99.9-ns")
						if r.Undisturbed.TotalCount() > 0 {
							b.ReportMetric(float64(r.Undisturbed.ValueAtQuantile(99)), "undisturbed-p99-ns")
							b.ReportMetric(float64(r.Undisturbed.ValueAtQuantile(99.9)), "undisturbed-p99.9-ns")
						}
						if r.WordNs > 0 && r.Undisturbed.TotalCount() > 0 {
							b.ReportMetric(float64(r.Undisturbed.ValueAtQuantile(50))/r.WordNs, "p50-x-word")
						}
						b.ReportMetric(r.taken(r.Matcher)+r.taken(r.Feeder), "taken-%")
					}
				}
			})
		}
	}
}

// matcherTurn is how many commands are timed together: so little work that it is hardly ever disturbed.
const matcherTurn = 1 << 12

// fill puts a chunk of commands into the ring, and takes it.
func (r *rig) fill() int {
	slots := r.ring.Claim(chunkMax)
	for i := range slots {
		r.loop.Next(&slots[i].Command)
	}
	r.ring.Publish(len(slots))
	in := r.ring.Peek(chunkMax)
	r.chunk(in)
	return len(in)
}

// BenchmarkMatcher is the matcher's share of it, on one thread that fills the ring itself now and then: one
// operation is one command. Stretches of the loop take turns with a walk through the caches, and x-anchor is the best time
// of each stretch, of all rounds, by the best of the walks: on a machine that others use, what changes it is the code.
func BenchmarkMatcher(b *testing.B) {
	for _, flow := range workload.Flows {
		b.Run(fmt.Sprintf("flow=%s", flow), func(b *testing.B) {
			c := Default()
			c.Loop.Flow = flow
			r, err := newRig(b.Context(), &c)
			if err != nil {
				b.Fatal(err)
			}
			defer r.close()
			before := r.core.Counts().Trades
			anchor, best := book.NewAnchor(), make([]time.Duration, r.loop.Len()/matcherTurn)
			b.ReportAllocs()
			b.ResetTimer()
			done := 0
			for turn := 0; done < b.N; turn++ {
				begin, from := time.Now(), done
				for done < b.N && done-from < matcherTurn {
					done += r.fill()
				}
				if at := &best[turn%len(best)]; done-from >= matcherTurn {
					if took := time.Since(begin); *at == 0 || took < *at {
						*at = took
					}
				}
				b.StopTimer()
				anchor.Measure()
				b.StartTimer()
			}
			b.ReportMetric(float64(r.core.Counts().Trades-before)/float64(done), "trades/op")
			quiet, n := time.Duration(0), 0
			for _, took := range best {
				if took > 0 {
					quiet, n = quiet+took, n+matcherTurn
				}
			}
			if n > 0 {
				ns := float64(quiet.Nanoseconds()) / float64(n)
				b.ReportMetric(ns, "quiet-ns/op")
				b.ReportMetric(ns/anchor.BestNs(), "x-anchor")
			}
		})
	}
}
