package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// stepCommit obeys the commit watermark of m as far as the log is the one that was decided: the
// chain at the watermark must be the same, and so the whole history is.
func (p *Participant) stepCommit(m *Message) {
	goal := Position{m.Commit, m.CommitChain}
	if goal.Seq <= p.applied().Seq {
		if mutant.Is(mutant.ApplyTwice) && p.decided > 0 && goal == p.applied() {
			p.app.Apply(p.log.at(p.decided - 1))
		}
		p.checkDecided(goal)
		return
	}
	if mutant.Is(mutant.ApplyUnchecked) && p.log.through(goal.Seq) > p.decided {
		goal = p.log.position(p.log.through(goal.Seq))
	}
	if p.log.holds(goal) {
		p.obey(m, goal)
	}
}

// obey applies everything through goal, a position of the log that m shows to be decided. One that is repairing is told
// of decisions in a ballot that it has not promised. From then on it obeys none below: whoever leads one would hear
// from it of decisions that no lower ballot knows of.
func (p *Participant) obey(m *Message, goal Position) {
	if p.lost || m.Kind != KindStateReq {
		p.promise(m.Ballot)
	}
	p.apply(goal)
}

// apply applies everything through goal, a decided position of the log, in order and once.
func (p *Participant) apply(goal Position) {
	p.applyThrough(goal)
	p.out.record(Record{Kind: RecordCommit, Seq: goal.Seq, Chain: goal.Chain})
}

func (p *Participant) applyThrough(goal Position) {
	for end := p.log.through(goal.Seq); p.decided < end; p.decided++ {
		if b := p.log.at(p.decided); !b.IsGeneration() {
			p.app.Apply(b)
			p.appliedBatches++
		}
	}
	if p.pre.Seq <= goal.Seq { // equal and different only while it is repairing, on a branch that lost
		p.pre = goal
	}
}

// checkDecided asserts that a position at or below the applied one, which somebody says is
// decided, is what was applied here. Positions older than the retention cannot be compared.
func (p *Participant) checkDecided(at Position) {
	if at.Seq >= p.log.root.Seq && !p.log.holds(at) {
		violated("I1", "another history was decided than the one applied here")
	}
}
