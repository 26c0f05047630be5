package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// stepFetch serves a participant that lacks batches. The same question is served once between two
// Ticks: it may have been asked once for each batch in flight.
func (c *Coordinator) stepFetch(p *progress, m *Message) {
	at := Position{m.Seq, m.Chain}
	if c.state == StateElecting || (p.fetching && p.fetched == at) {
		return
	}
	p.fetching, p.fetched = true, at
	switch {
	case p.phase == phasePromised && (p.based || m.Applied < p.reply.applied.Seq), p.phase == phaseStarted && m.Applied < p.applied:
		// It lacks what it said that it holds, or has applied: it has come back with less, and nobody has noticed.
		p.phase, p.fetching = phaseSilent, false
		c.sendStateReq(p)
	case p.phase == phasePromised:
		c.fill(p, at)
	case p.phase == phaseSilent && c.serving():
		// It is repairing: it asks for what is decided before it promises anything, and may have applied
		// less than it had. What it said that it holds is void.
		p.applied, p.based = m.Applied, false
		p.reply.save(&Message{Applied: at.Seq, AppliedChain: at.Chain})
		c.fill(p, at)
	case p.phase == phaseStarted && c.serving() && c.knows(at):
		p.voted, p.sent = at, at.Seq // flush goes on from here
	}
}

// fill sends a participant that is not started yet the batches between at, a decided position or
// one of the base's path, and the base, then asks whether that was enough.
func (c *Coordinator) fill(p *progress, at Position) {
	if at.Seq < c.log.root.Seq || !c.log.holds(at) || !c.log.holds(c.base) {
		c.askHelper(p, at)
		return
	}
	first := c.log.through(at.Seq)
	for i := first; i < min(first+burstMax, c.log.through(c.base.Seq)); i++ {
		c.sendFill(p, c.log.at(i))
	}
	c.sendStart(p)
}

func (c *Coordinator) sendFill(p *progress, b *Batch) {
	m := c.messageAt(p, KindFill, c.base)
	m.Batch = b
	c.out.send(m)
}

// askHelper asks a participant that holds the base for the batches behind at, on behalf of p. One
// question at a time, each helper in turn; if nobody can help, or nobody who could answers, it is given a snapshot;
// if that fails as well, p is asked again at the next Tick.
func (c *Coordinator) askHelper(p *progress, at Position) {
	if p.asking || p.snapshotFrom != 0 {
		return
	}
	if p.unanswered%(2*unansweredMax) >= unansweredMax && !mutant.Is(mutant.SilenceTrusted) && c.askSnapshot(p) {
		return
	}
	for i := range c.peers {
		turn := (p.helper + i) % len(c.peers)
		helper := &c.peers[turn]
		if helper == p || helper.down || !c.holdsBehind(helper, at) {
			continue
		}
		from := at
		if helper.serves > at.Seq {
			// It has cut its log there, which it may where everybody holds for good what lies before: so does
			// p, even if a crash has made it forget that this much is decided. Where a snapshot is to bring up p
			// (LagMax), its batch of that number may be one that lost, and nobody answers.
			var holds bool
			if from, holds = p.reply.positionAt(helper.serves); !holds {
				continue
			}
		}
		p.helper, p.want, p.wantLeft, p.asking = turn, from, burstMax, true
		c.out.send(c.messageAt(helper, KindFetch, from))
		return
	}
	c.askSnapshot(p)
}

// holdsBehind reports whether a participant is known to hold more of what is settled than at, a part of it. Two
// that lag equally would else be asked for each other's sake, for ever.
func (c *Coordinator) holdsBehind(helper *progress, at Position) bool {
	if mutant.Is(mutant.HelpersForever) {
		return helper.based
	}
	return helper.based && max(c.base.Seq, helper.voted.Seq, helper.applied) > at.Seq
}

// stepServes takes note that a participant cannot send what others lack at or below a batch. Those who
// may have waited for it ask somebody else.
func (c *Coordinator) stepServes(helper *progress, at Seq) {
	if at <= helper.serves {
		return
	}
	helper.serves = at
	for i := range c.peers {
		p := &c.peers[i]
		if !p.asking || p.want.Seq >= at {
			continue
		}
		p.asking = false
		c.askHelper(p, p.want)
	}
}

// stepFill passes a batch of a helper on to those who wait for it. An answer that comes behind a
// Tick is as good as another: on a busy machine all may come that late. But what a helper had above the base before
// it was started is aborted, whatever numbers are decided by now: above the base only what it has applied is passed on.
func (c *Coordinator) stepFill(helper *progress, m *Message) {
	settled := max(c.base.Seq, c.committed.Seq)
	if m.Batch == nil || c.state == StateElecting || m.Batch.Seq > settled || m.Batch.Seq > max(c.base.Seq, m.Applied) {
		return
	}
	for i := range c.peers {
		p := &c.peers[i]
		if p == helper || p.wantLeft == 0 || p.want != m.Batch.ParentPosition() {
			continue
		}
		p.want = m.Batch.Position()
		p.wantLeft--
		p.unanswered = 0
		c.sendFill(p, m.Batch)
		p.sent = max(p.sent, m.Batch.Seq)
		if m.Batch.Seq == c.base.Seq {
			p.wantLeft = 0
		}
		if p.wantLeft == 0 {
			p.asking = false
			if p.phase != phaseStarted {
				c.sendStart(p)
			}
		}
	}
}
