package orderbook_test

import (
	"math"
	"strings"
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

// TestOwnOrderIsGone: an auction takes an order that would have met one of its PAN, once that one is gone from there,
// whatever way it went.
func TestOwnOrderIsGone(t *testing.T) {
	const pan, before, own, bid = 7, 1, 2, 100 // numbers of two sells of the PAN, at the price of the bid
	crosses := make([]orderbook.Cross, 0, 4)
	limit := func(price orderbook.Price) *orderbook.Terms { return &orderbook.Terms{Price: price, Qty: 5} }
	for name, goes := range map[string]func(b *orderbook.Book, id orderbook.OrderID){
		"cancel":      func(b *orderbook.Book, id orderbook.OrderID) { b.Cancel(id) },
		"reduce":      func(b *orderbook.Book, id orderbook.OrderID) { b.Reduce(id, 5) },
		"modify away": func(b *orderbook.Book, id orderbook.OrderID) { b.Modify(id, limit(bid+1), nil) },
		"mass cancel": func(b *orderbook.Book, id orderbook.OrderID) {
			at := b.Find(id)
			b.CancelWhere(0, func(s orderbook.Slot) bool { return s == at }, func(orderbook.RestingOrder) {})
		},
		"trade": func(b *orderbook.Book, id orderbook.OrderID) {
			b.Add(&orderbook.Order{ID: 20, Side: orderbook.Buy, Price: bid, Qty: 5}, nil)
			b.Uncross(bid, false, crosses)
		},
		"trade in an auction that ends": func(b *orderbook.Book, id orderbook.OrderID) {
			b.Add(&orderbook.Order{ID: 20, Side: orderbook.Buy, Price: bid, Qty: 5}, nil)
			b.Uncross(bid, false, crosses)
			b.CloseAuction(bid)
			b.OpenAuction()
		},
		"between two auctions": func(b *orderbook.Book, id orderbook.OrderID) {
			b.CloseAuction(bid)
			b.Cancel(id)
			b.OpenAuction()
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			b := newBook(t, 10)
			b.Add(&orderbook.Order{ID: before, Side: orderbook.Sell, Price: bid, Qty: 5, PAN: pan}, nil)
			b.OpenAuction()
			b.Add(&orderbook.Order{ID: own, Side: orderbook.Sell, Price: bid, Qty: 5, PAN: pan}, nil)
			b.Add(&orderbook.Order{ID: 3, Side: orderbook.Sell, Price: bid + 1, Qty: 5, PAN: pan}, nil)
			b.Add(&orderbook.Order{ID: 4, Side: orderbook.Sell, Market: true, Qty: 5}, nil)
			b.Cancel(4)
			try := func(id orderbook.OrderID, pan orderbook.PAN, price orderbook.Price, taken bool) {
				t.Helper()
				o := orderbook.Order{ID: id, Side: orderbook.Buy, Price: price, Market: price == 0, Qty: 5, PAN: pan}
				if _, r := b.Add(&o, nil); (r.Resting == 5) != taken || r.Reject != orderbook.Accepted || !taken && r.Cause != orderbook.CauseSelfTrade {
					t.Fatalf("%+v: %+v, want it taken: %v", o, r, taken)
				}
				b.Cancel(id)
			}
			for _, id := range []orderbook.OrderID{before, own} {
				try(10, pan, bid, false)
				try(11, pan, bid-1, true)
				try(12, pan+1, bid, true)
				goes(b, id)
			}
			try(13, pan, bid, true)
			try(14, pan, bid+1, false)
			try(15, pan, 0, false)
			if err := b.Check(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestUncrossWithoutAPrice: market orders of both sides have no price without a reference, and the equilibrium says 0. At that
// nothing trades, and no stop-loss order is reached.
func TestUncrossWithoutAPrice(t *testing.T) {
	b := newBook(t, 10)
	b.Add(&orderbook.Order{ID: 1, Side: orderbook.Sell, Price: 90, Trigger: 95, Qty: 5}, nil)
	b.OpenAuction()
	b.Add(&orderbook.Order{ID: 2, Side: orderbook.Buy, Market: true, Qty: 5}, nil)
	b.Add(&orderbook.Order{ID: 3, Side: orderbook.Sell, Market: true, Qty: 5}, nil)
	e := b.Equilibrium(0)
	if crosses := b.Uncross(e.Price, false, make([]orderbook.Cross, 0, 4)); e.Price != 0 || len(crosses) != 0 || b.LastPrice() != 0 {
		t.Errorf("at %d: %+v, last price %d, want no price and no trade", e.Price, crosses, b.LastPrice())
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
}

// TestDepthAtNoPrice: no level is at a price that there is not, nor are the market orders.
func TestDepthAtNoPrice(t *testing.T) {
	b := newBook(t, 10)
	b.OpenAuction()
	for i, side := range []orderbook.Side{orderbook.Buy, orderbook.Sell} {
		b.Add(&orderbook.Order{ID: orderbook.OrderID(i + 1), Side: side, Market: true, Qty: 5}, nil)
		for _, price := range []orderbook.Price{-1, math.MinInt32, math.MaxInt32} {
			if level := b.DepthAt(side, price); level != (orderbook.Level{}) {
				t.Errorf("%v at %d: %+v, want none", side, price, level)
			}
		}
		if level := b.DepthAt(side, 0); level.Orders != 1 {
			t.Errorf("%v market orders: %+v, want one", side, level)
		}
	}
}
