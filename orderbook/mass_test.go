package orderbook_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// TestCancelUnwanted: it asks about each order once, however the unwanted ones lie among the others, and
// about those that wait for a trigger only if it is told to.
func TestCancelUnwanted(t *testing.T) {
	const n = 1000
	for _, stops := range []bool{false, true} {
		b := newBook(t, 4*n)
		for i := range orderbook.OrderID(n) {
			price := orderbook.Price(1 + i)
			b.Add(&orderbook.Order{ID: 4 * i, Side: orderbook.Buy, Price: price, Qty: 1}, nil)
			b.Add(&orderbook.Order{ID: 4*i + 1, Side: orderbook.Sell, Price: n + price, Qty: 2, Disclosed: 1}, nil)
			b.Add(&orderbook.Order{ID: 4*i + 2, Side: orderbook.Buy, Price: price, Trigger: price, Qty: 1}, nil)
			b.Add(&orderbook.Order{ID: 4*i + 3, Side: orderbook.Sell, Price: price, Trigger: price, Qty: 1}, nil)
		}
		unwanted := func(o orderbook.RestingOrder) bool { return o.Price%3 == 0 }
		var asked, want, gone []orderbook.OrderID
		sources := []iter.Seq[orderbook.RestingOrder]{
			b.Orders(orderbook.Buy), b.Orders(orderbook.Sell), b.Stops(orderbook.Buy), b.Stops(orderbook.Sell),
		}
		if !stops {
			sources = sources[:2]
		}
		for _, orders := range sources {
			for o := range orders {
				if unwanted(o) {
					want = append(want, o.ID)
				}
			}
		}
		count := b.CancelUnwanted(stops,
			func(o orderbook.RestingOrder) bool {
				asked = append(asked, o.ID)
				return unwanted(o)
			},
			func(o orderbook.RestingOrder) { gone = append(gone, o.ID) })
		if !slices.Equal(gone, want) || count != len(want) || len(want) < n/4 {
			t.Errorf("stops %v: %d of %d are gone, want %d", stops, len(gone), count, len(want))
		}
		if len(asked) != n*len(sources) {
			t.Errorf("stops %v: asked %d times about %d orders", stops, len(asked), n*len(sources))
		}
		for _, id := range want {
			if _, live := b.Lookup(id); live {
				t.Errorf("order %d is live", id)
			}
		}
		if err := b.Check(); err != nil {
			t.Error(err)
		}
	}
}
