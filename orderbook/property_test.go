package orderbook_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

var sides = []orderbook.Side{orderbook.Buy, orderbook.Sell}

// drawOrder draws an order that is in order itself, in a narrow market so that orders meet.
func drawOrder(t *rapid.T) orderbook.Order {
	return orderbook.Order{
		ID:     orderbook.OrderID(rapid.IntRange(1, 30).Draw(t, "id")),
		Side:   rapid.SampledFrom(sides).Draw(t, "side"),
		TIF:    rapid.SampledFrom([]orderbook.TimeInForce{orderbook.Day, orderbook.Day, orderbook.IOC}).Draw(t, "tif"),
		Market: rapid.IntRange(0, 9).Draw(t, "market") == 0,
		Price:  orderbook.Price(rapid.IntRange(990, 1010).Draw(t, "price")),
		Qty:    orderbook.Qty(rapid.IntRange(1, 50).Draw(t, "qty")),
	}
}

// drawBook returns a book with some orders in it.
func drawBook(t *rapid.T) *orderbook.Book {
	b := newRapidBook(t)
	for _, o := range rapid.SliceOfN(rapid.Custom(drawOrder), 0, 30).Draw(t, "resting") {
		b.Add(&o, room())
	}
	return b
}

func newRapidBook(t *rapid.T) *orderbook.Book {
	arena := orderbook.NewArena(100)
	t.Cleanup(arena.Close)
	return orderbook.NewBook(arena)
}

// copyOf returns a book with the same orders, entered in priority order.
func copyOf(t *rapid.T, b *orderbook.Book) *orderbook.Book {
	c := newRapidBook(t)
	for _, side := range sides {
		for o := range b.Orders(side) {
			c.Add(&orderbook.Order{ID: o.ID, Side: o.Side, Price: o.Price, Qty: o.Qty}, nil)
		}
	}
	return c
}

func room() []orderbook.Fill { return make([]orderbook.Fill, 0, 100) }

// trades returns fills without slots, neighbours of one maker merged.
func trades(fills []orderbook.Fill) []orderbook.Fill {
	var merged []orderbook.Fill
	for _, f := range fills {
		f.MakerSlot = orderbook.NoSlot
		if n := len(merged); n > 0 && merged[n-1].Maker == f.Maker {
			f.Qty += merged[n-1].Qty
			merged[n-1] = f
			continue
		}
		merged = append(merged, f)
	}
	return merged
}

// A random walk through all commands, beside the naive book, in steps that rapid can shrink.
func TestPropertyTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		twin := booktest.NewTwin(t, newRapidBook(t), booktest.NewNaive(100), 1)
		id := rapid.Custom(func(t *rapid.T) orderbook.OrderID { return orderbook.OrderID(rapid.IntRange(1, 30).Draw(t, "id")) })
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				o := drawOrder(t)
				twin.Add(&o, room()[:0:rapid.SampledFrom([]int{0, 1, 2, 100, 100, 100}).Draw(t, "room")])
			},
			"modify": func(t *rapid.T) {
				o := drawOrder(t)
				twin.Modify(o.ID, o.Market, o.TIF, o.Price, o.Qty, room())
			},
			"reduce": func(t *rapid.T) { twin.Reduce(id.Draw(t, "order"), orderbook.Qty(rapid.IntRange(0, 20).Draw(t, "by"))) },
			"cancel": func(t *rapid.T) { twin.Cancel(id.Draw(t, "order")) },
		})
	})
}

// A state is its orders: entering them again in priority order gives it back.
func TestPropertyStateIsItsOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBook(t)
		if got, want := copyOf(t, b).StateHash(), b.StateHash(); got != want {
			t.Fatalf("hash %#x of the copy, want %#x", got, want)
		}
	})
}

// An order trades as its two halves do, one after the other.
func TestPropertyTwoHalves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBook(t)
		c := copyOf(t, b)
		o := drawOrder(t)
		o.ID, o.TIF = 100, orderbook.IOC
		half := o
		half.Qty = orderbook.Qty(rapid.IntRange(0, int(o.Qty)).Draw(t, "half"))
		whole, _ := b.Add(&o, room())
		first, _ := c.Add(&half, room())
		half.Qty = o.Qty - half.Qty
		second, _ := c.Add(&half, room())
		if got, want := trades(append(first, second...)), trades(whole); !slices.Equal(got, want) {
			t.Fatalf("halves trade %+v, the whole %+v", got, want)
		}
		if b.StateHash() != c.StateHash() {
			t.Fatal("the states differ")
		}
	})
}

// Buying and selling are mirror images.
func TestPropertyMirror(t *testing.T) {
	mirror := func(p orderbook.Price) orderbook.Price { return 2000 - p }
	rapid.Check(t, func(t *rapid.T) {
		b, m := newRapidBook(t), newRapidBook(t)
		for _, o := range rapid.SliceOfN(rapid.Custom(drawOrder), 1, 60).Draw(t, "orders") {
			fills, r := b.Add(&o, room())
			o.Side, o.Price = o.Side.Opposite(), mirror(o.Price)
			mirrored, mr := m.Add(&o, room())
			for i := range mirrored {
				mirrored[i].Price = mirror(mirrored[i].Price)
			}
			if r != mr || !slices.Equal(fills, mirrored) {
				t.Fatalf("%+v: %+v %+v, mirrored %+v %+v", o, r, fills, mr, mirrored)
			}
		}
	})
}

// A modify that loses its place is a cancel and a new order.
func TestPropertyModifyIsCancelAndAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBook(t)
		c := copyOf(t, b)
		o := drawOrder(t)
		before, live := b.Lookup(o.ID)
		keeps := live && !o.Market && o.TIF == orderbook.Day && o.Price == before.Price && o.Qty <= before.Qty
		fills, r := b.Modify(o.ID, o.Market, o.TIF, o.Price, o.Qty, room())
		if !live {
			if r != (orderbook.Result{Reject: orderbook.RejectUnknownOrder}) {
				t.Fatalf("modify of an unknown order: %+v", r)
			}
			return
		}
		o.Side = before.Side
		if keeps {
			c.Reduce(o.ID, before.Qty-o.Qty)
		} else {
			c.Cancel(o.ID)
			added, ar := c.Add(&o, room())
			ar.Slot, r.Slot = 0, 0
			if r != ar || !slices.Equal(trades(fills), trades(added)) {
				t.Fatalf("modify: %+v %+v, cancel and add: %+v %+v", r, fills, ar, added)
			}
		}
		if b.StateHash() != c.StateHash() {
			t.Fatal("the states differ")
		}
	})
}

// With all its orders cancelled a book is as new, and so is its arena.
func TestPropertyCancelAll(t *testing.T) {
	empty := newBook(t, 1).StateHash()
	rapid.Check(t, func(t *rapid.T) {
		b := drawBook(t)
		ids := []orderbook.OrderID{}
		for _, side := range sides {
			for o := range b.Orders(side) {
				ids = append(ids, o.ID)
			}
		}
		for _, id := range rapid.Permutation(ids).Draw(t, "order") {
			if r := b.Cancel(id); r.Reject != orderbook.Accepted {
				t.Fatalf("cancel of %d: %+v", id, r)
			}
		}
		bid, ask := b.BBO()
		if bid != (orderbook.Level{}) || ask != (orderbook.Level{}) || b.StateHash() != empty {
			t.Fatalf("bid %+v, ask %+v, hash %#x", bid, ask, b.StateHash())
		}
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
