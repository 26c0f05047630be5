package book

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// flatLive is how many orders rest where another dimension is stretched.
const flatLive = 100_000

// BenchmarkFlat does the same work, cancels of random orders and new orders, in books that are stretched in one
// dimension at a time: it shows what the growth costs, most of it cache misses. An op is one message.
func BenchmarkFlat(b *testing.B) {
	flat := func(name string, c churn) {
		var r *round
		b.Run(name, func(b *testing.B) {
			b.StopTimer()
			if r == nil { // the function runs several times
				drawn := c.round()
				r = &drawn
			}
			r.bench(b)
		})
	}
	for _, live := range []int{1_000, 10_000, 100_000, 1_000_000} {
		flat(fmt.Sprintf("live=%d/numbers=own", live), churn{live: live, levels: 500, span: 500, books: 1, own: true})
		flat(fmt.Sprintf("live=%d/numbers=foreign", live), churn{live: live, levels: 500, span: 500, books: 1})
	}
	for _, deep := range []int{1, 10, 100, 1_000, 10_000} {
		flat(fmt.Sprintf("orders-per-level=%d", deep), churn{live: flatLive, levels: flatLive / deep, span: flatLive / deep, books: 1, own: true})
	}
	for _, span := range []int{10_000, 1_000_000, math.MaxInt32 - 1} {
		flat(fmt.Sprintf("span=%d", span), churn{live: flatLive, levels: 10_000, span: span, books: 1, own: true})
	}
	for _, books := range []int{1, 10, 100, 1_000, 2_000} {
		flat(fmt.Sprintf("instruments=%d", books), churn{live: flatLive, levels: 100, span: 100, books: books, own: true})
	}
}

// BenchmarkMarket measures markets with a number of live orders, which trade. An op is one message.
func BenchmarkMarket(b *testing.B) {
	for _, m := range []market{
		{10_000, 1, true}, {100_000, 1, true}, {512_000, 256, true}, {10_000, 1, false}, {100_000, 1, false}, {512_000, 256, false},
	} {
		numbers := map[bool]string{false: "foreign", true: "own"}[m.own]
		var r *round
		b.Run(fmt.Sprintf("live=%d/books=%d/numbers=%s", m.live, m.books, numbers), func(b *testing.B) {
			b.StopTimer()
			if r == nil { // the function runs several times
				drawn := m.round(marketMessages)
				r = &drawn
			}
			r.bench(b)
		})
	}
}

// sweepOrdersMax is how many orders of a kind show their median. The clock of the benchmark stands still, so
// that without it b.N would grow to what no memory holds.
const sweepOrdersMax = 10_000

// BenchmarkSweep measures one order that takes ever more makers at one price. An op is the order.
func BenchmarkSweep(b *testing.B) {
	for _, fills := range []int{1, 10, 100, 1_000, 5_000} {
		b.Run(fmt.Sprintf("fills=%d", fills), func(b *testing.B) {
			b.ReportAllocs()
			b.StopTimer()
			stamp := clock.New()
			desk := NewDesk(fills, 1, true)
			defer desk.Close()
			maker := workload.Message{Kind: codec.KindNew, Side: orderbook.Sell, Price: 100, Qty: 1}
			taker := workload.Message{Kind: codec.KindNew, Side: orderbook.Buy, TIF: orderbook.IOC, Price: 100, Qty: orderbook.Qty(fills)}
			took := make([]int64, min(b.N, sweepOrdersMax))
			for i := range took {
				for range fills {
					desk.Do(desk.books[0], &maker)
				}
				begin := clock.Ticks()
				desk.Do(desk.books[0], &taker)
				took[i] = stamp.Ns(clock.Since(begin))
				if desk.Live() != 0 {
					b.Fatal("a maker was left")
				}
			}
			slices.Sort(took)
			median := float64(took[len(took)/2])
			b.ReportMetric(0, "ns/op") // it would include the makers
			b.ReportMetric(median, "median-ns/op")
			b.ReportMetric(median/float64(fills), "ns/fill")
		})
	}
}

// BenchmarkMemory measures no time but memory: what the process has touched with the orders and without. With
// huge pages this is what they cost, whole.
func BenchmarkMemory(b *testing.B) {
	for _, own := range []bool{false, true} {
		numbers := map[bool]string{false: "foreign", true: "own"}[own]
		for _, levels := range []int{500, 1_000_000} {
			b.Run(fmt.Sprintf("numbers=%s/orders=1000000/levels=%d", numbers, levels), func(b *testing.B) {
				memory(b, round{ordersMax: 1_000_000, books: 1, own: own}, 1_000_000, levels, "bytes/order")
			})
		}
	}
	b.Run("instruments=20000/orders=40000", func(b *testing.B) {
		memory(b, round{ordersMax: 40_000, books: 20_000, own: true}, 40_000, 100, "bytes/order")
	})
}

// memory enters orders, evenly over the books and levels, and reports what each has taken.
func memory(b *testing.B, r round, orders, levels int, unit string) {
	debug.FreeOSMemory() // what benchmarks before have left would go while this one measures
	before := resident()
	if before < 0 {
		b.Skip("the system does not tell how much memory is in use")
	}
	desk := r.open()
	defer desk.Close()
	for i := range orders {
		m := workload.Message{ID: orderbook.OrderID(i + 1), Kind: codec.KindNew, Side: orderbook.Buy, Price: 1 + orderbook.Price(i%levels), Qty: 1}
		desk.Do(desk.books[i%len(desk.books)], &m)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(resident()-before)/float64(orders), unit)
	if books := len(desk.books); books > 1 {
		b.ReportMetric(float64(resident()-before)/float64(books), "bytes/instrument")
	}
}
