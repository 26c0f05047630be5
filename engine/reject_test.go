package engine

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// instrumentOf is instrument 1 with a tick and a lot.
func instrumentOf(tick orderbook.Price, lot orderbook.Qty) codec.Command {
	return defined(codec.Instrument{Instrument: 1, Tick: tick, Lot: lot, PriceScale: 2})
}

func defined(in codec.Instrument) codec.Command { return *in.AsCommand() }

// refused is a command that is refused, and what makes it so.
type refused struct {
	name  string
	given []codec.Command // after instrument 1 with tick 5 and lot 10
	cmd   codec.Command
	want  orderbook.RejectReason
}

func with(c codec.Command, change func(*codec.Command)) codec.Command {
	change(&c)
	return c
}

func tif(c codec.Command, t orderbook.TimeInForce) codec.Command {
	c.TIF = t
	return c
}

func disclosed(c codec.Command, q orderbook.Qty) codec.Command {
	c.Disclosed = q
	return c
}

func flagged(c codec.Command, flags codec.Flags) codec.Command {
	c.Flags |= flags
	return c
}

func preOpen(c codec.Command) codec.Command { return flagged(c, codec.FlagPreOpen) }

// halt is the command by which the engine halts the market.
func halt(reason orderbook.RejectReason) codec.Command {
	return codec.Command{Kind: codec.KindHalt, Ref: uint32(reason)}
}

var (
	banded = rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100})
	killed = codec.Command{Kind: codec.KindKill, Member: 1, Client: 1}
	other  = as(buy(90, 950, 10), 2, 2) // an order of somebody else
	traded = []codec.Command{sell(91, 1000, 10), buy(92, 1000, 10)}
)

// refusals has a case for every reason that the core or its book can give to a command.
var refusals = []refused{
	{"pre-open record in continuous trading", nil, preOpen(buy(1, 1000, 10)), orderbook.RejectSession},
	{"closed", []codec.Command{phase(codec.PhaseClosed, 0)}, buy(1, 1000, 10), orderbook.RejectSession},
	{"cancel while closed", []codec.Command{other, phase(codec.PhaseClosed, 0)}, kind(codec.KindCancel, other), orderbook.RejectSession},
	{"between auction and trading", []codec.Command{phase(codec.PhasePreOpen, 0), phase(codec.PhasePreOpenMatch, 0)}, buy(1, 1000, 10), orderbook.RejectSession},
	{"reference", []codec.Command{phase(codec.PhaseReference, 0)}, buy(1, 1000, 10), orderbook.RejectSession},
	{"after the closing auction", []codec.Command{phase(codec.PhaseClosing, 0), phase(codec.PhaseClosingMatch, 0)}, buy(1, 1000, 10), orderbook.RejectSession},
	{"end of day", []codec.Command{phase(codec.PhaseEndOfDay, 0)}, buy(1, 1000, 10), orderbook.RejectSession},
	{"entry while halted", []codec.Command{phase(codec.PhaseHalted, 0)}, buy(1, 1000, 10), orderbook.RejectHalted},
	{"modify while halted", []codec.Command{other, phase(codec.PhaseHalted, 0)}, kind(codec.KindModify, other), orderbook.RejectHalted},
	{"entry while no batch commits", []codec.Command{halt(orderbook.RejectHalted)}, buy(1, 1000, 10), orderbook.RejectHalted},
	{"entry while a disk is full", []codec.Command{halt(orderbook.RejectDiskFull)}, buy(1, 1000, 10), orderbook.RejectDiskFull},
	{"modify while a disk is full", []codec.Command{other, halt(orderbook.RejectDiskFull)}, kind(codec.KindModify, other), orderbook.RejectDiskFull},
	{"market order in the limit part", []codec.Command{phase(codec.PhasePreOpenLimit, 0)}, atMarket(buy(1, 0, 10)), orderbook.RejectMarketOrder},
	{"cancel of a frozen order", []codec.Command{phase(codec.PhasePreOpen, 0), atMarket(buy(1, 0, 10)), phase(codec.PhasePreOpenLimit, 0)}, kind(codec.KindCancel, buy(1, 0, 0)), orderbook.RejectMarketOrder},
	{"reduce of a frozen order", []codec.Command{phase(codec.PhaseClosing, 0), atMarket(buy(1, 0, 20)), phase(codec.PhaseClosingLimit, 0)}, kind(codec.KindReduce, buy(1, 0, 10)), orderbook.RejectMarketOrder},
	{"modify of a frozen order", []codec.Command{phase(codec.PhasePreOpen, 0), atMarket(buy(1, 0, 10)), phase(codec.PhasePreOpenLimit, 0)}, kind(codec.KindModify, buy(1, 1000, 10)), orderbook.RejectMarketOrder},
	{"stop-loss order in an auction", []codec.Command{phase(codec.PhasePreOpen, 0)}, stop(buy(1, 1010, 10), 1000), orderbook.RejectStopLoss},
	{"stop-loss order after the close", []codec.Command{banded, phase(codec.PhasePostClose, 1000)}, stop(buy(1, 1000, 10), 1000), orderbook.RejectStopLoss},
	{"stop-loss order at the market", []codec.Command{rules(codec.Rules{Flags: codec.RuleNoStopMarket})}, stop(atMarket(buy(1, 0, 10)), 1000), orderbook.RejectStopLoss},
	{"stop-loss order, IOC", nil, tif(stop(buy(1, 1010, 10), 1000), orderbook.IOC), orderbook.RejectStopLoss},
	{"disclosed quantity in an auction", []codec.Command{phase(codec.PhaseClosing, 0)}, disclosed(buy(1, 1000, 50), 10), orderbook.RejectDisclosed},
	{"disclosed quantity in derivatives", []codec.Command{rules(codec.Rules{Flags: codec.RuleNoDisclosed})}, disclosed(buy(1, 1000, 50), 10), orderbook.RejectDisclosed},
	{"disclosed quantity, IOC", nil, tif(disclosed(buy(1, 1000, 50), 10), orderbook.IOC), orderbook.RejectDisclosed},
	{"IOC in an auction", []codec.Command{phase(codec.PhasePreOpen, 0)}, tif(buy(1, 1000, 10), orderbook.IOC), orderbook.RejectValidity},
	{"good till cancelled", nil, tif(buy(1, 1000, 10), orderbook.GTC), orderbook.RejectValidity},
	{"good till date", nil, tif(buy(1, 1000, 10), orderbook.GTD), orderbook.RejectValidity},
	{"fill or kill", nil, tif(buy(1, 1000, 10), orderbook.FOK), orderbook.RejectValidity},
	{"no such validity", nil, tif(buy(1, 1000, 10), orderbook.GTD+1), orderbook.RejectCommand},
	{"a flag that there is not", nil, flagged(buy(1, 1000, 10), 1<<6), orderbook.RejectCommand},
	{"a flag of a kill switch", nil, flagged(buy(1, 1000, 10), codec.FlagLift), orderbook.RejectCommand},
	{"modify with a flag that there is not", []codec.Command{other}, kind(codec.KindModify, flagged(as(buy(90, 950, 10), 2, 2), 1<<7)), orderbook.RejectCommand},
	{"kill switch", []codec.Command{killed}, buy(1, 1000, 10), orderbook.RejectKilled},
	{"kill switch, not a plain order", []codec.Command{killed}, atMarket(buy(1, 0, 10)), orderbook.RejectKilled},
	{"no side", nil, order(1, 0, 1000, 10), orderbook.RejectSide},
	{"no quantity", nil, buy(1, 1000, 0), orderbook.RejectQuantity},
	{"no price", nil, buy(1, 0, 10), orderbook.RejectPrice},
	{"no trigger", nil, stop(buy(1, 1000, 10), 0), orderbook.RejectTrigger},
	{"lot", nil, buy(1, 1000, 15), orderbook.RejectLot},
	{"tick", nil, buy(1, 1001, 10), orderbook.RejectTick},
	{"trigger tick", nil, stop(buy(1, 1010, 10), 1001), orderbook.RejectTriggerTick},
	{"trigger gap", []codec.Command{rules(codec.Rules{StopGap: 20})}, stop(buy(1, 1025, 10), 1000), orderbook.RejectTriggerGap},
	{"band, below", []codec.Command{banded}, buy(1, 895, 10), orderbook.RejectBand},
	{"band, above", []codec.Command{banded}, sell(1, 1105, 10), orderbook.RejectBand},
	{"band, stop-loss order", []codec.Command{banded}, stop(buy(1, 1105, 10), 1100), orderbook.RejectBand},
	{"band of the closing auction", []codec.Command{banded, phase(codec.PhaseClosing, 1000)}, buy(1, 1035, 10), orderbook.RejectBand},
	{"after the close only its price", []codec.Command{banded, phase(codec.PhasePostClose, 1000)}, buy(1, 1005, 10), orderbook.RejectBand},
	{"after a close without a price", []codec.Command{phase(codec.PhasePostClose, 0)}, atMarket(buy(1, 0, 10)), orderbook.RejectBand},
	{"freeze", []codec.Command{rules(codec.Rules{Freeze: 100})}, buy(1, 1000, 110), orderbook.RejectFreeze},
	{"value", []codec.Command{rules(codec.Rules{ValueMax: 100_000})}, buy(1, 1000, 110), orderbook.RejectValue},
	{"value of a market order", []codec.Command{rules(codec.Rules{ValueMax: 100_000, High: 2000})}, atMarket(buy(1, 0, 60)), orderbook.RejectValue},
	{"value that nobody can book", nil, buy(1, 1_000_000_000, 2_000_000), orderbook.RejectValue},
	{"value at the best bid", []codec.Command{buy(1, 1_000_000_000, 10)}, sell(2, 5, 2_000_000), orderbook.RejectValue},
	{"more disclosed than there is", nil, disclosed(buy(1, 1000, 50), 60), orderbook.RejectDisclosedAbove},
	{"disclosed lot", nil, disclosed(buy(1, 1000, 50), 15), orderbook.RejectDisclosedLot},
	{"disclosed too little", []codec.Command{rules(codec.Rules{DisclosedPct: 10})}, disclosed(buy(1, 1000, 500), 40), orderbook.RejectDisclosedMin},
	{"stop-loss limit below its trigger", nil, stop(buy(1, 995, 10), 1000), orderbook.RejectTriggerLimit},
	{"stop-loss limit above its trigger", nil, stop(sell(1, 1005, 10), 1000), orderbook.RejectTriggerLimit},
	{"trigger reached, buy", traded, stop(buy(1, 1010, 10), 1000), orderbook.RejectTrigger},
	{"trigger reached, sell", traded, stop(sell(1, 990, 10), 1000), orderbook.RejectTrigger},
	{"duplicate", []codec.Command{other}, as(buy(90, 1000, 10), 2, 2), orderbook.RejectDuplicateOrder},
	{"cancel unknown", nil, kind(codec.KindCancel, buy(1, 1000, 10)), orderbook.RejectUnknownOrder},
	{"modify unknown", nil, kind(codec.KindModify, buy(1, 1000, 10)), orderbook.RejectUnknownOrder},
	{"reduce unknown", nil, kind(codec.KindReduce, buy(1, 1000, 10)), orderbook.RejectUnknownOrder},
	{"reduce by a part of a lot", []codec.Command{other}, kind(codec.KindReduce, as(buy(90, 0, 5), 2, 2)), orderbook.RejectLot},
	{"reduce by too much", []codec.Command{other}, kind(codec.KindReduce, as(buy(90, 0, 20), 2, 2)), orderbook.RejectQuantity},
	{"cancel by another member", []codec.Command{other}, kind(codec.KindCancel, as(buy(90, 0, 0), 3, 2)), orderbook.RejectOwner},
	{"reduce by another client", []codec.Command{other}, kind(codec.KindReduce, as(buy(90, 0, 10), 2, 3)), orderbook.RejectOwner},
	{"modify by another client", []codec.Command{other}, kind(codec.KindModify, as(buy(90, 950, 10), 2, 3)), orderbook.RejectOwner},
	{"modify by another PAN", []codec.Command{of(as(buy(90, 900, 10), 2, 2), 7)}, kind(codec.KindModify, of(as(buy(90, 950, 10), 2, 2), 8)), orderbook.RejectOwner},
	{"modify that names a PAN where there is none", []codec.Command{other}, kind(codec.KindModify, of(as(buy(90, 950, 10), 2, 2), 8)), orderbook.RejectOwner},
	{"modify that sets the self-trade bit", []codec.Command{other}, kind(codec.KindModify, flagged(as(buy(90, 950, 10), 2, 2), codec.FlagCancelActive)), orderbook.RejectOwner},
	{"modify of the other side", []codec.Command{other}, kind(codec.KindModify, as(sell(90, 950, 10), 2, 2)), orderbook.RejectSide},
	{"modify of no side that there is", []codec.Command{other}, kind(codec.KindModify, as(order(90, 3, 950, 10), 2, 2)), orderbook.RejectSide},
	{"stop-loss order becomes another", []codec.Command{stop(as(buy(1, 1010, 10), 2, 2), 1000)}, kind(codec.KindModify, as(buy(1, 1010, 10), 2, 2)), orderbook.RejectTrigger},
	{"order becomes a stop-loss order", []codec.Command{other}, kind(codec.KindModify, stop(as(buy(90, 1010, 10), 2, 2), 1000)), orderbook.RejectTrigger},
	{"modify of a stop-loss order in an auction", []codec.Command{stop(buy(1, 1010, 10), 1000), phase(codec.PhasePreOpen, 0)}, kind(codec.KindModify, stop(buy(1, 1010, 10), 1005)), orderbook.RejectStopLoss},
	{"modify off the tick", []codec.Command{other}, kind(codec.KindModify, as(buy(90, 951, 10), 2, 2)), orderbook.RejectTick},
	{"modify of what a kill switch has cancelled", []codec.Command{buy(1, 1000, 10), killed}, kind(codec.KindModify, buy(1, 1000, 10)), orderbook.RejectUnknownOrder},
	{"margin of the client", []codec.Command{limit(1, 1, 1999)}, buy(1, 1000, 10), orderbook.RejectMargin},
	{"margin of the member", []codec.Command{limit(1, 0, 1999)}, buy(1, 1000, 10), orderbook.RejectMargin},
	{"margin of a modify", []codec.Command{limit(1, 1, 2000), buy(1, 1000, 10)}, kind(codec.KindModify, buy(1, 1005, 10)), orderbook.RejectMargin},
	{"risk reduction", []codec.Command{limit(1, 0, 2200), buy(1, 1000, 10)}, buy(2, 10, 10), orderbook.RejectRiskReduction},
	{"risk reduction at 90 %", []codec.Command{limit(1, 0, 20_000), buy(1, 1000, 90)}, buy(2, 900, 10), orderbook.RejectRiskReduction},
	{"negative limit", nil, limit(1, 1, -1), orderbook.RejectValue},
	{"no instrument", nil, with(buy(1, 1000, 10), func(c *codec.Command) { c.Instrument = 0 }), orderbook.RejectUnknownInstrument},
	{"unknown instrument", nil, with(buy(1, 1000, 10), func(c *codec.Command) { c.Instrument = 3 }), orderbook.RejectUnknownInstrument},
	{"mass cancel in an unknown instrument", nil, codec.Command{Kind: codec.KindMassCancel, Instrument: 3}, orderbook.RejectUnknownInstrument},
	{"mass cancel of no side", nil, codec.Command{Kind: codec.KindMassCancel, Side: 3}, orderbook.RejectSide},
	{"kind", nil, kind(99, buy(1, 1000, 10)), orderbook.RejectCommand},
	{"unreadable", nil, kind(codec.KindUnreadable, buy(1, 1000, 10)), orderbook.RejectUnreadable},
	{"no such phase", nil, phase(codec.PhaseCount, 0), orderbook.RejectCommand},
	{"no such auction", nil, func() codec.Command {
		p := codec.PhaseChange{Instrument: 1, Phase: codec.PhasePreOpen, Auction: 2}
		return *p.AsCommand()
	}(), orderbook.RejectCommand},
	{"negative tick", nil, defined(codec.Instrument{Instrument: 2, Tick: -5}), orderbook.RejectCommand},
	{"negative strike", nil, defined(codec.Instrument{Instrument: 2, Strike: -5}), orderbook.RejectCommand},
	{"negative reference", nil, phase(codec.PhasePreOpen, -1), orderbook.RejectCommand},
	{"band upside down", nil, rules(codec.Rules{Low: 1100, High: 900}), orderbook.RejectCommand},
	{"negative rule", nil, rules(codec.Rules{ExecRange: -1}), orderbook.RejectCommand},
	{"more than all disclosed", nil, rules(codec.Rules{DisclosedPct: 101}), orderbook.RejectCommand},
	{"definition with a gap", nil, define(7), orderbook.RejectCommand},
	{"price scale", nil, defined(codec.Instrument{Instrument: 2, PriceScale: 10}), orderbook.RejectCommand},
	{"no room for another client", []codec.Command{as(buy(1, 1000, 10), 7, 7), as(buy(2, 1000, 10), 8, 8), as(buy(3, 1000, 10), 9, 9)}, as(buy(4, 1000, 10), 10, 10), orderbook.RejectAccounts},
	{"book full", []codec.Command{buy(1, 1000, 10), buy(2, 1000, 10), buy(3, 1000, 10), buy(4, 1000, 10)}, buy(5, 1000, 10), orderbook.RejectBookFull},
}

// TestRejects: every reason, and that a refused command changes nothing (E8).
func TestRejects(t *testing.T) {
	seen := [orderbook.RejectReasonCount]bool{}
	for _, tc := range refusals {
		t.Run(tc.name, func(t *testing.T) {
			seen[tc.want] = true
			d := newDesk(t, Limits{OrdersMax: 4, InstrumentsMax: 2, BatchTarget: 100, ClientsMax: 3, PositionsMax: 3}, instrumentOf(5, 10))
			for _, c := range tc.given {
				d.take(c)
			}
			before, trades, was := d.core.marketHash(), d.core.NextTrade(), d.core.Counts()
			d.do(tc.cmd)
			after := d.core.Counts()
			if got := newReject(was.Rejects, after.Rejects); got != tc.want {
				t.Errorf("refused for %s, want %s", got, tc.want)
			}
			if d.core.marketHash() != before || d.core.NextTrade() != trades || after.OrdersAccepted != was.OrdersAccepted {
				t.Error("a refused command changed the state")
			}
			d.mustCheck()
		})
	}
	for r := range orderbook.RejectReasonCount {
		switch r {
		case orderbook.Accepted, orderbook.RejectRisk, orderbook.RejectInstrumentLimit: // TestVeto, TestInstrumentLimit
		default:
			if !seen[r] {
				t.Errorf("no case for %s", r)
			}
		}
	}
}

// TestPlainOrdersAreTaken: what the short check lets through, the long one takes too.
func TestPlainOrdersAreTaken(t *testing.T) {
	plain := 0
	for seed := range uint64(20) {
		d, day := newAnyDesk(t, anyLimits), newAnyDay(seed)
		for range 1500 {
			c := day.command()
			if c.Kind == codec.KindNew || c.Kind == codec.KindModify {
				m := &d.core.markets[c.Instrument]
				if m.plain(&c) {
					plain++
					if r := m.refusal(needs(&c)); r != orderbook.Accepted {
						t.Fatalf("%+v: %s", c, r)
					}
					if r := d.core.refusedByRules(m, &c); r != orderbook.Accepted {
						t.Fatalf("%+v: %s", c, r)
					}
				}
			}
			d.do(c)
		}
	}
	if plain < 1000 {
		t.Errorf("only %d plain orders", plain)
	}
}

// TestModifyKeepsPAN: a modify that names the PAN, the side and the self-trade bit of its order, or none, is taken, and the order keeps them.
func TestModifyKeepsPAN(t *testing.T) {
	d := newDesk(t, testLimits, define(1))
	d.take(flagged(of(buy(1, 900, 10), 7), codec.FlagCancelActive))
	for i, c := range []codec.Command{
		flagged(of(buy(1, 910, 10), 7), codec.FlagCancelActive), of(order(1, 0, 920, 10), 0), of(order(1, 0, 920, 5), 0),
	} {
		d.take(kind(codec.KindModify, c))
		if o, _ := d.core.Lookup(1, 1); o.PAN != 7 || !o.CancelActive || o.Side != orderbook.Buy {
			t.Errorf("behind modify %d the order is %+v", i, o)
		}
	}
}
