package batch3pc

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Phase of the commit that a deadline is for.
type Phase uint8

// The phases. All but PhaseDecision belong to one participant.
const (
	PhaseCanCommit Phase = 1 // a batch is proposed: its vote
	PhasePreCommit Phase = 2 // all members have voted: its durable acknowledgement
	PhaseDoCommit  Phase = 3 // the batch is decided: that it is applied
	PhaseElection  Phase = 4 // a ballot is opened: promise, state and start
	PhaseDecision  Phase = 5 // a batch is proposed: its decision, by all together
)

var phaseNames = [...]string{
	PhaseCanCommit: "can-commit", PhasePreCommit: "pre-commit", PhaseDoCommit: "do-commit",
	PhaseElection: "election", PhaseDecision: "decision",
}

// String returns the phase's name as it is written in configurations.
func (p Phase) String() string {
	if int(p) >= len(phaseNames) || phaseNames[p] == "" {
		return fmt.Sprintf("Phase(%d)", uint8(p))
	}
	return phaseNames[p]
}

// Deadlines say how long things may take, in nanoseconds. None of them decides anything (rule S5):
// a coordinator whose deadline has passed sends again and names who is late, and a standby opens a
// ballot. 0 is no deadline. A child is never longer than its parent:
//
//	decision ─┬─ can-commit + pre-commit      election ── resend
//	          ├─ can-commit ── of a participant
//	          └─ pre-commit ── of a participant       do-commit ── of a participant
type Deadlines struct {
	DecisionNs  int64
	CanCommitNs int64
	PreCommitNs int64
	DoCommitNs  int64
	ElectionNs  int64 // also how long a standby waits for a sign of a leader
	ResendNs    int64 // interval of Tick, for drivers that call Advance
	// Participants have shorter deadlines of their own; a 0 in them means that of the phase.
	Participants []ParticipantDeadlines
}

// ParticipantDeadlines are the deadlines of one participant, in nanoseconds.
type ParticipantDeadlines struct {
	Node        NodeID
	CanCommitNs int64
	PreCommitNs int64
	DoCommitNs  int64
}

// ExchangeDeadlines are for participants in one building: the vote of a batch of 1000 trades within
// 2 ms, and a decision within 5.
func ExchangeDeadlines() Deadlines {
	ms := int64(time.Millisecond)
	return Deadlines{
		DecisionNs: 5 * ms, CanCommitNs: 2 * ms, PreCommitNs: 3 * ms, DoCommitNs: 5 * ms,
		ElectionNs: 50 * ms, ResendNs: 10 * ms,
	}
}

// WideAreaDeadlines are for participants in different cities or companies: seconds.
func WideAreaDeadlines() Deadlines {
	s := int64(time.Second)
	return Deadlines{DecisionNs: 5 * s, CanCommitNs: 2 * s, PreCommitNs: 3 * s, DoCommitNs: 5 * s, ElectionNs: 5 * s, ResendNs: s}
}

// DeadlineError says that a child's deadline is longer than its parent's.
type DeadlineError struct {
	Child, Parent     string // such as "can-commit of participant 3" and "can-commit"
	ChildNs, ParentNs int64
}

// Error names both.
func (e *DeadlineError) Error() string {
	return fmt.Sprintf("%v: the deadline for %s is %v, longer than that for %s, %v",
		ErrConfig, e.Child, time.Duration(e.ChildNs), e.Parent, time.Duration(e.ParentNs))
}

// Unwrap returns ErrConfig.
func (e *DeadlineError) Unwrap() error { return ErrConfig }

// Validate returns a *DeadlineError if a child is longer than its parent, and an error that wraps
// ErrConfig if a deadline is negative or a participant is named twice.
func (d *Deadlines) Validate() error {
	can, pre, do := PhaseCanCommit.String(), PhasePreCommit.String(), PhaseDoCommit.String()
	pairs := []DeadlineError{
		{can, PhaseDecision.String(), d.CanCommitNs, d.DecisionNs},
		{pre, PhaseDecision.String(), d.PreCommitNs, d.DecisionNs},
		{can + " and " + pre, PhaseDecision.String(), together(d.CanCommitNs, d.PreCommitNs), d.DecisionNs},
		{"resend", PhaseElection.String(), d.ResendNs, d.ElectionNs},
		{PhaseElection.String(), "ever", d.ElectionNs, 0}, {do, "ever", d.DoCommitNs, 0}, {PhaseDecision.String(), "ever", d.DecisionNs, 0},
	}
	for i, p := range d.Participants {
		if slices.ContainsFunc(d.Participants[:i], func(o ParticipantDeadlines) bool { return o.Node == p.Node }) {
			return fmt.Errorf("%w: deadlines of participant %d are given twice", ErrConfig, p.Node)
		}
		of := fmt.Sprintf(" of participant %d", p.Node)
		pairs = append(pairs, DeadlineError{can + of, can, p.CanCommitNs, d.CanCommitNs},
			DeadlineError{pre + of, pre, p.PreCommitNs, d.PreCommitNs}, DeadlineError{do + of, do, p.DoCommitNs, d.DoCommitNs})
	}
	for _, e := range pairs {
		if e.ChildNs < 0 {
			return fmt.Errorf("%w: the deadline for %s is %d ns, want at least 0", ErrConfig, e.Child, e.ChildNs)
		}
		if e.ParentNs > 0 && e.ChildNs > e.ParentNs {
			return &e
		}
	}
	return nil
}

// together is the sum of two deadlines, which are checked by themselves, or the longest there is: as long as for ever.
func together(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}

// of is the deadline of a participant in a phase, 0 if there is none.
func (d *Deadlines) of(n NodeID, phase Phase) int64 {
	common := [...]int64{PhaseCanCommit: d.CanCommitNs, PhasePreCommit: d.PreCommitNs, PhaseDoCommit: d.DoCommitNs,
		PhaseElection: d.ElectionNs, PhaseDecision: d.DecisionNs}[phase]
	for i := range d.Participants {
		if p := &d.Participants[i]; p.Node == n {
			own := [...]int64{PhaseCanCommit: p.CanCommitNs, PhasePreCommit: p.PreCommitNs, PhaseDoCommit: p.DoCommitNs, PhaseDecision: 0}[phase]
			if own > 0 {
				return own
			}
		}
	}
	return common
}
