package engine

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// ending is a way in which order 1 of member 1 ends. It has traded value before, if it has.
type ending struct {
	name  string
	given []codec.Command
	last  codec.Command
	net   int64 // traded, of member 1 in instrument 1: bought less sold
}

var (
	mine     = of(buy(1, 1000, 10), 7)
	opposite = of(as(sell(50, 1000, 10), 5, 5), 8)
	bandOf10 = rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100})
)

// endings are all ways in which an order can end, but for a veto (TestVetoRematches, TestAnyDayWithVetoes).
var endings = []ending{
	{"cancel", []codec.Command{mine}, kind(codec.KindCancel, mine), 0},
	{"reduce to nothing", []codec.Command{mine}, kind(codec.KindReduce, mine), 0},
	{"trade", []codec.Command{mine}, opposite, 10 * 1000},
	{"trade, and cancel of the rest", []codec.Command{mine, as(sell(50, 1000, 4), 5, 5)}, kind(codec.KindCancel, mine), 4 * 1000},
	{"trade at a better price", []codec.Command{as(sell(50, 980, 10), 5, 5)}, mine, 10 * 980},
	{"IOC, nobody there", nil, tif(mine, orderbook.IOC), 0},
	{"IOC, rest", []codec.Command{as(sell(50, 990, 4), 5, 5)}, tif(mine, orderbook.IOC), 4 * 990},
	{"FOK", []codec.Command{rules(codec.Rules{Flags: codec.RuleFillOrKill}), as(sell(50, 990, 4), 5, 5)}, tif(mine, orderbook.FOK), 0},
	{"market order, rest", []codec.Command{as(sell(50, 990, 4), 5, 5)}, atMarket(mine), 4 * 990},
	{"market order, nobody there", nil, atMarket(sell(1, 0, 10)), 0},
	{"execution range", []codec.Command{rules(codec.Rules{PrevClose: 1000, ExecRange: 10}), as(sell(50, 1005, 4), 5, 5)}, buy(1, 1020, 10), 4 * 1005},
	{"modify to IOC", []codec.Command{mine}, kind(codec.KindModify, tif(mine, orderbook.IOC)), 0},
	{"modify that crosses", []codec.Command{mine, as(sell(50, 1010, 10), 5, 5)}, kind(codec.KindModify, buy(1, 1020, 10)), 10 * 1010},
	{"self-trade, passive", []codec.Command{mine, of(opposite, 7)}, kind(codec.KindCancel, of(opposite, 7)), 0},
	{"self-trade, active", []codec.Command{of(opposite, 7)}, flagged(mine, codec.FlagCancelActive), 0},
	{"self-trade in an auction", []codec.Command{phase(codec.PhasePreOpen, 0), of(opposite, 7)}, mine, 0},
	{"band moves", []codec.Command{mine}, rules(codec.Rules{Low: 1005, High: 1100}), 0},
	{"band of the closing auction", []codec.Command{mine}, phase(codec.PhaseClosing, 1100), 0},
	{"stop-loss order, cancel", []codec.Command{stop(sell(1, 900, 10), 950)}, kind(codec.KindCancel, mine), 0},
	{"stop-loss order, triggered and traded", []codec.Command{
		stop(buy(1, 1010, 10), 1000), as(sell(50, 1000, 1), 5, 5), as(sell(51, 1005, 10), 5, 5),
	}, as(buy(52, 1000, 1), 6, 6), 10 * 1005},
	{"stop-loss order at the market, triggered", []codec.Command{stop(atMarket(buy(1, 0, 10)), 1000), as(sell(50, 1000, 1), 5, 5)}, as(buy(52, 1000, 1), 6, 6), 0},
	{"opening auction", []codec.Command{bandOf10, phase(codec.PhasePreOpen, 0), mine, opposite}, phase(codec.PhasePreOpenMatch, 0), 10 * 1000},
	{"opening auction, market order without a price", []codec.Command{phase(codec.PhasePreOpen, 0), atMarket(mine)}, phase(codec.PhasePreOpenMatch, 0), 0},
	{"opening auction, then cancel of the rest", []codec.Command{
		bandOf10, phase(codec.PhasePreOpen, 0), sell(1, 1000, 10), as(buy(50, 1000, 4), 5, 5), phase(codec.PhasePreOpenMatch, 0), phase(codec.PhaseContinuous, 0),
	}, kind(codec.KindCancel, sell(1, 0, 0)), -4 * 1000},
	{"closing auction, rest", []codec.Command{bandOf10, phase(codec.PhaseClosing, 1000), sell(1, 1000, 10), as(buy(50, 1000, 4), 5, 5)}, phase(codec.PhaseClosingMatch, 0), -4 * 1000},
	{"closing auction, stop-loss order", []codec.Command{bandOf10, stop(sell(1, 900, 10), 950), phase(codec.PhaseClosing, 1000)}, phase(codec.PhaseClosingMatch, 0), 0},
	{"closing auction that is never held", []codec.Command{bandOf10, phase(codec.PhaseClosing, 1000), sell(1, 1000, 10)}, phase(codec.PhaseEndOfDay, 0), 0},
	{"outside the closing price", []codec.Command{mine}, phase(codec.PhasePostClose, 1005), 0},
	{"end of the day", []codec.Command{mine}, phase(codec.PhaseEndOfDay, 0), 0},
	{"mass cancel", []codec.Command{mine}, codec.Command{Kind: codec.KindMassCancel, Client: 1}, 0},
	{"mass cancel while market orders stand still", []codec.Command{phase(codec.PhasePreOpen, 0), atMarket(mine), phase(codec.PhasePreOpenLimit, 0)}, codec.Command{Kind: codec.KindMassCancel}, 0},
	{"kill switch while the market is halted", []codec.Command{mine, halt(orderbook.RejectHalted)}, codec.Command{Kind: codec.KindKill, Member: 1}, 0},
}

// TestEveryEndGivesMarginBack: however an order ends, what was reserved for it is free again, and what it has traded is a
// position, worth what was paid and no more.
func TestEveryEndGivesMarginBack(t *testing.T) {
	for _, e := range endings {
		d := newDesk(t, testLimits, define(1))
		for _, c := range e.given {
			d.take(c)
		}
		d.take(e.last)
		d.mustCheck()
		if _, live := d.core.Lookup(1, 1); live {
			t.Errorf("%s: the order is live", e.name)
		}
		p, _ := d.core.accounts.Position(1, 1, 1)
		net, buys, sells := d.core.accounts.Net(p)
		used, _ := d.core.accounts.Margin(1, 1)
		if net != e.net || buys != 0 || sells != 0 || used != max(e.net, -e.net)/5 {
			t.Errorf("%s: net %d, reserved %d and %d, margin %d; want net %d, nothing reserved, margin %d", e.name, net, buys, sells, used, e.net, max(e.net, -e.net)/5)
		}
	}
}

// TestKillSwitches: each scope refuses what it selects from the next command on, cancels what rests of it, and nothing
// else; lifting it lets orders in again.
func TestKillSwitches(t *testing.T) {
	orders := []codec.Command{as(buy(1, 990, 1), 1, 1), as(buy(2, 990, 1), 1, 2), as(buy(3, 990, 1), 2, 1), as(atMarket(stop(buy(4, 0, 1), 1100)), 1, 1), as(buy(5, 990, 1), 1, 1)}
	orders[4].Instrument = 2
	for _, tc := range []struct {
		kill codec.Command
		goes [5]bool
	}{
		{codec.Command{Member: 1}, [5]bool{true, true, false, true, true}},
		{codec.Command{Client: 1}, [5]bool{true, false, true, true, true}},
		{codec.Command{Member: 1, Client: 1}, [5]bool{true, false, false, true, true}},
		{codec.Command{Instrument: 1}, [5]bool{true, true, true, true, false}},
		{codec.Command{Member: 1, Instrument: 2}, [5]bool{false, false, false, false, true}},
		{codec.Command{Member: 1, Client: 2, Instrument: 1}, [5]bool{false, true, false, false, false}},
		{codec.Command{}, [5]bool{true, true, true, true, true}},
		{codec.Command{Member: 3}, [5]bool{}},
	} {
		d := newDesk(t, testLimits, define(1), define(2))
		for _, c := range orders {
			d.take(c)
		}
		d.take(kind(codec.KindKill, tc.kill))
		for i, c := range orders {
			if _, live := d.core.Lookup(c.Instrument, c.Order); live == tc.goes[i] {
				t.Errorf("%+v: order %d is live: %v", tc.kill, c.Order, live)
			}
			c.Order += 10
			killed := d.core.Counts().Rejects[orderbook.RejectKilled]
			d.do(c)
			if refused := d.core.Counts().Rejects[orderbook.RejectKilled] > killed; refused != tc.goes[i] {
				t.Errorf("%+v: another order like %d is refused: %v", tc.kill, c.Order-10, refused)
			}
		}
		d.take(kind(codec.KindKill, flagged(tc.kill, codec.FlagLift)))
		for _, c := range orders {
			c.Order += 20
			d.take(c)
		}
		d.mustCheck()
	}
}

// TestLimitsAreInclusive: what is just within a limit is taken; TestRejects has what is just beyond it.
func TestLimitsAreInclusive(t *testing.T) {
	all := rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100, Freeze: 100, ValueMax: 100_000, StopGap: 20, DisclosedPct: 10})
	for name, tc := range map[string]struct {
		given []codec.Command
		cmd   codec.Command
	}{
		"lower end of the band":               {nil, buy(1, 900, 10)},
		"upper end of the band":               {nil, sell(1, 1100, 10)},
		"freeze quantity":                     {nil, buy(1, 900, 100)},
		"value":                               {nil, buy(1, 1000, 100)},
		"value of a market order":             {nil, atMarket(buy(1, 0, 90))}, // at 1100
		"gap of a stop-loss order":            {nil, stop(buy(1, 1020, 10), 1000)},
		"limit at the trigger":                {nil, stop(sell(1, 980, 10), 980)},
		"trigger a tick from the last price":  {traded, stop(buy(1, 1010, 10), 1005)},
		"trigger a tick below the last price": {traded, stop(sell(1, 995, 10), 995)},
		"least disclosed quantity":            {nil, disclosed(buy(1, 1000, 100), 10)},
		"all disclosed":                       {nil, disclosed(buy(1, 1000, 100), 100)},
		"reduce by all":                       {[]codec.Command{buy(1, 1000, 20)}, kind(codec.KindReduce, buy(1, 0, 20))},
		"margin":                              {[]codec.Command{limit(1, 1, 2000)}, buy(1, 1000, 10)},
		"below risk reduction":                {[]codec.Command{limit(1, 0, 20_000), buy(2, 1000, 80), buy(3, 900, 10)}, buy(1, 900, 10)}, // 17,800 is 89 %
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, testLimits, instrumentOf(5, 10), all)
			for _, c := range tc.given {
				d.take(c)
			}
			d.take(tc.cmd)
		})
	}
}

// TestInterruptedBetweenBallots: an engine that has matched trades and has no ballot, as while a participant is left out,
// does not end before they are committed, also if nothing was sealed yet. Without trades there is nothing to wait for.
func TestInterruptedBetweenBallots(t *testing.T) {
	e := newTestBox(t, nil).engine
	defer e.core.Close()
	if !e.finishing(true) {
		t.Error("interrupted before there was a ballot: it waits")
	}
	e.replica, e.status.State = nil, batch3pc.StateElecting
	for i, c := range []codec.Command{define(1), buy(1, 1000, 10), opposite} {
		c.Seq = uint64(i + 1)
		if !e.finishing(true) {
			t.Errorf("interrupted before command %d: it waits", i+1)
		}
		e.match(&c, 0)
	}
	if e.finishing(true) {
		t.Errorf("it ends with %d trades that are not committed", e.open.Trades())
	}
}

// TestRiskReduction: from 90 % of the member's limit on nothing is taken by which an exposure would grow, of whatever client and
// kind, in whatever instrument; what closes a position is, and everything again as soon as the member uses less.
func TestRiskReduction(t *testing.T) {
	d := newDesk(t, testLimits, define(1), define(2))
	d.take(limit(1, 0, 10_000)) // an exposure of 50,000
	d.take(as(buy(1, 1000, 20), 1, 1))
	d.take(as(sell(2, 1000, 20), 2, 9))
	d.take(as(buy(3, 1000, 25), 1, 2)) // 45,000
	elsewhere := as(sell(4, 1, 1), 1, 1)
	elsewhere.Instrument = 2
	for _, tc := range []struct {
		name string
		cmd  codec.Command
		want orderbook.RejectReason
	}{
		{"another client", as(buy(4, 1, 1), 1, 3), orderbook.RejectRiskReduction},
		{"more of the position", as(buy(4, 1, 1), 1, 1), orderbook.RejectRiskReduction},
		{"a stop-loss order", as(stop(buy(4, 1200, 1), 1100), 1, 1), orderbook.RejectRiskReduction},
		{"another instrument", elsewhere, orderbook.RejectRiskReduction},
		{"a modify to more", kind(codec.KindModify, as(buy(3, 1000, 26), 1, 2)), orderbook.RejectRiskReduction},
		{"a modify to a worse price", kind(codec.KindModify, as(buy(3, 1001, 25), 1, 2)), orderbook.RejectRiskReduction},
		{"a modify to the same", kind(codec.KindModify, as(buy(3, 1000, 25), 1, 2)), orderbook.Accepted},
		{"another member", as(buy(4, 1, 1), 2, 3), orderbook.Accepted},
		{"what closes the position", as(sell(5, 1001, 20), 1, 1), orderbook.Accepted},
		{"as much again on the other side", as(sell(6, 1001, 20), 1, 1), orderbook.RejectRiskReduction},
		{"less", kind(codec.KindReduce, as(buy(3, 0, 1), 1, 2)), orderbook.Accepted}, // 44,000 are 88 %
		{"another client again", as(buy(7, 1, 1), 1, 3), orderbook.Accepted},
	} {
		before := d.core.Counts().Rejects
		d.do(tc.cmd)
		if got := newReject(before, d.core.Counts().Rejects); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	d.mustCheck()
}
