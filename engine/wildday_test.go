package engine

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// wildDay is anyDay with the ends of all domains mixed in: prices, quantities, times, references and bands.
type wildDay struct{ *anyDay }

// oneOf is one of the values.
func oneOf[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func (w wildDay) command() codec.Command {
	c := w.anyDay.command()
	switch c.Kind {
	case codec.KindNew, codec.KindModify, codec.KindReduce:
		if w.chance(4) {
			c.Price = oneOf[orderbook.Price](w.Rand, math.MaxInt32, math.MaxInt32-1, 1, 2, 0, -1, math.MinInt32, 1<<20)
		}
		if w.chance(4) {
			c.Qty = oneOf[orderbook.Qty](w.Rand, math.MaxUint32, 1<<31, 1<<21, 1<<18, 0)
		}
		if w.chance(2) {
			c.Trigger = oneOf[orderbook.Price](w.Rand, math.MaxInt32, 1, -1, math.MinInt32)
		}
		if w.chance(2) {
			c.Disclosed = oneOf[orderbook.Qty](w.Rand, math.MaxUint32, 1<<31)
		}
	case codec.KindPhase:
		p := *c.AsPhaseChange()
		if w.chance(20) {
			p.Reference = oneOf[orderbook.Price](w.Rand, math.MaxInt32, math.MaxInt32-1, 1, 2, 900, 2000, -1)
		}
		c = *p.AsCommand()
	case codec.KindRules:
		r := *c.AsRules()
		if w.chance(15) {
			r.PrevClose = oneOf[orderbook.Price](w.Rand, math.MaxInt32, 1, 2, 500, 5000)
		}
		if w.chance(15) {
			r.Low, r.High = oneOf[orderbook.Price](w.Rand, 0, 1, 1010, 2000, math.MaxInt32), oneOf[orderbook.Price](w.Rand, 0, 1010, 2000, math.MaxInt32-1, math.MaxInt32)
		}
		if w.chance(15) {
			r.ExecRange = oneOf[orderbook.Price](w.Rand, math.MaxInt32, 1, 2000)
		}
		if w.chance(10) {
			r.MarginBps = math.MaxUint16
		}
		c = *r.AsCommand()
	case codec.KindLimit:
		l := *c.AsLimit()
		if w.chance(20) {
			l.Margin = oneOf[int64](w.Rand, math.MaxInt64, 1, 2, -1)
		}
		c = *l.AsCommand()
	}
	if w.chance(2) {
		c = codec.Command{Kind: codec.KindHalt, Ref: uint32(oneOf(w.Rand, orderbook.RejectHalted, orderbook.RejectDiskFull)), Flags: codec.FlagLift * codec.Flags(w.IntN(2))}
	}
	if w.chance(1) {
		w.timeNs += oneOf[int64](w.Rand, 86_400_000_000_000, 59_999_999_999, 3_600_000_000_000)
	}
	c.TimeNs = w.timeNs
	if w.chance(1) {
		c.TimeNs = oneOf[int64](w.Rand, math.MaxInt64, math.MinInt64, -1, 0)
	}
	return c
}

// TestAnyWildDay: at the ends of all domains, too, books and accounts stay in order over any flow, also while the market is
// halted; a core that was restored at any place, in the middle of work or not, comes to the same state; and in the end nothing is
// left reserved.
func TestAnyWildDay(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		l := anyLimits
		l.FillsMax = 1 + 4*int(seed)
		whole, day := newAnyDesk(t, l), wildDay{newAnyDay(seed)}
		day.timeNs = int64(seed%2) * 1_790_000_000_000_000_000
		for range 400 {
			whole.do(day.command())
			whole.mustCheck()
		}
		whole.do(codec.Command{Kind: codec.KindHalt, Flags: codec.FlagLift})
		for i := range uint32(anyInstruments) {
			open := codec.PhaseChange{Instrument: i + 1, Phase: codec.PhaseContinuous}
			whole.do(*open.AsCommand())
		}
		whole.do(codec.Command{Kind: codec.KindMassCancel})
		whole.mustCheck()
		if n := whole.core.LiveOrders(); n != 0 {
			t.Errorf("seed %d: %d orders live after a mass cancel", seed, n)
		}
		core, err := NewCore(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		again := &desk{t: t, core: core, open: NewBuilder(0, 1)}
		for i, c := range whole.log {
			again.one(c)
			again.open.Reset(again.core.LastCommand(), again.core.NextTrade())
			if i%4 == 0 {
				again.restore(nil)
			}
		}
		if again.core.StateHash() != whole.core.StateHash() || again.core.Counts() != whole.core.Counts() {
			t.Errorf("seed %d: restored again and again it comes to another state", seed)
		}
		again.core.Close()
	}
}
