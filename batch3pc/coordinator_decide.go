package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// stepAck counts a durable pre-commit.
func (c *Coordinator) stepAck(p *progress, m *Message) {
	at := Position{m.Seq, m.Chain}
	if !c.serving() {
		return
	}
	if !c.knows(at) {
		c.ignored++
		return
	}
	c.ack(p, at)
}

// ack raises what p durably accepted in this ballot, and decides what a quorum accepted.
func (c *Coordinator) ack(p *progress, at Position) {
	if c.serving() && at.Seq > c.preSent.Seq {
		violated("I6", "a pre-commit is acknowledged that was never sent")
	}
	if p.accepted && at.Seq <= p.acked {
		if mutant.Is(mutant.DuplicateAckCounts) {
			c.countTwice(at)
		}
		return
	}
	p.accepted, p.acked, p.moved = true, at.Seq, true
	if c.state == StateStarting {
		if c.accepted() >= c.quorum || mutant.Is(mutant.TerminationAlone) {
			c.activate()
		}
		return
	}
	c.keep(p, at.Seq)
	c.decide()
	c.release()
	c.openGeneration()
}

// accepted counts the participants that durably accepted this ballot's Start, of those that count.
func (c *Coordinator) accepted() int {
	n := 0
	for i := range c.peers {
		if c.peers[i].accepted && c.peers[i].counts {
			n++
		}
	}
	return n
}

// acceptedByQuorum is the watermark that a quorum of the configured participants has durably
// accepted in this ballot.
func (c *Coordinator) acceptedByQuorum() Seq {
	var marks [ParticipantsMax]Seq
	for i := range c.peers {
		if c.peers[i].counts {
			marks[i] = c.peers[i].acked
		}
	}
	if mutant.Is(mutant.OneAckDecides) {
		return quorumMark(marks[:len(c.peers)], 1)
	}
	return quorumMark(marks[:len(c.peers)], c.quorum)
}

// decide raises the commit watermark.
func (c *Coordinator) decide() {
	accepted := c.acceptedByQuorum()
	if accepted <= c.committed.Seq {
		return
	}
	n := c.log.through(accepted)
	if c.log.position(n).Seq != accepted {
		violated("I7", "a quorum accepted a batch that is not in the log")
	}
	for i := range c.peers {
		if p := &c.peers[i]; p.applied >= c.committed.Seq {
			p.behindNs = c.nowNs
		}
	}
	before := c.committed.Seq
	c.committed, c.decided = c.log.position(n), n
	for i := range c.peers {
		c.keep(&c.peers[i], c.peers[i].acked)
	}
	c.raiseTruncate()
	if opened := c.log.tailGeneration.At.Seq; before < opened && opened <= c.committed.Seq {
		c.judgeByLog() // it may have named other logs
	}
}

// release lets go of the payloads that every member holds durably and that are decided.
func (c *Coordinator) release() {
	low := c.committed.Seq
	for i := range c.peers {
		if c.peers[i].member {
			low = min(low, c.peers[i].acked)
		}
	}
	n := c.log.through(low)
	c.log.release(n)
	c.decided -= n
}
