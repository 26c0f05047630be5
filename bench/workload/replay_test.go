package workload

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/orderbook"
)

// exchange is an engine that has nothing but the commands of a day.
type exchange struct {
	t       *testing.T
	core    *engine.Core
	batch   *engine.Builder
	passive uint64 // resting orders that self-trade prevention has taken out
}

func newExchange(t *testing.T, d *Day) *exchange {
	core, err := engine.NewCore(engine.Limits{
		OrdersMax: d.RestingMax(), InstrumentsMax: d.Config().Instruments, BatchTarget: 1000,
		ClientsMax: 1 << 14, PositionsMax: d.PositionsMax(),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	return &exchange{t: t, core: core, batch: engine.NewBuilder(0, 1)}
}

// take applies a command and returns its trades, those of the commands that go on with it included.
func (x *exchange) take(c *codec.Command) []codec.Trade {
	if x.batch.Full(1000) {
		x.batch.Reset(x.core.LastCommand(), x.core.NextTrade())
	}
	before := x.batch.Trades()
	one := *c
	for {
		one.Seq = x.core.LastCommand() + 1
		x.core.Apply(&one, x.batch)
		if !x.core.Pending() {
			break
		}
		one = x.core.Continue()
	}
	if x.batch.Trades() == before {
		return nil
	}
	return x.batch.Payload().Trades[before:]
}

// The trades, rejects and removals that a Day tells are those that its commands lead to in an engine of the
// size it names, in both layouts.
func TestCommandsLeadToTheTradesTold(t *testing.T) {
	for seed := range uint64(3) {
		for _, layout := range []Layout{TimeOrder, SymbolOrder} {
			d := open(t, Config{Seed: seed, Orders: 100_000, Instruments: 50, Layout: layout})
			x := newExchange(t, d)
			each(t, d, func(c *codec.Command) {
				trades, told := x.take(c), d.Fills()
				if len(trades) != len(told) {
					t.Fatalf("%+v: %d trades, told %d", c, len(trades), len(told))
				}
				for i := range trades {
					got := trades[i]
					got.Command = 0
					if got != told[i] {
						t.Fatalf("%+v: trade %d is %+v, told %+v", c, i, got, told[i])
					}
				}
			})
			counts, s := x.core.Counts(), d.Stats()
			s.Rejects[orderbook.Accepted] = 0
			if counts.Rejects != s.Rejects || counts.Removed != s.Removed {
				t.Errorf("rejects %v, told %v; removed %v, told %v", counts.Rejects, s.Rejects, counts.Removed, s.Removed)
			}
			if counts.Trades == 0 || counts.Trades != s.Trades || counts.Triggered != s.Triggered || x.core.LiveOrders() != s.Resting {
				t.Errorf("%+v and %d live orders, told %+v", counts, x.core.LiveOrders(), s)
			}
		}
	}
}

// impossible are the reasons for which no order of a member is refused in a day.
var impossible = map[orderbook.RejectReason]string{
	orderbook.RejectBookFull:        "the day keeps within RestingMax",
	orderbook.RejectInstrumentLimit: "the exchange lists its instruments, and knows how many",
	orderbook.RejectRisk:            "a veto at the vote on a batch: the check before matching leaves nothing to it",
	orderbook.RejectUnreadable:      "a record of a file",
	orderbook.RejectAccounts:        "the day keeps within PositionsMax",
	orderbook.RejectDiskFull:        "the engine's own halt: a day has no disk",
}

// seen is what a day was seen to have.
type seen struct {
	kinds   [codec.KindLimit + 1]int
	phases  [codec.PhaseCount]int
	auction [codec.PhaseCount]int // of the instruments that entered the phase, those that traded by it
	orders  map[string]int        // accepted entries by type
	cascade int                   // commands that triggered more than one stop-loss order
	lifts   int
	byKill  [8]int // kill switches by what they select
	byMass  [16]int
}

// orderTypes are the types of order that must be entered and accepted.
var orderTypes = []string{
	"limit", "limit ioc", "limit disclosed", "market", "market ioc", "stop limit", "stop market",
	"auction limit", "auction market", "limit cancel-active", "stop limit cancel-active",
}

func typeOf(c *codec.Command, collecting bool) string {
	name := "limit"
	if c.Flags&codec.FlagMarket != 0 {
		name = "market"
	}
	switch {
	case c.Flags&codec.FlagStopLoss != 0:
		name = "stop " + name
	case collecting:
		name = "auction " + name
	case c.TIF == orderbook.IOC:
		name += " ioc"
	case c.Disclosed != 0 && c.Disclosed < c.Qty:
		name += " disclosed"
	}
	if c.Flags&codec.FlagCancelActive != 0 {
		name += " cancel-active"
	}
	return name
}

func selects(c *codec.Command) (bits int) {
	if c.Member != 0 {
		bits |= 1
	}
	if c.Client != 0 {
		bits |= 2
	}
	if c.Instrument != 0 {
		bits |= 4
	}
	if c.Side != 0 {
		bits |= 8
	}
	return bits
}

func (s *seen) note(c *codec.Command, x *exchange, trades int, accepted bool) {
	s.kinds[c.Kind]++
	switch c.Kind {
	case codec.KindPhase:
		p := c.AsPhaseChange().Phase
		s.phases[p]++
		if trades > 0 {
			s.auction[p]++
		}
	case codec.KindNew:
		if accepted {
			s.orders[typeOf(c, x.core.Book(c.Instrument).Collecting())]++
		}
	case codec.KindKill:
		s.byKill[selects(c)]++
		if c.Flags&codec.FlagLift != 0 {
			s.lifts++
		}
	case codec.KindMassCancel:
		s.byMass[selects(c)]++
	}
	if len(x.core.Triggered()) > 1 {
		s.cascade++
	}
}

// TestADayHasEverything: kinds of command, types of order, phases, reasons to refuse, auctions, triggers,
// self-trades, kill switches.
func TestADayHasEverything(t *testing.T) {
	d := open(t, Config{Seed: 1, Orders: 300_000, Instruments: 100})
	x := newExchange(t, d)
	x.core.OnGone = func(uint32, orderbook.RestingOrder) { x.passive++ }
	s := seen{orders: map[string]int{}}
	each(t, d, func(c *codec.Command) {
		before, passive, selfTrades := x.core.Counts().OrdersAccepted, x.passive, x.core.Counts().Removed[engine.RemovedSelfTrade]
		trades := len(x.take(c))
		s.note(c, x, trades, x.core.Counts().OrdersAccepted > before)
		if isMessage(c) && x.passive > passive && x.core.Counts().Removed[engine.RemovedSelfTrade] == selfTrades {
			t.Fatalf("%+v takes out %d orders, and not for a self-trade", c, x.passive-passive)
		}
		if !isMessage(c) {
			x.passive = passive
		}
	})
	counts := x.core.Counts()
	for r := orderbook.Accepted + 1; r < orderbook.RejectReasonCount; r++ {
		why, no := impossible[r]
		if n := counts.Rejects[r]; no != (n == 0) {
			t.Errorf("%d refused as %s (%s)", n, r, why)
		}
	}
	for k := codec.KindNew; k <= codec.KindLimit; k++ {
		if no := k == codec.KindUnreadable || k == codec.KindContinue; no != (s.kinds[k] == 0) {
			t.Errorf("%d commands of kind %d", s.kinds[k], k)
		}
	}
	for p := range codec.PhaseCount {
		if s.phases[p] == 0 {
			t.Errorf("nothing enters the phase %s", p)
		}
	}
	for _, name := range orderTypes {
		if s.orders[name] == 0 {
			t.Errorf("no order is a %s", name)
		}
	}
	if n := s.auction[codec.PhasePreOpenMatch]; n < 190 { // twice a day
		t.Errorf("%d of 200 openings trade", n)
	}
	if n, of := s.auction[codec.PhaseClosingMatch], s.phases[codec.PhaseClosingMatch]; of < 30 || n < of*9/10 {
		t.Errorf("%d of %d closing auctions trade", n, of)
	}
	selfTrades := counts.Removed[engine.RemovedSelfTrade]
	if x.passive == 0 || selfTrades <= x.passive {
		t.Errorf("self-trade prevention takes out %d resting orders and %d incoming ones", x.passive, selfTrades-x.passive)
	}
	if counts.Triggered < 1000 || s.cascade == 0 {
		t.Errorf("%d stop-loss orders are triggered, %d times several at once", counts.Triggered, s.cascade)
	}
	for _, r := range []engine.Removal{engine.RemovedRemainder, engine.RemovedBand, engine.RemovedAuction, engine.RemovedEndOfDay, engine.RemovedMass, engine.RemovedKill} {
		if counts.Removed[r] == 0 {
			t.Errorf("no order is removed: %s", r)
		}
	}
	if counts.Turned == 0 {
		t.Error("no auction leaves a market order as a limit order")
	}
	if s.lifts == 0 || 2*s.lifts != s.kinds[codec.KindKill] {
		t.Errorf("%d of %d kill switches are lifted", s.lifts, s.kinds[codec.KindKill]-s.lifts)
	}
	for _, bits := range []int{1, 2, 4, 1 | 4, 2 | 4, 1 | 2 | 4} {
		if s.byKill[bits] == 0 {
			t.Errorf("no kill switch selects by %03b (instrument, client, member)", bits)
		}
	}
	for _, bits := range []int{1, 1 | 4, 2 | 4, 8 | 4, 1 | 4 | 8} {
		if s.byMass[bits] == 0 {
			t.Errorf("no mass cancel selects by %04b (side, instrument, client, member)", bits)
		}
	}
}

// The day knows the closing price and the band around it as the engine does: what is refused for its price is a
// mistake, far outside, and none comes from the closing auction or the post-close session by accident.
func TestOnlyMistakesLeaveTheBand(t *testing.T) {
	for _, c := range []Config{
		{Seed: 1, Orders: 200_000, Instruments: 50},
		{Seed: 2, Orders: 100_000, Instruments: 2000}, // many without a trade for long
	} {
		d := open(t, c)
		x := newExchange(t, d)
		high, after := map[uint32]orderbook.Price{}, 0
		each(t, d, func(c *codec.Command) {
			before := x.core.Counts()
			x.take(c)
			switch {
			case c.Kind == codec.KindRules:
				high[c.AsRules().Instrument] = c.AsRules().High
			case x.core.Counts().Rejects[orderbook.RejectBand] > before.Rejects[orderbook.RejectBand] && c.Price <= high[c.Instrument]:
				t.Errorf("in %s refused for its price: %+v", x.core.Phase(c.Instrument), c)
			case x.core.Phase(c.Instrument) == codec.PhasePostClose && x.core.Counts().OrdersAccepted > before.OrdersAccepted:
				after++
			}
		})
		if after < 100 {
			t.Errorf("%d entries after the close", after)
		}
	}
}

// A band that flexes lets trades go further than the one that the day began with, on either side.
func TestBandFlexes(t *testing.T) {
	for rank, side := range map[int]orderbook.Side{5: orderbook.Sell, 55: orderbook.Buy} {
		d := open(t, Config{Seed: 1, Orders: 15_000 * int64(rank+15), Instruments: rank + 15})
		m := &d.markets[rank]
		x := newExchange(t, d)
		flexed := false
		each(t, d, func(c *codec.Command) {
			x.take(c)
			if m.phase != codec.PhaseAverage || flexed || c.Kind != codec.KindPhase || c.Instrument != m.index {
				return
			}
			flexed = true
			probe := codec.Command{
				TimeNs: c.TimeNs, Kind: codec.KindNew, Order: 1, Instrument: m.index, Side: side,
				Price: m.rules.High + m.listing.tick, Qty: m.listing.lot, Member: 1, Client: 1,
			}
			if side == orderbook.Buy {
				probe.Price = m.rules.Low - m.listing.tick
			}
			before := x.core.Counts().OrdersAccepted
			x.take(&probe)
			if x.core.Counts().OrdersAccepted == before {
				t.Errorf("%s, which has run to %d, takes no order at %d", m.listing.symbol, m.book.LastPrice(), probe.Price)
			}
		})
		if m.listing.runs == 0 || !flexed {
			t.Error("the stock does not run: the test shows nothing")
		}
	}
}
