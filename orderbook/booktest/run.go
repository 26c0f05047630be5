package booktest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// OrdersMin is how many orders the books under test must take.
const OrdersMin = 10_000

// Run tests that the books which newBook returns behave as order books. Each is empty at first and
// takes at least OrdersMin orders. All that a book does is compared with Naive, command by command.
func Run(t *testing.T, newBook func() Book) {
	twin := func(t *testing.T, wholeEvery int) *Twin {
		return NewTwin(t, newBook(), NewNaive(math.MaxInt), wholeEvery)
	}
	for _, p := range probes {
		t.Run(fmt.Sprintf("probe=%02d/%s", p.number, strings.ReplaceAll(p.name, " ", "_")), func(t *testing.T) {
			play(t, twin(t, 1), p.script)
		})
	}
	t.Run("probe=26/5000_fills_at_one_price", func(t *testing.T) { manyFills(t, twin(t, math.MaxInt)) })
	t.Run("probe=27/everything_shown_after_every_command", func(t *testing.T) {
		for _, prices := range []Prices{PricesNarrow, PricesNear, PricesWide} {
			flow := Flow{Prices: prices, IDs: 40, Room: 100}
			random := Random(prices)
			w := twin(t, 1)
			flow.Play(w, random.Commands(4000))
		}
	})
	t.Run("flow", func(t *testing.T) { flows(t, twin) })
	t.Run("refused", func(t *testing.T) { refused(t, newBook) })
	t.Run("fill_limit", func(t *testing.T) { fillLimit(t, twin(t, 1)) })
	t.Run("depth", func(t *testing.T) { depthRoom(t, newBook()) })
	t.Run("state_hash", func(t *testing.T) { stateHash(t, newBook) })
}

// play runs a script of commands and answers.
func play(t *testing.T, b Book, script string) {
	t.Helper()
	s := NewSession(b)
	for line := range strings.Lines(strings.TrimSpace(script)) {
		command, want, answered := strings.Cut(line, "=>")
		command, want = strings.TrimSpace(command), strings.TrimSpace(want)
		var got string
		var err error
		switch command {
		case "touch":
			got = touch(b)
		case "orders":
			got = orders(b)
		default:
			got, err = s.Do(command)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !answered && len(strings.Fields(command)) > 2 {
			want = "rests " + strings.SplitN(strings.Fields(command)[2], "@", 2)[0]
		}
		if got != want {
			t.Fatalf("%s\n  got  %s\n  want %s", command, got, want)
		}
	}
}

func touch(b Book) string {
	name := func(l orderbook.Level) string {
		if l == (orderbook.Level{}) {
			return "none"
		}
		return fmt.Sprintf("%d@%d", l.Qty, l.Price)
	}
	bid, ask := b.BBO()
	return fmt.Sprintf("bid %s, ask %s", name(bid), name(ask))
}

func orders(b Book) string {
	var sides []string
	for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
		text := map[orderbook.Side]string{orderbook.Buy: "bids", orderbook.Sell: "asks"}[side]
		n := 0
		for o := range b.Orders(side) {
			text += fmt.Sprintf(" %d:%d@%d", o.ID, o.Qty, o.Price)
			n++
		}
		if n > 0 {
			sides = append(sides, text)
		}
	}
	return strings.Join(sides, "; ")
}

// manyFills lets one order trade with 5,000 others at one price, on either side.
func manyFills(t *testing.T, b *Twin) {
	const n = 5000
	for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
		for i := range n {
			b.Add(&orderbook.Order{ID: orderbook.OrderID(i + 1), Side: side, Price: 100, Qty: 2}, nil)
		}
		fills, r := b.Add(&orderbook.Order{ID: n + 1, Side: side.Opposite(), Price: 100, Qty: 2*n + 1}, make([]orderbook.Fill, 0, n))
		if len(fills) != n || r.Resting != 1 || r.Cancelled != 0 {
			t.Fatalf("%d fills, %+v, want %d and a resting order of 1", len(fills), r, n)
		}
		b.Cancel(n + 1)
		b.Whole()
	}
}

// flows runs random flows of every profile, with few and with many order numbers.
func flows(t *testing.T, twin func(*testing.T, int) *Twin) {
	for prices := range pricesCount {
		for _, ids := range []uint32{12, 150, 2000} {
			t.Run(fmt.Sprintf("prices=%d/ids=%d", prices, ids), func(t *testing.T) {
				flow := Flow{Prices: prices, IDs: ids, Room: 50}
				random := Random(uint64(ids)<<8 | uint64(prices))
				w := twin(t, 1+int(ids)/3)
				flow.Play(w, random.Commands(10_000+10*int(ids)))
				w.Whole()
			})
		}
	}
}

// refused gives a small book every command that must be refused, and compares the state hash. Each is
// given in a form that would do much if it were taken.
func refused(t *testing.T, newBook func() Book) {
	const buy, sell, day, ioc = orderbook.Buy, orderbook.Sell, orderbook.Day, orderbook.IOC
	fills := make([]orderbook.Fill, 0, 10)
	add := func(o orderbook.Order) func(Book) orderbook.Result {
		return func(b Book) orderbook.Result { _, r := b.Add(&o, fills); return r }
	}
	modify := func(id orderbook.OrderID, market bool, tif orderbook.TimeInForce, p orderbook.Price, q orderbook.Qty) func(Book) orderbook.Result {
		return func(b Book) orderbook.Result { _, r := b.Modify(id, market, tif, p, q, fills); return r }
	}
	for _, test := range []struct {
		name string
		do   func(Book) orderbook.Result
		want orderbook.RejectReason
	}{
		{"add without side", add(orderbook.Order{ID: 9, Price: 102, Qty: 5}), orderbook.RejectSide},
		{"add of side 3", add(orderbook.Order{ID: 9, Side: 3, Price: 102, Qty: 5}), orderbook.RejectSide},
		{"add of nothing", add(orderbook.Order{ID: 9, Side: buy, Price: 102}), orderbook.RejectQuantity},
		{"market add of nothing", add(orderbook.Order{ID: 9, Side: buy, Market: true}), orderbook.RejectQuantity},
		{"add at 0", add(orderbook.Order{ID: 9, Side: sell, Qty: 5}), orderbook.RejectPrice},
		{"add below 0", add(orderbook.Order{ID: 9, Side: sell, Price: -100, Qty: 5}), orderbook.RejectPrice},
		{"add at the lowest number", add(orderbook.Order{ID: 9, Side: buy, Price: math.MinInt32, Qty: 5}), orderbook.RejectPrice},
		{"ioc add at 0", add(orderbook.Order{ID: 9, Side: sell, TIF: ioc, Qty: 5}), orderbook.RejectPrice},
		{"add with unknown validity", add(orderbook.Order{ID: 9, Side: sell, TIF: 2, Price: 99, Qty: 5}), orderbook.RejectCommand},
		{"add of a live bid's number", add(orderbook.Order{ID: 1, Side: buy, Price: 102, Qty: 5}), orderbook.RejectDuplicateOrder},
		{"add of a live ask's number", add(orderbook.Order{ID: 3, Side: sell, Price: 99, Qty: 5}), orderbook.RejectDuplicateOrder},
		{"ioc add of a live number", add(orderbook.Order{ID: 1, Side: sell, TIF: ioc, Price: 99, Qty: 5}), orderbook.RejectDuplicateOrder},
		{"market add of a live number", add(orderbook.Order{ID: 3, Side: buy, Market: true, Qty: 5}), orderbook.RejectDuplicateOrder},
		{"cancel of an unknown order", func(b Book) orderbook.Result { return b.Cancel(9) }, orderbook.RejectUnknownOrder},
		{"cancel of order 0", func(b Book) orderbook.Result { return b.Cancel(0) }, orderbook.RejectUnknownOrder},
		{"reduce of an unknown order", func(b Book) orderbook.Result { return b.Reduce(9, 1) }, orderbook.RejectUnknownOrder},
		{"reduce by nothing", func(b Book) orderbook.Result { return b.Reduce(1, 0) }, orderbook.RejectQuantity},
		{"reduce by more than rests", func(b Book) orderbook.Result { return b.Reduce(1, 11) }, orderbook.RejectQuantity},
		{"modify of an unknown order", modify(9, false, day, 102, 5), orderbook.RejectUnknownOrder},
		{"modify to nothing", modify(1, false, day, 102, 0), orderbook.RejectQuantity},
		{"market modify to nothing", modify(1, true, day, 0, 0), orderbook.RejectQuantity},
		{"modify to price 0", modify(1, false, day, 0, 5), orderbook.RejectPrice},
		{"modify below price 0", modify(3, false, ioc, -1, 5), orderbook.RejectPrice},
		{"modify to unknown validity", modify(3, false, 7, 99, 5), orderbook.RejectCommand},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			b := newBook()
			play(t, b, "buy 1 10@100\nbuy 2 10@99\nsell 3 10@101\nsell 4 10@101")
			before := b.StateHash()
			if r := test.do(b); r != (orderbook.Result{Reject: test.want}) {
				t.Errorf("result %+v, want %v and nothing else", r, test.want)
			}
			if after := b.StateHash(); after != before {
				t.Errorf("state hash %#x, was %#x: %s", after, before, orders(b))
			}
			if err := b.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// fillLimit stops orders at every number of fills.
func fillLimit(t *testing.T, b *Twin) {
	const setup = `
		sell 1 10@100
		sell 2 10@100
		sell 3 10@101`
	for _, script := range []string{setup + `
		room 0
		buy 9 25@101      => cancelled 25; fill limit
		buy 9 25@99
		modify 9 25@100   => cancelled 25; fill limit
		orders            => asks 1:10@100 2:10@100 3:10@101`, setup + `
		room 1
		buy 9 25@101      => trades 1:10@100; cancelled 15; fill limit
		orders            => asks 2:10@100 3:10@101`, setup + `
		room 2
		buy 9 25@101 ioc  => trades 1:10@100 2:10@100; cancelled 5; fill limit
		orders            => asks 3:10@101`, setup + `
		room 2
		buy 9 20@101      => trades 1:10@100 2:10@100; nothing left
		orders            => asks 3:10@101`, setup + `
		room 2
		buy 9 25@100      => trades 1:10@100 2:10@100; rests 5
		orders            => bids 9:5@100; asks 3:10@101`, setup + `
		room 2
		buy 9 15@market   => trades 1:10@100 2:5@100; nothing left
		orders            => asks 2:5@100 3:10@101`,
	} {
		play(t, b, script)
		for _, id := range []orderbook.OrderID{1, 2, 3, 9} {
			b.Cancel(id)
		}
	}
	// What the slice holds already counts.
	b.Add(&orderbook.Order{ID: 1, Side: orderbook.Buy, Price: 100, Qty: 10}, nil)
	full := make([]orderbook.Fill, 2)
	fills, r := b.Add(&orderbook.Order{ID: 2, Side: orderbook.Sell, Price: 100, Qty: 10}, full)
	if len(fills) != 2 || !r.FillLimit || r.Cancelled != 10 {
		t.Errorf("with full fills: %d fills, %+v", len(fills), r)
	}
	fills, r = b.Add(&orderbook.Order{ID: 2, Side: orderbook.Sell, Price: 100, Qty: 10}, full[:1])
	if len(fills) != 2 || r.FillLimit || fills[1].Maker != 1 {
		t.Errorf("with room for one more: %+v, %+v", fills, r)
	}
}

// depthRoom asks for less depth than there is.
func depthRoom(t *testing.T, b Book) {
	play(t, b, "buy 1 10@100\nbuy 2 10@99\nbuy 3 5@99\nbuy 4 10@98")
	all := []orderbook.Level{{Price: 100, Qty: 10, Orders: 1}, {Price: 99, Qty: 15, Orders: 2}, {Price: 98, Qty: 10, Orders: 1}}
	for room := range 5 {
		held := orderbook.Level{Price: 7}
		got := b.Depth(orderbook.Buy, append(make([]orderbook.Level, 0, 1+room), held))
		if want := append([]orderbook.Level{held}, all[:min(room, len(all))]...); !slices.Equal(got, want) {
			t.Errorf("room for %d levels: %v, want %v", room, got, want)
		}
	}
}

// stateHash checks that the hash tells states apart, and only states.
func stateHash(t *testing.T, newBook func() Book) {
	hashOf := func(script string) uint64 {
		b := newBook()
		play(t, b, script)
		return b.StateHash()
	}
	const base = "buy 1 10@100\nbuy 2 10@100\nsell 3 10@101"
	hash := hashOf(base)
	for _, same := range []string{
		"sell 3 10@101\n" + "buy 1 10@100\nbuy 2 10@100",
		"buy 1 15@100\nbuy 2 10@100\nsell 9 5@100 => trades 1:5@100; nothing left\nsell 3 10@101",
		"buy 2 10@99\nbuy 1 10@100\nmodify 2 10@100\nsell 3 10@101",
		"buy 4 10@50\n" + base + "\ncancel 4 => cancelled 10",
	} {
		if got := hashOf(same); got != hash {
			t.Errorf("hash %#x, want %#x after:\n%s", got, hash, same)
		}
	}
	for _, other := range []string{
		"buy 2 10@100\nbuy 1 10@100\nsell 3 10@101",
		"buy 1 10@100\nbuy 2 11@100\nsell 3 10@101",
		"buy 1 10@100\nbuy 2 10@99\nsell 3 10@101",
		"buy 1 10@100\nbuy 2 10@100\nbuy 3 10@101",
		"buy 1 10@100\nbuy 2 10@100",
		base + "\nsell 4 1@101",
	} {
		if hashOf(other) == hash {
			t.Errorf("hash %#x for another state:\n%s", hash, other)
		}
	}
}
