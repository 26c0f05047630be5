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
	turnover    int64         // sum of the values up to voted, in paise, see TurnoverMax
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
	if err := s.check(p.Trades); err != nil {
		s.instruments.release(p.Instruments)
		return p, err
	}
	s.voted += uint64(len(p.Trades))
	return p, nil
}

// check adds the trades, which would follow the last voted one, to the turnover. If it returns an error, none is added.
func (s *Stream) check(trades []codec.Trade) error {
	s.veto = s.veto[:0]
	over := 0
	for i := range trades {
		t := &trades[i]
		if t.No != s.voted+1+uint64(i) || !s.instruments.knows(t.Instrument) || t.Price <= 0 || t.Qty == 0 || !t.TakerSide.Valid() {
			s.takeBack(trades[:i])
			return fmt.Errorf("%w: trade %d: number %d, instrument %d, price %d, quantity %d, side %d", ErrContent, i, t.No, t.Instrument, t.Price, t.Qty, t.TakerSide)
		}
		if s.grow(t.Instrument, t.Value()) {
			continue
		}
		if over++; over == 1 {
			s.veto = append(s.veto, make([]byte, (len(trades)+3)/4)...)
		}
		batch3pc.SetVeto(s.veto, i, batch3pc.VetoTaker) // without the incoming order there is no such trade
	}
	if over > 0 {
		s.takeBack(trades)
		return fmt.Errorf("%w: %d of %d trades would lift it over %d", ErrTurnover, over, len(trades), TurnoverMax)
	}
	return nil
}

// takeBack takes what check has added of the trades, which is what s.veto does not name.
func (s *Stream) takeBack(trades []codec.Trade) {
	for i := range trades {
		if batch3pc.VetoBits(s.veto, i) == 0 {
			s.shrink(trades[i].Instrument, trades[i].Value())
		}
	}
}

// grow adds a value, not negative, to the turnover of an instrument and of all. ok is false, and nothing has changed, if
// one of them would be more than TurnoverMax.
func (s *Stream) grow(instrument uint32, value int64) (ok bool) {
	sum, scale := &s.instruments.values[instrument], s.instruments.scales[instrument]
	if value < 0 || value > TurnoverMax-*sum || scale < PaiseScale && *sum+value > TurnoverMax/powers[PaiseScale-scale] {
		return false
	}
	// In paise all of an instrument counts as a whole, so that it does not depend on where one trade ends.
	growth := Paise(*sum+value, scale) - Paise(*sum, scale)
	if growth > TurnoverMax-s.turnover {
		return false
	}
	*sum += value
	s.turnover += growth
	return true
}

// shrink takes back what grow has added.
func (s *Stream) shrink(instrument uint32, value int64) {
	sum, scale := &s.instruments.values[instrument], s.instruments.scales[instrument]
	s.turnover -= Paise(*sum, scale) - Paise(*sum-value, scale)
	*sum -= value
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
		s.shrink(p.Trades[i].Instrument, p.Trades[i].Value())
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
