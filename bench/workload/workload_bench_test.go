package workload

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// BenchmarkNext tells how fast commands of continuous trading can be made: the ceiling of any run that is fed by
// a day. Most of it is the engine core that the day runs.
func BenchmarkNext(b *testing.B) {
	for _, instruments := range []int{1, 500, 2000} {
		for _, layout := range []Layout{TimeOrder, SymbolOrder} {
			b.Run(fmt.Sprintf("instruments=%d/layout=%s", instruments, layout), func(b *testing.B) {
				d := open(b, Config{Seed: 1, Orders: 20_000_000, Instruments: instruments, Layout: layout})
				var command codec.Command
				for d.Stats().AuctionTrades == 0 || command.Kind != codec.KindNew || command.Flags&codec.FlagPreOpen != 0 {
					if err := d.Next(&command); err != nil { // the pre-open session passes
						b.Fatal(err)
					}
				}
				for range 500_000 { // the books fill up
					_ = d.Next(&command)
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := d.Next(&command); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
			})
		}
	}
}
