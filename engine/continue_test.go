package engine

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// anyFlow is a random day over all kinds of command, as the source of an engine would give it.
func anyFlow(seed uint64, n int) []codec.Command {
	cmds := []codec.Command{define(1), define(2)}
	for day := newAnyDay(seed); len(cmds) < n; {
		cmds = append(cmds, day.command())
	}
	return cmds
}

// fewFills makes a box whose auctions and cascades need many commands.
func fewFills(b *testBox) {
	b.cfg.Limits = anyLimits
	b.cfg.BatchTarget, b.cfg.FillsMax = 20, 12
}

// TestEngineContinues: the loop goes on with what one command could not finish, before anything else, and
// logs what it makes: the log alone gives the same day.
func TestEngineContinues(t *testing.T) {
	cmds := anyFlow(21, 6000)
	b := newTestBox(t, fewFills)
	res, err := b.run(t, cmds)
	if err != nil {
		t.Fatal(err)
	}
	asked := uint64(0)
	for i := range cmds {
		if cmds[i].Kind.Asks() {
			asked++
		}
	}
	if res.Continues == 0 || res.Commands != asked {
		t.Fatalf("%d commands, %d continued: the test proves nothing", res.Commands, res.Continues)
	}
	d := newDesk(t, b.cfg.Limits)
	var want []codec.Trade
	for _, c := range cmds {
		want = append(want, d.do(c)...)
	}
	sameTrades(t, b.trades, want)
	if res.StateHash != d.core.StateHash() || res.Counts != d.core.Counts() {
		t.Error("the engine has come to another state than the core")
	}
	logged := replayed(t, b)
	sameTrades(t, logged.trades, want)
	if logged.core.StateHash() != res.StateHash {
		t.Error("the log gives another state")
	}
}

// TestManyTriggered: one trade may reach more stop-loss orders than one command lets in.
func TestManyTriggered(t *testing.T) {
	const n = triggersMax + 500
	d := newDesk(t, testLimits, define(1))
	d.take(sell(1, 100, 1))
	for i := range orderbook.OrderID(n) {
		d.take(stop(buy(10+i, 105, 1), 100))
	}
	d.deals("trigger", buy(2, 100, 1), deal{2, 1, 100, 1, orderbook.Buy, false})
	if c := d.core.Counts(); c.Triggered != n || c.Continues != 1 {
		t.Errorf("%d triggered, %d commands continued, want %d by one more command", c.Triggered, c.Continues, n)
	}
}

// TestTriggeredOrderHasRoom: an order is not cut short because the command that triggered it has used up
// the trades of one command.
func TestTriggeredOrderHasRoom(t *testing.T) {
	l := testLimits
	l.FillsMax = 10
	d := newDesk(t, l, define(1))
	for i := range orderbook.OrderID(13) {
		d.take(sell(i+1, 100, 1))
	}
	d.take(stop(buy(50, 105, 5), 100))
	d.take(buy(51, 100, 8))
	if c := d.core.Counts(); c.Trades != 13 || c.Continues == 0 || c.Removed[RemovedFillLimit] != 0 {
		t.Errorf("%+v, want 13 trades by more than one command", c)
	}
}

// TestInputEndsWithWork: what the last command leaves is done too.
func TestInputEndsWithWork(t *testing.T) {
	cmds := []codec.Command{define(1), phase(codec.PhasePreOpen, 0)}
	for i := range orderbook.OrderID(30) {
		cmds = append(cmds, buy(2*i+1, 100, 1), sell(2*i+2, 100, 1))
	}
	b := newTestBox(t, fewFills)
	res, err := b.run(t, append(cmds, phase(codec.PhasePreOpenMatch, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.trades) != 30 || res.Continues == 0 {
		t.Errorf("%d trades committed, %d commands continued, want 30 trades", len(b.trades), res.Continues)
	}
}

// TestVetoInAuctionsAndCascades: E7, while auctions and cascades are cut into many commands and the
// refused orders change how many they need.
func TestVetoInAuctionsAndCascades(t *testing.T) {
	const bad = 2
	b := newTestBox(t, func(b *testBox) {
		fewFills(b)
		b.cfg.VetoesMax = 1 << 30
		b.peers[0].app.veto = func(tr *codec.Trade) (bits uint8) {
			if tr.TakerClient == bad && tr.TakerMember == 1 {
				bits |= batch3pc.VetoTaker
			}
			if tr.MakerClient == bad && tr.MakerMember == 1 {
				bits |= batch3pc.VetoMaker
			}
			return bits
		}
	})
	res, err := b.run(t, anyFlow(22, 4000))
	if err != nil {
		t.Fatal(err)
	}
	if res.BatchesAborted == 0 || res.Continues == 0 || res.AuctionTrades == 0 {
		t.Fatalf("%d batches aborted, %d commands continued: the test proves nothing", res.BatchesAborted, res.Continues)
	}
	for i := range b.trades {
		if tr := &b.trades[i]; tr.TakerClient == bad && tr.TakerMember == 1 || tr.MakerClient == bad && tr.MakerMember == 1 {
			t.Fatalf("a refused trade was committed: %+v", tr)
		}
	}
	logged := replayed(t, b)
	sameTrades(t, logged.trades, b.trades)
	if logged.core.StateHash() != res.StateHash || logged.core.Counts() != res.Counts {
		t.Error("the log and its vetoes give another state")
	}
	if err := logged.core.check(); err != nil {
		t.Error(err)
	}
}

// matched is a core and all that it has traded.
type matched struct {
	core   *Core
	trades []codec.Trade
}

// replayed matches the log of a finished box again.
func replayed(t *testing.T, b *testBox) matched {
	t.Helper()
	core, err := NewCore(b.cfg.Limits, b.log.vetoes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	m, open := matched{core: core}, NewBuilder(0, 1)
	err = b.log.Replay(func(kind uint8, body []byte) error {
		if kind != RecordCommands {
			return nil
		}
		cmds, _ := codec.Commands(body)
		for i := range cmds {
			core.Apply(&cmds[i], open)
			m.trades = append(m.trades, open.trades...)
			open.Reset(core.LastCommand(), core.NextTrade())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCatchUpOrRefuse: a command for an instrument with work left, which only a log matched again can
// hold, first goes on with it; if it is not finished then, it is refused. Other instruments do not wait.
func TestCatchUpOrRefuse(t *testing.T) {
	l := anyLimits
	l.FillsMax = 5
	d := newDesk(t, l, define(1), define(2))
	d.take(phase(codec.PhasePreOpen, 0))
	for i := range 12 {
		d.take(buy(orderbook.OrderID(2*i+1), 100, 1))
		d.take(sell(orderbook.OrderID(2*i+2), 100, 1))
	}
	d.one(phase(codec.PhaseContinuous, 0))
	if n := len(d.open.trades); n != 5 || !d.core.Pending() {
		t.Fatalf("%d trades, pending %v, want 5 of 12", n, d.core.Pending())
	}
	d.one(buy(90, 100, 1))
	c := sell(91, 100, 1)
	c.Instrument = 2
	d.one(c)
	if n := len(d.open.trades); n != 10 || d.core.Counts().Rejects[orderbook.RejectSession] != 1 || !d.core.Pending() {
		t.Fatalf("%d trades, %v, want 10 and one refusal", n, d.core.Counts())
	}
	d.one(sell(92, 100, 1))
	if n := len(d.open.trades); n != 12 || d.core.Pending() {
		t.Fatalf("%d trades, pending %v, want 12", n, d.core.Pending())
	}
	if _, live := d.core.Lookup(1, 92); !live {
		t.Error("the command that finished the work was not applied")
	}
	hash := d.core.marketHash()
	d.one(codec.Command{Kind: codec.KindContinue, Instrument: 1})
	if d.core.marketHash() != hash {
		t.Error("KindContinue without work changed the state")
	}
	d.mustCheck()
}

// TestOrdersLeaveHalfAnAuction: orders may be taken out while an auction is held: by a veto, or by a kill
// switch in a log that is matched again. What was to meet them meets others, at a price of their own.
func TestOrdersLeaveHalfAnAuction(t *testing.T) {
	l := anyLimits
	l.FillsMax = 2
	kill := codec.Command{Kind: codec.KindKill, Member: 3, Client: 3}
	for _, tc := range []struct {
		name   string
		opens  codec.Phase
		ends   codec.Phase
		vetoes []Veto
		next   []codec.Command
		want   []deal
	}{
		{"kill", codec.PhasePreOpen, codec.PhaseContinuous, nil, []codec.Command{kill}, []deal{{4, 7, 103, 10, orderbook.Buy, true}}},
		{"veto", codec.PhasePreOpen, codec.PhaseContinuous, []Veto{{From: 11, To: 11, Orders: []VetoOrder{{1, 3}}}}, nil, []deal{{4, 7, 103, 10, orderbook.Buy, true}}},
		{"kill at the close", codec.PhaseClosing, codec.PhaseClosingMatch, nil, []codec.Command{kill}, nil},
	} {
		core, err := NewCore(l, tc.vetoes)
		if err != nil {
			t.Fatal(err)
		}
		defer core.Close()
		d := &desk{t: t, core: core, open: NewBuilder(0, 1)}
		d.take(define(1))
		d.take(phase(tc.opens, 104))
		for i := range uint32(3) {
			d.take(client(buy(orderbook.OrderID(1+i), 105, 10), 1+i))
			d.take(client(sell(orderbook.OrderID(5+i), 103, 10), 5+i))
		}
		d.take(client(buy(4, 103, 10), 4))
		d.one(phase(tc.ends, 0)) // the price is 105: all three sells find a buyer there, and none is left over
		if n := len(d.open.trades); n != 2 || !core.Pending() || d.open.trades[0].Price != 105 {
			t.Fatalf("%s: %d trades, pending %v, want 2 of 3", tc.name, n, core.Pending())
		}
		for _, c := range tc.next {
			d.one(c)
		}
		for core.Pending() {
			d.one(core.Continue())
		}
		got := d.open.trades[2:]
		if len(got) != len(tc.want) {
			t.Fatalf("%s: %d trades more, want %d: %+v", tc.name, len(got), len(tc.want), got)
		}
		for i, g := range got {
			if (deal{g.Taker, g.Maker, g.Price, g.Qty, g.TakerSide, g.Flags == codec.TradeAuction}) != tc.want[i] {
				t.Fatalf("%s: trade %d is %+v, want %+v", tc.name, i, g, tc.want[i])
			}
		}
		d.mustCheck()
	}
}

// TestVetoHaltsHalfWay: an instrument that a veto halts while it has work trades no more until its next phase, and
// then goes on: with the stop-loss orders that were reached, or with the auction, at a price of its own.
func TestVetoHaltsHalfWay(t *testing.T) {
	l := anyLimits
	l.FillsMax = 4
	start := func(cmds ...codec.Command) *desk {
		core, err := NewCore(l, []Veto{{From: uint64(len(cmds)) + 1, To: uint64(len(cmds)) + 1, Orders: []VetoOrder{{Instrument: 1}}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(core.Close)
		d := &desk{t: t, core: core, open: NewBuilder(0, 1)}
		for _, c := range cmds {
			d.one(c)
		}
		if !core.Pending() {
			t.Fatal("no work is left")
		}
		from := len(d.open.trades)
		d.one(core.Continue())
		if core.Pending() || len(d.open.trades) != from || core.Phase(1) != codec.PhaseHalted {
			t.Errorf("pending %v in phase %s, trades %+v", core.Pending(), core.Phase(1), d.open.trades[from:])
		}
		d.mustCheck()
		return d
	}
	cascade := []codec.Command{define(1)}
	for i := range orderbook.OrderID(8) {
		cascade = append(cascade, client(sell(1+i, 100, 1), 1), client(stop(buy(11+i, 100, 1), 100), 2))
	}
	d := start(append(cascade, client(buy(30, 100, 1), 3))...)
	left := 9 - len(d.open.trades)
	if got := d.do(phase(codec.PhaseContinuous, 0)); len(got) != left-1 || left < 2 {
		t.Errorf("%d trades after the halt, want %d", len(got), left-1)
	}
	d.mustCheck()

	auction := []codec.Command{define(1), phase(codec.PhasePreOpen, 0)}
	for i := range orderbook.OrderID(6) {
		auction = append(auction, client(sell(1+i, 100, 1), 1), client(buy(11+i, 100, 1), 2))
	}
	d = start(append(auction, phase(codec.PhasePreOpenMatch, 0))...)
	d.take(kind(codec.KindCancel, client(buy(16, 0, 0), 2)))
	if got := d.do(phase(codec.PhaseContinuous, 0)); len(got) != 1 || got[0].Maker != 5 || got[0].Flags != codec.TradeAuction {
		t.Errorf("after the halt %+v, want one trade of the auction", got)
	}
	d.rests(6, 100, 1)
	d.mustCheck()
}
