package textbook

import "github.com/tezi-exchange/tezi/batch3pc"

// Coordinator drives the stream of batches. Not safe for concurrent use.
//
// It uses the states of batch3pc: Electing until every participant has said where it stands, Starting
// until what may not be aborted any more is decided, Active, Refused after a no or a timeout. It is
// never Fenced, because the books know one coordinator only.
type Coordinator struct {
	cfg    Config
	peers  []peer
	state  batch3pc.State
	ballot batch3pc.Ballot
	epoch  uint64

	log       stream            // batches that not everybody has applied, then those in doubt
	base      batch3pc.Position // of the ballot
	point     batch3pc.Position // of no return: 2PC the commit record is written, 3PC PRE-COMMIT is sent
	committed batch3pc.Position
	seqSeen   batch3pc.Seq
	waited    int // Ticks since something moved

	refused bool
	refusal batch3pc.Refusal
	out     outbox
}

// peer is what the coordinator knows of a participant.
type peer struct {
	id      batch3pc.NodeID
	up      bool
	known   bool // has said where it stands, once
	started bool // has dropped what is above the ballot's base
	moved   bool // since the last Tick

	reply                     batch3pc.Message // its last State
	voted                     batch3pc.Position
	acked, applied            batch3pc.Seq
	sent, preSent, commitSent batch3pc.Seq
}

// NewCoordinator returns an idle coordinator. Feed it its log with Recover, then call Open.
func NewCoordinator(cfg Config) (*Coordinator, error) {
	if err := cfg.validate(true); err != nil {
		return nil, err
	}
	c := &Coordinator{cfg: cfg, log: newStream(cfg.RetainMax)}
	for _, id := range cfg.Participants {
		c.peers = append(c.peers, peer{id: id})
	}
	return c, nil
}

// Recover feeds the next record of the coordinator's log.
func (c *Coordinator) Recover(r *batch3pc.Record) error {
	switch r.Kind {
	case batch3pc.RecordEpoch:
		c.epoch = max(c.epoch, r.Ballot.Epoch)
	case batch3pc.RecordCommit:
		c.committed = batch3pc.Position{Seq: r.Seq, Chain: r.Chain}
		c.point, c.log.root = c.committed, c.committed
	default:
		return &batch3pc.RecoverError{Kind: r.Kind, Seq: r.Seq, Reason: "no record of a coordinator"}
	}
	return nil
}

// Open begins to lead, or aborts what was refused: everything above the point of no return.
func (c *Coordinator) Open() batch3pc.Ready {
	c.out.reset()
	c.epoch++
	c.ballot = batch3pc.Ballot{Epoch: c.epoch, Node: c.cfg.Self, Boot: c.cfg.Boot}
	c.refused, c.waited = false, 0
	c.out.record(batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: c.ballot})
	for i := range c.peers {
		c.peers[i].started = false
	}
	if !c.allKnown() {
		c.state = batch3pc.StateElecting
		for i := range c.peers {
			c.sendStateReq(&c.peers[i])
		}
		return c.out.ready
	}
	c.start(c.point)
	return c.out.ready
}

func (c *Coordinator) allKnown() bool {
	for i := range c.peers {
		if !c.peers[i].known {
			return false
		}
	}
	return true
}

// start cuts the stream at base and makes the participants do the same.
func (c *Coordinator) start(base batch3pc.Position) {
	if c.log.holds(base) {
		c.log.count = c.log.through(base.Seq)
	} else {
		c.log.release(c.log.count)
		c.log.root = base
	}
	c.base, c.point, c.state = base, base, batch3pc.StateStarting
	for i := range c.peers {
		p := &c.peers[i]
		p.voted, p.sent, p.preSent = base, base.Seq, base.Seq
		c.out.sendDurable(c.messageAt(p, batch3pc.KindStart, base))
	}
	c.maybeServe()
}

// maybeServe ends Starting as soon as everything that is not aborted is decided.
func (c *Coordinator) maybeServe() {
	if c.state == batch3pc.StateStarting && c.committed == c.base {
		c.state = batch3pc.StateActive
	}
}

// Step feeds one answer of a participant, or the coordinator's own message to itself, which says that
// its commit record is durable.
func (c *Coordinator) Step(m *batch3pc.Message) batch3pc.Ready {
	c.out.reset()
	if m.From == c.cfg.Self {
		c.commit(batch3pc.Position{Seq: m.Seq, Chain: m.Chain})
	} else if p := c.peer(m.From); p != nil && m.Ballot == c.ballot {
		c.step(p, m)
	}
	c.advance()
	c.flush()
	return c.out.ready
}

func (c *Coordinator) step(p *peer, m *batch3pc.Message) {
	if m.Applied > p.applied {
		p.applied, p.moved = m.Applied, true
	}
	at := batch3pc.Position{Seq: m.Seq, Chain: m.Chain}
	switch m.Kind {
	case batch3pc.KindState:
		c.stepState(p, m)
	case batch3pc.KindStartAck:
		if !p.started {
			p.started, p.moved = true, true
			p.acked = max(p.acked, c.base.Seq)
		}
		c.voted(p, at)
	case batch3pc.KindYes:
		c.voted(p, at)
	case batch3pc.KindPreCommitAck:
		if at.Seq > p.acked {
			p.acked, p.moved = at.Seq, true
		}
	case batch3pc.KindNo:
		if m.Seq > c.point.Seq && c.log.holds(at) {
			c.refuse(m.Seq, m.From, m.Reason, m.Veto)
		}
	}
}

func (c *Coordinator) voted(p *peer, at batch3pc.Position) {
	if at.Seq > p.voted.Seq && c.log.holds(at) {
		p.voted, p.moved = at, true
		p.sent = max(p.sent, at.Seq)
	}
}

func (c *Coordinator) refuse(seq batch3pc.Seq, from batch3pc.NodeID, reason batch3pc.Reason, veto []byte) {
	if c.state != batch3pc.StateActive && c.state != batch3pc.StateRefused || c.refused && c.refusal.Seq <= seq {
		return
	}
	c.refused, c.state = true, batch3pc.StateRefused
	c.refusal = batch3pc.Refusal{Seq: seq, From: from, Reason: reason, Veto: append(c.refusal.Veto[:0], veto...)}
}

// stepState takes a participant's account of where it stands: at the first Open all of them are
// needed, later it tells what one needs that comes back.
func (c *Coordinator) stepState(p *peer, m *batch3pc.Message) {
	p.known, p.moved, p.reply = true, true, *m
	p.reply.Tail = nil
	c.seqSeen = max(c.seqSeen, m.Voted)
	if c.state == batch3pc.StateElecting {
		if c.allKnown() {
			c.start(c.foundBase())
		}
		return
	}
	if m.LastAttempt == c.ballot {
		p.started = true
		c.voted(p, batch3pc.Position{Seq: m.Voted, Chain: m.VotedChain})
		p.acked = max(p.acked, m.PreCommitted)
		p.sent, p.preSent, p.commitSent = p.voted.Seq, p.acked, p.applied
		return
	}
	c.out.sendDurable(c.messageAt(p, batch3pc.KindStart, c.base))
}

// foundBase is what a coordinator that comes back keeps: what it or anybody has committed, and in 3PC
// what anybody has pre-committed.
func (c *Coordinator) foundBase() batch3pc.Position {
	base := c.committed
	for i := range c.peers {
		m := &c.peers[i].reply
		if m.Applied > base.Seq {
			base = batch3pc.Position{Seq: m.Applied, Chain: m.AppliedChain}
		}
		if c.cfg.Protocol == ThreePhase && m.PreCommitted > base.Seq {
			base = batch3pc.Position{Seq: m.PreCommitted, Chain: m.PreChain}
		}
	}
	c.committed = base // with everybody's account there is nothing left to wait for
	return base
}

// advance makes of votes and acknowledgements what they add up to.
func (c *Coordinator) advance() {
	if c.state == batch3pc.StateActive || c.state == batch3pc.StateRefused {
		at := c.log.position(c.log.through(c.votedByAll()))
		if at.Seq > c.point.Seq {
			c.point = at
			if c.cfg.Protocol == TwoPhase {
				c.decide(at)
			}
		}
	}
	if c.cfg.Protocol == ThreePhase && c.point.Seq > c.committed.Seq {
		acked := c.point.Seq
		for i := range c.peers {
			acked = min(acked, c.peers[i].acked)
		}
		if at := c.log.position(c.log.through(acked)); at.Seq > c.committed.Seq {
			c.commit(at)
			c.out.record(batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: at.Seq, Chain: at.Chain})
		}
	}
	c.maybeServe()
	c.release()
}

// decide writes the commit record of two-phase commit. The decision is made when it is durable: the
// message to itself rides behind it.
func (c *Coordinator) decide(at batch3pc.Position) {
	c.out.record(batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: at.Seq, Chain: at.Chain})
	c.out.sendDurable(batch3pc.Message{Kind: batch3pc.KindCommit, From: c.cfg.Self, To: c.cfg.Self, Ballot: c.ballot, Seq: at.Seq, Chain: at.Chain})
}

func (c *Coordinator) commit(at batch3pc.Position) {
	if at.Seq > c.committed.Seq {
		c.committed, c.waited = at, 0
	}
}

// release lets go of what everybody has applied.
func (c *Coordinator) release() {
	low := c.committed.Seq
	for i := range c.peers {
		low = min(low, c.peers[i].applied)
	}
	c.log.release(c.log.through(low))
}

func (c *Coordinator) votedByAll() batch3pc.Seq {
	low := ^batch3pc.Seq(0)
	for i := range c.peers {
		low = min(low, c.peers[i].voted.Seq)
	}
	return low
}

func (c *Coordinator) peer(id batch3pc.NodeID) *peer {
	for i := range c.peers {
		if c.peers[i].id == id {
			return &c.peers[i]
		}
	}
	return nil
}
