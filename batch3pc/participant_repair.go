package batch3pc

// A participant is repairing while it does not hold all that it has pre-committed: records of its
// log were unreadable, and later ones tell what it had promised and accepted. It then votes for,
// promises and acknowledges nothing above what it holds, until the batches are back (PROTOCOL.md
// 5.7). Whoever counted its acknowledgement before was right: a quorum held the batches then, and
// any other quorum still finds them.

// RecoverHole says that records are missing between the last record that was fed to Recover and the
// next one, which can be read. Recover goes on with that one: batches that do not follow what is
// known are passed over. RecoverDone must be called at the end of the log.
func (p *Participant) RecoverHole() {
	p.hole, p.proved = true, false
	p.incoming.reset()
}

// RecoverDone ends the recovery of a log that has holes, or may have. Its error is a *RecoverError
// and final, like those of Recover: no Start, PreCommit or checkpoint behind the last hole proves what
// was promised and accepted, so that the participant may have promised more than it knows; or
// the record that says who wrote the log is gone. Such a log is as good as none.
func (p *Participant) RecoverDone() error {
	switch {
	case p.hole && !p.proved:
		return &RecoverError{Kind: RecordPreCommit, Reason: "records are unreadable, and none behind them proves what was promised and accepted"}
	case p.hole && p.cfg.Incarnation != 0 && !p.identified:
		return &RecoverError{Kind: RecordIdentity, Reason: "the record that says whose log it is is unreadable"}
	}
	p.hole = false
	p.check()
	return nil
}

// held is the pre-committed prefix as far as it is there.
func (p *Participant) held() Position {
	if p.lost {
		return p.log.tail()
	}
	return p.pre
}

// mend ends the repair as soon as the pre-committed prefix is there, or a later one has taken its place.
func (p *Participant) mend() {
	if p.lost && p.pre.Seq <= p.log.tail().Seq && p.log.holds(p.pre) {
		p.lost = false
	}
}

// recoverBehindHole reads a record behind a hole. Only what does not depend on the missing records
// is believed.
func (p *Participant) recoverBehindHole(r *Record) string {
	at := Position{r.Seq, r.Chain}
	switch r.Kind {
	case RecordBatch:
		if r.Batch == nil || r.Batch.ParentPosition() != p.log.tail() || p.undecided() == p.cfg.WindowMax {
			return "" // it follows something that is missing, a batch or that some are decided: it is fetched again
		}
	case RecordFill:
		b := r.Batch
		if b == nil || b.Parent < p.applied().Seq || !p.log.holds(b.ParentPosition()) || p.log.through(b.Parent)-p.decided == p.cfg.WindowMax {
			return ""
		}
	case RecordPromise:
		if p.elected.Less(r.Ballot) {
			p.elected = r.Ballot
		}
		return ""
	case RecordCommit:
		if at.Seq <= p.applied().Seq {
			return ""
		}
		if !p.log.holds(at) {
			if p.pre.Seq < at.Seq { // it was filled up: what is decided is pre-committed
				p.pre, p.lost = at, true
			}
			return ""
		}
	case RecordStart, RecordPreCommit:
		return p.recoverProof(r)
	}
	return p.recoverRecord(r)
}

// recoverProof takes what a Start or PreCommit behind a hole proves. The counters only grow, so that
// nothing in the hole was higher. What is in doubt before the hole may lie on a branch that was
// dropped in it, so that only the decided part is kept, unless the accepted position is there.
func (p *Participant) recoverProof(r *Record) string {
	at := Position{r.Seq, r.Chain}
	if r.Ballot.Less(p.elected) || at.Seq < p.applied().Seq {
		return "it is below what was promised or applied before it"
	}
	switch n := p.log.through(at.Seq); {
	case !p.log.holds(at):
		p.drop(p.decided)
		p.lost = true
	case r.Kind == RecordStart:
		p.drop(n)
	}
	p.elected, p.attempt, p.pre, p.proved = r.Ballot, r.Ballot, at, true
	return ""
}
