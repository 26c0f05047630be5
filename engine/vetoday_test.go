package engine

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/orderbook"
)

// TestAnyDayWithVetoes: whatever a day was doing when orders were refused and instruments halted, its log matches
// again to books and accounts that are in order, also where work was left, with a core that was restored at any place,
// and what clients have bought for they have sold to each other for.
func TestAnyDayWithVetoes(t *testing.T) {
	worked, removed := 0, uint64(0)
	for seed := range uint64(10) {
		l, r := anyLimits, rand.New(rand.NewPCG(seed, 3))
		l.FillsMax = 1 + 3*int(seed)
		first, day := newAnyDesk(t, l), newAnyDay(seed)
		for range 400 {
			if c := day.command(); r.IntN(40) > 0 {
				first.do(c)
				continue
			}
			halt := codec.Command{Kind: codec.KindHalt, TimeNs: day.timeNs, Ref: uint32(orderbook.RejectHalted)}
			if first.core.Halted() != orderbook.Accepted {
				halt.Flags = codec.FlagLift
			}
			first.do(halt)
		}
		vetoes := anyVetoes(r, first.log)
		core, err := NewCore(l, vetoes)
		if err != nil {
			t.Fatal(err)
		}
		again := &desk{t: t, core: core, open: NewBuilder(0, 1)}
		replay := func(c codec.Command) {
			work := again.core.Pending()
			again.one(c)
			if work {
				worked++
			}
			if work || again.seq%8 == 0 {
				again.mustCheck()
				again.mustBalance()
			}
			if again.seq%32 == 0 {
				again.restore(vetoes)
			}
			again.open.Reset(again.core.LastCommand(), again.core.NextTrade())
		}
		for _, c := range first.log {
			replay(c)
		}
		for again.core.Pending() {
			replay(again.core.Continue())
		}
		removed += again.core.Counts().Removed[RemovedVeto]
		again.core.Close()
	}
	if worked == 0 || removed == 0 {
		t.Errorf("%d commands met work, %d orders were taken out: the test proves nothing", worked, removed)
	}
}

// mustBalance checks that the positions of all clients add up to nothing.
func (d *desk) mustBalance() {
	d.t.Helper()
	sum := int64(0)
	for p := range d.core.accounts.Positions() {
		net, _, _ := d.core.accounts.Net(pretrade.Position(p + 1))
		sum += net
	}
	if sum != 0 {
		d.t.Fatalf("after command %d: clients have bought for %d more than they have sold for", d.seq, sum)
	}
}

// restore goes on with a core that was restored from what the one so far writes.
func (d *desk) restore(vetoes []Veto) {
	d.t.Helper()
	state := d.core.AppendState(nil)
	core, err := RestoreCore(d.core.limits, vetoes, state)
	if err != nil {
		d.t.Fatalf("after command %d: %v", d.seq, err)
	}
	if !bytes.Equal(core.AppendState(nil), state) {
		d.t.Fatalf("after command %d: restored to another state", d.seq)
	}
	d.core.Close()
	d.core = core
}

// anyVetoes refuses orders of the log, and halts instruments, as one veto after the other would.
func anyVetoes(r *rand.Rand, log []codec.Command) (vetoes []Veto) {
	from := uint64(2)
	for range 1 + r.IntN(6) {
		from += 1 + r.Uint64N(uint64(len(log))/8)
		for r.IntN(8) > 0 && from < uint64(len(log)) && log[from-1].Kind != codec.KindContinue {
			from++ // in the middle of work
		}
		if from > uint64(len(log)) {
			break
		}
		v := Veto{From: from, To: from + r.Uint64N(60)}
		for range 1 + r.IntN(12) {
			at := int(from) - 30 + r.IntN(70) // what rests then, and what is to come
			c := log[min(max(at, 0), len(log)-1)]
			if c.Kind == codec.KindNew {
				v.Orders = append(v.Orders, VetoOrder{Instrument: c.Instrument, Order: c.Order})
			}
		}
		if r.IntN(3) == 0 {
			v.Orders = append(v.Orders, VetoOrder{Instrument: uint32(1 + r.IntN(anyInstruments))})
		}
		vetoes = append(vetoes, v)
	}
	return vetoes
}
