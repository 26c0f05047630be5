package ledger

import (
	"github.com/tezi-exchange/tezi/codec"
)

// Limits on what a batch may define, so that a damaged number cannot ask for all memory.
const (
	InstrumentMax = 1 << 20 // largest index; NSE lists about 9,000 shares and 100,000 contracts
	PriceScaleMax = 9       // decimal digits of a price
)

// instruments is the table of what the batches have defined so far, by index. Trades look at the
// small states only, which stay in the cache.
type instruments struct {
	states []state
	scales []uint8 // decimal digits of a price
	values []int64 // of the trades up to the last voted batch, in the units of the price
	table  []codec.Instrument
}

// state of an instrument in the table.
type state uint8

const (
	unknown  state = 0 // not defined
	reserved state = 1 // defined by a batch that is not decided
	defined  state = 2 // defined by an applied batch
)

// knows reports whether index is defined by any batch that was voted for.
func (t *instruments) knows(index uint32) bool {
	return uint64(index) < uint64(len(t.states)) && t.states[index] != unknown
}

// reserve adds a definition. ok is false if it contradicts itself or an earlier one.
func (t *instruments) reserve(i *codec.Instrument) (ok bool) {
	if i.Instrument == 0 || i.Instrument > InstrumentMax || i.PriceScale > PriceScaleMax || t.knows(i.Instrument) {
		return false
	}
	for uint64(len(t.states)) <= uint64(i.Instrument) {
		t.states = append(t.states, unknown)
		t.scales = append(t.scales, 0)
		t.values = append(t.values, 0)
		t.table = append(t.table, codec.Instrument{})
	}
	t.states[i.Instrument], t.scales[i.Instrument] = reserved, i.PriceScale
	t.table[i.Instrument] = *i
	return true
}

// release takes definitions back.
func (t *instruments) release(list []codec.Instrument) {
	for i := range list {
		t.states[list[i].Instrument] = unknown
		t.table[list[i].Instrument] = codec.Instrument{}
	}
}

// confirm makes definitions final.
func (t *instruments) confirm(list []codec.Instrument) {
	for i := range list {
		t.states[list[i].Instrument] = defined
	}
}
