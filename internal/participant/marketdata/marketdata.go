package marketdata

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// Config of market data.
type Config struct {
	// Dir is the participant's directory; the tape is in its subdirectory TapeDir. Empty: no tape
	// is kept, as when a verifier only wants to compute the state again.
	Dir string
}

// MarketData is the role. It is not safe for concurrent use.
type MarketData struct {
	stream   ledger.Stream
	sessions map[ledger.Date]*session
	current  *session // of the last trade
	tape     *tape    // nil if none is kept
}

// New returns a MarketData without trades. It opens the tape, whose batches will not be published
// again when the log is replayed.
func New(c Config) (*MarketData, error) {
	m := &MarketData{sessions: map[ledger.Date]*session{}, current: &session{}}
	if c.Dir == "" {
		return m, nil
	}
	t, err := openTape(c.Dir, journal.Options{})
	if err != nil {
		return nil, err
	}
	m.tape = t
	return m, nil
}

// Name returns "marketdata".
func (m *MarketData) Name() string { return "marketdata" }

// AppliedTrades is how many trades were applied.
func (m *MarketData) AppliedTrades() uint64 { return m.stream.AppliedTrades() }

// Err implements participant.Role: it is why the tape is not whole. An error that is journal.Full goes by, any other stays.
func (m *MarketData) Err() error {
	switch t := m.tape; {
	case t == nil:
		return nil
	case t.err == nil && len(t.owed) > 0:
		return t.full
	default:
		return t.err
	}
}

// Close closes the tape, which makes it durable.
func (m *MarketData) Close() error {
	if m.tape == nil {
		return nil
	}
	return m.tape.close()
}

// Vote checks that b continues the stream of trades. Market data has no reason of its own to
// refuse, unless it cannot publish.
func (m *MarketData) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	if !decided && m.tape != nil && m.tape.settle() != nil {
		return batch3pc.Vote{Reason: batch3pc.ReasonInfra}
	}
	if _, err := m.stream.Reserve(b); err != nil {
		if decided {
			panic("marketdata: a decided batch cannot be read: " + err.Error())
		}
		return m.stream.Refusal(err)
	}
	return batch3pc.Vote{Yes: true}
}

// Apply publishes b on the tape and adds its trades to the bars. Nothing of a batch is published
// before: only a decided batch comes here (decision D4).
func (m *MarketData) Apply(b *batch3pc.Batch) {
	p := m.stream.Confirm(b)
	if m.tape != nil {
		m.tape.publish(b, &p)
	}
	for i := range p.Trades {
		t := &p.Trades[i]
		if !m.current.day.Has(t.TimeNs) {
			m.current = m.session(t.TimeNs)
		}
		m.current.at(t.Instrument).add(t)
	}
}

// session returns the session of the day in India on which the instant lies.
func (m *MarketData) session(timeNs int64) *session {
	day := ledger.DayOf(timeNs)
	found, ok := m.sessions[day.Date]
	if !ok {
		found = &session{day: day}
		m.sessions[day.Date] = found
	}
	return found
}

// Drop gives the place in the stream back.
func (m *MarketData) Drop(b *batch3pc.Batch) { m.stream.Release(b) }
