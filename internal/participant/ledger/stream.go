package ledger

import (
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// ErrContent is wrapped by every reason why a batch contradicts itself or the batches before it.
var ErrContent = errors.New("ledger: batch contradicts its history")

// ErrTurnover says that there is nothing wrong with a batch, but no room for all its trades under TurnoverMax.
var ErrTurnover = errors.New("ledger: the turnover is full")

// Stream is the part of a role's state that is the same for all three: where in the stream of
// trades it stands and which instruments it knows, by vote and by fact. The zero Stream stands at
// the beginning.
type Stream struct {
	instruments instruments
	voted       uint64        // number of the last trade of the last voted batch
	applied     uint64        // of the last applied batch
	turnover    int64         // sum of the values up to voted, see TurnoverMax
	trades      []codec.Trade // of the last payload that was decoded
	veto        []byte        // names the trades of the last ErrTurnover
}

// AppliedTrades is how many trades were applied; trade numbers are dense from 1, so it is the
// number of the last one too.
func (s *Stream) AppliedTrades() uint64 { return s.applied }

// Instrument returns the definition of an instrument that a trade has named. Read only.
func (s *Stream) Instrument(index uint32) *codec.Instrument { return &s.instruments.table[index] }

// Scale is how many decimal digits the prices of an instrument have that a trade has named.
func (s *Stream) Scale(index uint32) uint8 { return s.instruments.scales[index] }

// AddTo adds the applied part of the stream to a digest.
func (s *Stream) AddTo(h *Hash) {
	h.Uint(s.applied)
	for i, state := range s.instruments.states {
		if state == defined {
			h.Bytes(codec.InstrumentBytes(s.instruments.table[i : i+1]))
		}
	}
}

// Reserve checks that b is a batch of trades which follows the last voted one, and takes its place
// in the stream. If it returns an error, nothing has changed. The Payload aliases b, and is valid
// until the next call.
func (s *Stream) Reserve(b *batch3pc.Batch) (codec.Payload, error) {
	p, err := codec.DecodePayload(b.Payload, s.trades)
	if err != nil {
		return p, err
	}
	s.trades = p.Trades
	if int(b.Count) != len(p.Trades) || p.FirstTrade != s.voted+1 {
		return p, fmt.Errorf("%w: %d trades from %d announced as %d, want the first to be %d", ErrContent, len(p.Trades), p.FirstTrade, b.Count, s.voted+1)
	}
	for i := range p.Instruments {
		if !s.instruments.reserve(&p.Instruments[i]) {
			s.instruments.release(p.Instruments[:i])
			return p, fmt.Errorf("%w: definition %d of instrument %d", ErrContent, i, p.Instruments[i].Instrument)
		}
	}
	turnover, err := s.check(p.Trades)
	if err != nil {
		s.instruments.release(p.Instruments)
		return p, err
	}
	s.voted += uint64(len(p.Trades))
	s.turnover = turnover
	return p, nil
}

// check returns the turnover with the trades, which would follow the last voted one.
func (s *Stream) check(trades []codec.Trade) (int64, error) {
	turnover, over, ok := s.turnover, 0, false
	for i := range trades {
		t := &trades[i]
		if t.No != s.voted+1+uint64(i) || !s.instruments.knows(t.Instrument) || t.Price <= 0 || t.Qty == 0 || !t.TakerSide.Valid() {
			return 0, fmt.Errorf("%w: trade %d: number %d, instrument %d, price %d, quantity %d, side %d", ErrContent, i, t.No, t.Instrument, t.Price, t.Qty, t.TakerSide)
		}
		if turnover, ok = addTurnover(turnover, t.Value(), s.Scale(t.Instrument)); ok {
			continue
		}
		if over++; over == 1 {
			s.veto = append(s.veto[:0], make([]byte, (len(trades)+3)/4)...)
		}
		batch3pc.SetVeto(s.veto, i, batch3pc.VetoTaker) // without the incoming order there is no such trade
	}
	if over > 0 {
		return 0, fmt.Errorf("%w: %d of %d trades would lift it over %d", ErrTurnover, over, len(trades), TurnoverMax)
	}
	return turnover, nil
}

// Refusal is the vote on a batch that Reserve did not take, for err. One for which there is no room names the trades:
// so the market rejects orders, where it could only end if its batch were said to be a contradiction. Its veto is valid
// until the next Reserve.
func (s *Stream) Refusal(err error) batch3pc.Vote {
	if errors.Is(err, ErrTurnover) {
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: s.veto}
	}
	return batch3pc.Vote{Reason: batch3pc.ReasonHash}
}

// Release undoes Reserve of b, which is the last voted batch.
func (s *Stream) Release(b *batch3pc.Batch) codec.Payload {
	p := s.mustDecode(b)
	if p.FirstTrade+uint64(len(p.Trades)) != s.voted+1 || s.voted-uint64(len(p.Trades)) < s.applied {
		panic("ledger: dropped batch is not the last voted one")
	}
	s.voted -= uint64(len(p.Trades))
	for i := range p.Trades {
		weight, _ := addTurnover(0, p.Trades[i].Value(), s.Scale(p.Trades[i].Instrument))
		s.turnover -= weight
	}
	s.instruments.release(p.Instruments)
	return p
}

// Confirm makes fact of b, which is the oldest voted batch that is not applied.
func (s *Stream) Confirm(b *batch3pc.Batch) codec.Payload {
	p := s.mustDecode(b)
	if p.FirstTrade != s.applied+1 || s.applied+uint64(len(p.Trades)) > s.voted {
		panic("ledger: applied batch is not the oldest voted one")
	}
	s.instruments.confirm(p.Instruments)
	s.applied += uint64(len(p.Trades))
	return p
}

// mustDecode decodes the payload of a batch that was voted for, so that it was decoded before.
func (s *Stream) mustDecode(b *batch3pc.Batch) codec.Payload {
	p, err := codec.DecodePayload(b.Payload, s.trades)
	if err != nil {
		panic("ledger: a batch changed after the vote: " + err.Error())
	}
	s.trades = p.Trades
	return p
}
