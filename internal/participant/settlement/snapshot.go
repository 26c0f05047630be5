package settlement

import (
	"encoding/binary"
	"fmt"

	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// What settlement adds to an image of ledger, little endian: its sessions by trade date, to the end.
//
//	 0  i64       trade date, days since 1 January 1970
//	 8  u64       n, at least 1
//	16  n x 40    obligations, in the order of their first trade: u32 instrument, u16 member, u16 0,
//	              i64 bought, sold: quantity, then value
const (
	snapshotMagic  = "TZSETT\x00\x01"
	obligationSize = 40
)

// AppendSnapshot appends the applied state: equal state, equal bytes.
func (s *Settlement) AppendSnapshot(dst []byte) []byte {
	return ledger.AppendImage(dst, snapshotMagic, &s.stream, func(dst []byte) []byte {
		le := binary.LittleEndian
		for _, date := range s.dates() {
			all := s.sessions[date].obligations.All()
			dst = le.AppendUint64(dst, uint64(int64(date)))
			dst = le.AppendUint64(dst, uint64(len(all)))
			for i := range all {
				o := &all[i]
				dst = le.AppendUint32(dst, o.instrument)
				dst = le.AppendUint32(dst, uint32(o.member))
				dst = le.AppendUint64(dst, uint64(o.buyQty))
				dst = le.AppendUint64(dst, uint64(o.sellQty))
				dst = le.AppendUint64(dst, uint64(o.buyValue))
				dst = le.AppendUint64(dst, uint64(o.sellValue))
			}
		}
		return dst
	})
}

// Restore replaces the state by one that AppendSnapshot has written. Errors wrap ledger.ErrImage, or
// say that something does not balance (T1), and change nothing.
func (s *Settlement) Restore(state []byte) error {
	m, stream, err := ledger.OpenImage(snapshotMagic, state)
	if err != nil {
		return err
	}
	sessions := map[ledger.Date]*session{}
	err = m.Days(func(day ledger.Day) error {
		sessions[day.Date] = newSession(day)
		return sessions[day.Date].restore(m, stream)
	})
	if err != nil {
		return err
	}
	if err := m.Close(); err != nil {
		return err
	}
	s.stream, s.sessions, s.current = *stream, sessions, newSession(ledger.Day{})
	return nil
}

// restore reads the obligations of a session.
func (s *session) restore(m *ledger.Image, stream *ledger.Stream) error {
	n := m.Count(obligationSize)
	if n == 0 {
		return fmt.Errorf("%w: session of %v without obligations", ledger.ErrImage, s.day.Date)
	}
	for range n {
		if err := s.restoreNext(m, stream); err != nil {
			return err
		}
	}
	return s.check(stream)
}

// restoreNext reads an obligation and adds it.
func (s *session) restoreNext(m *ledger.Image, stream *ledger.Stream) error {
	instrument, member := m.Uint32(), m.Uint32()
	o := obligation{instrument: instrument, member: uint16(member), buyQty: m.Int64(), sellQty: m.Int64(), buyValue: m.Int64(), sellValue: m.Int64()}
	if member > 1<<16-1 || !stream.Defines(instrument) || !ledger.Possible(o.buyQty, o.buyValue) || !ledger.Possible(o.sellQty, o.sellValue) {
		return fmt.Errorf("%w: obligation %d, of member %d in instrument %d", ledger.ErrImage, s.obligations.Len(), member, instrument)
	}
	if _, fresh := s.rows.Row(ledger.Key{Owner: uint64(o.member), Instrument: instrument}); !fresh {
		return fmt.Errorf("%w: a second obligation of member %d in instrument %d", ledger.ErrImage, member, instrument)
	}
	s.obligations.Add(o)
	return stream.AddTurnover(instrument, o.buyValue)
}
