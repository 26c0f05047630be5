package engine

import (
	"fmt"
	"testing"
)

// BenchmarkCore matches a random flow on the core alone: sequenced command in, trades in the open
// batch out. One operation is one command.
func BenchmarkCore(b *testing.B) {
	for _, n := range []int{1_000_000} {
		b.Run(fmt.Sprintf("commands=%d", n), func(b *testing.B) {
			cmds := randomFlow(12, n)
			l := Limits{OrdersMax: 1 << 21, InstrumentsMax: 8, BatchTarget: 1000}
			open := NewBuilder(0, 1)
			var core *Core
			next := len(cmds)
			trades := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				if next == len(cmds) {
					b.StopTimer()
					if core != nil {
						trades += core.Counts().Trades
						core.Close()
					}
					var err error
					if core, err = NewCore(l, nil); err != nil {
						b.Fatal(err)
					}
					open.Reset(0, 1)
					next = 0
					b.StartTimer()
				}
				c := cmds[next]
				next++
				c.Seq = uint64(next)
				core.Apply(&c, open)
				if open.Full(l.BatchTarget) {
					open.Reset(core.LastCommand(), core.NextTrade())
				}
			}
			trades += core.Counts().Trades
			core.Close()
			b.ReportMetric(float64(trades)/float64(b.N), "trades/op")
		})
	}
}
