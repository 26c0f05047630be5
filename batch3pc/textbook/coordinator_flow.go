package textbook

import "github.com/tezi-exchange/tezi/batch3pc"

// message starts a message to p; the commit watermark rides on every one.
func (c *Coordinator) message(p *peer, kind batch3pc.Kind) batch3pc.Message {
	p.commitSent = max(p.commitSent, c.committed.Seq)
	return batch3pc.Message{
		Kind: kind, From: c.cfg.Self, To: p.id, Ballot: c.ballot,
		Commit: c.committed.Seq, CommitChain: c.committed.Chain,
	}
}

func (c *Coordinator) messageAt(p *peer, kind batch3pc.Kind, at batch3pc.Position) batch3pc.Message {
	m := c.message(p, kind)
	m.Seq, m.Chain = at.Seq, at.Chain
	return m
}

func (c *Coordinator) sendStateReq(p *peer) { c.out.sendDurable(c.message(p, batch3pc.KindStateReq)) }

// flush sends every participant what it has not been sent.
func (c *Coordinator) flush() {
	for i := range c.peers {
		p := &c.peers[i]
		if !p.started || !p.up {
			continue
		}
		for j := c.log.through(p.sent); j < c.log.count; j++ {
			b := c.log.at(j)
			m := c.messageAt(p, batch3pc.KindBatch, b.Position())
			m.Batch = b
			c.out.send(m)
			p.sent = b.Seq
		}
		if c.cfg.Protocol == ThreePhase && p.preSent < c.point.Seq && p.acked < c.point.Seq {
			p.preSent = c.point.Seq
			c.out.send(c.messageAt(p, batch3pc.KindPreCommit, c.point))
		}
		if p.commitSent < c.committed.Seq {
			c.out.send(c.message(p, batch3pc.KindCommit))
		}
	}
}

// Tick is the clock: it sends again to whoever made no progress, and counts towards the timeouts.
func (c *Coordinator) Tick() batch3pc.Ready {
	c.out.reset()
	if c.state == batch3pc.StateIdle {
		return c.out.ready
	}
	moved := false
	for i := range c.peers {
		p := &c.peers[i]
		moved = moved || p.moved
		if p.up && !p.moved {
			c.nudge(p)
		}
		p.moved = false
	}
	c.waited++
	if moved {
		c.waited = 0
	}
	if c.waited >= c.cfg.TimeoutTicks {
		c.timeout()
	}
	c.advance()
	c.flush()
	return c.out.ready
}

// nudge repeats the last word to a participant that does not answer, or gives a sign of life.
func (c *Coordinator) nudge(p *peer) {
	switch {
	case c.state == batch3pc.StateElecting && !p.known:
		c.sendStateReq(p)
	case c.state == batch3pc.StateElecting:
	case !p.started:
		c.out.sendDurable(c.messageAt(p, batch3pc.KindStart, c.base))
	default:
		p.sent, p.preSent = p.voted.Seq, min(p.preSent, p.acked)
		c.out.send(c.message(p, batch3pc.KindCommit))
	}
}

// timeout takes those who are waited for as dead. Without their vote the batch is aborted. Without
// their acknowledgement of PRE-COMMIT it is committed.
func (c *Coordinator) timeout() {
	c.waited = 0
	if c.cfg.Protocol == ThreePhase && c.point.Seq > c.committed.Seq {
		for i := range c.peers {
			c.peers[i].acked = max(c.peers[i].acked, c.point.Seq)
		}
		return
	}
	if c.state != batch3pc.StateActive {
		return
	}
	for i := range c.peers {
		if n := c.log.through(c.peers[i].voted.Seq); n < c.log.count && c.peers[i].voted.Seq == c.votedByAll() {
			c.refuse(c.log.at(n).Seq, c.peers[i].id, batch3pc.ReasonInfra, nil)
			return
		}
	}
}

// PeerUp says that a participant is connected: it is asked where it stands.
func (c *Coordinator) PeerUp(n batch3pc.NodeID) batch3pc.Ready {
	c.out.reset()
	if p := c.peer(n); p != nil {
		p.up = true
		if c.state != batch3pc.StateIdle {
			p.started = false
			c.sendStateReq(p)
		}
	}
	return c.out.ready
}

// PeerDown says that a participant is not connected.
func (c *Coordinator) PeerDown(n batch3pc.NodeID) {
	if p := c.peer(n); p != nil {
		p.up = false
	}
}

// Room reports whether a Propose would be taken now.
func (c *Coordinator) Room() bool {
	return c.state == batch3pc.StateActive && !c.log.full() && c.log.count-c.log.through(c.committed.Seq) < c.cfg.WindowMax
}

// Propose adds a batch to the stream and asks everybody to vote on it. Whose the payload is, and the
// errors, are as with batch3pc.Coordinator.Propose.
func (c *Coordinator) Propose(count uint32, payload []byte) (*batch3pc.Batch, batch3pc.Ready, error) {
	c.out.reset()
	switch {
	case c.state != batch3pc.StateActive:
		return nil, c.out.ready, batch3pc.ErrNotActive
	case count == batch3pc.CountGeneration:
		return nil, c.out.ready, batch3pc.ErrCount
	case !c.Room():
		return nil, c.out.ready, batch3pc.ErrNoRoom
	}
	parent := c.log.tail()
	c.seqSeen = max(c.seqSeen, parent.Seq) + 1
	b := batch3pc.Batch{Seq: c.seqSeen, Parent: parent.Seq, ParentChain: parent.Chain, Generation: c.cfg.Generation, Count: count, Payload: payload}
	b.Seal()
	slot := c.log.lend(&b)
	c.flush()
	return slot, c.out.ready, nil
}

// InputsDurable changes nothing: there is no input gate in the books. A batch3pc.Coordinator has one.
func (c *Coordinator) InputsDurable(batch3pc.Seq) batch3pc.Ready {
	c.out.reset()
	return c.out.ready
}

// Status returns the current state.
func (c *Coordinator) Status() batch3pc.CoordinatorStatus {
	tail := c.log.tail()
	s := batch3pc.CoordinatorStatus{
		State: c.state, Ballot: c.ballot, Base: c.base.Seq, BaseChain: c.base.Chain, Proposed: tail.Seq, LastChain: tail.Chain,
		Voted: c.votedByAll(), PreCommitted: c.point.Seq, Committed: c.committed.Seq, CommittedChain: c.committed.Chain,
		Applied: c.peers[0].applied, Released: c.log.root.Seq,
	}
	for i := range c.peers {
		s.Applied = min(s.Applied, c.peers[i].applied)
	}
	if c.refused {
		s.Refused = &c.refusal
	}
	return s
}
