package settlement

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// Settlement is the role. It is not safe for concurrent use.
type Settlement struct {
	calendar ledger.Calendar
	stream   ledger.Stream
	sessions map[ledger.Date]*session
	current  *session // of the last trade
	scratch  scratch
}

// New returns a Settlement without obligations.
func New(c Config) (*Settlement, error) {
	return &Settlement{
		calendar: ledger.NewCalendar(c.Holidays),
		sessions: map[ledger.Date]*session{},
		current:  newSession(ledger.Day{}),
	}, nil
}

// Name returns "settlement".
func (s *Settlement) Name() string { return "settlement" }

// AppliedTrades is how many trades were applied.
func (s *Settlement) AppliedTrades() uint64 { return s.stream.AppliedTrades() }

// Close does nothing: the state is in memory only, and Save has written it.
func (s *Settlement) Close() error { return nil }

// Keep does nothing: what settlement has told is in its state.
func (s *Settlement) Keep() (func() error, error) { return nil, nil }

// Err implements participant.Role, likewise.
func (s *Settlement) Err() error { return nil }

// Vote checks that b continues the stream of trades. Settlement has no reason of its own to
// refuse, and nothing but the place in the stream to reserve: an obligation exists from Apply on.
func (s *Settlement) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	if _, err := s.stream.Reserve(b); err != nil {
		if decided {
			panic("settlement: a decided batch cannot be read: " + err.Error())
		}
		return s.stream.Refusal(err)
	}
	return batch3pc.Vote{Yes: true}
}

// Apply adds b's trades to the obligations.
func (s *Settlement) Apply(b *batch3pc.Batch) {
	p := s.stream.Confirm(b)
	for trades := p.Trades; len(trades) > 0; {
		if !s.current.day.Has(trades[0].TimeNs) {
			s.current = s.session(trades[0].TimeNs)
		}
		n := 1
		for n < len(trades) && s.current.day.Has(trades[n].TimeNs) {
			n++
		}
		s.current.add(trades[:n], &s.scratch)
		trades = trades[n:]
	}
}

// session returns the session of the day in India on which the instant lies.
func (s *Settlement) session(timeNs int64) *session {
	day := ledger.DayOf(timeNs)
	found, ok := s.sessions[day.Date]
	if !ok {
		found = newSession(day)
		s.sessions[day.Date] = found
	}
	return found
}

// Drop gives the place in the stream back.
func (s *Settlement) Drop(b *batch3pc.Batch) { s.stream.Release(b) }
