package engine

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// deal is what a test says about a trade.
type deal struct {
	taker, maker orderbook.OrderID
	price        orderbook.Price
	qty          orderbook.Qty
	side         orderbook.Side
	auction      bool
}

// deals compares the trades of one command with those worked out by hand.
func (d *desk) deals(what string, c codec.Command, want ...deal) {
	d.t.Helper()
	got := d.take(c)
	if len(got) != len(want) {
		d.t.Fatalf("%s: %d trades, want %d: %+v", what, len(got), len(want), got)
	}
	for i, w := range want {
		g := &got[i]
		if (deal{g.Taker, g.Maker, g.Price, g.Qty, g.TakerSide, g.Flags == codec.TradeAuction}) != w {
			d.t.Fatalf("%s: trade %d is %+v, want %+v", what, i, g, w)
		}
	}
	d.mustCheck()
}

// rests says what is left of an order, at which price; 0 is not live.
func (d *desk) rests(id orderbook.OrderID, price orderbook.Price, qty orderbook.Qty) {
	d.t.Helper()
	o, _ := d.core.Lookup(1, id)
	if o.Price != price || o.Qty != qty {
		d.t.Fatalf("order %d: %d at %d, want %d at %d", id, o.Qty, o.Price, qty, price)
	}
}

func (d *desk) removed(why Removal, want uint64) {
	d.t.Helper()
	if got := d.core.Counts().Removed[why]; got != want {
		d.t.Fatalf("%d orders removed by %s, want %d", got, why, want)
	}
}

// client makes the order one of a client of its own, with a PAN of its own.
func client(c codec.Command, n uint32) codec.Command { return of(as(c, uint16(n), n), n) }

// TestDay is a day of one instrument from the pre-open session to the end, worked out by hand from the
// rules of the exchange.
func TestDay(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100, DisclosedPct: 10, MarginBps: 2000}))

	// Pre-open. Demand and supply at 1005: 60 market + 50, 50 + 40: volume 90, imbalance 20. At 1000:
	// 110 + 30 = 140, 50: volume 50. So 1005; limit orders before market orders.
	d.take(phase(codec.PhasePreOpen, 0))
	d.take(client(atMarket(buy(1, 0, 60)), 1))
	d.take(client(preOpen(buy(2, 1005, 50)), 2))
	d.take(client(sell(3, 1000, 50), 3))
	d.take(client(sell(4, 1005, 40), 4))
	d.take(client(buy(5, 1000, 30), 5))
	d.deals("self-trade is stopped at entry", client(sell(6, 1000, 10), 5)) // order 5 has the PAN
	d.rests(6, 0, 0)
	d.take(phase(codec.PhasePreOpenLimit, 0))
	d.deals("opening", phase(codec.PhasePreOpenMatch, 0),
		deal{2, 3, 1005, 50, orderbook.Buy, true},
		deal{1, 4, 1005, 40, orderbook.Buy, true})
	d.rests(1, 1005, 20) // the market order became a limit order at the equilibrium
	d.rests(5, 1000, 30)

	// Continuous trading. The last price is 1005.
	d.deals("continuous", phase(codec.PhaseContinuous, 0))
	d.deals("rest of the market order trades", client(sell(10, 1005, 20), 3), deal{10, 1, 1005, 20, orderbook.Sell, false})

	// A cascade. Sells wait at 1002 (limit 995) and 1004 (market); bids 1003 x10, 1000 x30 (order 5).
	d.take(client(buy(11, 1003, 10), 6))
	d.take(client(stop(sell(12, 995, 20), 1002), 7))
	d.take(client(stop(atMarket(sell(13, 0, 25)), 1004), 8))
	d.deals("stop-loss orders", client(sell(14, 1003, 10), 9), // last 1003: reaches 13, whose trade at 1000 reaches 12
		deal{14, 11, 1003, 10, orderbook.Sell, false},
		deal{13, 5, 1000, 25, orderbook.Sell, false},
		deal{12, 5, 1000, 5, orderbook.Sell, false})
	d.rests(12, 995, 15)
	if got := d.core.Triggered(); len(got) != 2 || got[0].ID != 13 || got[1].ID != 12 {
		t.Fatalf("triggered %+v, want 13 and 12", got)
	}
	d.take(client(kind(codec.KindCancel, sell(12, 0, 0)), 7))

	// Disclosed quantity and self-trade prevention (worked example of the disclosed quantity).
	d.take(client(disclosed(sell(20, 1000, 500), 100), 1))
	d.take(client(sell(21, 1000, 50), 2))
	d.take(client(sell(22, 1000, 200), 3))
	d.deals("disclosed quantity", client(buy(23, 1005, 500), 2),
		deal{23, 20, 1000, 100, orderbook.Buy, false},
		deal{23, 22, 1000, 200, orderbook.Buy, false},
		deal{23, 20, 1000, 200, orderbook.Buy, false})
	d.removed(RemovedSelfTrade, 2) // orders 6 and 21
	d.rests(20, 1000, 200)

	// The last part of the day: the average is (1000 x 100 + 1006 x 50) / 150 = 1002.
	d.take(phase(codec.PhaseAverage, 0))
	d.deals("average", client(buy(30, 1000, 100), 4), deal{30, 20, 1000, 100, orderbook.Buy, false})
	d.take(client(kind(codec.KindCancel, sell(20, 0, 0)), 1))
	d.take(client(sell(31, 1006, 50), 5))
	d.deals("average", client(buy(32, 1006, 50), 6), deal{32, 31, 1006, 50, orderbook.Buy, false})
	d.take(client(buy(33, 1001, 40), 7)) // carried into the auction
	d.take(client(buy(34, 950, 40), 7))  // outside its band: 1002 -+ 3 % is 972 to 1032
	d.take(phase(codec.PhaseReference, 0))
	d.take(phase(codec.PhaseClosing, 0))
	d.removed(RemovedBand, 1)
	d.rests(33, 1001, 40)

	// Closing auction, market orders first.
	d.take(client(sell(40, 1001, 30), 8))
	d.take(client(atMarket(sell(41, 0, 20)), 9))
	d.take(client(sell(42, 1010, 70), 1))
	last := codec.PhaseChange{Instrument: 1, Phase: codec.PhaseClosingMatch, Auction: codec.AuctionMarketFirst}
	d.deals("closing auction", *last.AsCommand(),
		deal{33, 41, 1001, 20, orderbook.Buy, true},
		deal{33, 40, 1001, 20, orderbook.Buy, true})
	d.removed(RemovedAuction, 2) // 10 of order 40, and order 42
	if d.core.LiveOrders() != 0 {
		t.Fatalf("%d orders are left by the closing auction", d.core.LiveOrders())
	}

	// After the close, at its price.
	d.take(phase(codec.PhaseClosed, 0))
	d.take(phase(codec.PhasePostClose, 0))
	d.take(client(sell(50, 1001, 30), 1))
	d.take(client(atMarket(sell(51, 0, 30)), 2))
	d.deals("post-close", client(atMarket(buy(52, 0, 40)), 3),
		deal{52, 50, 1001, 30, orderbook.Buy, false},
		deal{52, 51, 1001, 10, orderbook.Buy, false})
	d.rests(51, 1001, 20)
	d.take(phase(codec.PhaseEndOfDay, 0))
	d.removed(RemovedEndOfDay, 1)
	if c := d.core.Counts(); c.Trades != 15 || c.AuctionTrades != 4 || c.Triggered != 2 || c.Turned != 1 {
		t.Errorf("counts %+v", c)
	}
	if got := d.core.markets[1].rules.PrevClose; got != 1001 {
		t.Errorf("the next day begins with a previous close of %d, want 1001", got)
	}
}

// TestDayWithoutATrade: what is good for longer goes into the next day, whose closing price without a trade is the close before.
func TestDayWithoutATrade(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100, Flags: codec.RuleGoodTill}))
	d.take(client(tif(buy(1, 910, 10), orderbook.GTC), 1))
	d.take(client(tif(disclosed(buy(2, 990, 100), 10), orderbook.GTD), 2))
	d.take(client(tif(stop(buy(3, 1090, 10), 1080), orderbook.GTC), 3))
	d.take(client(buy(4, 995, 10), 4))
	d.take(client(sell(5, 995, 6), 5))
	d.take(phase(codec.PhaseClosed, 0))
	d.take(phase(codec.PhaseEndOfDay, 0)) // the close is 995
	d.rests(4, 0, 0)
	d.take(phase(codec.PhaseClosed, 0))
	d.take(rules(codec.Rules{PrevClose: 995, Low: 950, High: 1150, Flags: codec.RuleGoodTill}))
	d.rests(1, 0, 0)
	d.removed(RemovedBand, 1)
	for _, p := range []codec.Phase{codec.PhasePreOpen, codec.PhasePreOpenMatch, codec.PhaseClosed, codec.PhaseContinuous, codec.PhaseAverage, codec.PhaseReference} {
		d.deals(p.String(), phase(p, 0))
	}
	if o, _ := d.core.Lookup(1, 2); o.Qty != 100 || o.Shown != 10 {
		t.Errorf("%d are left and %d show, want 100 and 10", o.Qty, o.Shown)
	}
	if got := d.core.markets[1].reference; got != 995 {
		t.Errorf("the closing auction refers to %d, want 995", got)
	}
	d.take(phase(codec.PhaseClosing, 0)) // 965.15 to 1024.85
	d.rests(2, 990, 100)
	d.rests(3, 1090, 10) // a stop-loss order waits outside
	d.take(client(sell(6, 1000, 10), 6))
	for _, p := range []codec.Phase{codec.PhaseClosingMatch, codec.PhaseClosed, codec.PhasePostClose} {
		d.deals(p.String(), phase(p, 0))
	}
	if d.core.LiveOrders() != 0 || d.core.markets[1].close != 995 {
		t.Errorf("%d orders live, the closing price is %d, want none and 995", d.core.LiveOrders(), d.core.markets[1].close)
	}
	d.take(phase(codec.PhaseEndOfDay, 0))
	if got := d.core.markets[1].rules.PrevClose; got != 995 {
		t.Errorf("the next day begins with a close of %d, want 995", got)
	}
	d.mustCheck()
}

// TestHaltWithReachedStops: an auction's price reaches stop-loss orders, and a halt comes before continuous trading. They are
// on their way: they can be cancelled and reduced, and enter when trading goes on, the nearest trigger first.
func TestHaltWithReachedStops(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
	d.take(client(stop(atMarket(sell(2, 0, 10)), 985), 2))
	d.take(client(stop(sell(1, 950, 10), 990), 1))
	d.take(client(stop(buy(3, 1010, 10), 1005), 3))
	d.take(client(stop(sell(7, 950, 10), 987), 7))
	d.take(client(buy(4, 1000, 5), 4))
	d.take(phase(codec.PhaseHalted, 0))
	d.take(phase(codec.PhasePreOpen, 0))
	d.take(client(buy(5, 985, 30), 5))
	d.take(client(sell(6, 985, 8), 6)) // at 985: 35 want to buy, 8 to sell; at 1000: 5 and 8
	d.deals("the reopening", phase(codec.PhasePreOpenMatch, 0), deal{4, 6, 985, 5, orderbook.Buy, true}, deal{5, 6, 985, 3, orderbook.Buy, true})
	d.take(phase(codec.PhaseHalted, 0))
	d.take(kind(codec.KindReduce, client(sell(1, 0, 4), 1)))
	d.take(kind(codec.KindCancel, client(sell(7, 0, 0), 7)))
	d.deals("trading goes on", phase(codec.PhaseContinuous, 0), deal{1, 5, 985, 6, orderbook.Sell, false}, deal{2, 5, 985, 10, orderbook.Sell, false})
	d.rests(5, 985, 11)
	d.rests(3, 1010, 10)
	d.mustCheck()
}
