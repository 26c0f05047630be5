package textbook

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Participant is one voter. Not safe for concurrent use.
type Participant struct {
	cfg     Config
	app     batch3pc.App
	ballot  batch3pc.Ballot   // of the coordinator that it obeys
	pre     batch3pc.Position // 3PC: pre-committed
	log     stream            // log[:decided] is applied, the rest is in doubt
	decided int
	batches uint64 // applied since the log began
	silent  int    // Ticks since the coordinator's last word
	out     outbox
}

// NewParticipant returns a participant with an empty log. Feed it its log with Recover before the
// first Step.
func NewParticipant(cfg Config, app batch3pc.App) (*Participant, error) {
	if err := cfg.validate(false); err != nil {
		return nil, err
	}
	if app == nil {
		return nil, fmt.Errorf("%w: participant %d has no App", ErrConfig, cfg.Self)
	}
	return &Participant{cfg: cfg, app: app, log: newStream(2*cfg.WindowMax + 1)}, nil
}

// Status returns the watermarks.
func (p *Participant) Status() batch3pc.ParticipantStatus {
	tail, applied := p.log.tail(), p.log.position(p.decided)
	return batch3pc.ParticipantStatus{
		LastElected: p.ballot, LastAttempt: p.ballot, PreCommitted: p.pre.Seq, PreChain: p.pre.Chain,
		Voted: tail.Seq, VotedChain: tail.Chain, Applied: applied.Seq, AppliedChain: applied.Chain, AppliedBatches: p.batches,
	}
}

// Step feeds one message of the coordinator.
func (p *Participant) Step(m *batch3pc.Message) batch3pc.Ready {
	p.out.reset()
	if m.Ballot.Less(p.ballot) {
		stale := p.answer(m, batch3pc.KindStale)
		stale.LastElected = p.ballot
		p.out.send(stale)
		return p.out.ready
	}
	p.silent = 0
	if at := (batch3pc.Position{Seq: m.Commit, Chain: m.CommitChain}); at.Seq > p.log.position(p.decided).Seq && p.log.holds(at) {
		p.apply(at)
	}
	switch {
	case m.Kind == batch3pc.KindStateReq:
		p.sendState(m)
	case m.Kind == batch3pc.KindStart:
		p.stepStart(m)
	case m.Ballot != p.ballot: // it has not heard the Start of that ballot
	case m.Kind == batch3pc.KindBatch && m.Batch != nil:
		p.stepBatch(m)
	case m.Kind == batch3pc.KindPreCommit:
		p.stepPreCommit(m)
	case m.Kind == batch3pc.KindCommit:
		p.out.send(p.answer(m, batch3pc.KindApplied))
	}
	return p.out.ready
}

func (p *Participant) answer(m *batch3pc.Message, kind batch3pc.Kind) batch3pc.Message {
	applied := p.log.position(p.decided)
	return batch3pc.Message{Kind: kind, From: p.cfg.Self, To: m.From, Ballot: m.Ballot, Applied: applied.Seq}
}

func (p *Participant) answerAt(m *batch3pc.Message, kind batch3pc.Kind, at batch3pc.Position) batch3pc.Message {
	a := p.answer(m, kind)
	a.Seq, a.Chain = at.Seq, at.Chain
	return a
}

func (p *Participant) sendState(m *batch3pc.Message) {
	s := p.answer(m, batch3pc.KindState)
	st := p.Status()
	s.LastElected, s.LastAttempt = st.LastElected, st.LastAttempt
	s.PreCommitted, s.PreChain, s.Voted, s.VotedChain = st.PreCommitted, st.PreChain, st.Voted, st.VotedChain
	s.AppliedChain = st.AppliedChain
	p.out.sendDurable(s)
}

// stepStart aborts what is above its Seq. A participant that has decided otherwise cannot obey, and
// says nothing: nothing that it could say would help.
func (p *Participant) stepStart(m *batch3pc.Message) {
	base := batch3pc.Position{Seq: m.Seq, Chain: m.Chain}
	if m.Ballot != p.ballot {
		if !p.log.holds(base) || base.Seq < p.log.position(p.decided).Seq {
			return
		}
		p.ballot = m.Ballot
		p.cut(base)
		p.out.record(batch3pc.Record{Kind: batch3pc.RecordStart, Ballot: m.Ballot, Seq: base.Seq, Chain: base.Chain})
	}
	p.out.sendDurable(p.answerAt(m, batch3pc.KindStartAck, p.log.tail()))
}

// stepBatch votes. A yes is durable before it leaves: the participant has given its word.
func (p *Participant) stepBatch(m *batch3pc.Message) {
	b := m.Batch
	if p.log.holds(b.Position()) {
		p.out.sendDurable(p.answerAt(m, batch3pc.KindYes, p.log.tail()))
		return
	}
	if b.ParentPosition() != p.log.tail() || p.log.count-p.decided == p.cfg.WindowMax {
		return // sent again later
	}
	slot, vote := p.judge(b)
	if !vote.Yes {
		no := p.answerAt(m, batch3pc.KindNo, b.Position())
		no.Reason, no.Veto = vote.Reason, vote.Veto
		p.out.send(no)
		return
	}
	p.out.record(batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: m.Ballot, Batch: slot})
	p.out.sendDurable(p.answerAt(m, batch3pc.KindYes, p.log.tail()))
}

// judge takes b in and asks for the vote on it; after a no it is out again.
func (p *Participant) judge(b *batch3pc.Batch) (*batch3pc.Batch, batch3pc.Vote) {
	if p.log.full() {
		p.log.release(1)
		p.decided--
	}
	slot := p.log.push(b)
	vote := batch3pc.Vote{Reason: batch3pc.ReasonHash}
	if b.Seq > b.Parent && b.Intact() {
		vote = p.app.Vote(slot, false)
	}
	if !vote.Yes {
		p.log.count--
	}
	return slot, vote
}

func (p *Participant) stepPreCommit(m *batch3pc.Message) {
	at := batch3pc.Position{Seq: m.Seq, Chain: m.Chain}
	if p.cfg.Protocol != ThreePhase || !p.log.holds(at) {
		return
	}
	if at.Seq > p.pre.Seq {
		p.pre = at
		p.out.record(batch3pc.Record{Kind: batch3pc.RecordPreCommit, Ballot: m.Ballot, Seq: at.Seq, Chain: at.Chain})
	}
	p.out.sendDurable(p.answerAt(m, batch3pc.KindPreCommitAck, p.pre))
}

// Tick is the clock. In 2PC it changes nothing, however long the wait. In 3PC it is the rule that
// splits: who has a PRE-COMMIT commits, who has not aborts.
func (p *Participant) Tick() batch3pc.Ready {
	p.out.reset()
	if p.decided == p.log.count {
		return p.out.ready
	}
	p.silent++
	if p.cfg.Protocol != ThreePhase || p.silent < p.cfg.TimeoutTicks {
		return p.out.ready
	}
	if p.pre.Seq > p.log.position(p.decided).Seq {
		p.apply(p.pre)
	}
	at := p.log.position(p.decided)
	p.cut(at)
	p.out.record(batch3pc.Record{Kind: batch3pc.RecordStart, Ballot: p.ballot, Seq: at.Seq, Chain: at.Chain})
	return p.out.ready
}

// apply applies everything through at, in order.
func (p *Participant) apply(at batch3pc.Position) {
	p.applyThrough(at)
	p.out.record(batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: at.Seq, Chain: at.Chain})
}

func (p *Participant) applyThrough(at batch3pc.Position) {
	for end := p.log.through(at.Seq); p.decided < end; p.decided++ {
		p.app.Apply(p.log.at(p.decided))
		p.batches++
	}
	if p.pre.Seq < at.Seq {
		p.pre = at
	}
}

// cut aborts what is above at, newest first; what stays is as good as pre-committed.
func (p *Participant) cut(at batch3pc.Position) {
	for n := p.log.through(at.Seq); p.log.count > n; p.log.count-- {
		p.app.Drop(p.log.at(p.log.count - 1))
	}
	p.pre = at
}

// Recover feeds the next record of the log. Every error is a *batch3pc.RecoverError and final.
func (p *Participant) Recover(r *batch3pc.Record) error {
	at := batch3pc.Position{Seq: r.Seq, Chain: r.Chain}
	wrong := ""
	switch {
	case r.Kind == batch3pc.RecordBatch && r.Batch != nil:
		if r.Batch.ParentPosition() != p.log.tail() || p.log.count-p.decided == p.cfg.WindowMax {
			wrong = "the batch does not follow the tail of the log"
		} else if _, vote := p.judge(r.Batch); !vote.Yes {
			wrong = "voted no on a batch that was voted for"
		}
	case !p.log.holds(at) || at.Seq < p.log.position(p.decided).Seq:
		wrong = "the position is not in the log above the applied one"
	case r.Kind == batch3pc.RecordPreCommit:
		p.pre = at
	case r.Kind == batch3pc.RecordCommit:
		p.applyThrough(at)
	case r.Kind == batch3pc.RecordStart:
		p.ballot = r.Ballot
		p.cut(at)
	default:
		wrong = "no record of a participant"
	}
	if wrong != "" {
		return &batch3pc.RecoverError{Kind: r.Kind, Seq: r.Seq, Reason: wrong}
	}
	return nil
}
