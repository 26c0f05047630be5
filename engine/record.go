//tezi:pure

package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Kinds of record in the engine's journal, beside batch3pc.RecordEpoch. Part of the journal
// format (docs/formats/journal.md): never renumber.
const (
	RecordCommands uint8 = 32 // n x 64 bytes: sequenced commands
	RecordSealed   uint8 = 33 // a batch was sealed
	RecordDecided  uint8 = 34 // commit watermark; lazy, the participants hold the truth
	RecordVeto     uint8 = 35 // a veto: orders that are taken out of the market
	RecordEnd      uint8 = 36 // the source has ended, and every participant that it ends with has applied and saved everything

	RecordGeneration uint8 = 37 // an entry that changes the members is decided
	RecordHeld       uint8 = 38 // what is decided and durable at participants; lazy
)

// ErrRecord is wrapped by every error about the form of an engine record.
var ErrRecord = errors.New("engine: malformed journal record")

// Sealed is the body of RecordSealed.
type Sealed struct {
	Seq         batch3pc.Seq
	Chain       batch3pc.Chain
	LastCommand uint64 // every command up to it is matched by this batch or an earlier one
	Trades      uint64
	Parent      batch3pc.Seq // the batch before; what was sealed behind that earlier is aborted
	Generation  uint32

	opens bool // it is an entry that opens a generation: a step of the stream without trades, and not from a RecordSealed
}

const sealedSize = 48

func appendSealed(dst []byte, s Sealed) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint64(dst, uint64(s.Seq))
	dst = le.AppendUint64(dst, uint64(s.Chain))
	dst = le.AppendUint64(dst, s.LastCommand)
	dst = le.AppendUint64(dst, s.Trades)
	dst = le.AppendUint64(dst, uint64(s.Parent))
	return le.AppendUint64(dst, uint64(s.Generation))
}

// DecodeSealed reads the body of a RecordSealed.
func DecodeSealed(b []byte) (Sealed, error) {
	if len(b) != sealedSize {
		return Sealed{}, fmt.Errorf("%w: sealed batch of %d bytes, want %d", ErrRecord, len(b), sealedSize)
	}
	le := binary.LittleEndian
	if le.Uint32(b[44:]) != 0 {
		return Sealed{}, fmt.Errorf("%w: sealed batch with % x behind its generation, want zeros", ErrRecord, b[44:])
	}
	return Sealed{
		Seq: batch3pc.Seq(le.Uint64(b)), Chain: batch3pc.Chain(le.Uint64(b[8:])),
		LastCommand: le.Uint64(b[16:]), Trades: le.Uint64(b[24:]),
		Parent: batch3pc.Seq(le.Uint64(b[32:])), Generation: le.Uint32(b[40:]),
	}, nil
}

// Decided is the body of RecordDecided.
type Decided struct {
	Seq   batch3pc.Seq
	Chain batch3pc.Chain
}

const decidedSize = 16

func appendDecided(dst []byte, d Decided) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(d.Seq))
	return binary.LittleEndian.AppendUint64(dst, uint64(d.Chain))
}

// DecodeDecided reads the body of a RecordDecided.
func DecodeDecided(b []byte) (Decided, error) {
	if len(b) != decidedSize {
		return Decided{}, fmt.Errorf("%w: decision of %d bytes, want %d", ErrRecord, len(b), decidedSize)
	}
	return Decided{batch3pc.Seq(binary.LittleEndian.Uint64(b)), batch3pc.Chain(binary.LittleEndian.Uint64(b[8:]))}, nil
}
