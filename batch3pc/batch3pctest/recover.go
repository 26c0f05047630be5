package batch3pctest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// site is a participant of batch3pc with the App, and its log.
type site struct {
	s       *Subject
	app     batch3pc.App
	machine *batch3pc.Participant
	records []batch3pc.Record
	// states[i] are the states that may be found after records[:i]: where one message led to several
	// records, all that it led through.
	states [][][]byte
	seen   *watched
	ballot batch3pc.Ballot
	log    []*batch3pc.Batch // voted for or filled in, oldest first
	done   int               // committed
	seq    batch3pc.Seq
}

// watched is an App that keeps the states that it goes through.
type watched struct {
	batch3pc.App
	s      *Subject
	states [][]byte
}

func (w *watched) Apply(b *batch3pc.Batch) {
	w.App.Apply(b)
	w.states = append(w.states, bytes.Clone(w.s.State(w.App)))
}

func newSite(s *Subject, t testing.TB) (*site, error) {
	x := &site{s: s, app: s.New(t)}
	x.seen = &watched{App: x.app, s: s}
	var err error
	x.machine, err = newMachine(x.seen)
	x.states = [][][]byte{{bytes.Clone(s.State(x.app))}}
	return x, err
}

func newMachine(app batch3pc.App) (*batch3pc.Participant, error) {
	return batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: windowMax}, app)
}

// tell gives the participant a message of the coordinator, and keeps what it writes.
func (x *site) tell(m batch3pc.Message) (answers []batch3pc.Kind) {
	m.From, m.To, m.Ballot = 9, 1, x.ballot
	if x.done > 0 {
		at := x.log[x.done-1].Position()
		m.Commit, m.CommitChain = at.Seq, at.Chain
	}
	x.seen.states = [][]byte{bytes.Clone(x.s.State(x.app))}
	ready := x.machine.Step(&m)
	for _, rec := range ready.Records {
		if rec.Batch != nil {
			b := *rec.Batch
			b.Payload = bytes.Clone(b.Payload)
			rec.Batch = &b
		}
		x.records = append(x.records, rec)
		x.states = append(x.states, x.seen.states)
	}
	x.states[len(x.states)-1] = [][]byte{bytes.Clone(x.s.State(x.app))}
	for _, a := range ready.Messages {
		answers = append(answers, a.Kind)
	}
	return answers
}

// start opens a ballot whose base are the n oldest batches.
func (x *site) start(n int) {
	x.ballot.Epoch++
	x.ballot.Node, x.ballot.Boot = 9, 1
	m := batch3pc.Message{Kind: batch3pc.KindStart}
	if n > 0 {
		m.Seq, m.Chain = x.log[n-1].Seq, x.log[n-1].Chain
	}
	x.tell(m)
	x.log = x.log[:n]
}

// propose asks for a vote. A batch that is refused is now and then decided all the same, as it would be if
// the participant were none of the members.
func (x *site) propose(r *rand.Rand) {
	p := play{s: x.s, log: x.log, seq: x.seq}
	b := p.next(r)
	x.seq = p.seq
	for _, k := range x.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Batch: b}) {
		if k == batch3pc.KindYes {
			x.log = append(x.log, b)
			return
		}
	}
	if r.IntN(2) == 0 {
		x.log = append(x.log, b)
		x.done = len(x.log)
		x.tell(batch3pc.Message{Kind: batch3pc.KindFill, Batch: b})
	}
}

// commit pre-commits everything and commits the n oldest batches.
func (x *site) commit(n int) {
	at := x.log[len(x.log)-1].Position()
	x.tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: at.Seq, Chain: at.Chain})
	x.done = n
	x.tell(batch3pc.Message{Kind: batch3pc.KindCommit})
}

// recoverAnyPrefix runs the App behind a participant through votes, ballots, commits and fills, and then
// rebuilds it from every prefix of the log that this has written.
func recoverAnyPrefix(s *Subject, t testing.TB, seed uint64) error {
	r := dice(seed)
	x, err := newSite(s, t)
	if err != nil {
		return err
	}
	x.start(0)
	for range stepsMax {
		switch at := r.IntN(10); {
		case at < 6 && len(x.log)-x.done < windowMax:
			x.propose(r)
		case at < 9 && len(x.log) > x.done:
			x.commit(x.done + 1 + r.IntN(len(x.log)-x.done))
		default:
			x.start(x.done + r.IntN(len(x.log)-x.done+1))
		}
	}
	for n := range len(x.records) + 1 {
		if err := x.recover(t, n); err != nil {
			return fmt.Errorf("after %d of %d records: %w", n, len(x.records), err)
		}
	}
	return nil
}

// recover rebuilds from the first n records.
func (x *site) recover(t testing.TB, n int) error {
	app := x.s.New(t)
	machine, err := newMachine(app)
	if err != nil {
		return err
	}
	for i := range x.records[:n] {
		if err := machine.Recover(&x.records[i]); err != nil {
			return err
		}
	}
	got := x.s.State(app)
	for _, want := range x.states[n] {
		if bytes.Equal(got, want) {
			return nil
		}
	}
	return fmt.Errorf("the state is not the one that it was")
}
