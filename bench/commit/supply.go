package commit

import (
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
	opening []byte   // defines all instruments and holds the first trades
	slots   [][]byte // payloads without definitions
	next    int
	trade   uint64 // number of the next trade
}

// payloadFirstTrade is the offset of the first trade's number in a payload, see codec.Payload.
const payloadFirstTrade = 16

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

// newSupply builds payloads of the given number of trades, enough for held batches at once.
func newSupply(trades, held int) (*supply, error) {
	m, err := dayOnce()
	if err != nil {
		return nil, err
	}
	s := &supply{trade: 1}
	count := max(held+1, (tradesDistinct+trades-1)/trades)
	batch := make([]codec.Trade, trades)
	for at := range count {
		for i := range batch {
			batch[i] = m.trades[(at*trades+i)%len(m.trades)]
		}
		s.slots = append(s.slots, codec.AppendPayload(nil, &codec.Payload{Trades: batch}))
	}
	instruments := slices.Clone(m.instruments)
	s.opening = codec.AppendPayload(nil, &codec.Payload{Instruments: instruments, Trades: batch})
	return s, nil
}

// take lends the next payload, numbered in its place in the stream.
func (s *supply) take(trades int) []byte {
	payload := s.slots[s.next]
	if s.trade == 1 {
		payload = s.opening
	} else if s.next++; s.next == len(s.slots) {
		s.next = 0
	}
	binary.LittleEndian.PutUint64(payload[payloadFirstTrade:], s.trade)
	first := len(payload) - trades*codec.TradeSize
	for at := first; at < len(payload); at += codec.TradeSize {
		binary.LittleEndian.PutUint64(payload[at:], s.trade)
		s.trade++
	}
	return payload
}
