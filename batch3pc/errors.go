package batch3pc

import (
	"errors"
	"fmt"
)

// Errors of Propose.
var (
	// ErrNotActive: the coordinator is in no state to propose; Status().State says which.
	ErrNotActive = errors.New("batch3pc: coordinator is not active")
	// ErrNoRoom: the window or the retention is full; Room turns true when a decision or an
	// acknowledgement comes in.
	ErrNoRoom = errors.New("batch3pc: no room in the window")
	// ErrCount: the count is CountGeneration, which no batch of items has.
	ErrCount = errors.New("batch3pc: the count of items is that of a generation")
)

// Errors of Checkpoint.
var (
	// ErrNoSnapshots: the App is no Snapshotter.
	ErrNoSnapshots = errors.New("batch3pc: the App has no snapshots")
	// ErrRepairing: some of what is pre-committed is missing.
	ErrRepairing = errors.New("batch3pc: the participant is repairing")
)

// ErrMembership is wrapped by every refusal of ProposeGeneration.
var ErrMembership = errors.New("batch3pc: membership change refused")

// MembershipError says why a set of members cannot be a generation.
type MembershipError struct {
	Node   NodeID // whom it is about; 0: the whole set
	Reason string
}

// Error names the participant and the rule.
func (e *MembershipError) Error() string {
	if e.Node == 0 {
		return fmt.Sprintf("%v: %s", ErrMembership, e.Reason)
	}
	return fmt.Sprintf("%v: participant %d %s", ErrMembership, e.Node, e.Reason)
}

// Unwrap returns ErrMembership.
func (e *MembershipError) Unwrap() error { return ErrMembership }

// ErrNarrow is wrapped by the RecoverError of a log that is sound, and has more undecided batches than
// ParticipantConfig.WindowMax.
var ErrNarrow = errors.New("batch3pc: the log has more undecided batches than WindowMax")

// narrow is the reason of such a RecoverError.
const narrow = "more undecided batches than WindowMax"

// ErrConfig is wrapped by every error of NewCoordinator and NewParticipant.
var ErrConfig = errors.New("batch3pc: bad configuration")

// RecoverError says which record of a log does not fit the records before it, or the application.
// The log is damaged, belongs to another node, or the votes are not deterministic: the node must
// not take part until somebody has looked.
type RecoverError struct {
	Kind   RecordKind
	Seq    Seq
	Reason string
}

// Error describes the record and what is wrong with it.
func (e *RecoverError) Error() string {
	return fmt.Sprintf("batch3pc: recover: record %v of batch %d: %s", e.Kind, e.Seq, e.Reason)
}

// Unwrap returns ErrNarrow if that is the reason.
func (e *RecoverError) Unwrap() error {
	if e.Reason == narrow {
		return ErrNarrow
	}
	return nil
}

// violated stops the process: an invariant of the protocol does not hold, and nothing that this
// machine says from here on may be believed.
func violated(invariant, text string) {
	panic("batch3pc: " + invariant + " violated: " + text)
}
