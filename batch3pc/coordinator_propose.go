package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// Room reports whether a Propose would be taken now.
func (c *Coordinator) Room() bool {
	return c.state == StateActive && !c.wishing && !c.changing() && c.inDoubt() < c.cfg.WindowMax && !c.log.full()
}

// inDoubt counts the batches of the ballot that are not decided.
func (c *Coordinator) inDoubt() int { return c.log.len() - c.decided }

// Propose adds a batch of count items to the stream and asks all participants to vote on it. The
// payload belongs to the coordinator until Status().Released reaches the batch, or until a ballot
// is active whose base does not include it. The Batch is valid as long. Errors: ErrNotActive,
// ErrNoRoom, ErrCount; all mean that nothing has happened.
func (c *Coordinator) Propose(count uint32, payload []byte) (*Batch, Ready, error) {
	c.out.reset()
	switch {
	case c.state != StateActive:
		return nil, c.out.ready, ErrNotActive
	case count == CountGeneration:
		return nil, c.out.ready, ErrCount
	case !c.Room():
		return nil, c.out.ready, ErrNoRoom
	}
	b := c.append(c.log.tailGeneration.Number, count, payload)
	c.flush(c.cfg.WindowMax)
	return b, c.out.ready, nil
}

// append adds a batch to the stream.
func (c *Coordinator) append(generation, count uint32, payload []byte) *Batch {
	parent := c.log.tail()
	c.seqSeen = max(c.seqSeen, parent.Seq) + 1
	if mutant.Is(mutant.SeqReused) {
		c.seqSeen = parent.Seq + 1
	}
	b := c.log.at(c.log.len())
	*b = Batch{
		Seq: c.seqSeen, Parent: parent.Seq, ParentChain: parent.Chain,
		Generation: generation, Count: count, Payload: payload,
	}
	b.Seal()
	*c.times(c.log.len()) = batchTimes{proposedNs: c.nowNs}
	return c.log.push()
}

// InputsDurable says that whatever went into the batches at or below s that were proposed here survives a crash of the
// proposer. It only ever rises.
func (c *Coordinator) InputsDurable(s Seq) Ready {
	c.out.reset()
	c.inputs = max(c.inputs, s)
	if c.serving() {
		c.advance()
		c.flush(c.cfg.WindowMax)
	}
	return c.out.ready
}

// stepYes raises the vote of a participant.
func (c *Coordinator) stepYes(p *progress, m *Message) {
	at := Position{m.Seq, m.Chain}
	if !c.serving() || at.Seq <= p.voted.Seq {
		return
	}
	if !c.knows(at) {
		c.ignored++
		return
	}
	p.voted, p.moved = at, true
	p.sent = max(p.sent, at.Seq)
}

// stepNo stops proposing on the vote of a member against a batch in doubt. "Not now" is no vote:
// the batch is sent again.
func (c *Coordinator) stepNo(p *progress, m *Message) {
	vote := m.Reason == ReasonVeto || m.Reason == ReasonHash
	if !c.serving() || !p.member || !p.counts || !vote || m.Seq <= c.preSent.Seq || !c.log.holds(Position{m.Seq, m.Chain}) {
		return
	}
	if c.refused && c.refusal.Seq <= m.Seq {
		return // the lowest counts: the others follow from it
	}
	c.refused, c.state = true, StateRefused
	c.refusal = Refusal{Seq: m.Seq, From: m.From, Reason: m.Reason, Veto: append(c.refusal.Veto[:0], m.Veto...)}
}

// votedByAll is the watermark below which every member voted yes in this ballot.
func (c *Coordinator) votedByAll() Seq {
	if mutant.Is(mutant.MajorityYes) {
		return c.votedByMajority()
	}
	voted := ^Seq(0)
	for i := range c.peers {
		if p := &c.peers[i]; p.member && !p.counts && !c.changing() {
			return 0
		} else if p.member {
			voted = min(voted, p.voted.Seq)
		}
	}
	return voted
}

// advance raises the pre-commit watermark: to what every member voted yes for in this ballot
// (rule S1) and whose inputs are durable. A generation in doubt is alone, and has no inputs.
func (c *Coordinator) advance() {
	goal := c.votedByAll()
	if !c.changing() && !mutant.Is(mutant.GateIgnored) {
		goal = min(goal, c.inputs)
	}
	first, n := c.log.through(c.preSent.Seq), c.log.through(goal)
	for i := first; i < n; i++ {
		c.times(i).preCommittedNs = c.nowNs
	}
	if n > first {
		c.preSent = c.log.position(n)
	}
}
