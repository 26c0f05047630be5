package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/orderbook"
)

// desk is a core with a log of its own: it gives the commands their numbers, and goes on with what one
// command could not finish, as the engine's loop does.
type desk struct {
	t    testing.TB
	core *Core
	open *Builder
	seq  uint64
	log  []codec.Command
}

func newDesk(t testing.TB, l Limits, cmds ...codec.Command) *desk {
	t.Helper()
	core, err := NewCore(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, core: core, open: NewBuilder(0, 1)}
	t.Cleanup(core.Close)
	for _, c := range cmds {
		d.do(c)
	}
	return d
}

// do applies a command, and KindContinue as long as work is left. It returns the trades.
func (d *desk) do(c codec.Command) []codec.Trade {
	d.t.Helper()
	if d.open.Full(batchTargetMax) {
		d.open.Reset(d.core.LastCommand(), d.core.NextTrade())
	}
	from := len(d.open.trades)
	d.one(c)
	for d.core.Pending() {
		if d.open.Full(batchTargetMax) {
			d.t.Fatal("one command fills a batch")
		}
		d.one(d.core.Continue())
	}
	return d.open.trades[from:]
}

func (d *desk) one(c codec.Command) {
	d.seq++
	c.Seq = d.seq
	d.log = append(d.log, c)
	d.core.Apply(&c, d.open)
}

// take is do for a command that must not be refused.
func (d *desk) take(c codec.Command) []codec.Trade {
	d.t.Helper()
	before := d.core.Counts().Rejects
	trades := d.do(c)
	if after := d.core.Counts().Rejects; after != before {
		d.t.Fatalf("command %d, kind %d, order %d is refused: %s", d.seq, c.Kind, c.Order, newReject(before, after))
	}
	return trades
}

// newReject is the reason that after counts and before does not.
func newReject(before, after [orderbook.RejectReasonCount]uint64) orderbook.RejectReason {
	for r := range after {
		if after[r] != before[r] {
			return orderbook.RejectReason(r)
		}
	}
	return orderbook.Accepted
}

// marketHash hashes what a refused command must leave as it is.
func (c *Core) marketHash() uint64 {
	var d xxhash.Digest
	d.Reset()
	c.hashMarkets(&d)
	return d.Sum64()
}

// check verifies the books, the accounts, and that exactly that is reserved which live orders need.
func (c *Core) check() error {
	type key struct {
		p    uint32
		side orderbook.Side
	}
	sums := map[key]int64{}
	live, bad := 0, error(nil)
	c.eachOrder(func(_ uint32, o orderbook.RestingOrder) {
		own := &c.owners[o.Slot]
		if own.side != o.Side || own.position == 0 {
			bad = fmt.Errorf("order %d on side %v has owner %+v", o.ID, o.Side, own)
		}
		sums[key{uint32(own.position), o.Side}] += own.worth(o.Qty)
		live++
	})
	if bad != nil {
		return bad
	}
	for i, b := range c.books[1:] {
		if err := b.Check(); err != nil {
			return fmt.Errorf("instrument %d: %w", i+1, err)
		}
		if m := &c.markets[i+1]; m.work&workPending == 0 {
			if m.can&canCollect != 0 != b.Collecting() && m.phase != codec.PhaseHalted && m.phase != codec.PhaseClosed &&
				m.phase != codec.PhaseReference && m.phase != codec.PhaseEndOfDay {
				return fmt.Errorf("instrument %d is in phase %s, collecting %v", i+1, m.phase, b.Collecting())
			}
		}
	}
	if live != c.LiveOrders() {
		return fmt.Errorf("%d orders in the books, %d live", live, c.LiveOrders())
	}
	positions := binary.LittleEndian.Uint32(c.accounts.AppendState(nil)[16:]) // pretrade's header
	for p := uint32(1); p <= positions; p++ {
		_, buy, sell := c.accounts.Net(pretrade.Position(p))
		if want := sums[key{p, orderbook.Buy}]; buy != want {
			return fmt.Errorf("position %d reserves %d for buys, its orders need %d", p, buy, want)
		}
		if want := sums[key{p, orderbook.Sell}]; sell != want {
			return fmt.Errorf("position %d reserves %d for sells, its orders need %d", p, sell, want)
		}
	}
	return errors.Join(c.coherent(), c.accounts.Check())
}

// mustCheck is check for tests.
func (d *desk) mustCheck() {
	d.t.Helper()
	if err := d.core.check(); err != nil {
		d.t.Fatalf("after command %d: %v", d.seq, err)
	}
}

// order is a day order of member 1, client 1 in instrument 1.
func order(id orderbook.OrderID, side orderbook.Side, price orderbook.Price, qty orderbook.Qty) codec.Command {
	return codec.Command{Kind: codec.KindNew, Instrument: 1, Order: id, Side: side, Price: price, Qty: qty, Member: 1, Client: 1}
}

func buy(id orderbook.OrderID, price orderbook.Price, qty orderbook.Qty) codec.Command {
	return order(id, orderbook.Buy, price, qty)
}

func sell(id orderbook.OrderID, price orderbook.Price, qty orderbook.Qty) codec.Command {
	return order(id, orderbook.Sell, price, qty)
}

// atMarket makes an order one without a limit.
func atMarket(c codec.Command) codec.Command {
	c.Flags |= codec.FlagMarket
	c.Price = 0
	return c
}

// stop makes an order wait for its trigger.
func stop(c codec.Command, trigger orderbook.Price) codec.Command {
	c.Flags |= codec.FlagStopLoss
	c.Trigger = trigger
	return c
}

// as makes the order one of a member and client.
func as(c codec.Command, member uint16, client uint32) codec.Command {
	c.Member, c.Client = member, client
	return c
}

// of makes the order that of a PAN.
func of(c codec.Command, pan uint32) codec.Command {
	c.PAN = pan
	return c
}

// kind makes the command another one for the same order.
func kind(k codec.Kind, c codec.Command) codec.Command {
	c.Kind = k
	return c
}

func phase(p codec.Phase, reference orderbook.Price) codec.Command {
	c := codec.PhaseChange{Instrument: 1, Phase: p, Reference: reference}
	return *c.AsCommand()
}

func rules(r codec.Rules) codec.Command {
	if r.Instrument == 0 {
		r.Instrument = 1
	}
	return *r.AsCommand()
}

func limit(member uint16, client uint32, margin int64) codec.Command {
	l := codec.Limit{Member: member, Client: client, Margin: margin}
	return *l.AsCommand()
}

// anyDay is a random flow over all kinds of command, phases and rules.
type anyDay struct {
	*rand.Rand
	issued []codec.Command
	killed []codec.Command
	next   orderbook.OrderID
	timeNs int64
}

const anyInstruments = 2

func newAnyDay(seed uint64) *anyDay { return &anyDay{Rand: rand.New(rand.NewPCG(seed, 1)), next: 1} }

func (a *anyDay) chance(percent int) bool { return a.IntN(100) < percent }

func (a *anyDay) command() codec.Command {
	a.timeNs += a.Int64N(5_000_000_000)
	var c codec.Command
	switch n := a.IntN(1000); {
	case n < 620 || len(a.issued) == 0:
		c = a.entry()
	case n < 940:
		c = a.followUp()
	case n < 963:
		c = a.phase()
	case n < 972:
		c = a.rules()
	case n < 990:
		c = limit(uint16(1+a.IntN(3)), uint32(a.IntN(3)), a.Int64N(2)*a.Int64N(60_000))
	default:
		c = codec.Command{Kind: codec.KindMassCancel, Member: uint16(a.IntN(4)), Client: uint32(1 + a.IntN(4)), Instrument: uint32(a.IntN(anyInstruments + 2)), Side: orderbook.Side(a.IntN(3))}
		if a.chance(50) {
			c.Kind, c.Side = codec.KindKill, 0
			if c.Flags = codec.FlagLift; len(a.killed) > 0 && a.chance(90) {
				c.Member, c.Client, c.Instrument = a.killed[0].Member, a.killed[0].Client, a.killed[0].Instrument
				a.killed = a.killed[1:]
			} else {
				c.Flags = 0
				a.killed = append(a.killed, c)
			}
		}
	}
	c.TimeNs = a.timeNs
	return c
}

func (a *anyDay) entry() codec.Command {
	c := codec.Command{
		Kind: codec.KindNew, Order: a.next, Instrument: uint32(1 + a.IntN(anyInstruments)), Side: orderbook.Side(1 + a.IntN(2)),
		Price: orderbook.Price(1000 + a.IntN(30)), Qty: orderbook.Qty(1 + a.IntN(9)),
		Member: uint16(1 + a.IntN(3)), Client: uint32(1 + a.IntN(4)),
	}
	a.next++
	if a.chance(1) {
		c.Side = 0
	}
	if a.chance(30) {
		c.PAN = uint32(1 + a.IntN(6))
	}
	if a.chance(15) {
		c.Flags |= codec.FlagMarket
	}
	if a.chance(15) {
		c.Flags |= codec.FlagStopLoss
		c.Trigger = c.Price + orderbook.Price(a.IntN(5)-2)
	}
	if a.chance(3) {
		c.Flags |= codec.FlagPreOpen
	}
	if a.chance(10) {
		c.Flags |= codec.FlagCancelActive
	}
	if a.chance(15) {
		c.TIF = orderbook.TimeInForce(a.IntN(6))
	}
	if a.chance(15) {
		c.Disclosed = orderbook.Qty(a.IntN(6))
	}
	a.issued = append(a.issued, c)
	return c
}

// followUp is about an order that has been entered: mostly one of the last.
func (a *anyDay) followUp() codec.Command {
	old := a.issued[max(0, len(a.issued)-1-a.IntN(25))]
	c := a.entry()
	a.issued = a.issued[:len(a.issued)-1]
	a.next--
	c.Order, c.Instrument, c.Member, c.Client = old.Order, old.Instrument, old.Member, old.Client
	c.Kind = []codec.Kind{codec.KindModify, codec.KindModify, codec.KindCancel, codec.KindReduce, codec.KindNew}[a.IntN(5)]
	if a.chance(95) {
		c.Side = old.Side
	}
	if a.chance(70) {
		c.Flags = old.Flags
	}
	if a.chance(90) {
		c.PAN = old.PAN
	}
	if a.chance(5) {
		c.Member = 9
	}
	if a.chance(2) {
		c.Side = 0
	}
	if a.chance(5) {
		c.Member, c.Client = 0, 0
	}
	return c
}

func (a *anyDay) phase() codec.Command {
	p := codec.PhaseChange{Instrument: uint32(1 + a.IntN(anyInstruments)), Phase: codec.Phase(a.IntN(int(codec.PhaseCount)))}
	switch n := a.IntN(100); {
	case n < 60:
		p.Phase = codec.PhaseContinuous
	case n < 75:
		p.Phase = codec.PhasePreOpen
	}
	if a.chance(30) {
		p.Reference = orderbook.Price(1000 + a.IntN(30))
	}
	if a.chance(30) {
		p.Auction = codec.AuctionMarketFirst
	}
	return *p.AsCommand()
}

func (a *anyDay) rules() codec.Command {
	r := codec.Rules{Instrument: uint32(1 + a.IntN(anyInstruments)), MarginBps: uint16(a.IntN(5000)), Flags: codec.RuleFlags(a.IntN(256))}
	if a.chance(70) {
		r.PrevClose = orderbook.Price(1000 + a.IntN(30))
	}
	if a.chance(50) {
		r.Low, r.High = orderbook.Price(995+a.IntN(10)), orderbook.Price(1020+a.IntN(15))
	}
	if a.chance(30) {
		r.ExecRange = orderbook.Price(1 + a.IntN(12))
	}
	if a.chance(10) {
		r.ValueMax = a.Int64N(20_000)
	}
	if a.chance(20) {
		r.DisclosedPct = uint8(a.IntN(60))
	}
	if a.chance(10) {
		r.Freeze, r.StopGap = orderbook.Qty(1+a.IntN(9)), orderbook.Price(a.IntN(3))
	}
	return rules(r)
}
