package workload

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// BenchmarkNext tells how fast commands can be made: the ceiling of any run that is fed by a day.
func BenchmarkNext(b *testing.B) {
	for _, instruments := range []int{1, 500, 2000} {
		for _, layout := range []Layout{TimeOrder, SymbolOrder} {
			b.Run(fmt.Sprintf("instruments=%d/layout=%s", instruments, layout), func(b *testing.B) {
				c := Config{Seed: 1, Orders: 300_000_000, Instruments: instruments, Layout: layout}
				d := open(b, c)
				var command codec.Command
				for range 2_000_000 { // the books fill up
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
