package orderbook_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// BenchmarkPair measures an order and its cancel, without anything around the book: nothing is read from memory but the
// book, and no report is written. The book has 2,000 prices a side, two ticks apart, and the order improves the market,
// joins the only order at a price a little behind, or opens a price there. quiet-ns/op is the time of a message,
// the least of all runs of 2,000 pairs.
func BenchmarkPair(b *testing.B) {
	const levels, pairs, bid = 2000, 2000, 100_000
	for _, own := range []bool{true, false} {
		for _, place := range []struct {
			name string
			from orderbook.Price
		}{{"improves", bid + 1}, {"joins", bid - 80}, {"opens", bid - 81}} {
			numbers := map[bool]string{false: "foreign", true: "own"}[own]
			b.Run(fmt.Sprintf("order=%s/numbers=%s", place.name, numbers), func(b *testing.B) {
				arena := newArena(4*levels, own)
				defer arena.Close()
				book := orderbook.NewBook(arena)
				number := orderbook.OrderID(0)
				next := func() orderbook.OrderID {
					if own {
						return arena.NextID()
					}
					number += 7919
					return number
				}
				for i := range orderbook.Price(levels) {
					book.Add(&orderbook.Order{ID: next(), Side: orderbook.Buy, Price: bid - 2*i, Qty: 5}, nil)
					book.Add(&orderbook.Order{ID: next(), Side: orderbook.Sell, Price: bid + 200 + 2*i, Qty: 5}, nil)
				}
				once := next() // AddPassive takes slots that an order has left
				book.Add(&orderbook.Order{ID: once, Side: orderbook.Buy, Price: bid, Qty: 5}, nil)
				book.Cancel(once)
				least := time.Duration(math.MaxInt64)
				for b.Loop() {
					begin := time.Now()
					for i := range orderbook.Price(pairs) {
						id := next()
						if _, done := book.AddPassive(id, orderbook.Buy, orderbook.Day, place.from+i%37*2, 5, 0); !done {
							b.Fatal("an order was not taken")
						}
						book.Cancel(id)
					}
					least = min(least, time.Since(begin))
				}
				if arena.Live() != 2*levels {
					b.Fatalf("%d orders live, want %d", arena.Live(), 2*levels)
				}
				b.ReportMetric(0, "ns/op") // of all pairs
				b.ReportMetric(float64(least.Nanoseconds())/(2*pairs), "quiet-ns/op")
			})
		}
	}
}

// BenchmarkCollect measures an order that comes into an auction and its cancel: a sell that crosses all the bids of others, each
// with a PAN of its own, while bids of its own PAN rest far away. quiet-ns/op is the time of a pair, the least of all runs of 100.
func BenchmarkCollect(b *testing.B) {
	const pairs, pan, far, price = 100, 1, 100, 1000
	for _, x := range []struct{ crossing, own int }{{10, 0}, {10_000, 0}, {100_000, 0}, {10, 1}, {10_000, 1}, {100_000, 1}, {1000, 1000}, {100_000, 100_000}} {
		b.Run(fmt.Sprintf("crossing=%d/own=%d", x.crossing, x.own), func(b *testing.B) {
			book := newBook(b, x.crossing+x.own+1)
			book.OpenAuction()
			id := orderbook.OrderID(0)
			collect := func(side orderbook.Side, price orderbook.Price, pan orderbook.PAN) {
				id++
				if _, r := book.Add(&orderbook.Order{ID: id, Side: side, Price: price, Qty: 1, PAN: pan}, nil); r.Resting != 1 {
					b.Fatalf("order %d: %+v", id, r)
				}
			}
			for i := range x.crossing {
				collect(orderbook.Buy, price+orderbook.Price(i%500), pan+1+orderbook.PAN(i))
			}
			for i := range x.own {
				collect(orderbook.Buy, far+orderbook.Price(i%100), pan)
			}
			least := time.Duration(math.MaxInt64)
			for b.Loop() {
				begin := time.Now()
				for range pairs {
					collect(orderbook.Sell, price, pan)
					book.Cancel(id)
				}
				least = min(least, time.Since(begin))
			}
			b.ReportMetric(0, "ns/op") // of all pairs
			b.ReportMetric(float64(least.Nanoseconds())/pairs, "quiet-ns/op")
		})
	}
}

// BenchmarkRestore measures how long a snapshot of a million orders takes to become an arena again: orders
// around a market, and orders of which each has a price of its own, anywhere in the domain. What the book does
// with commands is measured by bench/book.
func BenchmarkRestore(b *testing.B) {
	const orders = 1_000_000
	for _, levels := range []uint64{500, 1<<31 - 1} {
		for _, own := range []bool{true, false} {
			snapshot := snapshotOf(orders, levels, own)
			b.Run(fmt.Sprintf("orders=%d/prices=%d/own=%v", orders, levels, own), func(b *testing.B) {
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

// snapshotOf returns a snapshot of a book with bids at random prices.
func snapshotOf(orders int, prices uint64, own bool) []byte {
	arena := newArena(orders, own)
	defer arena.Close()
	book, random := orderbook.NewBook(arena), booktest.Random(23)
	for i := range orders {
		id := orderbook.OrderID(i)
		if own {
			id = arena.NextID()
		}
		price := 1 + orderbook.Price(random.Next()>>32*prices>>32)
		book.Add(&orderbook.Order{ID: id, Side: orderbook.Buy, Price: price, Qty: 1}, nil)
	}
	return arena.AppendState(nil)
}
