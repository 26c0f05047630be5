package engine

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

const codecRisk = orderbook.RejectRisk

var testLimits = Limits{OrdersMax: 1 << 12, InstrumentsMax: 2, BatchTarget: 100, ClientsMax: 1 << 8, PositionsMax: 1 << 9}

// TestSameLogSameState: E1, on two cores and with batches cut at other places.
func TestSameLogSameState(t *testing.T) {
	cmds := randomFlow(9, 30_000)
	l := Limits{OrdersMax: 1 << 15, InstrumentsMax: 8, BatchTarget: 100, ClientsMax: 1 << 10, PositionsMax: 1 << 12}
	want, one := matchAll(t, l, cmds, nil)
	defer one.Close()
	two, err := NewCore(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	open := NewBuilder(0, 1)
	var got []codec.Trade
	for i := range cmds {
		c := cmds[i]
		c.Seq = uint64(i + 1)
		two.Apply(&c, open)
		if open.Full(l.BatchTarget) || i == len(cmds)-1 {
			got = append(got, open.trades...)
			open.Reset(two.LastCommand(), two.NextTrade())
		}
	}
	sameTrades(t, got, want)
	if one.StateHash() != two.StateHash() {
		t.Error("state hashes differ")
	}
	cmds[len(cmds)/2].Qty++
	_, three := matchAll(t, l, cmds, nil)
	defer three.Close()
	if one.StateHash() == three.StateHash() {
		t.Error("the state hash does not see another command")
	}
}

// TestWarmDecidesNothing: E1, whatever Warm has been shown: what comes, something else, or nothing.
func TestWarmDecidesNothing(t *testing.T) {
	cmds := randomFlow(9, 30_000)
	l := Limits{OrdersMax: 1 << 15, InstrumentsMax: 8, BatchTarget: 100, ClientsMax: 1 << 10, PositionsMax: 1 << 12}
	want, cold := matchAll(t, l, cmds, nil)
	defer cold.Close()
	for name, shown := range map[string]func(at int) int{
		"what comes":     func(at int) int { return at },
		"something else": func(at int) int { return len(cmds) - 1 - at },
		"now and then":   func(at int) int { return at / 1000 * 1000 },
	} {
		core, err := NewCore(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer core.Close()
		var ahead [chunkMax]Entry
		open, trades := NewBuilder(0, 1), 0
		for i := range cmds {
			if i%50 == 0 {
				n := 0
				for at := shown(i); n < chunkMax && at < len(cmds); at++ {
					ahead[n].Command = cmds[at]
					n++
				}
				core.Warm(ahead[:n])
				if i%100 == 0 { // orders too, which are too few here to be looked for
					core.WarmLogged(cmds[shown(i):min(shown(i)+n, len(cmds))])
					core.refs = core.refs[:0]
					for k := range ahead[:n] {
						core.refer(&ahead[k].Command)
					}
					core.warmOrders()
				}
			}
			c := cmds[i]
			c.Seq = uint64(i + 1)
			core.Apply(&c, open)
			if open.Full(l.BatchTarget) {
				trades += open.Trades()
				open.Reset(core.LastCommand(), core.NextTrade())
			}
		}
		if trades += open.Trades(); trades != len(want) || core.StateHash() != cold.StateHash() {
			t.Errorf("%s: %d trades, want %d; state %x, want %x", name, trades, len(want), core.StateHash(), cold.StateHash())
		}
	}
}

// TestStateHashSees: whatever decides about orders to come is in the hash.
func TestStateHashSees(t *testing.T) {
	base := []codec.Command{define(1), as(buy(1, 100, 10), 1, 1), {Kind: codec.KindUnreadable}}
	seen := map[uint64]string{}
	for name, last := range map[string]codec.Command{
		"nothing":     {Kind: codec.KindUnreadable},
		"order":       as(buy(2, 100, 10), 1, 1),
		"its member":  as(buy(2, 100, 10), 2, 1),
		"its client":  as(buy(2, 100, 10), 1, 2),
		"phase":       phase(codec.PhaseHalted, 0),
		"reference":   phase(codec.PhaseReference, 100),
		"rules":       rules(codec.Rules{Freeze: 9}),
		"limit":       limit(1, 1, 1000),
		"kill switch": {Kind: codec.KindKill, Member: 9},
	} {
		d := newDesk(t, testLimits, base...)
		d.do(last)
		h := d.core.StateHash()
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		seen[h] = name
	}
}

func TestInstrumentLimit(t *testing.T) {
	core, _ := coreWith(t, define(1), define(2), define(3))
	if got := core.Counts().Rejects[orderbook.RejectInstrumentLimit]; got != 1 {
		t.Errorf("%d rejects by the instrument limit, want 1", got)
	}
}

// TestFullyDisclosedIsOrdinary: NSE's files carry a disclosed quantity equal to the quantity.
func TestFullyDisclosedIsOrdinary(t *testing.T) {
	core, _ := coreWith(t, define(1), codec.Command{Kind: codec.KindNew, Instrument: 1, Order: 1, Side: orderbook.Buy, Price: 100, Qty: 10, Disclosed: 10})
	if core.Counts().OrdersAccepted != 1 {
		t.Error("an order that discloses all of its quantity is refused")
	}
}

// TestOwnersFollowTheirOrders: trades name the members and clients of both sides, also after
// modifies that move an order to another slot and after slots were used again.
func TestOwnersFollowTheirOrders(t *testing.T) {
	entry := func(id orderbook.OrderID, side orderbook.Side, price orderbook.Price, member uint16) codec.Command {
		return codec.Command{Kind: codec.KindNew, Instrument: 1, Order: id, Side: side, Price: price, Qty: 5, Member: member, Client: uint32(member) * 10}
	}
	move := entry(1, orderbook.Sell, 103, 0) // nobody is named: a modify does not change whose order it is
	move.Kind = codec.KindModify
	_, open := coreWith(t,
		define(1),
		entry(1, orderbook.Sell, 101, 1), entry(2, orderbook.Sell, 102, 2),
		move, // order 1 goes behind order 2
		entry(3, orderbook.Buy, 103, 3), entry(4, orderbook.Sell, 103, 4), entry(5, orderbook.Buy, 103, 5), entry(6, orderbook.Buy, 103, 6),
	)
	want := []struct {
		taker, maker     orderbook.OrderID
		takerOf, makerOf uint16
	}{{3, 2, 3, 2}, {5, 1, 5, 1}, {6, 4, 6, 4}}
	if len(open.trades) != len(want) {
		t.Fatalf("%d trades, want %d: %+v", len(open.trades), len(want), open.trades)
	}
	for i, w := range want {
		g := open.trades[i]
		if g.Taker != w.taker || g.Maker != w.maker || g.TakerMember != w.takerOf || g.MakerMember != w.makerOf ||
			g.TakerClient != uint32(w.takerOf)*10 || g.MakerClient != uint32(w.makerOf)*10 {
			t.Errorf("trade %d: %+v, want %+v", i, g, w)
		}
	}
}

// TestOwnersCoverEverySlot: levels take slots too, so slots run beyond the number of orders.
func TestOwnersCoverEverySlot(t *testing.T) {
	l := Limits{OrdersMax: 10, InstrumentsMax: 1, BatchTarget: 10, ClientsMax: 1, PositionsMax: 1}
	cmds := []codec.Command{define(1)}
	for i := range 10 {
		cmds = append(cmds, codec.Command{Kind: codec.KindNew, Instrument: 1, Order: orderbook.OrderID(i + 1), Side: orderbook.Buy, Price: orderbook.Price(100 + i), Qty: 1})
	}
	_, core := matchAll(t, l, cmds, nil)
	defer core.Close()
	if core.LiveOrders() != 10 {
		t.Errorf("%d orders rest, want 10", core.LiveOrders())
	}
}

// TestVeto: a resting order is taken out, its later commands up to To are refused, and its number
// may be used again afterwards.
func TestVeto(t *testing.T) {
	entry := func(id orderbook.OrderID, side orderbook.Side) codec.Command {
		return codec.Command{Kind: codec.KindNew, Instrument: 1, Order: id, Side: side, Price: 100, Qty: 5}
	}
	cmds := []codec.Command{define(1), entry(1, orderbook.Buy), entry(2, orderbook.Buy), entry(3, orderbook.Sell), entry(9, orderbook.Sell), entry(9, orderbook.Sell)}
	veto := Veto{From: 4, To: 5, Orders: []VetoOrder{{1, 1}, {1, 9}}}
	trades, core := matchAll(t, testLimits, cmds, []Veto{veto})
	defer core.Close()
	if len(trades) != 1 || trades[0].Maker != 2 || trades[0].Taker != 3 {
		t.Errorf("trades %+v, want order 3 against order 2: order 1 is vetoed", trades)
	}
	if got := core.Counts().Rejects[orderbook.RejectRisk]; got != 1 {
		t.Errorf("%d commands refused by the veto, want 1 (the first entry of order 9)", got)
	}
	if core.LiveOrders() != 1 {
		t.Errorf("%d orders rest, want the second entry of order 9", core.LiveOrders())
	}
}

func TestVetoRecordRoundTrip(t *testing.T) {
	v := Veto{From: 3, To: 1 << 40, Orders: []VetoOrder{{1, 2}, {3, 1 << 63}}}
	b := appendVeto(nil, &v)
	got, err := DecodeVeto(b)
	if err != nil || got.From != v.From || got.To != v.To || !slices.Equal(got.Orders, v.Orders) {
		t.Errorf("%+v, %v, want %+v", got, err, v)
	}
	for n := range b {
		if _, err := DecodeVeto(b[:n]); !errors.Is(err, ErrRecord) {
			t.Errorf("%d of %d bytes: %v, want ErrRecord", n, len(b), err)
		}
	}
}

// TestApplyAllocatesNothing: design D8.
func TestApplyAllocatesNothing(t *testing.T) {
	cmds, spoilt := randomFlow(10, 20_000), rand.New(rand.NewPCG(10, 3))
	for _, c := range anyFlow(10, 20_000)[2:] { // all kinds of order in and out of auctions, stop-loss orders, kill switches
		if c.Kind == codec.KindPhase && c.AsPhaseChange().Phase == codec.PhaseEndOfDay || c.Kind == codec.KindRules {
			continue // they go through whole books, once a day
		}
		cmds = append(cmds, c)
		spoil(spoilt, &c) // whatever is wrong with a command
		if c.Kind <= codec.KindReduce || c.Kind == codec.KindUnreadable || c.Kind > codec.KindHalt {
			cmds = append(cmds, c)
		}
	}
	core, err := NewCore(Limits{OrdersMax: 1 << 15, InstrumentsMax: 8, BatchTarget: 1000, ClientsMax: 1 << 10, PositionsMax: 1 << 12}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	open := NewBuilder(0, 1)
	next := 0
	step := func() {
		c := cmds[next]
		next++
		c.Seq = uint64(next)
		core.Apply(&c, open)
		if open.Full(1000) {
			open.Reset(core.LastCommand(), core.NextTrade())
		}
	}
	for next < 1000 {
		step() // definitions and growth
	}
	if n := testing.AllocsPerRun(len(cmds)-next-1, step); n != 0 {
		t.Errorf("%v allocations per command", n)
	}
	if c := core.Counts(); c.Rejects[orderbook.RejectUnknownInstrument] < 1000 || c.OrdersAccepted < 10_000 {
		t.Errorf("%+v: that proves little", c)
	}
}

// coreWith returns a core that has applied cmds into one open batch.
func coreWith(t *testing.T, cmds ...codec.Command) (*Core, *Builder) {
	t.Helper()
	core, err := NewCore(testLimits, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	open := NewBuilder(0, 1)
	for i := range cmds {
		cmds[i].Seq = uint64(i + 1)
		core.Apply(&cmds[i], open)
	}
	return core, open
}
