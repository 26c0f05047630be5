package driver

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// Outcome is what became of a proposal.
type Outcome struct {
	No       uint64            // the number that Propose returned
	Position batch3pc.Position // of the batch in the stream; zero if it never got there
	Count    uint32            // items, as proposed
	Payload  []byte            // as proposed; it is the node's
	Err      error             // nil: committed. Otherwise *RefusedError, ErrAborted, ErrInDoubt, or why the node ended before
}

// Why a batch was not committed, or is not known to be.
var (
	// ErrAborted: the batch was aborted for nothing in itself: one before it was refused, or another
	// coordinator took over. It may be proposed again.
	ErrAborted = rounds.ErrAborted
	// ErrInDoubt: this node cannot know the outcome any more; the participants do. To propose the
	// batch again might commit it twice.
	ErrInDoubt = rounds.ErrInDoubt
)

// RefusedError says which participant refused a batch, which is aborted for it.
type RefusedError struct {
	Seq    batch3pc.Seq    // of the batch
	From   batch3pc.NodeID // the participant
	Reason batch3pc.Reason
	Veto   []byte // the refused items, see batch3pc.VetoBits; the receiver's
}

// Error names the batch, the participant and its reason.
func (e *RefusedError) Error() string { return (*rounds.RefusedError)(e).Error() }

// tellable is an outcome in the words of this package.
func tellable(o *rounds.Outcome) Outcome {
	told := Outcome(*o)
	if refused, ok := o.Err.(*rounds.RefusedError); ok {
		told.Err = (*RefusedError)(refused)
	}
	return told
}
