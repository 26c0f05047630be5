package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// stepBatch votes on a batch. A yes is recorded but not durable before it leaves: the next
// pre-commit makes it so (PROTOCOL.md 3.6).
func (p *Participant) stepBatch(m *Message) {
	b := m.Batch
	if b == nil {
		return
	}
	if p.attempt != m.Ballot && !mutant.Is(mutant.VoteUnstarted) && !mutant.Is(mutant.LateVote) {
		p.sendState(m) // has not seen Start, or has lost what it had: the coordinator starts it again
		return
	}
	if b.Seq <= p.applied().Seq || p.log.holds(b.Position()) {
		p.sendYes(m)
		return
	}
	if b.ParentPosition() != p.log.tail() {
		if p.refused == 0 || b.Seq <= p.refused {
			p.sendFetch(m, p.log.tail())
		}
		return
	}
	if p.undecided() == p.cfg.WindowMax {
		return // the coordinator sends it again when the window has moved
	}
	vote := p.judge(b)
	if !vote.Yes && !(mutant.Is(mutant.VetoIgnored) && vote.Reason == ReasonVeto) {
		p.refused = b.Seq
		no := p.answerAt(m, KindNo, b.Position())
		no.Reason, no.Veto = vote.Reason, vote.Veto[:min(len(vote.Veto), VetoSizeMax)]
		p.out.send(no)
		return
	}
	p.out.record(Record{Kind: RecordBatch, Ballot: m.Ballot, Batch: p.take()})
	p.sendYes(m)
}

// judge asks for the vote on b, which follows the tail, with b copied into the free slot of the log.
func (p *Participant) judge(b *Batch) Vote {
	switch {
	case b.Seq <= b.Parent || !b.Intact():
		return Vote{Reason: ReasonHash}
	case !p.log.fits(b):
		return Vote{Reason: ReasonGeneration}
	}
	vote := p.vote(b, false)
	if !vote.Yes && !votable(vote.Reason) {
		violated("App", "a no with reason "+vote.Reason.String()+", want Veto, Hash or Infra") // nobody would ever act on it
	}
	return vote
}

// votable reports whether an App may say no for r.
func votable(r Reason) bool { return r == ReasonVeto || r == ReasonHash || r == ReasonInfra }

// vote puts b, which follows the tail and fits, into the free slot of the log and before the App. An
// entry that opens a generation is nobody's business: who holds it has voted yes.
func (p *Participant) vote(b *Batch, decided bool) Vote {
	b = p.copyIn(b)
	if b.IsGeneration() {
		return Vote{Yes: true}
	}
	return p.app.Vote(b, decided)
}

// copyIn copies b into the free slot of the log, behind the tail, without taking it in.
func (p *Participant) copyIn(b *Batch) *Batch {
	if p.log.full() {
		p.log.release(1) // the oldest decided one: at most WindowMax of the batches held are undecided
		p.decided--
	}
	slot := p.log.at(p.log.len())
	payload := append(slot.Payload[:0], b.Payload...)
	*slot = *b
	slot.Payload = payload
	return slot
}

// take takes the batch of the free slot into the log.
func (p *Participant) take() *Batch {
	p.refused = 0
	return p.log.push()
}

// drop aborts the batches behind the n oldest, newest first.
func (p *Participant) drop(n int) {
	if n < p.decided {
		violated("I1", "a decided batch would be dropped")
	}
	for i := p.log.len() - 1; i >= n; i-- {
		if b := p.log.at(i); !b.IsGeneration() {
			p.app.Drop(b)
		}
	}
	p.log.cut(n)
	p.refused = 0
}
