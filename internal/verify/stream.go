package verify

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// stream reads the committed batches of one participant from its journal, in order, and checks V2. It
// collects the checkpoints on its way.
type stream struct {
	role    string
	decided *rounds.Decided
	head    *batch3pc.Batch // the next one, until taken; nil at the end
	ended   bool            // there is no next one
	begun   bool            // the log holds what comes next: it has its beginning, or has been joined, and again behind the state of another
	last    batch3pc.Batch  // head, or what was given out before
	proven  int             // of the batches that are undecided at the end, the first ones: another log rests on them
	given   int             // of these

	state       batch3pc.Position // the newest state in the log
	image       []byte            // pieces of the checkpoint that is being read
	checkpoints []batch3pc.Image  // states in the log, each behind the batch at its position
}

func openStream(dir, role string) (*stream, error) {
	d, err := rounds.NewDecided(dir)
	if err != nil {
		return nil, err
	}
	s := &stream{role: role, decided: d, begun: d.FirstRecord() == 1}
	d.OnSnapshot(s.piece)
	return s, nil
}

// peek returns the next committed batch, or entry that changes the members, which is valid until it is
// taken, or nil at the end.
func (s *stream) peek() (*batch3pc.Batch, error) {
	switch {
	case s.head != nil:
		return s.head, nil
	case s.given < s.proven:
		s.given++
		return s.give(s.decided.Held()[s.given-1])
	case s.ended:
		return nil, nil
	}
	b, err := s.decided.Next()
	if errors.Is(err, io.EOF) {
		s.ended = true
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.role, err)
	}
	return s.give(b)
}

func (s *stream) give(b *batch3pc.Batch) (*batch3pc.Batch, error) {
	if err := s.follows(b); err != nil {
		return nil, err
	}
	s.last, s.head = *b, b
	return b, nil
}

// prove takes what the log holds undecided at its end, up to a position, for decided, which another log shows: the record
// that says so is lazy, and the others may have cut what only this one still has. What lies at or below after was
// there to be compared in another log.
func (s *stream) prove(at batch3pc.Position, after batch3pc.Seq) error {
	held := s.decided.Held()
	n := 1 + slices.IndexFunc(held, func(b *batch3pc.Batch) bool { return b.Position() == at })
	if !s.ended || s.head != nil || at.Seq <= after || n <= s.proven {
		return nil
	}
	for s.proven = n; s.given < n && held[s.given].Seq <= after; s.given++ {
		if _, err := s.give(held[s.given]); err != nil {
			return err
		}
		s.head = nil
	}
	return nil
}

// take makes the batch behind head the next one.
func (s *stream) take() { s.head, s.begun = nil, true }

// follows checks V2. What the first batch of a log that was cut follows is not there.
func (s *stream) follows(b *batch3pc.Batch) error {
	switch {
	case !b.Intact():
		return violation("V2", "%s: batch %d: digest or chain does not fit its content", s.role, b.Seq)
	case s.state.Seq > s.last.Seq: // of another participant, or what a log that was cut begins with: this one lacks what is in it
		if b.ParentPosition() != s.state {
			return violation("V2", "%s: batch %d names parent %d (chain %016x), and follows the state at batch %d (chain %016x)",
				s.role, b.Seq, b.Parent, uint64(b.ParentChain), s.state.Seq, uint64(s.state.Chain))
		}
		s.begun = false
		return nil
	case !s.begun && s.last.Seq == 0:
		return nil
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

// piece puts a checkpoint together. One whose beginning was cut off, or that a crash has cut short, says
// nothing.
func (s *stream) piece(r *batch3pc.Record) {
	if r.Offset == 0 {
		s.image = s.image[:0]
	}
	if r.Offset != uint64(len(s.image)) {
		return
	}
	s.image = append(s.image, r.Chunk...)
	if uint64(len(s.image)) < r.Total {
		return
	}
	m, ok := batch3pc.DecodeImage(s.image)
	if at := (batch3pc.Position{Seq: r.Seq, Chain: r.Chain}); !ok || xxhash.Sum64(s.image) != r.Digest || m.At != at {
		m = batch3pc.Image{At: at} // without a state, which is no batch's
	}
	s.checkpoints, s.state = append(s.checkpoints, m), m.At
	s.image = nil // the checkpoint has it now
}

// inDoubt returns how many batches are voted for and undecided at the end of the log.
func (s *stream) inDoubt() int { return len(s.decided.Held()) - s.proven }

// holds reports whether the log has the batch, committed as its last one, in a state or in the undecided tail.
func (s *stream) holds(at batch3pc.Position) bool {
	if s.decided.Last() == at {
		return true
	}
	for _, b := range s.decided.Held() {
		if b.Position() == at {
			return true
		}
	}
	return false
}

func (s *stream) close() error { return s.decided.Close() }
