package marketdata

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
)

// A mark says up to where the tape is published and durable, so that a start need not read all of it.
// It is a file of package snapshot beside the tape, which itself is never cut. Body, little endian:
//
//	 0  u64  seq of the last batch     8  u64  its chain
//	16  u64  number of the last trade
const markSize = 24

// lastMark finds the newest mark and takes it. A damaged one is not needed: the tape is all there.
func (t *tape) lastMark() (journal.Position, error) {
	last, _, err := t.marks.Latest()
	if damaged := new(snapshot.FileError); errors.Is(err, fs.ErrNotExist) || errors.As(err, &damaged) {
		return journal.Position{}, nil
	}
	if err != nil || last.At.LSN == 0 {
		return journal.Position{}, err
	}
	if len(last.Body) != markSize {
		return journal.Position{}, fmt.Errorf("%w: its mark at record %d has %d bytes, want %d", ErrTape, last.At.LSN, len(last.Body), markSize)
	}
	le := binary.LittleEndian
	t.marked = onTape{
		batch3pc.Position{Seq: batch3pc.Seq(le.Uint64(last.Body)), Chain: batch3pc.Chain(le.Uint64(last.Body[8:]))},
		le.Uint64(last.Body[16:]),
	}
	return last.At, nil
}

// Keep implements participant.Role: it hands what is published to the system and returns what remains to be
// done to have it durable and marked.
func (m *MarketData) Keep() (func() error, error) {
	t := m.tape
	if t == nil {
		return nil, nil
	}
	if err := t.settle(); err != nil {
		return nil, err
	}
	if err := t.journal.Flush(); err != nil {
		return nil, err
	}
	at, le := t.journal.Position(), binary.LittleEndian
	body := le.AppendUint64(nil, uint64(t.end.at.Seq))
	body = le.AppendUint64(body, uint64(t.end.at.Chain))
	body = le.AppendUint64(body, t.end.trade)
	return func() error {
		if err := t.journal.Sync(); err != nil || at.LSN == 0 {
			return err
		}
		return t.marks.Write(at, body)
	}, nil
}
