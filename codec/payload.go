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
//	24  u32  n instruments
//	28  u32  m trades
//	32  n x 64  instruments that no earlier batch has defined
//	    m x 64  trades
const payloadHeaderSize = 32

// Limits of one payload.
const (
	TradesPerBatchMax      = 1 << 16 // a seal never splits a command, so a batch may exceed its target size
	InstrumentsPerBatchMax = 1 << 12
	PayloadSizeMax         = payloadHeaderSize + TradeSize*TradesPerBatchMax + CommandSize*InstrumentsPerBatchMax
)

// ErrPayload is wrapped by every error about a payload's form.
var ErrPayload = errors.New("codec: malformed batch payload")

// Payload is a decoded batch payload. Its slices alias the bytes it was decoded from.
type Payload struct {
	FirstCommand uint64
	LastCommand  uint64
	FirstTrade   uint64
	Instruments  []Instrument
	Trades       []Trade
}

// AppendPayload appends p's encoding to dst and returns the extended slice.
func AppendPayload(dst []byte, p *Payload) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, p.FirstCommand)
	dst = binary.LittleEndian.AppendUint64(dst, p.LastCommand)
	dst = binary.LittleEndian.AppendUint64(dst, p.FirstTrade)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Instruments)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Trades)))
	dst = append(dst, InstrumentBytes(p.Instruments)...)
	return append(dst, TradeBytes(p.Trades)...)
}

// DecodePayload reads a payload in place; nothing is copied unless b is misaligned. It checks the
// form only: counts against the length, and that trade numbers can be dense.
func DecodePayload(b []byte) (Payload, error) {
	if len(b) < payloadHeaderSize {
		return Payload{}, fmt.Errorf("%w: %d bytes, want at least %d", ErrPayload, len(b), payloadHeaderSize)
	}
	n := binary.LittleEndian.Uint32(b[24:])
	m := binary.LittleEndian.Uint32(b[28:])
	if n > InstrumentsPerBatchMax || m > TradesPerBatchMax {
		return Payload{}, fmt.Errorf("%w: %d instruments and %d trades, limits %d and %d", ErrPayload, n, m, InstrumentsPerBatchMax, TradesPerBatchMax)
	}
	if want := payloadHeaderSize + CommandSize*int(n) + TradeSize*int(m); len(b) != want {
		return Payload{}, fmt.Errorf("%w: %d bytes, want %d for %d instruments and %d trades", ErrPayload, len(b), want, n, m)
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 != 0 {
		b = alignedCopy(b)
	}
	mid := payloadHeaderSize + CommandSize*int(n)
	return Payload{
		FirstCommand: binary.LittleEndian.Uint64(b),
		LastCommand:  binary.LittleEndian.Uint64(b[8:]),
		FirstTrade:   binary.LittleEndian.Uint64(b[16:]),
		Instruments:  castSlice[Instrument](b[payloadHeaderSize:mid]),
		Trades:       castSlice[Trade](b[mid:]),
	}, nil
}

func alignedCopy(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:len(b)]
	copy(out, b)
	return out
}
