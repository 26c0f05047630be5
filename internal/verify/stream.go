package verify

import (
	"errors"
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
)

// stream reads the committed batches of one participant from its journal, in order, and checks V2.
type stream struct {
	role    string
	decided *driver.Decided
	last    batch3pc.Batch // given out before
}

func openStream(dir, role string) (*stream, error) {
	d, err := driver.NewDecided(dir)
	if err != nil {
		return nil, err
	}
	if first := d.FirstRecord(); first > 1 {
		return nil, errors.Join(&TruncatedError{Dir: dir, First: first}, d.Close())
	}
	return &stream{role: role, decided: d}, nil
}

// next returns the next committed batch, or entry that changes the members, valid until the following
// call; nil at the end.
func (s *stream) next() (*batch3pc.Batch, error) {
	b, err := s.decided.Next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.role, err)
	}
	if err := s.follows(b); err != nil {
		return nil, err
	}
	s.last = *b
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
	generation := max(s.last.Generation, 1)
	if b.IsGeneration() {
		generation++
	}
	if b.Generation != generation {
		return violation("V2", "%s: batch %d is of generation %d, want %d", s.role, b.Seq, b.Generation, generation)
	}
	return nil
}

// inDoubt returns how many batches are voted for and undecided at the end of the log.
func (s *stream) inDoubt() int { return len(s.decided.Held()) }

func (s *stream) close() error { return s.decided.Close() }
