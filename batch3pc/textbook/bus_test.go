package textbook_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/textbook"
)

const head batch3pc.NodeID = 10

// books is an App that keeps what happened to it, and refuses payloads that begin with "no".
type books struct{ applied, dropped, reserved []batch3pc.Seq }

func (a *books) Vote(b *batch3pc.Batch, _ bool) batch3pc.Vote {
	if bytes.HasPrefix(b.Payload, []byte("no")) {
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: []byte{1}}
	}
	a.reserved = append(a.reserved, b.Seq)
	return batch3pc.Vote{Yes: true}
}

func (a *books) Apply(b *batch3pc.Batch) {
	if len(a.reserved) == 0 || a.reserved[0] != b.Seq {
		panic("applied what is not the oldest reservation")
	}
	a.reserved = a.reserved[1:]
	a.applied = append(a.applied, b.Seq)
}

func (a *books) Drop(b *batch3pc.Batch) {
	if n := len(a.reserved); n == 0 || a.reserved[n-1] != b.Seq {
		panic("dropped what is not the newest reservation")
	}
	a.reserved = a.reserved[:len(a.reserved)-1]
	a.dropped = append(a.dropped, b.Seq)
}

// bus is a driver in memory. Logs are durable at once, and are kept so that nodes can be started
// again from them.
type bus struct {
	t            *testing.T
	cfg          textbook.Config
	coordinator  *textbook.Coordinator
	participants [3]*textbook.Participant
	apps         [3]*books
	logs         map[batch3pc.NodeID][]batch3pc.Record
	queue        []batch3pc.Message
	lost         func(m *batch3pc.Message) bool // decides at delivery
	dead         bool                           // the coordinator is
}

func newBus(t *testing.T, p textbook.Protocol) *bus {
	t.Helper()
	b := &bus{t: t, logs: map[batch3pc.NodeID][]batch3pc.Record{}, cfg: textbook.Config{
		Protocol: p, Self: head, Boot: 1, Participants: []batch3pc.NodeID{1, 2, 3}, Generation: 1, WindowMax: 4, RetainMax: 8, TimeoutTicks: 3,
	}}
	b.lost = func(*batch3pc.Message) bool { return false }
	for i := range b.participants {
		b.startParticipant(i)
	}
	b.startCoordinator()
	return b
}

func (b *bus) startParticipant(i int) {
	b.t.Helper()
	cfg := b.cfg
	cfg.Self = batch3pc.NodeID(i + 1)
	b.apps[i] = &books{}
	var err error
	if b.participants[i], err = textbook.NewParticipant(cfg, b.apps[i]); err != nil {
		b.t.Fatal(err)
	}
	b.replay(cfg.Self, b.participants[i].Recover)
}

func (b *bus) startCoordinator() {
	b.t.Helper()
	var err error
	if b.coordinator, err = textbook.NewCoordinator(b.cfg); err != nil {
		b.t.Fatal(err)
	}
	b.replay(head, b.coordinator.Recover)
	b.dead = false
	for i := range b.participants {
		b.do(head, b.coordinator.PeerUp(batch3pc.NodeID(i+1)))
	}
	b.do(head, b.coordinator.Open())
	b.run()
}

func (b *bus) replay(n batch3pc.NodeID, recover func(*batch3pc.Record) error) {
	b.t.Helper()
	for _, r := range b.logs[n] {
		if err := recover(&r); err != nil {
			b.t.Fatal(err)
		}
	}
}

// do obeys a Ready. What is queued must not alias the machine.
func (b *bus) do(n batch3pc.NodeID, r batch3pc.Ready) {
	for _, rec := range r.Records {
		rec.Batch = clone(rec.Batch)
		b.logs[n] = append(b.logs[n], rec)
	}
	for _, m := range slices.Concat(r.Messages, r.Durable) {
		m.Batch = clone(m.Batch)
		b.queue = append(b.queue, m)
	}
}

func clone(b *batch3pc.Batch) *batch3pc.Batch {
	if b == nil {
		return nil
	}
	c := *b
	c.Payload = bytes.Clone(b.Payload)
	return &c
}

// run delivers until nothing is left to say.
func (b *bus) run() {
	for len(b.queue) > 0 {
		m := b.queue[0]
		b.queue = b.queue[1:]
		switch {
		case b.lost(&m):
		case m.To != head:
			b.do(m.To, b.participants[m.To-1].Step(&m))
		case !b.dead:
			b.do(head, b.coordinator.Step(&m))
		}
	}
}

// tick lets n intervals pass for everybody that lives.
func (b *bus) tick(n int) {
	for range n {
		if !b.dead {
			b.do(head, b.coordinator.Tick())
		}
		for i, p := range b.participants {
			b.do(batch3pc.NodeID(i+1), p.Tick())
		}
		b.run()
	}
}

func (b *bus) propose(payload string) {
	b.t.Helper()
	_, ready, err := b.coordinator.Propose(1, []byte(payload))
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(head, ready)
}

// want compares what the participants have applied and dropped.
func (b *bus) want(step string, applied, dropped [3][]batch3pc.Seq) {
	b.t.Helper()
	for i, a := range b.apps {
		if !slices.Equal(a.applied, applied[i]) || !slices.Equal(a.dropped, dropped[i]) {
			b.t.Errorf("%s: participant %d applied %v and dropped %v, want %v and %v", step, i+1, a.applied, a.dropped, applied[i], dropped[i])
		}
	}
}

func all(seqs ...batch3pc.Seq) [3][]batch3pc.Seq { return [3][]batch3pc.Seq{seqs, seqs, seqs} }

var none [3][]batch3pc.Seq
