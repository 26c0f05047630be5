package verify

import (
	"errors"
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// stream reads the committed batches of one participant from its journal, in order. Batches that
// were voted for are held back until a record says that they are committed, or dropped.
type stream struct {
	role   string
	reader *journal.Reader
	held   []*batch3pc.Batch // voted, not known to be committed
	spare  []*batch3pc.Batch
	commit batch3pc.Seq
	ended  bool
	last   batch3pc.Batch // the batch given out before
}

func openStream(dir, role string) (*stream, error) {
	r, err := journal.NewReader(dir)
	if err != nil {
		return nil, err
	}
	return &stream{role: role, reader: r}, nil
}

// next returns the next committed batch, valid until the following call, or nil at the end.
func (s *stream) next() (*batch3pc.Batch, error) {
	for len(s.held) == 0 || s.held[0].Seq > s.commit {
		if s.ended {
			return nil, nil
		}
		if err := s.read(); err != nil {
			return nil, err
		}
	}
	b := s.held[0]
	s.held = append(s.held[:0], s.held[1:]...)
	s.spare = append(s.spare, b) // used again by a later read, not before the next call
	if err := s.follows(b); err != nil {
		return nil, err
	}
	s.last = *b
	if b.IsGeneration() {
		return s.next() // nothing that a role has seen
	}
	return b, nil
}

// follows checks V2.
func (s *stream) follows(b *batch3pc.Batch) error {
	switch {
	case !b.Intact():
		return violation("V2", "%s: batch %d: digest or chain does not fit its content", s.role, b.Seq)
	case b.Parent != s.last.Seq || b.ParentChain != s.last.Chain || b.Seq <= s.last.Seq:
		return violation("V2", "%s: batch %d names parent %d (chain %016x), the batch before is %d (chain %016x)",
			s.role, b.Seq, b.Parent, uint64(b.ParentChain), s.last.Seq, uint64(s.last.Chain))
	}
	return nil
}

func (s *stream) read() error {
	rec, err := s.reader.Next()
	if errors.Is(err, io.EOF) {
		s.ended = true
		return nil
	}
	if err != nil {
		return err
	}
	var r batch3pc.Record
	var b batch3pc.Batch
	if err := codec.DecodeRecord(rec.Kind, rec.Body, &r, &b); err != nil {
		return fmt.Errorf("%s: record %d: %w", s.role, rec.LSN, err)
	}
	switch r.Kind {
	case batch3pc.RecordBatch:
		s.hold(&b)
	case batch3pc.RecordFill:
		s.drop(b.Parent)
		s.hold(&b)
	case batch3pc.RecordStart:
		s.drop(r.Seq)
	case batch3pc.RecordCommit:
		s.commit = max(s.commit, r.Seq)
	}
	return nil
}

// hold keeps a copy of b: the record's bytes are gone with the next read.
func (s *stream) hold(b *batch3pc.Batch) {
	c := &batch3pc.Batch{}
	if n := len(s.spare); n > 1 { // the newest spare may still be in the caller's hands
		c, s.spare = s.spare[0], append(s.spare[:0], s.spare[1:]...)
	}
	payload := append(c.Payload[:0], b.Payload...)
	*c = *b
	c.Payload = payload
	s.held = append(s.held, c)
}

// drop forgets the batches above base.
func (s *stream) drop(base batch3pc.Seq) {
	for n := len(s.held); n > 0 && s.held[n-1].Seq > base; n-- {
		s.spare = append(s.spare, s.held[n-1])
		s.held = s.held[:n-1]
	}
}

// inDoubt returns how many batches are voted for and undecided at the end of the log.
func (s *stream) inDoubt() int { return len(s.held) }

func (s *stream) close() error { return s.reader.Close() }
