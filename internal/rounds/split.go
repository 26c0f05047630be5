//tezi:pure

package rounds

import "github.com/tezi-exchange/tezi/batch3pc"

// split takes a batch and the commit watermark that it carries apart, as if the coordinator had sent them one after
// the other: the vote is what others wait for, so it leaves before the batches are applied that were decided
// meanwhile. A watermark may come late or never (PROTOCOL.md 5.2), so nothing is different but the order.
type split struct {
	batch batch3pc.Message // scratch: the message without the watermark
	told  batch3pc.Message // the watermark, when the vote has left
	waits bool             // it has not been obeyed yet
}

// step feeds a message of a coordinator to the machine.
func (p *Participant) step(m *batch3pc.Message) error {
	if m.Kind != batch3pc.KindBatch {
		return p.feed(m)
	}
	if now := p.machine.Status(); m.Commit <= now.Applied || m.Ballot.Less(now.LastElected) {
		return p.feed(m) // it says nothing new, or is fenced
	}
	s := &p.split
	s.batch = *m
	s.batch.Commit, s.batch.CommitChain = 0, 0
	r := p.machine.Step(&s.batch)
	answered := len(r.Messages) > 0
	if err := p.did(r); err != nil {
		return err
	}
	if !answered { // there is room for it when others are applied
		return p.feed(m)
	}
	s.told = batch3pc.Message{ // in place of an earlier one, which said less
		Kind: batch3pc.KindCommit, From: m.From, To: m.To, Ballot: m.Ballot,
		Commit: m.Commit, CommitChain: m.CommitChain, Truncate: m.Truncate,
	}
	s.waits = true
	return nil
}

func (p *Participant) feed(m *batch3pc.Message) error { return p.did(p.machine.Step(m)) }

func (p *Participant) did(r batch3pc.Ready) error {
	p.older.ask(r.Older)
	return p.do(r)
}

// apply feeds the watermark that was taken off a batch. That it was obeyed the coordinator sees when it looks the next
// time: nobody waits for it.
func (p *Participant) apply() error {
	s := &p.split
	if !s.waits {
		return nil
	}
	s.waits = false
	if s.told.Commit <= p.machine.Status().Applied { // another message has told it meanwhile
		return nil
	}
	r := p.machine.Step(&s.told)
	if len(r.Messages) == 1 && r.Messages[0].Kind == batch3pc.KindApplied {
		p.sendQuietly(&r.Messages[0])
		r.Messages = nil
	}
	return p.did(r)
}
