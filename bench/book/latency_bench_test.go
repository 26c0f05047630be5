package book

import (
	"fmt"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
)

const latencyMaxNs = 1_000_000_000

// BenchmarkLatency measures messages one by one, back to back: from before the book gets one until its reports are in
// the ring. The flow is the normal scenario with lives that overlap, about 5,000 orders resting. The cost of
// reading the clock twice, timer-ns, is subtracted. An op is one message of any kind; the percentiles are of the kind
// in the name.
func BenchmarkLatency(b *testing.B) {
	var foreign []workload.Message
	for _, numbers := range []string{"foreign", "own"} {
		var r *round
		for _, kind := range []struct {
			name string
			codec.Kind
		}{{"all", 0}, {"new", codec.KindNew}, {"modify", codec.KindModify}, {"cancel", codec.KindCancel}} {
			b.Run(fmt.Sprintf("numbers=%s/message=%s", numbers, kind.name), func(b *testing.B) {
				b.StopTimer()
				if foreign == nil { // the function runs several times
					foreign = workload.Referee{Scenario: workload.Normal, Seed: workload.Normal.Seed(), Orders: refereeOrders, Overlap: true}.Messages()
				}
				if r == nil {
					r = refereeRound(foreign, numbers == "own")
				}
				r.latencies(b, kind.Kind)
			})
		}
	}
}

// latencies runs b.N messages as bench does. A measurement is a store into an array: the histogram is made
// when the clock stands still.
func (r *round) latencies(b *testing.B, kind codec.Kind) {
	b.ReportAllocs()
	stamp := clock.New()
	histogram := hdrhistogram.New(1, latencyMaxNs, 3)
	took := make([]uint32, len(r.messages))
	for left := b.N; left > 0; {
		desk := r.open()
		messages := r.messages[:min(left, len(r.messages))]
		left -= len(messages)
		book := desk.books[0]
		b.StartTimer()
		for i := range messages {
			begin := clock.Ticks()
			desk.Do(book, &messages[i].Message)
			took[i] = clock.Since(begin)
		}
		b.StopTimer()
		for i := range messages {
			if kind == 0 || messages[i].Kind == kind {
				if err := histogram.RecordValue(min(stamp.Ns(took[i]), latencyMaxNs)); err != nil {
					b.Fatal(err)
				}
			}
		}
		desk.Close()
	}
	b.ReportMetric(0, "ns/op") // it would include the clock
	b.ReportMetric(float64(histogram.ValueAtQuantile(50)), "p50-ns")
	b.ReportMetric(float64(histogram.ValueAtQuantile(99)), "p99-ns")
	b.ReportMetric(float64(histogram.ValueAtQuantile(99.9)), "p99.9-ns")
	b.ReportMetric(float64(stamp.Empty)/stamp.PerNs, "timer-ns")
}
