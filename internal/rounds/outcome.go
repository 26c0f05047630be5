//tezi:pure

package rounds

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Outcome is what became of a proposal, as driver.Outcome tells it.
type Outcome struct {
	No       uint64            // the number that Propose returned
	Position batch3pc.Position // of the batch in the stream
	Count    uint32
	Payload  []byte
	Err      error // nil: committed. Otherwise *RefusedError, ErrAborted or ErrInDoubt
}

// Why a batch was not committed, or is not known to be.
var (
	// ErrAborted: the batch was aborted for nothing in itself: one before it was refused, or another
	// coordinator took over. It may be proposed again.
	ErrAborted = errors.New("driver: aborted along with a batch before it")
	// ErrInDoubt: this node cannot know the outcome any more; the participants do. To propose the
	// batch again might commit it twice.
	ErrInDoubt = errors.New("driver: in doubt: only the participants know the outcome")
)

// RefusedError says which participant refused a batch, which is aborted for it.
type RefusedError struct {
	Seq    batch3pc.Seq
	From   batch3pc.NodeID
	Reason batch3pc.Reason
	Veto   []byte // the refused items, see batch3pc.VetoBits
}

// Error names the batch, the participant and its reason.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("driver: batch %d is refused by node %d: %v", e.Seq, e.From, e.Reason)
}

func refusedError(r *batch3pc.Refusal) RefusedError {
	return RefusedError{Seq: r.Seq, From: r.From, Reason: r.Reason, Veto: bytes.Clone(r.Veto)}
}
