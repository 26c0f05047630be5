package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// Open opens a new ballot above every one ever seen: the first one, the one of a successor, or the
// one by which this coordinator aborts what it proposed (rule S3c: there is no other way). The
// epoch is durable before anybody hears of it.
func (c *Coordinator) Open() Ready {
	c.out.reset()
	c.epoch++
	c.ballot = Ballot{Epoch: c.epoch, Node: c.cfg.Self, Boot: c.cfg.Boot}
	if mutant.Enabled {
		c.ballot = spoiled(c.ballot)
	}
	c.state, c.patience, c.refused = StateElecting, 0, false
	c.out.record(Record{Kind: RecordEpoch, Ballot: c.ballot})
	for i := range c.peers {
		c.peers[i].reset(c.nowNs)
		c.sendStateReq(&c.peers[i])
	}
	return c.out.ready
}

// sendStateReq rides behind the epoch record, which may still be on its way to the disk.
func (c *Coordinator) sendStateReq(p *progress) {
	c.out.sendDurable(c.message(p, KindStateReq))
}

// stepState takes a participant's promise and state: a voice in the election, or the news of a
// participant that comes late or comes back.
func (c *Coordinator) stepState(p *progress, m *Message) {
	c.seqSeen = max(c.seqSeen, m.Voted, m.PreCommitted, m.Applied)
	if m.LastElected != c.ballot && !mutant.Is(mutant.StatesUnpromised) {
		c.sendStateReq(p) // the state of somebody who has not promised may still change
		return
	}
	if m.Incarnation != p.incarnation {
		p.accepted, p.acked, p.durable = false, 0, 0 // another log
	}
	p.reply.save(m)
	p.incarnation, p.serves = m.Incarnation, m.Seq
	p.snapshotAt, p.snapshotOffset, p.snapshotFrom = Position{}, 0, 0
	p.applied, p.moved = m.Applied, true
	c.learn(p.reply.applied)
	c.keep(p, p.applied)
	c.raiseTruncate()
	if c.state == StateElecting {
		p.phase = phasePromised
		c.maybeElect()
		return
	}
	c.judgeLate(p)
	if m.LastAttempt == c.ballot {
		c.rejoin(p)
		return
	}
	if p.accepted {
		return // a duplicate from before its Start
	}
	p.rewind()
	p.phase = phasePromised
	p.based = p.reply.holds(c.base)
	c.bring(p)
}

// learn takes note that at is decided.
func (c *Coordinator) learn(at Position) {
	if at.Seq <= c.committed.Seq {
		return
	}
	if c.state != StateElecting && at.Seq > c.base.Seq {
		violated("I1", "a batch above the base was decided outside of this ballot")
	}
	c.committed = at
}

// maybeElect chooses the base as soon as a quorum has promised, and every member that is connected
// has, so that recover-forward sees as many as possible. One that is to leave is the reason for the ballot
// and is not waited for.
func (c *Coordinator) maybeElect() {
	waiting, newest := false, c.newestGeneration()
	for i := range c.peers {
		p := &c.peers[i]
		if p.phase != phasePromised && p.up && newest.member(p.id) && !(c.wishing && !p.wished) {
			waiting = true
		}
	}
	if voices, enough := c.judgeVoices(); !enough && !(mutant.Is(mutant.TerminationAlone) && voices > 0) {
		if voices < c.quorum {
			c.patience = 0 // else it is to be seen whether they have more to say by now: see Tick
		}
		return
	}
	if waiting && c.patience < electionTicksMax {
		return
	}
	c.base, c.baseGeneration = c.chooseBase()
	if c.base.Seq < c.committed.Seq {
		violated("I7", "the base is below a decided batch")
	}
	c.seqSeen = max(c.seqSeen, c.base.Seq)
	c.state, c.patience = StateStarting, 0
	for i := range c.peers {
		p := &c.peers[i]
		if p.phase == phasePromised {
			p.based = p.reply.holds(c.base)
			c.bring(p)
		}
	}
	if mutant.Is(mutant.ActivePromised) {
		c.activate()
	}
}

// chooseBase finds the prefix that the ballot settles: rule S2, raised by recover-forward. Nothing
// above the first can be decided; what all members voted for may be.
func (c *Coordinator) chooseBase() (Position, Generation) {
	var base Position
	var attempt Ballot
	inForce := c.initial()
	for i := range c.peers {
		p := &c.peers[i]
		if p.phase != phasePromised || !p.counts {
			continue
		}
		newer := attempt.Compare(p.reply.attempt)
		if mutant.Is(mutant.AttemptIgnored) {
			newer = 0
		}
		if newer < 0 || newer == 0 && p.reply.pre.Seq > base.Seq {
			base, attempt = p.reply.pre, p.reply.attempt
			inForce = c.generationAt(p, base)
		}
	}
	if mutant.Is(mutant.AbsenceAborts) {
		return c.heldByAll(base, inForce)
	}
	return c.forward(base, inForce)
}

// forward raises the base to the longest prefix that is in the log of every member and whose inputs
// are durable (rule S3c). A member that has not promised has said nothing, so that nothing is. The
// members are those of the prefix: what lies between it and the base is of one generation, or is
// the entry that opens the next one (rule G2), which has no inputs.
func (c *Coordinator) forward(base Position, inForce Generation) (Position, Generation) {
	best, bestGeneration := base, inForce
	for i := range c.peers {
		p := &c.peers[i]
		if p.phase != phasePromised {
			continue
		}
		for j := TailLen(p.reply.tail) - 1; j >= 0; j-- {
			at := TailAt(p.reply.tail, j)
			if at.Seq <= best.Seq {
				break
			}
			g := c.generationAt(p, at)
			opens := g.At == at
			if (opens || g.At == inForce.At && (c.reproducible(at) || mutant.Is(mutant.ForwardUngated))) && c.heldByMembers(&g, at) {
				best, bestGeneration = at, g
				break
			}
		}
	}
	return best, bestGeneration
}

// reproducible reports whether what went into the batch at a position is durable. The number says so of batches that this
// coordinator proposed itself; another one with an input gate of its own may have given it to another batch.
func (c *Coordinator) reproducible(at Position) bool {
	return at.Seq <= c.logged || at.Seq <= c.inputs && c.log.holds(at)
}

func (c *Coordinator) heldByMembers(g *Generation, at Position) bool {
	for i := range c.peers {
		if p := &c.peers[i]; g.member(p.id) && (p.phase != phasePromised || !p.counts || !p.reply.holds(at)) {
			if mutant.Is(mutant.ForwardSilent) && p.phase != phasePromised {
				continue
			}
			return false
		}
	}
	return true
}

// bring leads a participant that promised the ballot to its base: by Start, or first by the
// batches that it lacks.
func (c *Coordinator) bring(p *progress) {
	if !p.based && p.reply.voted.Seq < c.base.Seq {
		c.fill(p, p.reply.applied)
		return
	}
	c.sendStart(p)
}

// sendStart is also the question to a participant that was filled up: it answers Fetch if it lacks
// something.
func (c *Coordinator) sendStart(p *progress) {
	c.out.send(c.messageAt(p, KindStart, c.base))
}

// stepStartAck counts an accepted base.
func (c *Coordinator) stepStartAck(p *progress, m *Message) {
	at := Position{m.Seq, m.Chain}
	if c.serving() && p.phase == phasePromised && at.Seq < c.base.Seq {
		// It accepted the base, has lost some of it since, and nobody has noticed: however often it is started, it
		// acknowledges what is left. Its State says that it had accepted, and what it lacks.
		p.phase = phaseSilent
		c.sendStateReq(p)
		return
	}
	if c.state == StateElecting || !c.knows(at) || at.Seq < c.base.Seq {
		c.ignored++ // nobody was started yet, or somebody started elsewhere
		return
	}
	if p.phase != phaseStarted {
		p.started(at)
	}
	c.ack(p, at)
}

// rejoin takes a participant back that accepted this ballot before its link or its process broke.
// That counts for the base even if it has lost some of the base since and is repairing: the accept is on its disk, it
// states nothing in another ballot before it has the batches back, and until then any quorum is one of the others.
func (c *Coordinator) rejoin(p *progress) {
	if !c.knows(p.reply.pre) || !c.knows(p.reply.voted) {
		c.ignored++
		return
	}
	p.started(p.reply.voted)
	c.ack(p, p.reply.pre)
	if c.serving() {
		c.advance() // its yes may be the one that was missing, and it does not say it again
	}
}

// activate is called when a quorum has accepted the base: it is decided, and so is the abort of
// everything else.
func (c *Coordinator) activate() {
	if mutant.Is(mutant.SuffixKept) && c.log.holds(c.base) {
		c.base = c.log.position(c.log.through(c.base.Seq))
	} else if c.log.holds(c.base) {
		c.log.cut(c.log.through(c.base.Seq))
	} else {
		c.log.reset(c.base, c.baseGeneration)
	}
	c.decided = c.log.through(c.base.Seq)
	for i := range c.peers {
		c.peers[i].behindNs = c.nowNs
	}
	c.committed, c.preSent = c.base, c.base
	c.state, c.giveUp = StateActive, startTicksMin
	c.takeMembers()
	c.judgeByLog()
	for i := range c.peers {
		c.keep(&c.peers[i], c.peers[i].acked)
	}
	c.raiseTruncate()
	c.register()
	c.openGeneration()
}
