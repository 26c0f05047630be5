package codec

import (
	"encoding/binary"
	"fmt"
)

// AppendCompactPayload appends p with its trades in the compact form: the header and the instruments
// as in AppendPayload, then the blocks of AppendCompact.
func AppendCompactPayload(dst []byte, p *Payload) []byte {
	start := len(dst)
	whole := *p
	whole.Trades = nil
	dst = AppendPayload(dst, &whole)
	binary.LittleEndian.PutUint32(dst[start+28:], uint32(len(p.Trades)))
	return AppendCompact(dst, p.Trades)
}

// DecodeCompactPayload reads what AppendCompactPayload wrote. Trades are written over those of into,
// which it allocates if they do not fit, at most TradesPerBatchMax of them; instruments alias b, or a
// copy if b is misaligned. As with DecodePayload the form alone is checked.
func DecodeCompactPayload(b []byte, into []Trade) (Payload, error) {
	if len(b) < payloadHeaderSize {
		return Payload{}, fmt.Errorf("%w: %d bytes, want at least %d", ErrPayload, len(b), payloadHeaderSize)
	}
	le := binary.LittleEndian
	n, m := le.Uint32(b[24:]), le.Uint32(b[28:])
	mid := payloadHeaderSize + CommandSize*int(n)
	if n > InstrumentsPerBatchMax || m > TradesPerBatchMax || len(b) < mid {
		return Payload{}, fmt.Errorf("%w: %d instruments and %d trades in %d bytes, limits %d and %d", ErrPayload, n, m, len(b), InstrumentsPerBatchMax, TradesPerBatchMax)
	}
	trades, err := DecodeCompact(into[:0], b[mid:])
	if err != nil {
		return Payload{}, err
	}
	if len(trades) != int(m) {
		return Payload{}, fmt.Errorf("%w: the header says %d trades, the blocks have %d", ErrPayload, m, len(trades))
	}
	instruments, ok := Commands(b[payloadHeaderSize:mid])
	if !ok {
		panic("codec: a whole number of instruments that is none")
	}
	return Payload{
		FirstCommand: le.Uint64(b), LastCommand: le.Uint64(b[8:]), FirstTrade: le.Uint64(b[16:]),
		Instruments: castSlice[Instrument](CommandBytes(instruments)), Trades: trades,
	}, nil
}
