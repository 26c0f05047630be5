package commit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
)

// supply is a ring of payloads with the trades of a synthetic day. A payload is lent until the
// coordinator has released its batch; until then its slot must not come round again.
type supply struct {
	opening   []byte   // defines all instruments and holds the first trades
	openingAt int      // where they begin
	slots     [][]byte // payloads without definitions
	next      int
	trade     uint64 // number of the next trade
}

// Where the first trade's number is in a payload and in a block of compact trades, how many trades a block has, and where
// blocks begin, see codec.Payload and docs/formats/compact-trades.md.
const (
	payloadFirstTrade = 16
	payloadHeader     = 32
	blockFirstTrade   = 24
	blockTrades       = 8
)

// tradesDistinct is how many different trades a supply has at least: as many as meet some hundred
// thousand positions, so that the roles' tables do not fit into a core's own cache.
const tradesDistinct = 1 << 18

// market is what every supply is cut from.
type market struct {
	instruments []codec.Instrument
	trades      []codec.Trade
}

var dayOnce = sync.OnceValues(trade)

// trade takes the trades of a synthetic day.
func trade() (*market, error) {
	d, err := workload.New(workload.Config{Seed: 1, Orders: 8 * tradesDistinct, Resting: 200_000})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	m := &market{}
	var c codec.Command
	for len(m.trades) < tradesDistinct {
		err := d.Next(&c)
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("commit: the day has %d trades, want %d", len(m.trades), tradesDistinct)
		}
		if err != nil {
			return nil, err
		}
		if c.Kind == codec.KindDefine {
			m.instruments = append(m.instruments, *c.AsInstrument())
		}
		m.trades = append(m.trades, d.Fills()...)
	}
	for i := range m.trades {
		m.trades[i].Command = 0
	}
	return m, nil
}

// newSupply builds payloads of the given number of trades, enough for held batches at once. When ctx ends it gives up.
func newSupply(ctx context.Context, trades, held int) (*supply, error) {
	m, err := dayOnce()
	if err != nil {
		return nil, err
	}
	s := &supply{trade: 1}
	count := max(held+1, (tradesDistinct+trades-1)/trades)
	batch := make([]codec.Trade, trades)
	for at := range count {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for i := range batch {
			batch[i] = m.trades[(at*trades+i)%len(m.trades)]
			batch[i].No = uint64(i)
		}
		s.slots = append(s.slots, codec.AppendPayload(nil, &codec.Payload{Trades: batch}))
	}
	instruments := slices.Clone(m.instruments)
	s.openingAt = payloadHeader + codec.CommandSize*len(instruments)
	s.opening = codec.AppendPayload(nil, &codec.Payload{Instruments: instruments, Trades: batch})
	return s, nil
}

// bytes is the size of a payload, as the first one has it.
func (s *supply) bytes() int { return len(s.slots[0]) }

// take lends the next payload, numbered in its place in the stream.
func (s *supply) take() []byte {
	payload, at := s.slots[s.next], payloadHeader
	if s.trade == 1 {
		payload, at = s.opening, s.openingAt
	} else if s.next++; s.next == len(s.slots) {
		s.next = 0
	}
	le := binary.LittleEndian
	le.PutUint64(payload[payloadFirstTrade:], s.trade)
	for at < len(payload) { // the others count on from the first one of a block
		le.PutUint64(payload[at+blockFirstTrade:], s.trade)
		s.trade += uint64(le.Uint16(payload[at+blockTrades:]))
		at += int(le.Uint32(payload[at:]))
	}
	return payload
}
