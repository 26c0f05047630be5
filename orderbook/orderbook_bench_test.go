package orderbook_test

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

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
