package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"
)

// The payload of a batch: what the participants vote on. Little endian.
//
//	 0  u64  FirstCommand: Seq of the first command whose trades are here
//	 8  u64  LastCommand: every command up to it is matched by this batch or an earlier one
//	16  u64  FirstTrade: number of the first trade
//	24  u16  n instruments
//	26  u8   version
//	27  u8   0
//	28  u32  m trades
//	32  n x 64  instruments that no earlier batch has defined
//	    m trades in the compact form
//
// The trades are compact because a batch is copied, summed and written by four processes, and each of its bytes
// costs them more than making it takes: docs/formats/batch-payload.md.
const (
	payloadHeaderSize = 32
	payloadVersionAt  = 26
	PayloadVersion    = 2 // 1, which had 0 in its place, had trades of 64 bytes
)

// Limits of one payload.
const (
	TradesPerBatchMax      = 1 << 16 // a seal never splits a command, so a batch may exceed its target size
	InstrumentsPerBatchMax = 1 << 12
	PayloadSizeMax         = payloadHeaderSize + CommandSize*InstrumentsPerBatchMax + TradesPerBatchMax/CompactBlockMax*compactBlockSizeMax
)

// Errors about a payload's form. ErrPayloadVersion is an ErrPayload too.
var (
	ErrPayload        = errors.New("codec: malformed batch payload")
	ErrPayloadVersion = fmt.Errorf("%w: it is of another version", ErrPayload)
)

// Payload is a decoded batch payload.
type Payload struct {
	FirstCommand uint64
	LastCommand  uint64
	FirstTrade   uint64
	Instruments  []Instrument
	Trades       []Trade
}

// PayloadRoom is a capacity with which AppendPayload does not allocate for so many instruments and trades, whatever
// is in them.
func PayloadRoom(instruments, trades int) int {
	blocks := (trades + CompactBlockMax - 1) / CompactBlockMax
	return payloadHeaderSize + CommandSize*instruments + TradeSize*trades + 256*blocks
}

// AppendPayload appends p's encoding to dst and returns the extended slice. The same payload is the same bytes on
// every machine. It panics if p has more than InstrumentsPerBatchMax instruments or TradesPerBatchMax trades.
func AppendPayload(dst []byte, p *Payload) []byte {
	return AppendCompact(appendPayloadHead(dst, p), p.Trades)
}

// appendPayloadHead appends all that comes before the trades.
func appendPayloadHead(dst []byte, p *Payload) []byte {
	if n, m := len(p.Instruments), len(p.Trades); n > InstrumentsPerBatchMax || m > TradesPerBatchMax {
		panic(fmt.Sprintf("codec: a payload of %d instruments and %d trades, want at most %d and %d", n, m, InstrumentsPerBatchMax, TradesPerBatchMax))
	}
	dst = binary.LittleEndian.AppendUint64(dst, p.FirstCommand)
	dst = binary.LittleEndian.AppendUint64(dst, p.LastCommand)
	dst = binary.LittleEndian.AppendUint64(dst, p.FirstTrade)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(p.Instruments)))
	dst = append(dst, PayloadVersion, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Trades)))
	return append(dst, InstrumentBytes(p.Instruments)...)
}

// DecodePayload reads a payload. Its trades are written over those of into, which it allocates if they do not fit, at
// most TradesPerBatchMax of them, so that p.Trades may be given to the next call; its instruments alias b, or a copy if
// b is misaligned. It checks the form only: counts against the length. Errors wrap ErrPayload or ErrCompact.
func DecodePayload(b []byte, into []Trade) (Payload, error) {
	if len(b) < payloadHeaderSize {
		return Payload{}, fmt.Errorf("%w: %d bytes, want at least %d", ErrPayload, len(b), payloadHeaderSize)
	}
	if b[payloadVersionAt] != PayloadVersion || b[payloadVersionAt+1] != 0 {
		return Payload{}, fmt.Errorf("%w: %d, want %d", ErrPayloadVersion, max(b[payloadVersionAt], 1), PayloadVersion)
	}
	le := binary.LittleEndian
	n, m := le.Uint16(b[24:]), le.Uint32(b[28:])
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
	instruments := b[payloadHeaderSize:mid]
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 != 0 {
		instruments = alignedCopy(instruments)
	}
	return Payload{
		FirstCommand: le.Uint64(b), LastCommand: le.Uint64(b[8:]), FirstTrade: le.Uint64(b[16:]),
		Instruments: castSlice[Instrument](instruments), Trades: trades,
	}, nil
}

func alignedCopy(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:len(b)]
	copy(out, b)
	return out
}
