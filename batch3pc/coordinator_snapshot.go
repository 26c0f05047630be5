package batch3pc

import "slices"

// class is what kind of business participant i runs; 0: one whose state cannot be handed on.
func (c *Coordinator) class(i int) uint8 {
	if c.cfg.Classes == nil {
		return 0
	}
	return c.cfg.Classes[i]
}

// askSnapshot asks a participant of p's class for its state, because nobody has the batches any more
// that p needs next, and reports whether there is one. Where an earlier attempt was interrupted, it goes on.
func (c *Coordinator) askSnapshot(p *progress) bool {
	if p.snapshotAt.Seq <= p.applied {
		p.snapshotAt = Position{} // batches have overtaken it
	}
	self := slices.IndexFunc(c.peers, func(o progress) bool { return o.id == p.id })
	for range c.peers {
		p.helper = (p.helper + 1) % len(c.peers)
		helper := &c.peers[p.helper]
		if helper == p || helper.down || !helper.based || helper.applied <= p.applied || c.class(p.helper) == 0 || c.class(p.helper) != c.class(self) {
			continue
		}
		p.snapshotFrom = helper.id
		c.sendSnapshotReq(p, helper)
		return true
	}
	return false
}

func (c *Coordinator) sendSnapshotReq(p, helper *progress) {
	m := c.messageAt(helper, KindSnapshotReq, p.snapshotAt)
	m.Offset = p.snapshotOffset
	c.out.send(m)
}

// stepSnapshotReq passes on which piece a participant wants next. The same question is passed on once between
// two Ticks: it is asked again with each commit watermark that comes meanwhile, and each answer would be
// followed by one more question, so that catching up would take the more of the links the busier they are.
func (c *Coordinator) stepSnapshotReq(p *progress, m *Message) {
	at := Position{m.Seq, m.Chain}
	if p.asking || p.snapshotFrom != 0 && p.snapshotAt == at && p.snapshotOffset == m.Offset {
		return
	}
	p.snapshotAt, p.snapshotOffset, p.moved = at, m.Offset, true
	if helper := c.peer(p.snapshotFrom); helper != nil && !helper.down {
		c.sendSnapshotReq(p, helper)
		return
	}
	p.snapshotFrom = 0
	c.askSnapshot(p)
}

// stepSnapshot passes a piece on to those who wait for it. What a participant has applied is decided.
func (c *Coordinator) stepSnapshot(helper *progress, m *Message) {
	if c.state == StateElecting {
		return
	}
	if !c.serving() {
		c.learn(Position{m.Seq, m.Chain})
	}
	for i := range c.peers {
		p := &c.peers[i]
		if p.snapshotFrom != helper.id {
			continue
		}
		p.unanswered = 0
		s := c.messageAt(p, KindSnapshot, Position{m.Seq, m.Chain})
		s.Offset, s.Total, s.Digest, s.Chunk = m.Offset, m.Total, m.Digest, m.Chunk
		c.out.send(s)
	}
}

// keep raises what p has for good: it is decided, and a record that is durable says so or needs it.
func (c *Coordinator) keep(p *progress, at Seq) { p.durable = max(p.durable, min(at, c.committed.Seq)) }

// raiseTruncate raises the watermark below which nobody needs a log any more: what every configured
// participant has for good, dead or alive. Who is no member, lags by more than LagMax and can be
// brought up by a snapshot does not hold it back.
func (c *Coordinator) raiseTruncate() {
	low := c.committed.Seq
	for i := range c.peers {
		p := &c.peers[i]
		if p.durable < low && !(c.cfg.LagMax > 0 && !p.member && c.committed.Seq-p.durable > c.cfg.LagMax && c.hasTwin(i)) {
			low = p.durable
		}
	}
	c.truncate = max(c.truncate, low)
}

// hasTwin reports whether a member of the class of participant i has what lies beyond LagMax.
func (c *Coordinator) hasTwin(i int) bool {
	for j := range c.peers {
		if p := &c.peers[j]; j != i && c.class(i) != 0 && c.class(j) == c.class(i) && p.member && p.durable > c.peers[i].durable {
			return true
		}
	}
	return false
}
