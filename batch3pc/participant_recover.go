package batch3pc

import (
	"fmt"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Recover feeds the next record of the log. The order is that of the log; after the last one the
// state is exactly what it was when that record was written. r is read during the call only. Every
// error is a *RecoverError and final.
func (p *Participant) Recover(r *Record) error {
	reason := p.recover(r)
	if reason == "" {
		p.check()
		return nil
	}
	e := &RecoverError{Kind: r.Kind, Seq: r.Seq, Reason: reason}
	if r.Batch != nil {
		e.Seq = r.Batch.Seq
	}
	return e
}

// recover returns what is wrong with the record, or "".
func (p *Participant) recover(r *Record) string {
	if r.Kind == RecordIdentity {
		return p.recoverIdentity(r)
	}
	p.begun = true
	if p.hole {
		return p.recoverBehindHole(r)
	}
	return p.recoverRecord(r)
}

// recoverIdentity reads whose log it is. It is the first record, and repeated by each checkpoint.
func (p *Participant) recoverIdentity(r *Record) string {
	switch {
	case r.Ballot.Node != p.cfg.Self:
		return fmt.Sprintf("the log is that of participant %d, this is %d", r.Ballot.Node, p.cfg.Self)
	case p.identified && r.Incarnation != p.incarnation:
		return fmt.Sprintf("incarnation %016x in a log of incarnation %016x", r.Incarnation, p.incarnation)
	case !p.identified && p.begun && !p.hole:
		return "an identity in the middle of a log that began without"
	}
	p.incarnation, p.identified = r.Incarnation, true
	return ""
}

func (p *Participant) recoverRecord(r *Record) string {
	switch r.Kind {
	case RecordSnapshot:
		return p.recoverSnapshot(r)
	case RecordBatch, RecordFill:
		return p.recoverBatch(r)
	case RecordPromise:
		if !p.elected.Less(r.Ballot) {
			return "the promise is not above the one before it"
		}
		p.elected = r.Ballot
		return ""
	case RecordPreCommit, RecordStart:
		return p.recoverAccept(r)
	case RecordCommit:
		goal := Position{r.Seq, r.Chain}
		if goal.Seq <= p.applied().Seq || !p.log.holds(goal) {
			return "the committed batch is not in the log above the applied ones"
		}
		p.applyThrough(goal)
		return ""
	}
	return "no record of a participant"
}

func (p *Participant) recoverBatch(r *Record) string {
	b := r.Batch
	if b == nil {
		return "no batch in it"
	}
	if b.Seq <= b.Parent || !b.Intact() {
		return "the batch is not intact"
	}
	if r.Kind == RecordFill && p.log.holds(b.Position()) {
		return "" // a checkpoint repeats what is in doubt
	}
	parent := b.ParentPosition()
	if r.Kind == RecordFill && p.log.holds(parent) && parent.Seq >= p.applied().Seq {
		p.dropBehind(parent)
	}
	if parent != p.log.tail() {
		return "the batch does not follow the tail of the log"
	}
	if p.undecided() == p.cfg.WindowMax {
		return narrow
	}
	if !p.log.fits(b) {
		return "the batch is of another generation than its parent"
	}
	vote := p.vote(b, r.Kind == RecordFill)
	if r.Kind == RecordBatch && !vote.Yes {
		return "voted no (" + vote.Reason.String() + ") on a batch that was voted for: votes must be deterministic"
	}
	p.take()
	return ""
}

func (p *Participant) recoverAccept(r *Record) string {
	at := Position{r.Seq, r.Chain}
	switch {
	case r.Ballot.Less(p.elected):
		return "the ballot is below the promise before it"
	case !p.log.holds(at) || at.Seq < p.applied().Seq:
		return "the accepted position is not in the log"
	case r.Kind == RecordPreCommit && r.Ballot != p.attempt:
		return "a pre-commit in a ballot without its start"
	case r.Kind == RecordPreCommit && at.Seq <= p.pre.Seq:
		return "the pre-commit is not above the one before it"
	}
	if r.Kind == RecordStart {
		p.drop(p.log.through(at.Seq))
	}
	p.elected, p.pre = r.Ballot, at
	if !mutant.Is(mutant.AttemptNotRecovered) {
		p.attempt = r.Ballot
	}
	return ""
}
