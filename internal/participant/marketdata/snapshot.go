package marketdata

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/orderbook"
)

// What market data adds to an image of ledger, little endian: its sessions by date, to the end.
//
//	 0  i64       date, days since 1 January 1970
//	 8  u64       n, at least 1
//	16  n x 64    bars with trades, by instrument: u64 instrument, i64 open, high, low, last, volume,
//	              turnover, trades
const (
	snapshotMagic = "TZMKTD\x00\x01"
	barSize       = 64
)

// AppendSnapshot appends the applied state, without the tape, which is no state but what was said:
// equal state, equal bytes.
func (m *MarketData) AppendSnapshot(dst []byte) []byte {
	return ledger.AppendImage(dst, snapshotMagic, &m.stream, func(dst []byte) []byte {
		le := binary.LittleEndian
		for _, date := range slices.Sorted(maps.Keys(m.sessions)) {
			dst = le.AppendUint64(dst, uint64(int64(date)))
			count, n := len(dst), uint64(0)
			dst = le.AppendUint64(dst, 0)
			bars := m.sessions[date].bars
			for i := range bars {
				b := &bars[i]
				if b.trades == 0 {
					continue
				}
				n++
				for _, v := range [...]int64{int64(i), int64(b.open), int64(b.high), int64(b.low), int64(b.last), b.volume, b.turnover, b.trades} {
					dst = le.AppendUint64(dst, uint64(v))
				}
			}
			le.PutUint64(dst[count:], n)
		}
		return dst
	})
}

// Restore replaces the state by one that AppendSnapshot has written. Errors wrap ledger.ErrImage and
// change nothing.
func (m *MarketData) Restore(state []byte) error {
	image, stream, err := ledger.OpenImage(snapshotMagic, state)
	if err != nil {
		return err
	}
	sessions, trades := map[ledger.Date]*session{}, uint64(0)
	err = image.Days(func(day ledger.Day) error {
		sessions[day.Date] = &session{day: day}
		return sessions[day.Date].restore(image, stream, &trades)
	})
	if err != nil {
		return err
	}
	if err := image.Close(); err != nil {
		return err
	}
	if applied := stream.AppliedTrades(); trades != applied {
		return fmt.Errorf("%w: %d trades in the bars, and %d applied", ledger.ErrImage, trades, applied)
	}
	m.stream, m.sessions, m.current = *stream, sessions, &session{}
	if m.tape != nil {
		m.tape.restored = true
	}
	return nil
}

// restore reads the bars of a session and adds up their trades.
func (s *session) restore(m *ledger.Image, stream *ledger.Stream, trades *uint64) error {
	n, last := m.Count(barSize), uint64(0)
	if n == 0 {
		return fmt.Errorf("%w: session of %v without bars", ledger.ErrImage, s.day.Date)
	}
	for range n {
		instrument := m.Uint64()
		b := bar{
			open: orderbook.Price(m.Int32()), high: orderbook.Price(m.Int32()), low: orderbook.Price(m.Int32()), last: orderbook.Price(m.Int32()),
			volume: m.Int64(), turnover: m.Int64(), trades: m.Int64(),
		}
		if instrument <= last || instrument > ledger.InstrumentMax || !stream.Defines(uint32(instrument)) || b.trades <= 0 || b.volume < b.trades ||
			b.low <= 0 || min(b.open, b.last) < b.low || max(b.open, b.last) > b.high || !ledger.Possible(b.volume, b.turnover) ||
			b.turnover/b.volume < int64(b.low) || ledger.DivideUp(b.turnover, b.volume) > int64(b.high) {
			return fmt.Errorf("%w: bar of instrument %d behind %d on %v", ledger.ErrImage, instrument, last, s.day.Date)
		}
		last = instrument
		*s.at(uint32(instrument)) = b
		if err := stream.AddTurnover(uint32(instrument), b.turnover); err != nil {
			return err
		}
		*trades += uint64(b.trades)
	}
	return nil
}
