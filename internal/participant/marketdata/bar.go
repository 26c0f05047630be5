package marketdata

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/orderbook"
)

// bar sums up the trades of one instrument on one day. Prices and turnover are in the units of the
// instrument's prices.
type bar struct {
	open, high, low, last orderbook.Price
	volume                int64 // shares
	turnover              int64
	trades                int64
}

// add takes in a trade.
func (b *bar) add(t *codec.Trade) {
	if b.trades == 0 {
		b.open, b.high, b.low = t.Price, t.Price, t.Price
	}
	b.high, b.low, b.last = max(b.high, t.Price), min(b.low, t.Price), t.Price
	b.volume += int64(t.Qty)
	b.turnover += t.Value()
	b.trades++
}

// session holds the bars of one day, by instrument.
type session struct {
	day  ledger.Day
	bars []bar
}

// at returns the bar of an instrument; valid until the next call.
func (s *session) at(instrument uint32) *bar {
	if int(instrument) >= len(s.bars) {
		s.bars = append(s.bars, make([]bar, int(instrument)+1-len(s.bars))...)
	}
	return &s.bars[instrument]
}
