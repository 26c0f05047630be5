package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// spoil writes something extreme, or anything, over a field of the command, or across two.
func spoil(r *rand.Rand, c *codec.Command) {
	b := codec.CommandBytes([]codec.Command{*c})
	size := 1 << r.IntN(4)
	at := 8 + size*r.IntN((len(b)-8)/size) // not the sequence number: it is not the source's to give
	top, low := byte(r.Uint32()), byte(r.Uint32())
	switch r.IntN(4) {
	case 0:
		top, low = 0x7f, 0xff
	case 1:
		top, low = 0x80, 0
	case 2:
		top, low = 0xff, 0xff
	}
	for i := range size {
		b[at+i] = low
	}
	b[at+size-1] = top
	spoilt, _ := codec.Commands(b)
	*c = spoilt[0]
}

// TestNoInputPanics: whatever the 64 bytes of a command say, the core takes it or refuses it, and its
// books and accounts hold (E9); also in a log that is matched again, where other commands come before a
// KindContinue.
func TestNoInputPanics(t *testing.T) {
	trades, spoilt := uint64(0), rand.New(rand.NewPCG(1, 3))
	for seed := range uint64(80) {
		l := anyLimits
		l.FillsMax = []int{1, 2, 5, 0}[seed/2%4]
		d, day := newAnyDesk(t, l), newAnyDay(seed)
		for i := range 2000 {
			c := day.command()
			if spoilt.IntN(4) == 0 {
				spoil(spoilt, &c)
			}
			if seed%2 == 0 {
				d.one(c)
				d.open.Reset(d.core.LastCommand(), d.core.NextTrade())
			} else {
				d.do(c)
			}
			if i%50 == 0 {
				d.mustCheck()
			}
		}
		trades += d.core.Counts().Trades
	}
	if trades < 10_000 {
		t.Errorf("%d trades: the flow proves little", trades)
	}
}

// TestReferenceOutOfNowhere: market orders that came while no price was known trade at whatever reference
// the end of the auction brings.
func TestReferenceOutOfNowhere(t *testing.T) {
	const much = 1<<32 - 1
	d := newDesk(t, testLimits, define(1))
	d.take(phase(codec.PhasePreOpen, 0))
	d.do(as(atMarket(buy(1, 0, much)), 1, 1))
	d.do(as(atMarket(sell(2, 0, much)), 2, 2))
	d.take(phase(codec.PhasePreOpenMatch, priceMax))
	d.mustCheck()
}
