package orderbook_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

var sides = []orderbook.Side{orderbook.Buy, orderbook.Sell}

// drawPlain draws a limit or market order for continuous trading that is in order itself, in a narrow
// market so that orders meet.
func drawPlain(t *rapid.T) orderbook.Order {
	return orderbook.Order{
		ID:     orderbook.OrderID(rapid.IntRange(1, 30).Draw(t, "id")),
		Side:   rapid.SampledFrom(sides).Draw(t, "side"),
		TIF:    rapid.SampledFrom([]orderbook.TimeInForce{orderbook.Day, orderbook.Day, orderbook.IOC, orderbook.FOK}).Draw(t, "tif"),
		Market: rapid.IntRange(0, 9).Draw(t, "market") == 0,
		Price:  drawPrice(t, "price"),
		Qty:    orderbook.Qty(rapid.IntRange(1, 50).Draw(t, "qty")),
	}
}

func drawPrice(t *rapid.T, label string) orderbook.Price {
	return orderbook.Price(rapid.IntRange(990, 1010).Draw(t, label))
}

// drawOrder draws an order as drawPlain does, that may show a part of itself and may have a PAN.
func drawOrder(t *rapid.T) orderbook.Order {
	o := drawPlain(t)
	if o.TIF.Rests() {
		o.Disclosed = orderbook.Qty(rapid.IntRange(0, int(o.Qty)).Draw(t, "disclosed"))
	}
	o.PAN = orderbook.PAN(rapid.IntRange(0, 3).Draw(t, "pan"))
	o.CancelActive = rapid.Bool().Draw(t, "active")
	return o
}

// drawBook returns a book with some orders in it, each drawn by draw.
func drawBook(t *rapid.T, draw func(*rapid.T) orderbook.Order) (*orderbook.Arena, *orderbook.Book) {
	arena, b := newRapidBook(t)
	for _, o := range rapid.SliceOfN(rapid.Custom(draw), 0, 30).Draw(t, "resting") {
		b.Add(&o, room())
	}
	return arena, b
}

func newRapidBook(t *rapid.T) (*orderbook.Arena, *orderbook.Book) {
	arena := orderbook.NewArena(100)
	t.Cleanup(arena.Close)
	return arena, orderbook.NewBook(arena)
}

// copyOf returns a copy of the first book of an arena.
func copyOf(t *rapid.T, arena *orderbook.Arena) *orderbook.Book {
	restored, books, err := orderbook.RestoreArena(arena.AppendState(nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(restored.Close)
	return books[0]
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
		_, b := newRapidBook(t)
		twin := booktest.NewTwin(t, b, booktest.NewNaive(100), 1)
		id := rapid.Custom(func(t *rapid.T) orderbook.OrderID { return orderbook.OrderID(rapid.IntRange(1, 30).Draw(t, "id")) })
		someRoom := func(t *rapid.T) []orderbook.Fill {
			return room()[:0:rapid.SampledFrom([]int{0, 1, 2, 100, 100, 100}).Draw(t, "room")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) { o := drawOrder(t); twin.Add(&o, someRoom(t)) },
			"add stop": func(t *rapid.T) {
				o := drawOrder(t)
				o.Trigger = o.Price + orderbook.Price(rapid.IntRange(-2, 2).Draw(t, "trigger"))
				twin.Add(&o, nil)
			},
			"modify": func(t *rapid.T) {
				o := drawOrder(t)
				terms := orderbook.Terms{TIF: o.TIF, Market: o.Market, Price: o.Price, Qty: o.Qty, Disclosed: o.Disclosed}
				if was, _ := twin.Lookup(o.ID); was.Trigger != 0 {
					terms.Trigger = o.Price
				}
				twin.Modify(o.ID, &terms, someRoom(t))
			},
			"reduce":   func(t *rapid.T) { twin.Reduce(id.Draw(t, "order"), orderbook.Qty(rapid.IntRange(0, 20).Draw(t, "by"))) },
			"cancel":   func(t *rapid.T) { twin.Cancel(id.Draw(t, "order")) },
			"trigger":  func(t *rapid.T) { twin.Trigger(someRoom(t)) },
			"activate": func(t *rapid.T) { twin.Activate(id.Draw(t, "order"), someRoom(t)) },
			"auction": func(t *rapid.T) {
				if !twin.Collecting() {
					twin.OpenAuction()
					return
				}
				booktest.EndAuction(twin, drawPrice(t, "reference"), rapid.Bool().Draw(t, "market first"), make([]orderbook.Cross, 0, 3))
			},
		})
	})
}

// A state is its orders: entering them again in priority order gives it back.
func TestPropertyStateIsItsOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, b := drawBook(t, drawPlain)
		_, c := newRapidBook(t)
		for _, side := range sides {
			for o := range b.Orders(side) {
				c.Add(&orderbook.Order{ID: o.ID, Side: o.Side, Price: o.Price, Qty: o.Qty}, nil)
			}
		}
		c.SetLastPrice(b.LastPrice())
		if got, want := c.StateHash(), b.StateHash(); got != want {
			t.Fatalf("hash %#x of the copy, want %#x", got, want)
		}
	})
}

// An order trades as its two halves do, one after the other.
func TestPropertyTwoHalves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arena, b := drawBook(t, drawOrder)
		c := copyOf(t, arena)
		o := drawOrder(t)
		o.ID, o.TIF, o.Disclosed = 100, orderbook.IOC, 0
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
		_, b := newRapidBook(t)
		_, m := newRapidBook(t)
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
		arena, b := drawBook(t, func(t *rapid.T) orderbook.Order { o := drawOrder(t); o.Disclosed = 0; return o })
		c := copyOf(t, arena)
		o := drawPlain(t)
		before, live := b.Lookup(o.ID)
		keeps := live && !o.Market && o.TIF.Rests() && o.Price == before.Price && o.Qty <= before.Qty
		fills, r := b.Modify(o.ID, &orderbook.Terms{TIF: o.TIF, Market: o.Market, Price: o.Price, Qty: o.Qty}, room())
		if !live {
			if r != orderbook.Refused(orderbook.RejectUnknownOrder) {
				t.Fatalf("modify of an unknown order: %+v", r)
			}
			return
		}
		o.Side, o.PAN, o.CancelActive = before.Side, before.PAN, before.CancelActive
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
	rapid.Check(t, func(t *rapid.T) {
		_, b := drawBook(t, drawOrder)
		_, empty := newRapidBook(t)
		empty.SetLastPrice(b.LastPrice())
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
		if bid != (orderbook.Level{}) || ask != (orderbook.Level{}) || b.StateHash() != empty.StateHash() {
			t.Fatalf("bid %+v, ask %+v, hash %#x", bid, ask, b.StateHash())
		}
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
