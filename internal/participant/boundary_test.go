package participant_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/internal/participant/risk"
	"github.com/tezi-exchange/tezi/orderbook"
)

// boundaryScales are the decimal digits of the prices of the instruments, by index less one.
var boundaryScales = []uint8{2, 0, 1, 3, 4, 7, 9}

// boundary is an engine's core, with limits, before the three roles, which have the same ones.
type boundary struct {
	t      *testing.T
	core   *engine.Core
	open   *engine.Builder
	roles  []participant.Role
	oracle oracle
	stream ledgertest.Stream
	timeNs int64
	banded bool // what instruments have in auctions at NSE, and always in such a market
}

func newBoundary(t *testing.T, limits risk.Config) *boundary {
	t.Helper()
	core, err := engine.NewCore(engine.Limits{
		OrdersMax: 500, InstrumentsMax: len(boundaryScales), BatchTarget: 200, ClientsMax: 64, PositionsMax: 400,
		ClientMargin: engine.MarginOf(limits.ClientExposureMax), MemberMargin: engine.MarginOf(limits.MemberExposureMax), OrderValueMax: limits.TradeValueMax,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	b := &boundary{t: t, core: core, open: engine.NewBuilder(0, 1), roles: roles(t), timeNs: ledgertest.At("2026-01-02 09:15:00")}
	limits.MarginBps = 1234
	if b.roles[0], err = risk.New(limits); err != nil {
		t.Fatal(err)
	}
	b.oracle = oracle{instruments: map[uint32]codec.Instrument{}, marginBps: 1234, holidays: []string{holiday}}
	for i, scale := range boundaryScales {
		in := ledgertest.Instrument(uint32(i+1), fmt.Sprint("S", i), scale)
		in.Tick, in.Lot = 1, 1
		b.oracle.instruments[in.Instrument] = in
		b.do(*in.AsCommand())
	}
	return b
}

// do has the core do a command, and returns the order's reject, if it is refused.
func (b *boundary) do(c codec.Command) (r orderbook.RejectReason) {
	c.TimeNs = b.timeNs
	before := b.core.Counts().Rejects
	b.step(&c)
	for b.core.Pending() {
		b.commit()
		more := b.core.Continue()
		b.step(&more)
	}
	if b.open.Full(200) {
		b.commit()
	}
	for i, n := range b.core.Counts().Rejects {
		if n > before[i] {
			r = orderbook.RejectReason(i)
		}
	}
	return r
}

func (b *boundary) step(c *codec.Command) {
	c.Seq = b.core.LastCommand() + 1
	b.core.Apply(c, b.open)
}

// commit has the roles vote on what the core has matched. Whatever it lets through they take.
func (b *boundary) commit() {
	b.t.Helper()
	p := b.open.Payload()
	batch := b.stream.Next(p.Instruments, p.Trades...)
	for _, r := range b.roles {
		if v := r.Vote(batch, false); !v.Yes {
			for i := range p.Trades {
				if batch3pc.VetoBits(v.Veto, i) != 0 {
					b.t.Errorf("%s refuses %+v", r.Name(), p.Trades[i])
				}
			}
			b.t.Fatalf("%s votes %+v on %d trades", r.Name(), v, len(p.Trades))
		}
	}
	b.stream.Voted(batch)
	for _, r := range b.roles {
		r.Apply(batch)
	}
	b.stream.Apply()
	b.open.Reset(b.core.LastCommand(), b.core.NextTrade())
}

// order is a limit order.
func order(id, instrument uint32, side orderbook.Side, price orderbook.Price, qty orderbook.Qty, member uint16, client uint32) codec.Command {
	return codec.Command{Kind: codec.KindNew, Order: orderbook.OrderID(id), Instrument: instrument, Side: side, Price: price, Qty: qty, Member: member, Client: client}
}

// TestLimitsAreInPaise: at every scale of prices a limit lets through what is worth as much to the last unit, and refuses one
// unit more: before matching, so that risk has nothing to refuse. It once was in the units of the price there, and in paise at risk.
func TestLimitsAreInPaise(t *testing.T) {
	const limit = 300 // paise
	units := map[uint8]orderbook.Qty{0: 3, 1: 30, 2: 300, 3: 3000, 4: 30_000, 7: 30_000_000, 9: 3_000_000_000}
	for name, limits := range map[string]risk.Config{
		"client": {ClientExposureMax: limit}, "member": {MemberExposureMax: limit}, "value": {TradeValueMax: limit},
	} {
		want := orderbook.RejectMargin
		if name == "value" {
			want = orderbook.RejectValue
		}
		b := newBoundary(t, limits)
		for i, scale := range boundaryScales {
			instrument, n, member := uint32(i+1), units[scale], uint16(10*i)
			for _, qty := range []orderbook.Qty{n + 1, n} {
				for k, side := range []orderbook.Side{orderbook.Buy, orderbook.Sell} {
					got, want := b.do(order(100*instrument+uint32(qty-n)*10+uint32(k), instrument, side, 1, qty, member+uint16(k)+1, 7)), want
					if qty == n {
						want = orderbook.Accepted
					}
					if got != want {
						t.Errorf("limit of the %s, scale %d: %d units are answered by %s, want %s", name, scale, qty, got, want)
					}
				}
			}
		}
		b.commit()
		if n := b.core.Counts().Trades; n != uint64(len(boundaryScales)) {
			t.Errorf("limit of the %s: %d trades, want %d", name, n, len(boundaryScales))
		}
	}
}

// TestSaleAboveItsLimit: a sell order is worth what it trades for. With a bid above its limit it once passed the limit on its
// value before matching, and risk refused the trade.
func TestSaleAboveItsLimit(t *testing.T) {
	b := newBoundary(t, risk.Config{TradeValueMax: 1000})
	for _, c := range []struct {
		price orderbook.Price
		qty   orderbook.Qty
		want  orderbook.RejectReason
	}{{1, 11, orderbook.RejectValue}, {1, 9, orderbook.Accepted}, {100, 2, orderbook.Accepted}} {
		b.do(order(1, 1, orderbook.Buy, 100, 10, 1, 1))
		if got := b.do(order(2, 1, orderbook.Sell, c.price, c.qty, 2, 2)); got != c.want {
			t.Errorf("%d for at least %d: %s, want %s", c.qty, c.price, got, c.want)
		}
		b.do(codec.Command{Kind: codec.KindMassCancel})
	}
	b.commit()
}

// wild draws a command for a market at the ends of all domains.
func (b *boundary) wild(r *rand.Rand, id uint32) codec.Command {
	pick := func(some ...uint32) uint32 { return some[r.IntN(len(some))] }
	instrument := 1 + r.Uint32N(uint32(len(boundaryScales)))
	c := order(id, instrument, orderbook.Side(1+r.IntN(2)), orderbook.Price(1000+r.IntN(20)), orderbook.Qty(1+r.IntN(50)), uint16(pick(1, 2, 3, math.MaxUint16)), pick(0, 1, 2, math.MaxUint32))
	switch r.IntN(12) {
	case 0:
		c.Price = orderbook.Price(pick(1, 2, 1<<20, math.MaxInt32))
	case 1:
		c.Qty = orderbook.Qty(pick(1<<16, 1<<20, 1<<24, math.MaxUint32))
	case 2:
		c.Price, c.Qty = orderbook.Price(pick(1, 1<<10, math.MaxInt32)), orderbook.Qty(pick(1, 1<<18, 1<<19, 1<<21, math.MaxUint32))
	}
	switch r.IntN(20) {
	case 0, 1:
		c.Flags |= codec.FlagMarket
	case 2:
		c.TIF = orderbook.IOC
	case 3:
		c.Flags |= codec.FlagStopLoss
		c.Trigger = c.Price
	case 4, 5:
		c.Kind, c.Order = codec.KindModify, orderbook.OrderID(id-1-r.Uint32N(min(id-1, 60)))
		c.Side, c.Member, c.Client = 0, 0, 0
	case 6:
		c.Kind, c.Order = codec.KindCancel, orderbook.OrderID(id-1-r.Uint32N(min(id-1, 60)))
		c.Member, c.Client = 0, 0
	case 7:
		c.Disclosed = c.Qty/2 + 1
	}
	switch r.IntN(100) {
	case 0:
		phases := []codec.Phase{codec.PhaseContinuous, codec.PhaseAverage, codec.PhasePostClose, codec.PhaseEndOfDay, codec.PhasePreOpen, codec.PhasePreOpenMatch}
		if !b.banded {
			phases = phases[:4]
		}
		p := codec.PhaseChange{Instrument: instrument, Phase: phases[r.IntN(len(phases))]}
		if p.Phase == codec.PhasePreOpen || p.Phase == codec.PhasePostClose { // what is carried into an auction keeps what was reserved for it
			b.do(codec.Command{Kind: codec.KindMassCancel, Instrument: instrument})
		}
		return *p.AsCommand()
	case 1:
		rules := codec.Rules{Instrument: instrument, PrevClose: 1000, ExecRange: orderbook.Price(pick(0, 5)), Flags: codec.RuleFlags(pick(0, uint32(codec.RuleMarketToLimit)))}
		if b.banded {
			rules.Low, rules.High = 900, 1100
		}
		return *rules.AsCommand()
	case 2:
		return codec.Command{Kind: codec.KindMassCancel, Instrument: instrument}
	}
	return c
}

// TestNothingIsVetoed: whatever comes, at the ends of all domains, at all scales of prices, the roles have nothing to refuse
// of what the engine has matched, and their files are those of the oracle.
func TestNothingIsVetoed(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			limit := func() int64 { return []int64{0, 5, 100_000, 5_000_000, 1 << 40, 1<<50 + 1, math.MaxInt64}[r.IntN(7)] }
			b := newBoundary(t, risk.Config{ClientExposureMax: limit(), MemberExposureMax: limit(), TradeValueMax: limit()})
			if b.banded = seed%2 == 0; b.banded {
				for i := range boundaryScales {
					rules := codec.Rules{Instrument: uint32(i + 1), PrevClose: 1000, Low: 900, High: 1100}
					b.do(*rules.AsCommand())
				}
			}
			for id := range uint32(3000) {
				b.do(b.wild(r, 2+id))
				if b.timeNs += r.Int64N(60_000_000_000); r.IntN(40) == 0 {
					b.commit()
				}
			}
			b.commit()
			b.oracle.trades = ledgertest.Trades(b.stream.Applied())
			for _, role := range b.roles {
				compare(t, &b.oracle, role)
			}
			t.Logf("%d trades, %d refused for margin, %d for value", len(b.oracle.trades),
				b.core.Counts().Rejects[orderbook.RejectMargin], b.core.Counts().Rejects[orderbook.RejectValue])
		})
	}
}
