package workload

import (
	"maps"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/orderbook"
)

// covered is what members do in a day, beside the types of order, phases and reasons that TestADayHasEverything asks for.
var covered = []string{
	"new in trading", "new in auction", "new in auction, limit orders only", "new in post_close",
	"cancel in trading", "cancel in auction", "cancel in auction, limit orders only", "cancel in post_close", "cancel in halted",
	"cancel stop in trading", "cancel stop in auction", "cancel stop in halted", "cancel stop in post_close", "cancel market in auction",
	"reduce in trading",
	"modify: better price in trading", "modify: worse price in trading", "modify: more in trading", "modify: less in trading",
	"modify: to market in trading", "modify: discloses more in trading", "modify: discloses less in trading",
	"modify: better price in auction", "modify: worse price in auction", "modify: more in auction", "modify: less in auction",
	"modify: better price in auction, limit orders only", "modify: worse price in auction, limit orders only",
	"modify: more in auction, limit orders only", "modify: less in auction, limit orders only",
	"modify stop: better price in trading", "modify stop: worse price in trading", "modify stop: more in trading", "modify stop: less in trading",
	"modify stop: trigger in trading", "modify stop: to market in trading", "modify stop: to limit in trading",
	"refused in trading", "refused in auction", "refused in auction, limit orders only", "refused in post_close", "refused in halted",
	"refused modify: band", "refused modify: tick", "refused modify: unknown_order",
	"refused cancel: owner", "refused cancel: unknown_order", "refused cancel: market_order",
}

// absent is what a day does not have, and why. TestADayHasEverything has the reasons to refuse that it has not.
var absent = map[string]string{
	"removed: fill_limit":           "no order meets 65,536 others",
	"removed: range":                "the capital market has no execution range",
	"removed: veto":                 "the check before matching leaves nothing to the participants",
	"new in pre_open_match":         "in the buffer, as in every phase that takes nothing, members are quiet",
	"new in halted":                 "a halt takes cancels only",
	"reduce in auction":             "a reduce is no record of NSE's files, and few are enough",
	"modify: to limit in auction":   "nobody gives a market order a limit; the auction does, where it leaves one",
	"modify: more in post_close":    "all trade at one price: who wants less cancels",
	"modify stop: more in auction":  "an auction takes cancels of stop-loss orders only",
	"good till cancelled, or a day": "NSE has them switched off: each is refused",
}

// part is what a phase is to members: the same rules hold in the phases of one part.
func part(p codec.Phase) string {
	switch p {
	case codec.PhaseContinuous, codec.PhaseAverage:
		return "trading"
	case codec.PhasePreOpen, codec.PhaseClosing:
		return "auction"
	case codec.PhasePreOpenLimit, codec.PhaseClosingLimit:
		return "auction, limit orders only"
	}
	return p.String()
}

// coverage is what a day was seen to have, how often.
type coverage map[string]int

// message notes a message about the order was, which lives if live is true, and its outcome.
func (v coverage) message(c *codec.Command, phase codec.Phase, was orderbook.RestingOrder, live bool, refused orderbook.RejectReason) {
	in := " in " + part(phase)
	if refused != orderbook.Accepted {
		v["refused "+map[codec.Kind]string{codec.KindNew: "new", codec.KindModify: "modify", codec.KindCancel: "cancel", codec.KindReduce: "reduce"}[c.Kind]+": "+refused.String()]++
		v["refused"+in]++
		return
	}
	switch {
	case c.Kind == codec.KindNew:
		v["new"+in]++
		return
	case !live:
		return
	case c.Kind != codec.KindModify:
		name := map[codec.Kind]string{codec.KindCancel: "cancel", codec.KindReduce: "reduce"}[c.Kind]
		if was.Trigger > 0 {
			name += " stop"
		} else if was.Market {
			name += " market"
		}
		v[name+in]++
		return
	}
	what := "modify: "
	if was.Trigger > 0 {
		what = "modify stop: "
	}
	note := func(yes bool, name string) {
		if yes {
			v[what+name+in]++
		}
	}
	market := c.Flags&codec.FlagMarket != 0
	note(!market && !was.Market && c.Price > was.Price == (was.Side == orderbook.Buy) && c.Price != was.Price, "better price")
	note(!market && !was.Market && c.Price < was.Price == (was.Side == orderbook.Buy) && c.Price != was.Price, "worse price")
	note(c.Qty > was.Qty, "more")
	note(c.Qty < was.Qty, "less")
	note(market && !was.Market, "to market")
	note(!market && was.Market, "to limit")
	note(c.Disclosed != was.Disclosed && c.Disclosed > was.Disclosed, "discloses more")
	note(c.Disclosed != was.Disclosed && c.Disclosed < was.Disclosed, "discloses less")
	note(c.Trigger != was.Trigger, "trigger")
}

// TestWhatADayCovers lists what members do in a day, in which part of it, and holds it against what they can do.
func TestWhatADayCovers(t *testing.T) {
	d := open(t, Config{Seed: 1, Orders: 300_000, Instruments: 100})
	x, v := newExchange(t, d), coverage{}
	each(t, d, func(c *codec.Command) {
		before := x.core.Counts().Rejects
		phase, was, live := x.core.Phase(c.Instrument), orderbook.RestingOrder{}, false
		if isMessage(c) && c.Instrument != unlisted {
			was, live = x.core.Lookup(c.Instrument, c.Order)
		}
		x.take(c)
		refused := orderbook.Accepted
		for r, n := range x.core.Counts().Rejects {
			if n > before[r] {
				refused = orderbook.RejectReason(r)
			}
		}
		if isMessage(c) {
			v.message(c, phase, was, live, refused)
		}
	})
	for r, n := range x.core.Counts().Removed {
		v["removed: "+engine.Removal(r).String()] += int(n)
	}
	for _, name := range covered {
		if v[name] == 0 {
			t.Errorf("not in the day: %s", name)
		}
	}
	for name, why := range absent {
		if v[name] > 0 {
			t.Errorf("%d in the day: %s, of which it is said: %s", v[name], name, why)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		t.Logf("%7d %s", v[name], name)
	}
}
