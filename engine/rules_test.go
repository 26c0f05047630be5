package engine

import (
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// at gives the command a time.
func at(c codec.Command, timeNs time.Duration) codec.Command {
	c.TimeNs = int64(timeNs)
	return c
}

// TestExecutionRange: an order trades within the range around the last price of the minute before, and
// what lies beyond is cancelled, also of a stop-loss order; before the first trade the previous close
// counts.
func TestExecutionRange(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 1000, ExecRange: 50}))
	d.take(sell(1, 1045, 10))
	d.take(sell(2, 1055, 10))
	d.take(sell(3, 1100, 10))
	d.deals("limit", at(buy(4, 1060, 30), time.Minute), deal{4, 1, 1045, 10, orderbook.Buy, false})
	d.rests(4, 0, 0)
	d.removed(RemovedRange, 1)
	d.deals("the same minute", at(atMarket(buy(5, 0, 10)), time.Minute+30*time.Second))
	d.deals("the next minute, up to 1095", at(atMarket(buy(6, 0, 20)), 2*time.Minute), deal{6, 2, 1055, 10, orderbook.Buy, false})
	d.take(stop(buy(7, 1105, 5), 1085))
	d.deals("trigger", at(buy(8, 1100, 4), 3*time.Minute), deal{8, 3, 1100, 4, orderbook.Buy, false},
		deal{7, 3, 1100, 5, orderbook.Buy, false})
	d.take(at(sell(9, 1160, 10), 3*time.Minute))
	d.take(at(sell(10, 1102, 1), 3*time.Minute))
	d.take(at(stop(atMarket(buy(11, 0, 5)), 1102), 3*time.Minute))
	d.deals("before the trigger", at(buy(12, 1100, 1), 3*time.Minute), deal{12, 3, 1100, 1, orderbook.Buy, false})
	d.deals("triggered, up to 1150", at(buy(13, 1102, 1), 4*time.Minute), deal{13, 10, 1102, 1, orderbook.Buy, false})
	d.rests(11, 0, 0)
	d.rests(9, 1160, 10)
	d.take(rules(codec.Rules{PrevClose: 1000}))
	d.deals("no range", at(buy(14, 1200, 10), 4*time.Minute), deal{14, 9, 1160, 10, orderbook.Buy, false})
}

// TestMarketRemainderInABand: what a market order leaves because there is nobody else is a remainder, whatever
// the band. Beyond it nobody can be.
func TestMarketRemainderInABand(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
	d.take(atMarket(buy(1, 0, 10)))
	d.take(sell(2, 1100, 10))
	d.deals("all there is", atMarket(buy(3, 0, 15)), deal{3, 2, 1100, 10, orderbook.Buy, false})
	d.take(atMarket(sell(4, 0, 10)))
	d.removed(RemovedRemainder, 3)
	d.removed(RemovedRange, 0)
}

// TestMarketRemainderRests: with RuleMarketToLimit, at the price of its last trade, with its owner.
func TestMarketRemainderRests(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{Flags: codec.RuleMarketToLimit}))
	d.take(as(sell(1, 1000, 10), 2, 2))
	d.take(as(sell(2, 1005, 10), 2, 2))
	d.deals("market", as(atMarket(buy(3, 0, 25)), 3, 3), deal{3, 1, 1000, 10, orderbook.Buy, false}, deal{3, 2, 1005, 10, orderbook.Buy, false})
	d.rests(3, 1005, 5)
	d.deals("nothing to trade with", atMarket(buy(4, 0, 5)))
	d.rests(4, 0, 0)
	d.take(as(sell(5, 1010, 5), 2, 2))
	d.deals("IOC", tif(atMarket(buy(6, 0, 9)), orderbook.IOC), deal{6, 5, 1010, 5, orderbook.Buy, false})
	d.rests(6, 0, 0)
	got := d.take(as(sell(7, 1005, 5), 2, 2))
	d.take(as(sell(8, 1010, 5), 2, 2))
	d.take(as(sell(9, 1015, 2), 2, 2))
	d.take(as(stop(atMarket(buy(10, 0, 9)), 1010), 4, 4))
	d.deals("one that it triggers", as(atMarket(buy(11, 0, 5)), 3, 3), deal{11, 8, 1010, 5, orderbook.Buy, false},
		deal{10, 9, 1015, 2, orderbook.Buy, false})
	d.rests(10, 0, 0)
	if len(got) != 1 || got[0].Maker != 3 || got[0].MakerMember != 3 || got[0].MakerClient != 3 {
		t.Errorf("trades %+v, want with order 3 of member 3", got)
	}
	d.mustCheck()
}

// TestMarketRemainderShowsAPart: what rests of a market order shows as much at a time as it was to, and all
// if less is left; also of an order without a band to bound its price.
func TestMarketRemainderShowsAPart(t *testing.T) {
	for _, high := range []orderbook.Price{0, 1100} {
		d := newDesk(t, testLimits, define(1))
		d.take(rules(codec.Rules{Flags: codec.RuleMarketToLimit, High: high}))
		for _, tc := range []struct {
			id          orderbook.OrderID
			qty, part   orderbook.Qty
			left, shown orderbook.Qty
		}{{10, 100, 20, 90, 20}, {20, 100, 95, 90, 90}, {30, 12, 4, 2, 2}} {
			d.take(as(sell(tc.id+1, 1000, 10), 2, 2))
			d.take(as(disclosed(atMarket(buy(tc.id, 0, tc.qty)), tc.part), 3, 3))
			if o, _ := d.core.Lookup(1, tc.id); o.Qty != tc.left || o.Shown != tc.shown {
				t.Errorf("high %d, order %d: %d rest and %d show, want %d and %d", high, tc.id, o.Qty, o.Shown, tc.left, tc.shown)
			}
			d.do(kind(codec.KindCancel, as(buy(tc.id, 0, 0), 3, 3)))
			d.mustCheck()
		}
	}
}

// TestBandMoves: what rests outside a new band goes, stop-loss orders stay, and one that is triggered then
// does not trade outside.
func TestBandMoves(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{Low: 900, High: 1100}))
	d.take(buy(1, 905, 10))
	d.take(buy(2, 990, 10))
	d.take(sell(3, 1095, 10))
	d.take(stop(sell(4, 910, 10), 985))
	d.take(rules(codec.Rules{Low: 950, High: 1050}))
	d.rests(1, 0, 0)
	d.rests(2, 990, 10)
	d.rests(3, 0, 0)
	d.rests(4, 910, 10)
	d.removed(RemovedBand, 2)
	d.take(buy(5, 985, 10))
	d.deals("into the band", sell(6, 985, 20), deal{6, 2, 990, 10, orderbook.Sell, false}, deal{6, 5, 985, 10, orderbook.Sell, false})
	d.rests(4, 0, 0) // triggered, and nothing to trade with in the band
	d.removed(RemovedRange, 1)
}

// TestTriggeredOutsideBand: a stop-loss order from before the band moved, whose limit is outside now, does
// not come to rest there, also if a record triggers it.
func TestTriggeredOutsideBand(t *testing.T) {
	for _, flags := range []codec.RuleFlags{0, codec.RuleStopsRecorded} {
		d := newDesk(t, testLimits, define(1))
		d.take(rules(codec.Rules{Low: 900, High: 1100, Flags: flags}))
		waits := client(stop(buy(1, 960, 10), 950), 1)
		d.take(waits)
		d.take(rules(codec.Rules{Low: 980, High: 1100, Flags: flags}))
		d.take(client(sell(2, 1000, 10), 2))
		d.deals("reached", client(buy(3, 1000, 10), 3), deal{3, 2, 1000, 10, orderbook.Buy, false})
		if flags != 0 {
			d.take(waits)
		}
		d.rests(1, 0, 0)
		d.removed(RemovedBand, 1)
		d.mustCheck()
	}
}

// TestBandFlexes: enough trades near the edge by enough clients, and after the cooling-off period the
// next command finds the band moved (package rulebook has the figures).
func TestBandFlexes(t *testing.T) {
	noon := time.Date(2026, 9, 23, 6, 30, 0, 0, time.UTC) // 12:00 in India
	now := func(after time.Duration) time.Duration { return time.Duration(noon.Add(after).UnixNano()) }
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{PrevClose: 100_000, Low: 90_000, High: 110_000, Flags: codec.RuleBandFlexes}))
	d.take(at(buy(1, 90_000, 10), now(0))) // falls out when the band slides
	for i := range 50 {
		n := uint32(i%10 + 1)
		id := orderbook.OrderID(2*i + 10)
		d.take(at(as(sell(id, 109_950, 1), uint16(n), n), now(0)))
		d.take(at(as(buy(id+1, 109_950, 1), uint16(n%3+20), n+100), now(0)))
	}
	d.do(at(sell(2, 112_000, 1), now(14*time.Minute)))
	if d.core.Counts().Rejects[orderbook.RejectBand] != 1 {
		t.Fatal("the band moved before the cooling-off period was over")
	}
	d.take(at(sell(2, 112_000, 1), now(15*time.Minute)))
	if m := &d.core.markets[1]; m.low != 95_000 || m.high != 115_000 || m.work != 0 {
		t.Fatalf("band %d to %d, want 95000 to 115000", m.low, m.high)
	}
	d.rests(1, 0, 0)
}

// TestMassCancel: a number that is 0 does not select; a kill switch refuses what comes until it is lifted.
func TestMassCancel(t *testing.T) {
	d := newDesk(t, testLimits, define(1), define(2))
	fill := func() {
		d.take(as(buy(1, 990, 1), 1, 1))
		d.take(as(buy(2, 990, 1), 1, 2))
		d.take(as(sell(3, 1010, 1), 1, 1))
		d.take(as(stop(sell(4, 900, 1), 950), 1, 1))
		c := as(buy(5, 990, 1), 2, 1)
		c.Instrument = 2
		d.take(c)
	}
	for _, tc := range []struct {
		cmd  codec.Command
		left []orderbook.OrderID
	}{
		{codec.Command{}, nil},
		{codec.Command{Member: 1}, []orderbook.OrderID{5}},
		{codec.Command{Client: 1}, []orderbook.OrderID{2}},
		{codec.Command{Member: 1, Client: 1}, []orderbook.OrderID{2, 5}},
		{codec.Command{Instrument: 1}, []orderbook.OrderID{5}},
		{codec.Command{Instrument: 2}, []orderbook.OrderID{1, 2, 3, 4}},
		{codec.Command{Side: orderbook.Buy}, []orderbook.OrderID{3, 4}},
		{codec.Command{Side: orderbook.Sell, Member: 1}, []orderbook.OrderID{1, 2, 5}},
		{codec.Command{Member: 3}, []orderbook.OrderID{1, 2, 3, 4, 5}},
	} {
		fill()
		tc.cmd.Kind = codec.KindMassCancel
		d.take(tc.cmd)
		if d.core.LiveOrders() != len(tc.left) {
			t.Fatalf("%+v: %d orders left, want %d", tc.cmd, d.core.LiveOrders(), tc.left)
		}
		for _, id := range tc.left {
			if _, live := d.core.Lookup(1+uint32(id)/5, id); !live {
				t.Fatalf("%+v: order %d is gone", tc.cmd, id)
			}
		}
		d.take(codec.Command{Kind: codec.KindMassCancel})
		d.mustCheck()
	}
	fill()
	d.take(codec.Command{Kind: codec.KindKill, Member: 1, Client: 1})
	d.removed(RemovedKill, 3)
	d.do(as(buy(9, 990, 1), 1, 1))
	if d.core.Counts().Rejects[orderbook.RejectKilled] != 1 || d.core.LiveOrders() != 2 {
		t.Fatal("the kill switch lets an order through, or cancels too much")
	}
	d.take(codec.Command{Kind: codec.KindKill, Member: 1, Client: 1, Flags: codec.FlagLift})
	d.take(as(buy(9, 990, 1), 1, 1))
	d.mustCheck()
}

// TestMassCancelInAuctions: it selects by member, client and side while orders are collected, while market orders stand still
// and in a halt, what waits for a trigger too; margins come back.
func TestMassCancelInAuctions(t *testing.T) {
	entries := []codec.Command{
		of(as(stop(sell(1, 900, 10), 950), 1, 1), 1),
		of(as(stop(atMarket(buy(2, 0, 10)), 1050), 2, 2), 2),
		of(as(disclosed(sell(3, 1010, 100), 10), 1, 1), 1),
		phase(codec.PhasePreOpen, 0),
		of(as(atMarket(buy(4, 0, 10)), 2, 2), 2),
		of(as(atMarket(sell(5, 0, 4)), 1, 2), 3),
		of(as(buy(6, 1005, 10), 3, 1), 4),
	}
	for _, p := range []codec.Phase{codec.PhasePreOpen, codec.PhasePreOpenLimit, codec.PhaseClosing, codec.PhaseClosingLimit, codec.PhaseHalted, codec.PhaseClosed} {
		for _, cancel := range []codec.Command{{Side: orderbook.Buy}, {Side: orderbook.Sell}, {Member: 1}, {Client: 2}, {Member: 1, Client: 1, Side: orderbook.Sell}, {Instrument: 1}} {
			d := newDesk(t, testLimits, define(1), rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}))
			for _, c := range entries {
				d.take(c)
			}
			d.take(phase(p, 0))
			d.take(kind(codec.KindMassCancel, cancel))
			for _, c := range entries {
				chosen := (cancel.Member == 0 || cancel.Member == c.Member) && (cancel.Client == 0 || cancel.Client == c.Client) &&
					(cancel.Side == 0 || cancel.Side == c.Side)
				if _, live := d.core.Lookup(1, c.Order); c.Kind == codec.KindNew && live == chosen {
					t.Errorf("%s, %+v: order %d is live: %v", p, cancel, c.Order, live)
				}
			}
			d.mustCheck()
			d.take(phase(codec.PhaseContinuous, 0))
			d.mustCheck()
		}
	}
}

// TestRecordedStops: a second entry with the number of a waiting order is its trigger; its terms are those
// that wait.
func TestRecordedStops(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{Flags: codec.RuleStopsRecorded}))
	d.take(stop(sell(1, 990, 10), 995))
	d.take(as(buy(2, 995, 10), 2, 2))
	d.take(as(buy(3, 990, 10), 2, 2))
	d.deals("the last price triggers nothing", as(sell(4, 995, 10), 3, 3), deal{4, 2, 995, 10, orderbook.Sell, false})
	d.take(stop(buy(5, 1005, 10), 990)) // nor does it refuse
	d.deals("recorded trigger", sell(1, 1, 999), deal{1, 3, 990, 10, orderbook.Sell, false})
	d.rests(1, 0, 0)
	if c := d.core.Counts(); c.Triggered != 1 || len(d.core.Triggered()) != 0 {
		t.Errorf("%d triggered, %d told as triggered by the last price", c.Triggered, len(d.core.Triggered()))
	}
	d.take(phase(codec.PhaseClosed, 0))
	d.do(buy(5, 1005, 10))
	if d.core.Counts().Rejects[orderbook.RejectSession] != 1 {
		t.Error("an order is activated while nothing is taken")
	}
	d.rests(5, 1005, 10)
	d.take(phase(codec.PhaseContinuous, 0))
	d.do(as(buy(5, 1005, 10), 2, 2))
	if d.core.Counts().Rejects[orderbook.RejectDuplicateOrder] != 1 {
		t.Error("somebody else activates an order")
	}
}

// TestClosingPrice: of the auction, or its reference; without an auction the average, the last price, the
// previous close; or what the phase change says.
func TestClosingPrice(t *testing.T) {
	for _, tc := range []struct {
		name string
		cmds []codec.Command
		want orderbook.Price
	}{
		{"previous close", []codec.Command{phase(codec.PhasePostClose, 0)}, 1000},
		{"last price", []codec.Command{sell(1, 1010, 1), buy(2, 1010, 1), phase(codec.PhasePostClose, 0)}, 1010},
		{"average", []codec.Command{phase(codec.PhaseAverage, 0), sell(1, 1010, 1), buy(2, 1010, 1), sell(3, 1020, 2), buy(4, 1020, 2), phase(codec.PhaseClosed, 0), phase(codec.PhasePostClose, 0)}, 1015}, // 1016.67, tick 5
		{"average of the last time", []codec.Command{phase(codec.PhaseAverage, 0), sell(1, 1010, 1), buy(2, 1010, 1), phase(codec.PhaseAverage, 0), sell(3, 1020, 2), buy(4, 1020, 2), phase(codec.PhasePostClose, 0)}, 1020},
		{"told", []codec.Command{sell(1, 1010, 1), buy(2, 1010, 1), phase(codec.PhasePostClose, 995)}, 995},
		{"auction", []codec.Command{phase(codec.PhaseClosing, 1000), sell(1, 1010, 1), buy(2, 1010, 1), phase(codec.PhasePostClose, 0)}, 1010},
		{"auction without a trade", []codec.Command{phase(codec.PhaseClosing, 1005), sell(1, 1010, 1), phase(codec.PhasePostClose, 0)}, 1005},
		{"reference phase", []codec.Command{phase(codec.PhaseReference, 1025), phase(codec.PhaseClosing, 0), phase(codec.PhaseClosingMatch, 0)}, 1025},
		{"nothing", []codec.Command{rules(codec.Rules{}), phase(codec.PhasePostClose, 0)}, 0},
	} {
		d := newDesk(t, testLimits, instrumentOf(5, 1), rules(codec.Rules{PrevClose: 1000}))
		for _, c := range tc.cmds {
			d.take(c)
		}
		if got := d.core.markets[1].close; got != tc.want {
			t.Errorf("%s: closing price %d, want %d", tc.name, got, tc.want)
		}
	}
}

// TestAverageOnTheNearestTick: the average is rounded as it is, not what is left of it in whole paise.
func TestAverageOnTheNearestTick(t *testing.T) {
	for _, tc := range []struct {
		tick      orderbook.Price
		low, high orderbook.Qty // shares at 1010 and at 1015
		want      orderbook.Price
	}{
		{1, 1, 2, 1013},   // 1013.33
		{1, 2, 1, 1012},   // 1011.67
		{1, 1, 1, 1013},   // 1012.50
		{5, 1, 1, 1015},   // 1012.50
		{5, 49, 51, 1015}, // 1012.55
		{5, 51, 49, 1010}, // 1012.45
		{5, 1 << 31, 1 << 31, 1015},
		{10, 1, 0, 1010},
		{10, 0, 1, 1020},               // 1015
		{10, 1 << 20, 1<<31 - 1, 1010}, // 1014.99
	} {
		m := market{tick: tc.tick}
		m.average(1010, tc.low)
		m.average(1015, tc.high)
		if got := m.ownPrice(0); got != tc.want {
			t.Errorf("tick %d, %d at 1010 and %d at 1015: %d, want %d", tc.tick, tc.low, tc.high, got, tc.want)
		}
	}
}

// TestWorstCase: what is reserved for a share of each kind of order.
func TestWorstCase(t *testing.T) {
	known := []codec.Command{as(buy(90, 990, 10), 5, 5), as(sell(91, 1010, 10), 5, 5), as(sell(92, 1030, 10), 5, 5)}
	bandedMarket := append([]codec.Command{rules(codec.Rules{PrevClose: 1000, Low: 800, High: 1200})}, known...)
	restMarket := append([]codec.Command{rules(codec.Rules{PrevClose: 1000, Low: 800, High: 1200, Flags: codec.RuleMarketToLimit})}, known...)
	bandedStop := append(bandedMarket[:4:4], stop(sell(1, 900, 10), 990), as(sell(3, 990, 10), 5, 5))
	ranged := append([]codec.Command{rules(codec.Rules{PrevClose: 1000, ExecRange: 40})}, known...)
	auction := func(c []codec.Command) []codec.Command {
		return append(c[:len(c):len(c)], phase(codec.PhasePreOpen, 0))
	}
	for _, tc := range []struct {
		name  string
		given []codec.Command
		cmd   codec.Command
		want  orderbook.Price
	}{
		{"buy", known, buy(1, 1000, 10), 1000},
		{"sell behind the bid", known, sell(1, 1000, 10), 1000},
		{"sell into the bid", known, sell(1, 900, 20), 900}, // 990 until it rests
		{"market order that rests", restMarket, atMarket(sell(1, 0, 20)), 990},
		{"modify into the bid", append(known[:3:3], sell(1, 1000, 30)), kind(codec.KindModify, sell(1, 900, 20)), 900},
		{"stop sell that was triggered", bandedStop, as(buy(4, 990, 6), 5, 5), 900},
		{"stop buy", known, stop(buy(1, 1040, 10), 1020), 1040},
		{"stop buy at the market", known, stop(atMarket(buy(1, 0, 10)), 1020), 2040},
		{"stop sell", known, stop(sell(1, 900, 10), 950), 950},
		{"stop sell in a band", bandedMarket, stop(sell(1, 900, 10), 950), 1200},
		{"auction buy", auction(known), buy(1, 1000, 10), 1000},
		{"auction buy at the market", auction(known), atMarket(buy(1, 0, 10)), 2060},
		{"auction buy at the market in a band", auction(bandedMarket), atMarket(buy(1, 0, 10)), 1200},
		{"auction sell", auction(known), sell(1, 900, 10), 1030},
		{"auction sell in a band", auction(bandedMarket), sell(1, 900, 10), 1200},
	} {
		d := newDesk(t, testLimits, define(1))
		for _, c := range tc.given {
			d.take(c)
		}
		d.take(tc.cmd)
		o, live := d.core.Lookup(1, 1)
		if !live {
			t.Fatalf("%s: does not rest", tc.name)
		}
		if got := d.core.owners[o.Slot].reserved; got != tc.want {
			t.Errorf("%s: %d reserved, want %d", tc.name, got, tc.want)
		}
	}
	for _, tc := range []struct { // what never rests is seen by the limit that just holds it
		name  string
		given []codec.Command
		cmd   codec.Command
		want  int64 // paise for the whole order
	}{
		{"market buy, reach", known, atMarket(buy(1, 0, 20)), 1030 * 20},
		{"market buy, the first level is enough", known, atMarket(buy(1, 0, 10)), 1010 * 10},
		{"market buy, band", bandedMarket, atMarket(buy(1, 0, 20)), 1200 * 20},
		{"market buy, execution range", ranged, atMarket(buy(1, 0, 20)), 1040 * 20},
		{"market sell", known, atMarket(sell(1, 0, 20)), 990 * 20},
		{"market sell, nothing there", known[1:], atMarket(sell(1, 0, 20)), 0},
	} {
		for _, less := range []int64{0, 1} {
			d := newDesk(t, testLimits, define(1))
			for _, c := range tc.given {
				d.take(c)
			}
			margin := (tc.want*2000+9999)/10000 - less
			if margin <= 0 {
				continue
			}
			d.take(limit(1, 1, margin))
			d.do(tc.cmd)
			if got := d.core.Counts().Rejects[orderbook.RejectMargin]; got != uint64(less) {
				t.Errorf("%s: with a margin of %d, %d refused", tc.name, margin, got)
			}
			d.mustCheck()
		}
	}
}

// TestMarketOrderKeepsItsWord: it does not trade beyond the price that was reserved for it, if
// self-trade prevention takes out what it had counted on.
func TestMarketOrderKeepsItsWord(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(client(sell(1, 1010, 10), 1))
	d.take(client(sell(2, 1030, 10), 2))
	d.deals("market", client(atMarket(buy(3, 0, 10)), 1))
	d.rests(1, 0, 0)
	d.rests(2, 1030, 10)
}

// TestNextDay: orders that are good for longer stay, and yesterday's last price reaches nothing.
func TestNextDay(t *testing.T) {
	d := newDesk(t, testLimits, define(1), rules(codec.Rules{Flags: codec.RuleGoodTill}))
	d.take(sell(1, 1000, 10))
	d.take(buy(2, 1000, 10))
	d.take(buy(3, 990, 10))
	d.take(tif(buy(4, 980, 10), orderbook.GTC))
	d.take(tif(stop(sell(5, 900, 10), 950), orderbook.GTD))
	d.take(stop(sell(6, 900, 10), 950))
	d.take(phase(codec.PhaseEndOfDay, 0))
	d.removed(RemovedEndOfDay, 2)
	d.rests(4, 980, 10)
	d.rests(5, 900, 10)
	d.take(phase(codec.PhaseContinuous, 0))
	d.take(stop(buy(7, 1000, 10), 995))
	d.mustCheck()
}

// TestTradesMoveMargin: a trade turns what was reserved into a position; what closes it costs nothing.
func TestTradesMoveMargin(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(rules(codec.Rules{MarginBps: 1000}))
	d.take(as(buy(1, 1000, 10), 1, 1))
	d.take(as(sell(2, 1000, 4), 2, 2))
	p, _ := d.core.accounts.Position(1, 1, 1)
	net, open, _ := d.core.accounts.Net(p)
	if net != 4000 || open != 6000 {
		t.Errorf("net %d and %d reserved, want 4000 and 6000", net, open)
	}
	if used, _ := d.core.accounts.Margin(1, 1); used != 1000 {
		t.Errorf("margin %d, want 1000", used)
	}
	d.take(kind(codec.KindCancel, as(buy(1, 0, 0), 1, 1)))
	d.take(limit(1, 1, 1)) // far below what is used
	d.take(as(sell(3, 1000, 4), 1, 1))
	d.mustCheck()
}
