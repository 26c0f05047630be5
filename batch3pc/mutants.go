package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// What the seeded bugs do that takes more than a condition. Nothing calls this unless mutant.Enabled.

// unwritten reports whether a record of the kind gets lost.
func unwritten(kind RecordKind) bool {
	switch kind {
	case RecordPromise:
		return mutant.Is(mutant.PromiseUnwritten)
	case RecordPreCommit:
		return mutant.Is(mutant.AckUnwritten)
	case RecordBatch:
		return mutant.Is(mutant.BatchUnwritten)
	case RecordCommit:
		return mutant.Is(mutant.CommitUnwritten)
	case RecordEpoch:
		return mutant.Is(mutant.EpochUnwritten)
	}
	return false
}

// early reports whether a message of the kind leaves before the record that keeps its promise is durable.
func early(kind Kind) bool {
	switch kind {
	case KindState:
		return mutant.Is(mutant.PromiseEarly)
	case KindPreCommitAck:
		return mutant.Is(mutant.AckEarly)
	case KindStartAck:
		return mutant.Is(mutant.StartAckEarly)
	case KindStateReq:
		return mutant.Is(mutant.EpochEarly)
	}
	return false
}

// suspect is what participants of the textbooks do when their leader seems to be gone.
func (p *Participant) suspect() {
	switch {
	case mutant.Is(mutant.TimerCommits) && p.pre.Seq > p.applied().Seq:
		p.apply(p.pre)
	case mutant.Is(mutant.TimerAborts):
		p.drop(p.decided)
		p.pre = p.applied()
	case mutant.Is(mutant.TimersDecide) && p.pre.Seq > p.applied().Seq:
		p.apply(p.pre)
	case mutant.Is(mutant.TimerForgets), mutant.Is(mutant.TimersDecide):
		p.drop(p.log.through(p.pre.Seq))
	}
}

// spoiled takes out of a ballot what makes it unique.
func spoiled(b Ballot) Ballot {
	if mutant.Is(mutant.BallotReused) {
		b.Boot = 1
	}
	if mutant.Is(mutant.BallotShared) {
		b.Node = 1
	}
	return b
}

// countTwice gives a repeated acknowledgement to a participant that has not sent it.
func (c *Coordinator) countTwice(at Position) {
	for i := range c.peers {
		if p := &c.peers[i]; p.acked < at.Seq {
			p.accepted, p.acked = true, at.Seq
			break
		}
	}
	if c.serving() {
		c.decide()
	}
}

// heldByAll lowers a base to what everybody who has promised holds.
func (c *Coordinator) heldByAll(base Position, inForce Generation) (Position, Generation) {
	for i := range c.peers {
		if p := &c.peers[i]; p.phase == phasePromised && p.counts && p.reply.voted.Seq < base.Seq {
			base = p.reply.voted
			inForce = c.generationAt(p, base)
		}
	}
	return base, inForce
}

// expire is what a timer must not do.
func (c *Coordinator) expire() {
	if mutant.Is(mutant.AckTimeoutCommits) && c.preSent.Seq > c.committed.Seq {
		c.committed, c.decided = c.preSent, c.log.through(c.preSent.Seq)
	}
	if mutant.Is(mutant.AbortAlone) {
		c.log.cut(c.log.through(c.preSent.Seq))
	}
}

// votedByMajority is the watermark below which a majority of the participants voted yes.
func (c *Coordinator) votedByMajority() Seq {
	var marks [ParticipantsMax]Seq
	for i := range c.peers {
		marks[i] = c.peers[i].voted.Seq
	}
	return quorumMark(marks[:len(c.peers)], c.quorum)
}
