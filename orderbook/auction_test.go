package orderbook_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// TestCloseAuctionWithManyOrders: market orders find their places among the limit orders by one walk. With
// one walk for each, this test would not end in time.
func TestCloseAuctionWithManyOrders(t *testing.T) {
	const n = 1 << 19
	b := newBook(t, 2*n)
	b.OpenAuction()
	for i := range orderbook.OrderID(n) {
		id := 2*i + 1
		if i >= n/2 { // the last half comes in turns with limit orders, the first before all of them
			b.Add(&orderbook.Order{ID: id + 1, Side: orderbook.Sell, Price: 100, Qty: 1}, nil)
		}
		b.Add(&orderbook.Order{ID: id, Side: orderbook.Sell, Market: true, Qty: 1}, nil)
	}
	for i := range orderbook.OrderID(n / 2) {
		b.Add(&orderbook.Order{ID: 2*i + 2, Side: orderbook.Sell, Price: 100, Qty: 1}, nil)
	}
	if turned := b.CloseAuction(100); turned != n {
		t.Fatalf("%d turned, want %d", turned, n)
	}
	at := 0
	for o := range b.Orders(orderbook.Sell) {
		i := at // of the orders, in the order of their arrival
		want := orderbook.OrderID(2*i + 1)
		switch {
		case i >= n/2+n:
			want = orderbook.OrderID(2*(i-n/2-n) + 2)
		case i >= n/2:
			pair := (i - n/2) / 2
			want = orderbook.OrderID(2*(n/2+pair) + 2 - (i-n/2)%2)
		}
		if o.ID != want || o.Price != 100 {
			t.Fatalf("order %d in line is %d at %d, want %d", i, o.ID, o.Price, want)
		}
		at++
	}
	if at != 2*n {
		t.Fatalf("%d orders, want %d", at, 2*n)
	}
}
