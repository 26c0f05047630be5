package orderbook_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// BenchmarkFlowA measures the books under flow A, with order numbers that come from outside and with the
// arena's own, and in one book with stub quotes at the ends of the price domain. An op is one message.
func BenchmarkFlowA(b *testing.B) {
	for _, size := range []struct {
		live, books int
		own, stubs  bool
	}{
		{10_000, 1, true, false}, {100_000, 1, true, false}, {512_000, 256, true, false}, {1_000_000, 1, true, false},
		{10_000, 1, false, false}, {10_000, 1, false, true}, {100_000, 1, false, false}, {512_000, 256, false, false}, {1_000_000, 1, false, false},
	} {
		numbers := "foreign"
		if size.own {
			numbers = "own"
		}
		var flow *marketFlow
		b.Run(fmt.Sprintf("live=%d/books=%d/numbers=%s/stubs=%v", size.live, size.books, numbers, size.stubs), func(b *testing.B) {
			b.StopTimer()
			if flow == nil { // the function runs several times
				flow = newMarketFlow(size.live, size.books, 2_000_000, size.own)
				if size.stubs {
					flow.addStubs()
				}
			}
			flow.bench(b)
		})
	}
}

// BenchmarkScattered measures the worst a book can be given: every order has a price of its own, anywhere
// in the domain. An op is an add or a cancel.
func BenchmarkScattered(b *testing.B) {
	for _, live := range []int{10_000, 1_000_000} {
		var flow *marketFlow
		b.Run(fmt.Sprintf("live=%d", live), func(b *testing.B) {
			b.StopTimer()
			if flow == nil {
				flow = scatteredFlow(live, 2_000_000)
			}
			flow.bench(b)
		})
	}
}

// scatteredFlow adds live bids at random prices, and then one for every oldest that it cancels.
func scatteredFlow(live, messages int) *marketFlow {
	f := &marketFlow{books: 1, live: live}
	random := booktest.Random(flowSeed)
	add := func(id int) message {
		price := orderbook.Price(random.Next()>>33 | 1)
		return message{what: messageAdd, id: orderbook.OrderID(id), side: orderbook.Buy, price: price, qty: 1}
	}
	for id := range live {
		f.prefill = append(f.prefill, add(id))
	}
	for id := range messages / 2 {
		cancel := message{what: messageCancel, id: orderbook.OrderID(id)}
		f.stream = append(f.stream, add(live+id), cancel)
	}
	return f
}

// addStubs adds quotes at the ends of the price domain, which never trade.
func (f *marketFlow) addStubs() {
	for id, side := range []orderbook.Side{orderbook.Buy, orderbook.Sell} {
		price := []orderbook.Price{1, math.MaxInt32}[id]
		f.prefill = append(f.prefill, message{what: messageAdd, id: orderbook.OrderID(id), side: side, price: price, qty: 1})
	}
}

// bench runs the stream, from the start again on fresh books when it is at its end. It counts
// messages by b.N itself, because the bookkeeping of b.Loop would be a tenth of what is measured.
func (f *marketFlow) bench(b *testing.B) {
	b.ReportAllocs()
	const chunk = 64 // messages that have come and wait, as in the input ring of an engine
	refs := make([]orderbook.Ref, 0, chunk)
	fills := make([]orderbook.Fill, 0, flowRoom)
	for left := b.N; left > 0; {
		b.StopTimer()
		arena, books := f.build()
		stream := f.stream[:min(left, len(f.stream))]
		left -= len(stream)
		b.StartTimer()
		for len(stream) > 0 {
			part := stream[:min(len(stream), chunk)]
			stream = stream[len(part):]
			if arena.Cold() {
				arena.Warm(refsOf(part, books, refs))
			}
			for i := range part {
				part[i].run(books[part[i].book], fills)
			}
		}
		b.StopTimer()
		arena.Close()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(f.trades)/float64(len(f.stream)), "trades/op")
	b.ReportMetric(float64(f.live), "live-at-end")
}

// refsOf returns the orders that messages name, in refs.
func refsOf(messages []message, books []*orderbook.Book, refs []orderbook.Ref) []orderbook.Ref {
	refs = refs[:0]
	for i := range messages {
		if m := &messages[i]; m.what != messageAdd {
			refs = append(refs, orderbook.Ref{Book: books[m.book], ID: m.id})
		}
	}
	return refs
}

// BenchmarkRestore measures how long a snapshot of a million orders takes to become an arena again.
func BenchmarkRestore(b *testing.B) {
	for _, own := range []bool{true, false} {
		for name, flow := range map[string]*marketFlow{
			"market": newMarketFlow(1_000_000, 1, 0, own), "scattered": scatteredFlow(1_000_000, 0),
		} {
			if own && name == "scattered" {
				continue // its numbers come from outside
			}
			arena, _ := flow.build()
			snapshot := arena.AppendState(nil)
			arena.Close()
			b.Run(fmt.Sprintf("%s/own=%v", name, own), func(b *testing.B) {
				b.SetBytes(int64(len(snapshot)))
				for b.Loop() {
					restored, _, err := orderbook.RestoreArena(snapshot)
					if err != nil {
						b.Fatal(err)
					}
					restored.Close()
				}
			})
		}
	}
}
