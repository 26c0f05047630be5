package settlement

import (
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// obligation is what one member has to deliver and to receive in one instrument for one day:
// shares, and money in the units of the instrument's prices.
type obligation struct {
	instrument uint32
	member     uint16
	buyQty     int64
	sellQty    int64
	buyValue   int64
	sellValue  int64
}

// session holds the obligations of one trade date.
type session struct {
	day         ledger.Day
	obligations []obligation
	rows        *ledger.Index // of the obligations, by member and instrument
}

func newSession(day ledger.Day) *session {
	return &session{day: day, rows: ledger.NewIndex()}
}

// at returns an obligation, which it makes if it is new; valid until the next call.
func (s *session) at(instrument uint32, member uint16) *obligation {
	row, fresh := s.rows.Row(ledger.Key{Owner: uint64(member), Instrument: instrument})
	if fresh {
		s.obligations = append(s.obligations, obligation{instrument: instrument, member: member})
	}
	return &s.obligations[row]
}

// add takes in a trade.
func (s *session) add(t *codec.Trade) {
	value := t.Value()
	buyer := s.at(t.Instrument, t.BuyMember())
	buyer.buyQty += int64(t.Qty)
	buyer.buyValue += value
	seller := s.at(t.Instrument, t.SellMember())
	seller.sellQty += int64(t.Qty)
	seller.sellValue += value
}

// check asserts that the members' nets cancel out in every instrument (invariant T1).
func (s *session) check(stream *ledger.Stream) error {
	type net struct{ qty, value int64 }
	nets := map[uint32]net{}
	for i := range s.obligations {
		o := &s.obligations[i]
		n := nets[o.instrument]
		nets[o.instrument] = net{n.qty + o.buyQty - o.sellQty, n.value + o.buyValue - o.sellValue}
	}
	for i := range s.obligations { // in order, so that the same state always gives the same error
		index := s.obligations[i].instrument
		if n := nets[index]; n != (net{}) {
			return fmt.Errorf("settlement: %s on %s does not balance: the members' net is %d shares and %d in money, want 0 and 0",
				stream.Instrument(index).Name(), s.day.Date, n.qty, n.value)
		}
	}
	return nil
}
