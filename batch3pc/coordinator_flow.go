package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// flush sends every started and connected participant what it has not been sent: batches, the pre-commit
// watermark, the commit watermark. All handlers only move the goals. At most batchesMax batches
// leave for each participant.
func (c *Coordinator) flush(batchesMax int) {
	if !c.serving() {
		return
	}
	for i := range c.peers {
		p := &c.peers[i]
		if p.phase != phaseStarted || p.down {
			continue
		}
		c.sendBatches(p, batchesMax)
		if p.preSent < c.preSent.Seq && p.sent >= c.preSent.Seq && p.acked < c.preSent.Seq {
			p.preSent = c.preSent.Seq
			c.out.send(c.messageAt(p, KindPreCommit, c.preSent))
		}
		if p.commitSent < c.committed.Seq && !mutant.Is(mutant.CommitUntold) {
			c.out.send(c.message(p, KindCommit))
		}
	}
}

// sendBatches goes on with the stream where p was left, as far as its window reaches.
func (c *Coordinator) sendBatches(p *progress, batchesMax int) {
	if p.sent < c.log.root.Seq {
		// Only a participant that is no member can be that far behind. Helpers fill it up, burst by
		// burst as it acknowledges them.
		if p.sent == p.voted.Seq {
			c.askHelper(p, p.voted)
		}
		return
	}
	first := c.log.through(p.sent)
	window := c.log.through(p.voted.Seq) + c.cfg.WindowMax
	for i := first; i < min(first+batchesMax, window, c.log.len()); i++ {
		c.sendBatch(p, c.log.at(i))
	}
}

func (c *Coordinator) sendBatch(p *progress, b *Batch) {
	kind := KindBatch
	if b.Seq <= c.committed.Seq {
		kind = KindFill
	}
	m := c.messageAt(p, kind, c.base)
	m.Batch = b
	c.out.send(m)
	p.sent = b.Seq
}

// Tick is the only clock: the driver calls it at every resend interval. It sends again to peers
// that made no progress since the last Tick, a bounded amount each, and decides nothing (rule S5).
// A base that finds no quorum for long is given up for the next ballot, as by Open.
func (c *Coordinator) Tick() Ready {
	c.out.reset()
	c.patience++
	switch c.state {
	case StateIdle, StateFenced:
		return c.out.ready
	case StateElecting:
		c.maybeElect()
		if c.state == StateElecting && c.patience >= c.giveUp { // a quorum has named no log, but may have by now: it is asked anew
			c.giveUp = min(2*c.giveUp, startTicksMax)
			return c.Open()
		}
	case StateStarting:
		if c.patience >= c.giveUp && !mutant.Is(mutant.StartingForever) {
			c.giveUp = min(2*c.giveUp, startTicksMax)
			return c.Open()
		}
	}
	c.raiseTruncate()
	for i := range c.peers {
		p := &c.peers[i]
		if !p.down && !p.moved && !mutant.Is(mutant.NoResend) {
			c.nudge(p)
		}
		p.moved = false
	}
	if mutant.Enabled && c.serving() {
		c.expire()
	}
	c.flush(burstMax)
	return c.out.ready
}

// nudge repeats the last word to a participant that does not answer.
func (c *Coordinator) nudge(p *progress) {
	if p.asking || p.snapshotFrom != 0 {
		p.unanswered++
	}
	p.rewind()
	switch {
	case p.phase == phaseSilent:
		c.sendStateReq(p)
	case p.phase == phasePromised && c.state != StateElecting:
		c.sendStart(p)
	case p.phase == phaseStarted && c.serving():
		// A sign of life, even if there is nothing to say: only so a coordinator that was overtaken
		// while it idled finds out, and what its successor left in doubt gets decided.
		if !mutant.Is(mutant.CommitUntold) && !mutant.Is(mutant.CommitToldOnce) {
			c.out.send(c.message(p, KindCommit))
		}
	}
}

// PeerUp says that a participant is connected: it is asked for its state, because what was in
// flight is lost and it may have restarted. An unknown node is ignored.
func (c *Coordinator) PeerUp(n NodeID) Ready {
	c.out.reset()
	p := c.peer(n)
	if p == nil {
		return c.out.ready
	}
	p.up, p.down = true, false
	switch c.state {
	case StateIdle, StateFenced:
	case StateElecting:
		if p.phase == phaseSilent {
			c.sendStateReq(p)
		}
	default:
		p.phase, p.silentNs, p.moved = phaseSilent, c.nowNs, true
		c.sendStateReq(p)
	}
	return c.out.ready
}

// PeerDown says that a participant is not connected: nobody waits for it and nothing is sent again.
func (c *Coordinator) PeerDown(n NodeID) {
	if p := c.peer(n); p != nil {
		p.up, p.down = false, true
	}
}
