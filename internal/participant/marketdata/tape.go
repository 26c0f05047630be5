package marketdata

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
)

// TapeDir is the subdirectory of the participant's directory that holds the tape.
const TapeDir = "tape"

// The kinds of the tape's journal records. Body, little endian:
//
//	 0  u64  seq     8  u64  chain
//	16  payload of the batch
//
// RecordTapeGap: trades that this market data took over as a state, from another one, and has not
// published.
//
//	0  u64  number of the first trade     8  u64  of the last
//
// 65 was a batch in the compact form, before all of them were.
const (
	RecordTape    = 64
	RecordTapeGap = 66
	tapeHeadSize  = 16
)

// ErrTape is wrapped by errors about the content of the tape.
var ErrTape = errors.New("marketdata: the tape is wrong")

// tape is the public record of the committed batches: a journal with one record each, in order.
type tape struct {
	journal   *journal.Journal
	marks     *snapshot.Store
	err       error    // the first failure; nothing is published after it
	marked    onTape   // up to here everything is on the tape, and was not read at the start
	published []onTape // found behind it, and not yet passed again by the replay
	end       onTape   // the last batch on the tape, and the last trade that it has or says it has not
	restored  bool     // the state has come as a whole: what comes next need not be next on the tape
	owed      []owed   // records for which the disk had no room, oldest first; votes are no while there are any, so they are few
	full      error    // why the last of them could not be appended
	head      [tapeHeadSize]byte
}

// owedMax is how many records may be owed, above what a window holds of undecided batches. A market data that is not
// asked any more could owe all that the others commit; it fails, and tells it again from its log.
const owedMax = 1 << 12

// owed is a record that is not on the tape yet.
type owed struct {
	kind uint8
	body []byte
}

// onTape is a batch on the tape.
type onTape struct {
	at    batch3pc.Position
	trade uint64 // number of its last trade, or of the last one before
}

// openTape opens the tape of the participant in dir and notes what is on it, behind the last mark.
func openTape(dir string, o journal.Options) (*tape, error) {
	dir = filepath.Join(dir, TapeDir)
	if o.FS == nil {
		o.FS = disk.Real
	}
	t := &tape{marks: snapshot.NewStore(o.FS, dir, snapshot.Identity{Kind: snapshot.Tape})}
	mark, err := t.lastMark()
	if err != nil {
		return nil, err
	}
	t.end, o.After = t.marked, mark
	var d TapeDecoder
	t.journal, err = journal.Open(dir, o, func(record journal.Record) error {
		e, err := d.Decode(record)
		switch {
		case err != nil:
		case e.Gap:
			t.end.trade = e.To
		default:
			t.end = onTape{e.At, e.LastTrade()}
			t.published = append(t.published, t.end)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// TapeEntry is one record of the tape: a batch, or a gap.
type TapeEntry struct {
	Gap      bool // trades From to To were not published here
	From, To uint64
	At       batch3pc.Position
	Payload  codec.Payload
}

// LastTrade is the number of the last trade of a batch, or of the last one before it.
func (e *TapeEntry) LastTrade() uint64 {
	return e.Payload.FirstTrade + uint64(len(e.Payload.Trades)) - 1
}

// TapeDecoder splits records of the tape. Its zero value is ready.
type TapeDecoder struct {
	trades []codec.Trade // of the last batch
}

// Decode splits a record. The payload is valid as long as the record, and until the next call.
func (t *TapeDecoder) Decode(r journal.Record) (e TapeEntry, err error) {
	if r.Kind != RecordTape && r.Kind != RecordTapeGap || len(r.Body) < tapeHeadSize {
		return e, fmt.Errorf("%w: record %d has kind %d and %d bytes, want kind %d or %d and at least %d", ErrTape, r.LSN, r.Kind, len(r.Body), RecordTape, RecordTapeGap, tapeHeadSize)
	}
	first, second := binary.LittleEndian.Uint64(r.Body), binary.LittleEndian.Uint64(r.Body[8:])
	if r.Kind == RecordTapeGap {
		return TapeEntry{Gap: true, From: first, To: second}, nil
	}
	e.At = batch3pc.Position{Seq: batch3pc.Seq(first), Chain: batch3pc.Chain(second)}
	if e.Payload, err = codec.DecodePayload(r.Body[tapeHeadSize:], t.trades); err != nil {
		return e, fmt.Errorf("%w: record %d: %w", ErrTape, r.LSN, err)
	}
	t.trades = e.Payload.Trades
	return e, nil
}

// publish puts b, whose payload is p, on the tape, unless an earlier run did.
func (t *tape) publish(b *batch3pc.Batch, p *codec.Payload) {
	if t.err != nil || t.passes(b, p) || t.err != nil {
		return
	}
	t.end = onTape{b.Position(), p.FirstTrade + uint64(len(p.Trades)) - 1}
	t.put(RecordTape, uint64(b.Seq), uint64(b.Chain), b.Payload)
}

// put appends a record. One for which the disk has no room is owed, as are those behind it.
func (t *tape) put(kind uint8, first, second uint64, payload []byte) {
	binary.LittleEndian.PutUint64(t.head[:], first)
	binary.LittleEndian.PutUint64(t.head[8:], second)
	err := t.settle()
	if err == nil {
		_, err = t.journal.Append(kind, t.head[:], payload)
	}
	if err != nil && journal.Full(err) {
		if t.full = err; len(t.owed) < owedMax {
			t.owed = append(t.owed, owed{kind, slices.Concat(t.head[:], payload)})
			return
		}
		err = fmt.Errorf("marketdata: %d records wait for room on the tape: %v", len(t.owed), err) // and not journal.Full any more
	}
	t.err = err
}

// settle appends what is owed, if there is room by now. The tape is whole if it returns nil. An error that is
// journal.Full may go by; any other is t.err, and stays.
func (t *tape) settle() error {
	for t.err == nil && len(t.owed) > 0 {
		if _, err := t.journal.Append(t.owed[0].kind, t.owed[0].body); journal.Full(err) {
			return err
		} else if t.err = err; err == nil {
			t.owed = t.owed[1:]
		}
	}
	return t.err
}

// passes reports whether b is on the tape already. The chain of a batch is that of everything before
// it, so one that is the same says that all of them are.
func (t *tape) passes(b *batch3pc.Batch, p *codec.Payload) bool {
	for t.restored && len(t.published) > 0 && t.published[0].at.Seq < b.Seq {
		t.published = t.published[1:]
	}
	switch {
	case b.Seq < t.marked.at.Seq:
		return true
	case b.Seq == t.marked.at.Seq:
		t.same(t.marked.at, b)
		return true
	case len(t.published) > 0:
		t.same(t.published[0].at, b)
		t.published, t.restored = t.published[1:], false
		return true
	}
	if t.restored && p.FirstTrade > t.end.trade+1 {
		t.put(RecordTapeGap, t.end.trade+1, p.FirstTrade-1, nil)
		t.end.trade = p.FirstTrade - 1
	}
	t.restored = false
	return false
}

// same fails the tape if what is on it is not b.
func (t *tape) same(at batch3pc.Position, b *batch3pc.Batch) {
	if at != b.Position() {
		t.err = fmt.Errorf("%w: it has batch %d with chain %016x where batch %d with chain %016x was committed", ErrTape, at.Seq, at.Chain, b.Seq, b.Chain)
	}
}

// save makes the tape durable. A tape that is ahead of the log after a restart is whole all the
// same: the batches it holds were committed, and will come again.
func (t *tape) save() error {
	if err := t.settle(); err != nil {
		return err
	}
	return errors.Join(t.journal.Flush(), t.journal.Sync())
}

func (t *tape) close() error { return t.journal.Close() }

// ReadTape calls fn with each entry on the tape of the participant in dir, in order. Its Payload is
// valid during the call. It stops at the first error of fn.
func ReadTape(dir string, fn func(e *TapeEntry) error) error {
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
		e, err := d.Decode(record)
		if err != nil {
			return err
		}
		if err := fn(&e); err != nil {
			return err
		}
	}
}
