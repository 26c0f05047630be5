package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// stepFill takes in a batch on which no vote is asked for any more: it is decided, or it lies at
// or below the base of a ballot that this participant has promised and is about to be started in,
// so that nothing else can be decided in its place.
func (p *Participant) stepFill(m *Message) {
	b := m.Batch
	if b == nil {
		return
	}
	decided := b.Seq <= m.Commit
	settled := b.Seq <= m.Seq && (p.elected == m.Ballot || mutant.Is(mutant.FillUnpromised)) && p.attempt != m.Ballot
	if !decided && !settled {
		return
	}
	if !p.accept(m, decided) {
		return
	}
	if decided && b.Seq > p.applied().Seq {
		p.obey(m, b.Position())
	}
	if p.pathBallot != m.Ballot || p.path.Seq < b.Seq {
		p.path, p.pathBallot = b.Position(), m.Ballot
	}
	if p.attempt == m.Ballot {
		p.sendYes(m)
	}
}

// accept brings the batch of a Fill into the log and reports whether it is there.
func (p *Participant) accept(m *Message, decided bool) bool {
	b := m.Batch
	if b.Seq <= p.applied().Seq {
		p.checkDecided(b.Position())
		return true
	}
	if p.log.holds(b.Position()) {
		return true
	}
	parent := b.ParentPosition()
	if !p.log.holds(parent) || b.Seq <= b.Parent {
		p.sendFetch(m, p.matched(m.Ballot))
		return false
	}
	if !b.Intact() {
		return false // damaged on its way: the coordinator sends it again
	}
	if !decided && p.log.through(parent.Seq)-p.decided == p.cfg.WindowMax {
		return false
	}
	p.dropBehind(parent)
	if decided && parent.Seq > p.applied().Seq {
		p.obey(m, parent) // it is a prefix of what is decided, and makes room
	}
	if !p.log.fits(b) {
		return false // of a generation that its parent is not of: nobody voted for such a thing
	}
	p.vote(b, true)
	p.out.record(Record{Kind: RecordFill, Ballot: m.Ballot, Batch: p.take()})
	return true
}

// dropBehind drops what follows parent, which something else was chosen to follow.
func (p *Participant) dropBehind(parent Position) {
	p.drop(p.log.through(parent.Seq))
	if p.pre.Seq > parent.Seq && !p.lost && !mutant.Is(mutant.FillKeepsPre) {
		p.pre = parent
	}
}

// stepFetch answers a coordinator that helps a participant which fell behind and does not hold
// the batches itself.
func (p *Participant) stepFetch(m *Message) {
	at := Position{m.Seq, m.Chain}
	if !p.log.holds(at) {
		if at.Seq < p.log.root.Seq {
			p.stepFetchOlder(m)
		}
		return
	}
	first := p.log.through(at.Seq)
	for i := first; i < min(first+burstMax, p.log.len()); i++ {
		fill := p.answer(m, KindFill)
		fill.Batch = p.log.at(i)
		p.out.send(fill)
	}
}

// serves is the end of what cannot be sent to others any more: what lies behind it can.
func (p *Participant) serves() Seq {
	if p.cfg.Older {
		return p.logRoot
	}
	return p.log.root.Seq
}

// stepFetchOlder hands a question for batches that are not in memory to the driver, or tells the
// coordinator to ask somebody else.
func (p *Participant) stepFetchOlder(m *Message) {
	if m.Seq >= p.serves() {
		p.out.older(*m)
		return
	}
	a := p.answer(m, KindApplied)
	a.Seq = p.serves()
	p.out.send(a)
}

// Older is the answer to a Fetch of Ready.Older: batch b of the log, which is decided. The driver
// sends up to FetchMax of them, the first one the child of the position that m names.
func (p *Participant) Older(m *Message, b *Batch) Message {
	fill := p.answer(m, KindFill)
	fill.Batch = b
	return fill
}
