package batch3pc

// batchTimes are when the phases of a batch began, as far as Advance has told the time.
type batchTimes struct{ proposedNs, preCommittedNs int64 }

// Overdue is a deadline that has passed. It decides nothing: it is for people, for metrics, and for
// a driver that halts what it feeds.
type Overdue struct {
	Node  NodeID // 0 with PhaseDecision: all together
	Phase Phase
	Seq   Seq   // the oldest batch that is waited for; the base, with PhaseElection; the last one decided, with PhaseDoCommit
	ForNs int64 // since the phase began, which is more than its deadline; do-commit: or since it last applied something
}

// Advance tells the time, by any clock that does not go back, in nanoseconds. It is Tick whenever
// Deadlines.ResendNs have passed since the last one, and nothing otherwise.
func (c *Coordinator) Advance(nowNs int64) Ready {
	c.nowNs = max(c.nowNs, nowNs)
	if c.nowNs-c.tickNs < c.cfg.Deadlines.ResendNs {
		c.out.reset()
		return c.out.ready
	}
	c.tickNs = c.nowNs
	return c.Tick()
}

// times are those of batch i of the log.
func (c *Coordinator) times(i int) *batchTimes { return &c.clock[c.log.slot(i)] }

// waitNs is for how long the ballot has waited for p: to be started, for the oldest vote or
// acknowledgement that it owes, or since it last applied something, if it owes that. For a participant
// that is no member nobody waits, but it is the same time.
func (c *Coordinator) waitNs(p *progress) (ns int64) {
	if !c.serving() {
		return 0
	}
	if p.phase != phaseStarted {
		return c.nowNs - p.silentNs
	}
	if i := c.log.through(p.voted.Seq); i < c.log.len() {
		ns = c.nowNs - c.times(i).proposedNs
	}
	if i := c.log.through(p.acked); i < c.log.through(c.preSent.Seq) {
		ns = max(ns, c.nowNs-c.times(i).preCommittedNs)
	}
	if p.applied < c.committed.Seq {
		ns = max(ns, c.nowNs-p.behindNs)
	}
	return ns
}

// AppendOverdue appends the deadlines that have passed by the time that Advance told last, in the
// order of the configuration, at most one for each participant and phase.
func (c *Coordinator) AppendOverdue(dst []Overdue) []Overdue {
	if c.state == StateIdle || c.state == StateFenced {
		return dst
	}
	for i := range c.peers {
		p := &c.peers[i]
		if !c.serving() || p.phase != phaseStarted {
			if c.state != StateElecting || p.phase == phaseSilent {
				dst = c.late(dst, Overdue{p.id, PhaseElection, c.base.Seq, c.nowNs - p.silentNs})
			}
			continue
		}
		if i := c.log.through(p.voted.Seq); i < c.log.len() {
			dst = c.late(dst, Overdue{p.id, PhaseCanCommit, c.log.at(i).Seq, c.nowNs - c.times(i).proposedNs})
		}
		if i := c.log.through(p.acked); i < c.log.through(c.preSent.Seq) {
			dst = c.late(dst, Overdue{p.id, PhasePreCommit, c.log.at(i).Seq, c.nowNs - c.times(i).preCommittedNs})
		}
		if p.applied < c.committed.Seq {
			dst = c.late(dst, Overdue{p.id, PhaseDoCommit, c.committed.Seq, c.nowNs - p.behindNs})
		}
	}
	if c.serving() && c.inDoubt() > 0 {
		dst = c.late(dst, Overdue{0, PhaseDecision, c.log.at(c.decided).Seq, c.nowNs - c.times(c.decided).proposedNs})
	}
	return dst
}

func (c *Coordinator) late(dst []Overdue, o Overdue) []Overdue {
	if limit := c.cfg.Deadlines.of(o.Node, o.Phase); limit > 0 && o.ForNs > limit {
		return append(dst, o)
	}
	return dst
}
