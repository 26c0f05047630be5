package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// stepStateReq promises the ballot.
func (p *Participant) stepStateReq(m *Message) {
	if !p.lost {
		p.promise(m.Ballot)
	}
	p.sendState(m)
}

// promise obeys nothing below b from here on.
func (p *Participant) promise(b Ballot) {
	if !p.elected.Less(b) {
		return
	}
	if !mutant.Is(mutant.PromiseNotKept) {
		p.elected = b
	}
	p.out.record(Record{Kind: RecordPromise, Ballot: b})
	if mutant.Enabled {
		p.suspect()
	}
}

// sendState answers with the whole state. It is a promise of m.Ballot only if LastElected says so.
// While it is repairing a participant tells nobody but the owner of the ballot that it accepted,
// who can give it back what it lacks; anybody else is asked for what is decided.
func (p *Participant) sendState(m *Message) {
	if p.lost && p.attempt != m.Ballot {
		p.sendFetch(m, p.applied())
		return
	}
	pre := p.held()
	s := p.answer(m, KindState)
	tail, applied := p.log.tail(), p.applied()
	s.LastElected, s.LastAttempt = p.elected, p.attempt
	if mutant.Is(mutant.PromiseNotKept) && m.Kind == KindStateReq {
		s.LastElected = m.Ballot
	}
	if mutant.Is(mutant.AttemptNotReported) {
		s.LastAttempt = Ballot{}
	}
	if p.lost {
		s.Reason = ReasonInfra
	}
	s.Seq = p.serves()
	s.PreCommitted, s.PreChain = pre.Seq, pre.Chain
	s.Voted, s.VotedChain = tail.Seq, tail.Chain
	s.AppliedChain = applied.Chain
	p.tail = p.tail[:0]
	for i := p.decided; i < p.log.len(); i++ {
		p.tail = AppendTail(p.tail, p.log.at(i).Position())
	}
	s.Tail = p.tail
	inForce := p.log.generationAt(p.decided)
	p.generations = AppendGeneration(p.generations[:0], &inForce)
	for i := p.decided; i < p.log.len(); i++ {
		if b := p.log.at(i); b.IsGeneration() {
			g := mustGeneration(b)
			p.generations = AppendGeneration(p.generations, &g)
		}
	}
	s.Generations = p.generations
	p.out.sendDurable(s)
}

// stepWatch tells a standby whether some coordinator is at work. It is no promise, and obeys nothing.
func (p *Participant) stepWatch(m *Message) {
	w := p.answer(m, KindWatched)
	w.LastElected, w.Seq = p.elected, Seq(p.heard)
	p.out.send(w)
}

// stepStart accepts the base of a ballot: everything at or below it is pre-committed in the
// ballot, and everything above it is aborted, votes and old pre-commits included (rules S3, S3b).
func (p *Participant) stepStart(m *Message) {
	base := Position{m.Seq, m.Chain}
	if p.attempt == m.Ballot && !mutant.Is(mutant.StartTwice) {
		// A duplicate. What is above the base by now was voted for in this very ballot.
		p.out.sendDurable(p.answerAt(m, KindStartAck, p.held()))
		return
	}
	applied := p.applied()
	if base.Seq < applied.Seq && !mutant.Is(mutant.StartDropsApplied) {
		// Batches that this ballot has decided arrived before its Start, as Fill.
		p.checkDecided(base)
		base = applied
	}
	if !p.log.holds(base) {
		p.sendFetch(m, p.matched(m.Ballot))
		return
	}
	if mutant.Is(mutant.LongerPreKept) && p.pre.Seq > base.Seq {
		base = p.pre
	}
	if !mutant.Is(mutant.VotesKept) {
		p.drop(p.log.through(base.Seq))
	}
	p.elected, p.attempt, p.pre, p.lost = m.Ballot, m.Ballot, base, false
	p.out.record(Record{Kind: RecordStart, Ballot: m.Ballot, Seq: base.Seq, Chain: base.Chain})
	p.out.sendDurable(p.answerAt(m, KindStartAck, base))
}

// matched is the newest prefix that is known to lie on the path of ballot b before its Start.
func (p *Participant) matched(b Ballot) Position {
	if p.pathBallot == b && p.path.Seq > p.applied().Seq && p.log.holds(p.path) {
		return p.path
	}
	return p.applied()
}

// stepPreCommit accepts a prefix in the ballot. The acknowledgement is a promise to keep it
// through any crash, so it rides behind the record.
func (p *Participant) stepPreCommit(m *Message) {
	goal := Position{m.Seq, m.Chain}
	switch {
	case p.attempt != m.Ballot && !mutant.Is(mutant.PreCommitUnstarted):
		p.sendState(m)
		return
	case goal.Seq == p.pre.Seq && goal != p.pre:
		violated("I6", "one ballot pre-commits two histories")
	case (goal.Seq > p.pre.Seq || p.lost) && !p.log.holds(goal) && !mutant.Is(mutant.PreCommitGap):
		p.sendFetch(m, p.log.tail())
		return
	case goal.Seq > p.pre.Seq:
		p.pre = goal
		p.out.record(Record{Kind: RecordPreCommit, Ballot: m.Ballot, Seq: goal.Seq, Chain: goal.Chain})
	}
	p.out.sendDurable(p.answerAt(m, KindPreCommitAck, p.held()))
}
