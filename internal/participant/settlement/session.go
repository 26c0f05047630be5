package settlement

import (
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/orderbook"
)

// obligation is what one member has to deliver and to receive in one instrument for one day:
// shares, and money in the units of the instrument's prices. It fills a cache line.
type obligation struct {
	instrument uint32
	member     uint16
	buyQty     int64
	sellQty    int64
	buyValue   int64
	sellValue  int64
	_          [24]byte
}

// session holds the obligations of one trade date.
type session struct {
	day         ledger.Day
	obligations *ledger.Rows[obligation]
	rows        *ledger.Index // of the obligations, by member and instrument
}

func newSession(day ledger.Day) *session {
	return &session{day: day, obligations: ledger.NewRows[obligation](), rows: ledger.NewIndex()}
}

// scratch is memory that add uses again.
type scratch struct {
	keys    []ledger.Key
	rows    []uint32
	touched int64 // by add; nobody reads it
}

// add takes in trades of the day. It finds all obligations, then loads all of them, then changes them:
// so the cache misses wait together.
func (s *session) add(trades []codec.Trade, w *scratch) {
	w.keys = keysOf(trades, w.keys[:0])
	w.rows = s.rows.Find(w.keys, w.rows[:0])
	for i, row := range w.rows {
		if int(row) == s.obligations.Len() {
			s.obligations.Add(obligation{instrument: w.keys[i].Instrument, member: uint16(w.keys[i].Owner)})
		}
	}
	all := s.obligations.All()
	for _, row := range w.rows {
		w.touched += all[row].buyQty
	}
	for i := range trades {
		t := &trades[i]
		value := t.Value()
		buyer := &all[w.rows[2*i]]
		buyer.buyQty += int64(t.Qty)
		buyer.buyValue += value
		seller := &all[w.rows[2*i+1]]
		seller.sellQty += int64(t.Qty)
		seller.sellValue += value
	}
}

// keysOf appends the keys of both members of each trade, the buyer's first. Which side the taker is on is
// as good as random, so it is an index and no branch.
func keysOf(trades []codec.Trade, keys []ledger.Key) []ledger.Key {
	first := len(keys)
	keys = slices.Grow(keys, 2*len(trades))[:first+2*len(trades)]
	for i := range trades {
		t := &trades[i]
		pair := keys[first+2*i : first+2*i+2 : first+2*i+2]
		taker := int(t.TakerSide-orderbook.Buy) & 1
		pair[taker] = ledger.Key{Owner: uint64(t.TakerMember), Instrument: t.Instrument}
		pair[1-taker] = ledger.Key{Owner: uint64(t.MakerMember), Instrument: t.Instrument}
	}
	return keys
}

// check asserts that the members' nets cancel out in every instrument (invariant T1).
func (s *session) check(stream *ledger.Stream) error {
	nets, whole := ledger.Nets{}, true
	all := s.obligations.All()
	for i := range all {
		o := &all[i]
		whole = nets.Add(o.instrument, o.buyQty-o.sellQty, o.buyValue-o.sellValue) && whole
	}
	index, qty, value, unequal := nets.Unequal()
	if unequal {
		return fmt.Errorf("settlement: %s on %s does not balance: the members' net is %d shares and %d in money, want 0 and 0",
			stream.Instrument(index).Name(), s.day.Date, qty, value)
	}
	if !whole {
		return fmt.Errorf("settlement: on %s more is sold than all trades are worth", s.day.Date)
	}
	return nil
}
