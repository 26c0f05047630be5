package orderbook_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// An auction trades what Equilibrium says, however few crosses at a time, and leaves a book that is not
// crossed. At no price could more have traded.
func TestPropertyAuction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, b := drawBook(t, drawOrder)
		b.OpenAuction()
		for _, o := range rapid.SliceOfN(rapid.Custom(drawPlain), 1, 40).Draw(t, "collected") {
			o.ID += 100
			if !o.TIF.Rests() {
				o.TIF = orderbook.Day
			}
			b.Add(&o, nil)
		}
		most := uint64(0)
		for price := orderbook.Price(989); price <= 1011; price++ {
			most = max(most, tradable(b, price))
		}
		crosses := make([]orderbook.Cross, 0, rapid.IntRange(1, 5).Draw(t, "room"))
		e, volume := booktest.EndAuction(b, drawPrice(t, "reference"), rapid.Bool().Draw(t, "market first"), crosses)
		if volume != e.Volume || volume != most || e.Volume != min(e.Demand, e.Supply) {
			t.Fatalf("%d traded, %d could have; equilibrium %+v", volume, most, e)
		}
		bid, ask := b.BBO()
		if bid.Orders > 0 && ask.Orders > 0 && bid.Price >= ask.Price || b.Collecting() {
			t.Fatalf("bid %+v, ask %+v, collecting %v", bid, ask, b.Collecting())
		}
		if volume > 0 && b.LastPrice() != e.Price {
			t.Fatalf("last price %d, equilibrium %+v", b.LastPrice(), e)
		}
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

// tradable returns what would trade at a price, counted order by order.
func tradable(b *orderbook.Book, price orderbook.Price) uint64 {
	var demand, supply uint64
	for o := range b.Orders(orderbook.Buy) {
		if o.Market || o.Price >= price {
			demand += uint64(o.Qty)
		}
	}
	for o := range b.Orders(orderbook.Sell) {
		if o.Market || o.Price <= price {
			supply += uint64(o.Qty)
		}
	}
	return min(demand, supply)
}

// A stop-loss order that is reached at once is the same order, entered after the trade that reached it.
func TestPropertyStopIsALaterEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arena, b := drawBook(t, drawOrder)
		c := copyOf(t, arena)
		taker, stop := drawOrder(t), drawOrder(t)
		taker.ID, stop.ID = 100, 101
		if !stop.TIF.Rests() {
			stop.TIF = orderbook.GTC
		}
		taken, _ := c.Add(&taker, room())
		i := slices.IndexFunc(taken, func(f orderbook.Fill) bool { return f.Qty > 0 })
		if i < 0 {
			t.Skip("no trade")
		}
		if price := taken[i].Price; (stop.Side == orderbook.Buy) != (stop.Price >= price) {
			stop.Price = price // a limit worse than the trigger is refused
		}
		waiting := stop
		waiting.Trigger = taken[i].Price
		b.SetLastPrice(0)
		if _, r := b.Add(&waiting, nil); r.Resting != stop.Qty {
			t.Fatalf("%+v does not wait: %+v", waiting, r)
		}
		b.Add(&taker, room())
		order, fills, r, _ := b.Trigger(room())
		later, want := c.Add(&stop, room())
		r.Slot, want.Slot = 0, 0
		if order.ID != stop.ID || r != want || !slices.Equal(trades(fills), trades(later)) {
			t.Fatalf("%+v enters: %+v %+v; later entry: %+v %+v", order, fills, r, later, want)
		}
		if b.StateHash() != c.StateHash() {
			t.Fatal("the states differ")
		}
	})
}

// A restored arena goes on exactly as the one that was saved: the same answers, slots and numbers, and the
// same bytes when it is saved again.
func TestPropertySnapshot(t *testing.T) {
	for profile := range 12 {
		t.Run(fmt.Sprintf("profile=%d", profile), func(t *testing.T) {
			newArena := orderbook.NewArena
			if profile&1 != 0 {
				newArena = orderbook.NewNumberedArena
			}
			arena := newArena(60)
			defer arena.Close()
			other, b := orderbook.NewBook(arena), orderbook.NewBook(arena)
			flow := booktest.Flow{Prices: booktest.Prices(profile % 3), IDs: 60, Room: 10}
			if profile&1 != 0 {
				flow.NextID = arena.NextID
			}
			random := booktest.Random(profile)
			for range 8 {
				flow.Play(b, random.Commands(300))
				otherFlow := flow
				otherFlow.Play(other, random.Commands(10))
				snapshot := arena.AppendState(nil)
				restored, books, err := orderbook.RestoreArena(snapshot)
				if err != nil {
					t.Fatal(err)
				}
				if again := restored.AppendState(nil); len(books) != 2 || !bytes.Equal(again, snapshot) {
					t.Fatalf("%d books; saved again the snapshot differs", len(books))
				}
				goesOn(t, flow, arena, restored, b, books[1], random.Commands(300))
				restored.Close()
			}
		})
	}
}

// goesOn plays commands on a book and on its restored copy.
func goesOn(t *testing.T, flow booktest.Flow, arena, restored *orderbook.Arena, b, copied *orderbook.Book, commands []byte) {
	t.Helper()
	if flow.NextID != nil {
		flow.NextID = func() orderbook.OrderID {
			if got, want := restored.NextID(), arena.NextID(); got != want {
				t.Fatalf("the next number is %d, want %d", got, want)
			}
			return arena.NextID()
		}
	}
	flow.Play(booktest.NewTwin(t, copied, b, 1), commands)
	for _, side := range sides {
		for o := range b.Orders(side) {
			if got := copied.Find(o.ID); got != o.Slot {
				t.Fatalf("order %d is in slot %d, want %d", o.ID, got, o.Slot)
			}
		}
	}
	if !bytes.Equal(restored.AppendState(nil), arena.AppendState(nil)) {
		t.Fatal("the snapshots differ after equal commands")
	}
}

// A book that is saved and restored before its commands does all that a book does.
func TestRestoredBookConforms(t *testing.T) {
	booktest.Run(t, func() booktest.Book {
		arena := orderbook.NewArena(booktest.OrdersMin)
		r := &reborn{t: t, arena: arena, Book: orderbook.NewBook(arena)}
		t.Cleanup(func() { r.arena.Close() })
		return r
	})
}

// reborn is a book that is saved and restored before each of its first commands.
type reborn struct {
	t     *testing.T
	arena *orderbook.Arena
	*orderbook.Book
	births int
}

const birthsMax = 200

func (r *reborn) book() *orderbook.Book {
	if r.births == birthsMax {
		return r.Book
	}
	r.births++
	arena, books, err := orderbook.RestoreArena(r.arena.AppendState(nil))
	if err != nil {
		r.t.Fatal(err)
	}
	r.arena.Close()
	r.arena, r.Book = arena, books[0]
	return r.Book
}

func (r *reborn) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	return r.book().Add(o, fills)
}

func (r *reborn) Modify(id orderbook.OrderID, t *orderbook.Terms, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	return r.book().Modify(id, t, fills)
}

func (r *reborn) Reduce(id orderbook.OrderID, by orderbook.Qty) orderbook.Result {
	return r.book().Reduce(id, by)
}

func (r *reborn) Cancel(id orderbook.OrderID) orderbook.Result { return r.book().Cancel(id) }

func (r *reborn) Trigger(fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result, bool) {
	return r.book().Trigger(fills)
}

func (r *reborn) Uncross(price orderbook.Price, marketFirst bool, crosses []orderbook.Cross) []orderbook.Cross {
	return r.book().Uncross(price, marketFirst, crosses)
}

func (r *reborn) CloseAuction(price orderbook.Price) int { return r.book().CloseAuction(price) }

func (r *reborn) OpenAuction() { r.book().OpenAuction() }

func (r *reborn) Equilibrium(reference orderbook.Price) orderbook.Equilibrium {
	return r.book().Equilibrium(reference)
}

func (r *reborn) Activate(id orderbook.OrderID, fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result) {
	return r.book().Activate(id, fills)
}

func (r *reborn) CancelWhere(side orderbook.Side, match func(orderbook.Slot) bool, gone func(orderbook.RestingOrder)) int {
	return r.book().CancelWhere(side, match, gone)
}

// A numbered arena behaves as the naive book with the numbers that it gives, and no number is given twice.
func TestPropertyNumberedArena(t *testing.T) {
	for _, ordersMax := range []int{1, 2, 5, 30, 500} {
		t.Run(fmt.Sprintf("orders=%d", ordersMax), func(t *testing.T) {
			arena := orderbook.NewNumberedArena(ordersMax)
			defer arena.Close()
			twin := booktest.NewTwin(t, orderbook.NewBook(arena), booktest.NewNaive(ordersMax), 1)
			used := map[orderbook.OrderID]bool{}
			numbers := &numbers{Twin: twin, t: t, used: used}
			flow := booktest.Flow{Prices: booktest.PricesNarrow, IDs: uint32(2 * ordersMax), Room: 10, NextID: arena.NextID}
			random := booktest.Random(ordersMax)
			flow.Play(numbers, random.Commands(10_000))
			twin.Whole()
			if len(used) < 500 {
				t.Fatalf("%d numbers used, want more", len(used))
			}
		})
	}
}

// Books of one numbered arena take turns with its numbers, and each finds its own orders only.
func TestPropertyNumberedBooks(t *testing.T) {
	const books = 3
	arena := orderbook.NewNumberedArena(1000)
	defer arena.Close()
	var twins [books]*booktest.Twin
	for i := range twins {
		twins[i] = booktest.NewTwin(t, orderbook.NewBook(arena), booktest.NewNaive(1000), 10)
	}
	flow := booktest.Flow{Prices: booktest.PricesNarrow, IDs: 100, Room: 10, NextID: arena.NextID} // cancels orders of the other books too
	random := booktest.Random(books)
	for turn := range 3000 {
		flow.Play(twins[turn%books], random.Commands(1+turn%4))
	}
	for _, twin := range twins {
		twin.Whole()
	}
}

// numbers watches the numbers of the orders that a twin takes.
type numbers struct {
	*booktest.Twin
	t    *testing.T
	used map[orderbook.OrderID]bool
}

func (n *numbers) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	fills, r := n.Twin.Add(o, fills)
	if r.Reject == orderbook.Accepted {
		if n.used[o.ID] || o.ID == 0 || o.ID >= 1<<53 {
			n.t.Fatalf("number %d is given twice or no number", o.ID)
		}
		n.used[o.ID] = true
	}
	return fills, r
}

// In auctions with many orders of few PANs on both sides, an order is refused if it would meet one of its own, and only
// then. The books share the trees in which that is looked up.
func TestPropertyOwnOrdersInAuctions(t *testing.T) {
	const ids, books, ordersMax = 400, 2, 10_000
	for profile := range 6 {
		t.Run(fmt.Sprintf("profile=%d", profile), func(t *testing.T) {
			arena := newArena(ordersMax, profile&1 != 0)
			defer arena.Close()
			flow := booktest.Flow{Prices: booktest.Prices(profile % 3), IDs: ids, Room: 10}
			if profile&1 != 0 {
				flow.NextID = arena.NextID
			}
			var counts [books]ownCounts
			for i := range counts {
				counts[i].Twin = booktest.NewTwin(t, orderbook.NewBook(arena), booktest.NewNaive(ordersMax), 50)
			}
			random := booktest.Random(profile)
			for turn := range 300 {
				flow.Play(&counts[turn%books], manyOwn(&random, 40))
				restored, copies, err := orderbook.RestoreArena(arena.AppendState(nil))
				if err == nil {
					err = copies[0].Check()
				}
				if err != nil {
					t.Fatal(err)
				}
				restored.Close()
			}
			for i := range counts {
				counts[i].Whole()
				if c := &counts[i]; c.refused < 100 || c.taken < 100 {
					t.Errorf("book %d: %d refused, %d taken beside own orders, want more", i, c.refused, c.taken)
				}
			}
		})
	}
}

// manyOwn returns random commands in which most orders have a PAN and auctions are long.
func manyOwn(random *booktest.Random, n int) []byte {
	commands := random.Commands(n)
	for c := range slices.Chunk(commands, booktest.CommandSize) {
		c[12] &^= 0xc0 // every order has a PAN, one of three or none: see Flow.order
		if c[0] >= 226 && c[0] < 242 && random.Next()%8 != 0 {
			c[0] = 0 // a new order, and no call to open or close an auction
		}
	}
	return commands
}

// ownCounts counts the orders that come into auctions in which the other side has some of their PAN.
type ownCounts struct {
	*booktest.Twin
	refused, taken int
}

func (c *ownCounts) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	own := false
	if o.PAN != 0 && o.Side.Valid() && c.Collecting() {
		for other := range c.Orders(o.Side.Opposite()) {
			own = own || other.PAN == o.PAN
		}
	}
	fills, r := c.Twin.Add(o, fills)
	switch {
	case own && r.Cause == orderbook.CauseSelfTrade:
		c.refused++
	case own && r.Resting > 0:
		c.taken++
	}
	return fills, r
}

// A modify to what an order is already changes nothing, whether it is taken or, as that of an order on its way is, refused.
func TestPropertyTheSameAgain(t *testing.T) {
	modified, parts := 0, 0
	for profile := range 12 {
		b := newBook(t, 60)
		flow := booktest.Flow{Prices: booktest.Prices(profile % 4), IDs: 60, Room: 10}
		random := booktest.Random(profile)
		for range 200 {
			flow.Play(b, random.Commands(20))
			for _, o := range everything(b) {
				if hidden := o.Qty - o.Shown; o.Trigger == 0 && hidden > 1 && o.Shown < o.Disclosed {
					b.Reduce(o.ID, hidden-1) // less is left than a part, and not all of it shows
				}
			}
			before := everything(b)
			for _, o := range before {
				if o.Disclosed != 0 && b.Collecting() {
					continue // an auction takes no order that shows a part: it shows all from then on
				}
				fills, r := b.Modify(o.ID, &orderbook.Terms{
					TIF: o.TIF, Market: o.Market, Price: o.Price, Trigger: o.Trigger, Qty: o.Qty, Disclosed: min(o.Disclosed, o.Qty),
				}, room())
				if after := everything(b); len(fills) > 0 || r.Cancelled != 0 || !slices.Equal(after, before) {
					t.Fatalf("profile %d: %+v again: %+v %+v\n  before %+v\n  after  %+v", profile, o, fills, r, before, after)
				}
				if r.Reject == orderbook.Accepted {
					modified++
				}
				if o.Trigger == 0 && o.Disclosed >= o.Qty && o.Shown < o.Qty {
					parts++
				}
			}
		}
	}
	if modified < 10_000 || parts < 10 {
		t.Errorf("%d orders modified, %d of them with less left than a part: want more", modified, parts)
	}
}

// everything returns all orders of a book, each side in priority.
func everything(b *orderbook.Book) (all []orderbook.RestingOrder) {
	for _, side := range sides {
		all = slices.AppendSeq(all, b.Orders(side))
		for o := range b.Stops(side) {
			o.Disclosed = min(o.Disclosed, o.Qty) % o.Qty // of one that waits, all and more is all
			all = append(all, o)
		}
	}
	return all
}
