package marketdata

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// TapeDir is the subdirectory of the participant's directory that holds the tape.
const TapeDir = "tape"

// The kinds of the tape's journal records. Body, little endian:
//
//	 0  u64  seq     8  u64  chain
//	16  payload of the batch; in RecordTapeCompact its trades are in the compact form
const (
	RecordTape        = 64
	RecordTapeCompact = 65
	tapeHeadSize      = 16
)

// ErrTape is wrapped by errors about the content of the tape.
var ErrTape = errors.New("marketdata: the tape is wrong")

// tape is the public record of the committed batches: a journal with one record each, in order.
type tape struct {
	journal   *journal.Journal
	err       error               // the first failure; nothing is published after it
	published []batch3pc.Position // found at the start, and not yet passed again by the replay
	head      [tapeHeadSize]byte
	compact   bool
	body      []byte // of the last compact record
}

// openTape opens the tape of the participant in dir and notes what is on it.
func openTape(dir string, compact bool) (*tape, error) {
	t := &tape{compact: compact}
	var d TapeDecoder
	j, err := journal.Open(filepath.Join(dir, TapeDir), journal.Options{}, func(record journal.Record) error {
		at, _, err := d.Decode(record)
		t.published = append(t.published, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	t.journal = j
	return t, nil
}

// TapeDecoder splits records of the tape, of either kind. Its zero value is ready.
type TapeDecoder struct {
	trades []codec.Trade // of the last compact record
}

// Decode splits a record. The payload is valid as long as the record, and until the next call.
func (t *TapeDecoder) Decode(r journal.Record) (batch3pc.Position, codec.Payload, error) {
	if r.Kind != RecordTape && r.Kind != RecordTapeCompact || len(r.Body) < tapeHeadSize {
		return batch3pc.Position{}, codec.Payload{}, fmt.Errorf("%w: record %d has kind %d and %d bytes, want kind %d or %d and at least %d", ErrTape, r.LSN, r.Kind, len(r.Body), RecordTape, RecordTapeCompact, tapeHeadSize)
	}
	at := batch3pc.Position{
		Seq:   batch3pc.Seq(binary.LittleEndian.Uint64(r.Body)),
		Chain: batch3pc.Chain(binary.LittleEndian.Uint64(r.Body[8:])),
	}
	var p codec.Payload
	var err error
	if r.Kind == RecordTapeCompact {
		p, err = codec.DecodeCompactPayload(r.Body[tapeHeadSize:], t.trades)
		t.trades = p.Trades
	} else {
		p, err = codec.DecodePayload(r.Body[tapeHeadSize:])
	}
	if err != nil {
		return at, p, fmt.Errorf("%w: record %d: %w", ErrTape, r.LSN, err)
	}
	return at, p, nil
}

// publish puts b, whose payload is p, on the tape, unless an earlier run did.
func (t *tape) publish(b *batch3pc.Batch, p *codec.Payload) {
	if t.err != nil {
		return
	}
	if len(t.published) > 0 {
		if at := t.published[0]; at != b.Position() {
			t.err = fmt.Errorf("%w: it has batch %d with chain %016x where batch %d with chain %016x was committed", ErrTape, at.Seq, at.Chain, b.Seq, b.Chain)
		}
		t.published = t.published[1:]
		return
	}
	binary.LittleEndian.PutUint64(t.head[:], uint64(b.Seq))
	binary.LittleEndian.PutUint64(t.head[8:], uint64(b.Chain))
	if t.compact {
		// Behind a few trades the headers of the blocks weigh more than is saved.
		if t.body = codec.AppendCompactPayload(t.body[:0], p); len(t.body) < len(b.Payload) {
			_, t.err = t.journal.Append(RecordTapeCompact, t.head[:], t.body)
			return
		}
	}
	_, t.err = t.journal.Append(RecordTape, t.head[:], b.Payload)
}

// save makes the tape durable. A tape that is ahead of the log after a restart is whole all the
// same: the batches it holds were committed, and will come again.
func (t *tape) save() error {
	if t.err != nil {
		return t.err
	}
	return errors.Join(t.journal.Flush(), t.journal.Sync())
}

func (t *tape) close() error { return t.journal.Close() }

// ReadTape calls fn with each committed batch on the tape of the participant in dir, in order. The
// Payload is valid during the call. It stops at the first error of fn.
func ReadTape(dir string, fn func(seq batch3pc.Seq, p codec.Payload) error) error {
	r, err := journal.NewReader(filepath.Join(dir, TapeDir))
	if err != nil {
		return err
	}
	defer r.Close()
	var d TapeDecoder
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at, p, err := d.Decode(record)
		if err != nil {
			return err
		}
		if err := fn(at.Seq, p); err != nil {
			return err
		}
	}
}
