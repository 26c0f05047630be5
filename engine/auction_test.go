package engine

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// TestMarketFirst: worked example E of the call auction, with the rule and with the flag of the phase.
func TestMarketFirst(t *testing.T) {
	for _, tc := range []struct {
		name    string
		rule    codec.RuleFlags
		auction codec.AuctionFlags
		want    []orderbook.OrderID
	}{
		{"limit first", 0, 0, []orderbook.OrderID{1, 2, 3}},
		{"rule", codec.RuleMarketFirst, 0, []orderbook.OrderID{3, 1, 2}},
		{"phase", 0, codec.AuctionMarketFirst, []orderbook.OrderID{3, 1, 2}},
	} {
		d := newDesk(t, testLimits, define(1), rules(codec.Rules{Flags: tc.rule}))
		p := codec.PhaseChange{Instrument: 1, Phase: codec.PhasePreOpen, Auction: tc.auction}
		d.take(*p.AsCommand())
		d.take(client(atMarket(sell(3, 0, 50)), 3))
		d.take(client(sell(1, 100, 50), 1))
		d.take(client(sell(2, 101, 50), 2))
		d.take(client(buy(4, 102, 120), 4))
		d.deals(tc.name, phase(codec.PhasePreOpenMatch, 0),
			deal{4, tc.want[0], 101, 50, orderbook.Buy, true},
			deal{4, tc.want[1], 101, 50, orderbook.Buy, true},
			deal{4, tc.want[2], 101, 20, orderbook.Buy, true})
	}
}

// TestAuctionWithoutPrice: what an auction leaves if there is no equilibrium.
func TestAuctionWithoutPrice(t *testing.T) {
	fill := func(close orderbook.Price) *desk {
		d := newDesk(t, testLimits, define(1))
		d.take(rules(codec.Rules{PrevClose: close}))
		d.take(phase(codec.PhasePreOpen, 0))
		d.take(atMarket(buy(1, 0, 100)))
		return d
	}
	d := fill(250) // worked example D
	d.take(atMarket(sell(2, 0, 60)))
	d.deals("market orders only", phase(codec.PhaseContinuous, 0), deal{1, 2, 250, 60, orderbook.Buy, true})
	d.rests(1, 250, 40)
	d = fill(250)
	d.deals("one side only", phase(codec.PhasePreOpenMatch, 0))
	d.rests(1, 250, 100)
	d = fill(0)
	d.take(buy(2, 240, 10))
	d.deals("nothing to go by", phase(codec.PhasePreOpenMatch, 0))
	d.rests(1, 0, 0)
	d.rests(2, 240, 10)
	d.removed(RemovedAuction, 1)
	d = fill(0)
	d.deals("a reference", phase(codec.PhasePreOpenMatch, 300))
	d.rests(1, 300, 100)
	d.take(phase(codec.PhasePreOpen, 0)) // another auction does not know it
	d.take(atMarket(buy(2, 0, 10)))
	d.deals("none", phase(codec.PhasePreOpenMatch, 0))
	d.rests(2, 0, 0)
}

// TestAuctionStaysInBand: market orders that meet no limit order trade at the reference, but not outside
// the band, which is what their margin was reserved for.
func TestAuctionStaysInBand(t *testing.T) {
	for _, tc := range []struct{ reference, want orderbook.Price }{{2000, 1100}, {500, 900}, {1010, 1010}} {
		d := newDesk(t, testLimits, define(1))
		d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
		d.take(phase(codec.PhasePreOpen, 0))
		d.take(client(atMarket(buy(1, 0, 10)), 1))
		d.take(client(atMarket(sell(2, 0, 15)), 2))
		d.deals("market orders only", phase(codec.PhasePreOpenMatch, tc.reference), deal{1, 2, tc.want, 10, orderbook.Buy, true})
		d.rests(2, tc.want, 5)
	}
}

// TestClosingBandStaysInBand: a reference outside the band of the day counts as its end, also for the band of the closing
// auction, which once was empty then: all orders went, and market orders traded at the reference.
func TestClosingBandStaysInBand(t *testing.T) {
	for _, tc := range []struct{ reference, low, high, inside, outside orderbook.Price }{
		{2000, 1067, 1100, 1067, 1066}, {500, 900, 927, 927, 928}, {1000, 970, 1030, 1030, 969},
	} {
		d := newDesk(t, testLimits, instrumentOf(1, 1))
		d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
		d.take(client(buy(1, tc.outside, 10), 1))
		d.take(client(buy(2, tc.inside, 10), 2))
		d.take(phase(codec.PhaseClosing, tc.reference))
		if m := &d.core.markets[1]; m.low != tc.low || m.high != tc.high {
			t.Errorf("reference %d: the band is %d to %d, want %d to %d", tc.reference, m.low, m.high, tc.low, tc.high)
		}
		d.rests(1, 0, 0)
		d.rests(2, tc.inside, 10)
		d.take(kind(codec.KindCancel, client(buy(2, 0, 0), 2)))
		d.take(client(atMarket(buy(3, 0, 10)), 3))
		d.take(client(atMarket(sell(4, 0, 10)), 4))
		at := min(max(tc.reference, 900), 1100)
		d.deals("market orders only", phase(codec.PhaseClosingMatch, 0), deal{3, 4, at, 10, orderbook.Buy, true})
		if got := d.core.markets[1].close; got != at {
			t.Errorf("reference %d: the close is %d, want %d", tc.reference, got, at)
		}
		d.mustCheck()
	}
}

// TestModifyInAuctionIsChecked: an order carried into an auction keeps what is reserved for it; one that is modified
// there is checked as a new one, also if it keeps its place.
func TestModifyInAuctionIsChecked(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100, MarginBps: 10_000}))
	d.take(sell(1, 1000, 10))
	d.take(phase(codec.PhaseClosing, 1000))
	reserved := func(want int64) {
		t.Helper()
		if _, _, got := d.core.accounts.Net(1); got != want {
			t.Errorf("%d is reserved, want %d", got, want)
		}
	}
	reserved(10 * 1000)
	d.take(limit(1, 1, 10_000))
	d.do(kind(codec.KindModify, sell(1, 1000, 10))) // up to 1030
	if d.core.Counts().Rejects[orderbook.RejectMargin] != 1 {
		t.Error("a modify takes the client above its limit")
	}
	d.rests(1, 1000, 10)
	reserved(10 * 1000)
	d.take(kind(codec.KindModify, sell(1, 1000, 9)))
	reserved(9 * 1030)
	d.mustCheck()
}

// TestCarriedIntoTheClose: what becomes of orders from continuous trading in the closing auction and after it.
func TestCarriedIntoTheClose(t *testing.T) {
	d := newDesk(t, testLimits, instrumentOf(1, 1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
	d.take(client(disclosed(sell(1, 1005, 100), 20), 1))
	d.take(client(sell(2, 1005, 50), 2))
	d.take(client(buy(3, 960, 10), 3))
	d.take(client(sell(4, 1040, 10), 4))
	d.take(client(stop(buy(5, 1010, 10), 1005), 5))
	d.take(client(stop(buy(6, 1010, 10), 1008), 5))
	d.take(phase(codec.PhaseReference, 1000))
	d.rests(3, 960, 10)
	d.take(phase(codec.PhaseClosing, 0))
	d.rests(3, 0, 0) // 970 to 1030
	d.rests(4, 0, 0)
	d.removed(RemovedBand, 2)
	d.take(kind(codec.KindReduce, client(buy(6, 0, 4), 5)))
	d.rests(6, 1010, 6)
	d.take(client(buy(7, 1005, 90), 7))
	d.deals("all of the first, whatever it shows", phase(codec.PhaseClosingMatch, 0), deal{7, 1, 1005, 90, orderbook.Buy, true})
	d.removed(RemovedAuction, 4) // both sells and both stop-loss orders, though the price has reached one
	if d.core.LiveOrders() != 0 || d.core.markets[1].close != 1005 {
		t.Errorf("%d orders live, the closing price is %d", d.core.LiveOrders(), d.core.markets[1].close)
	}
	d.mustCheck()
}

// TestCarriedIntoThePostClose: at the closing price orders from before trade on, the others go when it begins; what is
// traded lets no stop-loss order enter.
func TestCarriedIntoThePostClose(t *testing.T) {
	d := newDesk(t, testLimits, instrumentOf(1, 1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
	d.take(client(sell(1, 1003, 10), 1))
	d.take(client(sell(2, 1004, 10), 2))
	d.take(client(stop(buy(3, 1010, 10), 1003), 3))
	d.take(phase(codec.PhaseClosed, 0))
	d.rests(2, 1004, 10)
	d.take(phase(codec.PhasePostClose, 1003))
	d.rests(2, 0, 0)
	d.deals("at the closing price", client(atMarket(buy(4, 0, 5)), 4), deal{4, 1, 1003, 5, orderbook.Buy, false})
	if c := d.core.Counts(); c.Triggered != 0 || c.Removed[RemovedBand] != 1 {
		t.Errorf("%d triggered, %d removed", c.Triggered, c.Removed[RemovedBand])
	}
	d.take(phase(codec.PhaseEndOfDay, 0))
	d.removed(RemovedEndOfDay, 2)
	d.mustCheck()
}

// TestTradesAfterTheCloseReachNothing: a stop-loss order that is good for longer waits on, though a trade after the close was
// at its trigger. It once entered the next morning.
func TestTradesAfterTheCloseReachNothing(t *testing.T) {
	d := newDesk(t, testLimits, instrumentOf(1, 1))
	d.take(rules(codec.Rules{PrevClose: 1000, Flags: codec.RuleGoodTill}))
	d.take(client(tif(stop(sell(1, 980, 10), 1000), orderbook.GTC), 1))
	d.take(phase(codec.PhasePostClose, 1000))
	d.take(client(buy(2, 1000, 5), 2))
	d.deals("after the close", client(sell(3, 1000, 5), 3), deal{3, 2, 1000, 5, orderbook.Sell, false})
	d.take(phase(codec.PhaseEndOfDay, 0))
	d.take(phase(codec.PhaseContinuous, 0))
	if o, _ := d.core.Lookup(1, 1); o.Trigger != 1000 {
		t.Errorf("the next morning it is %+v, want it to wait", o)
	}
	d.take(client(buy(4, 1000, 15), 4))
	d.deals("the next day", client(sell(5, 1000, 5), 5), deal{5, 4, 1000, 5, orderbook.Sell, false}, deal{1, 4, 1000, 10, orderbook.Sell, false})
	d.mustCheck()
}

// TestClosingAuctionNeverHeld: a timetable that ends the day without the auction for which orders were collected. What
// is good for longer is in an auction of the next day, which once ended as that of the close would have: with nothing
// left, and a closing price.
func TestClosingAuctionNeverHeld(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 1000, Flags: codec.RuleGoodTill}))
	d.take(phase(codec.PhaseClosing, 1000))
	d.take(phase(codec.PhaseClosingLimit, 0))
	d.take(client(tif(sell(1, 1000, 10), orderbook.GTC), 1))
	d.take(client(tif(buy(2, 1000, 4), orderbook.GTC), 2))
	d.take(client(buy(3, 990, 4), 3))
	d.take(phase(codec.PhaseEndOfDay, 0))
	d.removed(RemovedEndOfDay, 1)
	d.deals("an auction", phase(codec.PhaseContinuous, 0), deal{2, 1, 1000, 4, orderbook.Buy, true})
	d.rests(1, 1000, 6)
	if got := d.core.markets[1].close; got != 0 {
		t.Errorf("the day begins with a closing price of %d", got)
	}
	d.mustCheck()
}

// TestMarginAfterAuction: while orders are collected a sell and a market order take margin up to the end of the band.
// What the auction leaves of them trades at its limit and no higher, so it has that reserved from then on. It once
// kept the margin of the auction for the whole day.
func TestMarginAfterAuction(t *testing.T) {
	for _, tc := range []struct {
		name   string
		orders []codec.Command
		during int64         // reserved of client 1
		left   orderbook.Qty // of order 1
		after  int64
	}{
		{"a sell that does not trade", []codec.Command{as(sell(1, 1040, 10), 1, 1)}, 10 * 1100, 10, 10 * 1040},
		{"a sell that trades in part", []codec.Command{as(sell(1, 990, 10), 1, 1), as(buy(2, 990, 4), 2, 2)}, 10 * 1100, 6, 6 * 990},
		{"a market order that becomes a limit order", []codec.Command{as(atMarket(buy(1, 0, 10)), 1, 1), as(sell(2, 1010, 4), 2, 2)}, 10 * 1100, 6, 6 * 1010},
		{"a market order without a price", []codec.Command{as(atMarket(sell(1, 0, 10)), 1, 1)}, 10 * 1100, 10, 10 * 1000},
		{"a buy with a limit", []codec.Command{as(buy(1, 950, 10), 1, 1)}, 10 * 950, 10, 10 * 950},
	} {
		d := newDesk(t, testLimits, define(1))
		d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100, MarginBps: 10_000}))
		d.take(phase(codec.PhasePreOpen, 0))
		reserved := func(when string, want int64) {
			t.Helper()
			p, _ := d.core.accounts.Position(1, 1, 1)
			if _, buys, sells := d.core.accounts.Net(p); buys+sells != want {
				t.Errorf("%s, %s: %d is reserved, want %d", tc.name, when, buys+sells, want)
			}
			d.mustCheck()
		}
		for _, c := range tc.orders {
			d.take(c)
		}
		reserved("while orders are collected", tc.during)
		d.take(phase(codec.PhasePreOpenMatch, 0))
		reserved("when the price is known", tc.after)
		d.take(phase(codec.PhaseContinuous, 0))
		reserved("in continuous trading", tc.after)
		if o, _ := d.core.Lookup(1, 1); o.Qty != tc.left {
			t.Errorf("%s: %d left, want %d", tc.name, o.Qty, tc.left)
		}
		d.take(kind(codec.KindCancel, as(buy(1, 0, 0), 1, 1)))
		reserved("when it is gone", 0)
	}
}

// TestMarketHaltAndReopening: the circuit breaker halts the market, which opens again with an auction. What rested takes part,
// with all of its quantity; what is left goes on with its place, and shows a part again; and the stop-loss order that the
// auction's price has reached enters when continuous trading begins.
func TestMarketHaltAndReopening(t *testing.T) {
	d := newDesk(t, testLimits, instrumentOf(1, 1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
	d.take(client(disclosed(sell(1, 1005, 100), 20), 1))
	d.take(client(sell(2, 1005, 50), 2))
	d.take(client(stop(buy(3, 1010, 10), 1005), 3))
	d.take(client(sell(4, 1020, 10), 4))
	d.take(phase(codec.PhaseHalted, 0))
	for _, c := range []codec.Command{client(buy(9, 1005, 10), 9), client(kind(codec.KindModify, sell(2, 1000, 50)), 2)} {
		d.do(c)
	}
	if n := d.core.Counts().Rejects[orderbook.RejectHalted]; n != 2 {
		t.Errorf("%d refused while halted, want 2", n)
	}
	d.take(client(kind(codec.KindCancel, sell(4, 0, 0)), 4))
	d.rests(1, 1005, 100) // the halt itself cancels nothing
	d.take(phase(codec.PhasePreOpen, 0))
	d.take(client(buy(5, 1005, 30), 5))
	d.deals("the reopening", phase(codec.PhasePreOpenMatch, 0), deal{5, 1, 1005, 30, orderbook.Buy, true})
	if o, _ := d.core.Lookup(1, 1); o.Qty != 70 || o.Shown != 20 {
		t.Errorf("%d are left and %d show, want 70 and 20", o.Qty, o.Shown)
	}
	d.take(phase(codec.PhaseClosed, 0))
	d.deals("continuous trading", phase(codec.PhaseContinuous, 0), deal{3, 1, 1005, 10, orderbook.Buy, false})
	d.deals("the parts as before", client(buy(6, 1005, 70), 6), deal{6, 1, 1005, 10, orderbook.Buy, false},
		deal{6, 2, 1005, 50, orderbook.Buy, false}, deal{6, 1, 1005, 10, orderbook.Buy, false})
}

// TestSelfTradeAfterTheClose: there orders meet as in continuous trading, and so do those of one PAN.
func TestSelfTradeAfterTheClose(t *testing.T) {
	d := newDesk(t, testLimits, instrumentOf(1, 1))
	d.take(phase(codec.PhasePostClose, 1000))
	d.take(client(sell(1, 1000, 10), 1))
	d.take(client(sell(2, 1000, 10), 2))
	d.deals("the resting order goes", client(buy(3, 1000, 5), 1), deal{3, 2, 1000, 5, orderbook.Buy, false})
	d.rests(1, 0, 0)
	d.deals("the active order goes", client(flagged(buy(4, 1000, 5), codec.FlagCancelActive), 2))
	d.rests(2, 1000, 5)
	d.removed(RemovedSelfTrade, 2)
	d.mustCheck()
}
