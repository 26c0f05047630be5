package risk

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// What risk adds to an image of ledger, little endian: the positions that have applied trades, in the
// order in which they got their first one, which follows from the batches and from nothing else.
//
//	0  u64       n
//	8  n x 56    u32 client, u16 member, u16 0, u32 instrument, u32 0,
//	             i64 bought, sold: quantity, then value; u64 trades
const (
	snapshotMagic = "TZRISK\x00\x01"
	positionSize  = 56
)

// AppendSnapshot appends the applied state: equal state, equal bytes.
func (r *Risk) AppendSnapshot(dst []byte) []byte {
	return ledger.AppendImage(dst, snapshotMagic, &r.stream, func(dst []byte) []byte {
		le := binary.LittleEndian
		dst = slices.Grow(dst, 16+positionSize*len(r.book.traded))
		dst = le.AppendUint64(dst, uint64(len(r.book.traded)))
		for _, row := range r.book.traded {
			p := r.book.positions.At(row)
			a := &r.book.accounts[p.account]
			dst = le.AppendUint32(dst, a.client)
			dst = le.AppendUint32(dst, uint32(a.member))
			dst = le.AppendUint64(dst, uint64(p.instrument))
			dst = le.AppendUint64(dst, uint64(p.buyQty))
			dst = le.AppendUint64(dst, uint64(p.sellQty))
			dst = le.AppendUint64(dst, uint64(p.buyValue))
			dst = le.AppendUint64(dst, uint64(p.sellValue))
			dst = le.AppendUint64(dst, p.trades)
		}
		return dst
	})
}

// Restore replaces the state by one that AppendSnapshot has written. What is projected is what is
// applied then: nothing is undecided. Errors wrap ledger.ErrImage and change nothing.
func (r *Risk) Restore(state []byte) error {
	m, stream, err := ledger.OpenImage(snapshotMagic, state)
	if err != nil {
		return err
	}
	b, trades := newBook(), uint64(0)
	nets := ledger.Nets{}
	for range m.Count(positionSize) {
		p, err := b.restore(m, stream)
		if err != nil {
			return err
		}
		if err := stream.AddTurnover(p.instrument, p.buyValue); err != nil {
			return err
		}
		if !nets.Add(p.instrument, p.buyQty-p.sellQty, p.net()) {
			return fmt.Errorf("%w: in instrument %d more is sold than all trades are worth", ledger.ErrImage, p.instrument)
		}
		trades += p.trades
	}
	if err := m.Close(); err != nil {
		return err
	}
	if index, qty, value, ok := nets.Unequal(); ok { // R3
		return fmt.Errorf("%w: in instrument %d the net of all positions is %d, of a value of %d, want 0 and 0", ledger.ErrImage, index, qty, value)
	}
	if applied := stream.AppliedTrades(); trades < applied || trades-applied > applied { // a trade is in one position or in two
		return fmt.Errorf("%w: %d trades in the positions, and %d applied", ledger.ErrImage, trades, applied)
	}
	r.stream, r.book = *stream, b
	r.undecided, r.head = r.undecided[:0], 0
	return nil
}

// restore reads a position and adds it.
func (b *book) restore(m *ledger.Image, stream *ledger.Stream) (*position, error) {
	client, member, instrument := m.Uint32(), m.Uint32(), m.Uint64()
	p := position{
		instrument: uint32(instrument), buyQty: m.Int64(), sellQty: m.Int64(), buyValue: m.Int64(), sellValue: m.Int64(), trades: m.Uint64(),
	}
	if member > 1<<16-1 || instrument > ledger.InstrumentMax || !stream.Defines(p.instrument) ||
		p.trades == 0 || p.trades > uint64(p.buyQty)+uint64(p.sellQty) ||
		!ledger.Possible(p.buyQty, p.buyValue) || !ledger.Possible(p.sellQty, p.sellValue) {
		return nil, fmt.Errorf("%w: position %d of member %d, client %d in instrument %d", ledger.ErrImage, len(b.traded), member, client, instrument)
	}
	key := ledger.Key{Owner: owner(uint16(member), client), Instrument: p.instrument}
	row, fresh := b.rows.Row(key)
	if !fresh {
		return nil, fmt.Errorf("%w: a second position of member %d, client %d in instrument %d", ledger.ErrImage, member, client, instrument)
	}
	b.open(key)
	at := b.positions.At(row)
	p.account, p.projected = at.account, p.net()
	*at = p
	account, exposure := &b.accounts[p.account], exposureOf(p.projected, stream.Scale(p.instrument))
	account.exposure += exposure
	b.seats[account.seat].exposure += exposure
	b.traded = append(b.traded, row)
	return at, nil
}
