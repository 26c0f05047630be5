package textbook_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/textbook"
)

// each runs a test with both protocols.
func each(t *testing.T, fn func(t *testing.T, b *bus)) {
	for _, p := range []textbook.Protocol{textbook.TwoPhase, textbook.ThreePhase} {
		t.Run(p.String(), func(t *testing.T) { fn(t, newBus(t, p)) })
	}
}

// TestCommit: in peace both commit everything, in order, in a pipelined window.
func TestCommit(t *testing.T) {
	each(t, func(t *testing.T, b *bus) {
		var want []batch3pc.Seq
		for range 20 {
			for range 4 {
				b.propose("payload")
				want = append(want, batch3pc.Seq(len(want)+1))
			}
			if b.coordinator.Room() {
				t.Fatal("room in a full window")
			}
			if _, _, err := b.coordinator.Propose(1, nil); !errors.Is(err, batch3pc.ErrNoRoom) {
				t.Fatalf("error %v, want ErrNoRoom", err)
			}
			b.run()
		}
		b.want("peace", all(want...), none)
		if _, _, err := b.coordinator.Propose(batch3pc.CountGeneration, nil); !errors.Is(err, batch3pc.ErrCount) {
			t.Errorf("error %v, want ErrCount", err)
		}
		if st := b.coordinator.Status(); st.Committed != 80 || st.Applied != 80 || st.Released != 80 || st.State != batch3pc.StateActive {
			t.Errorf("status %+v", st)
		}
	})
}

// TestRefused: a no aborts the batch and what follows it, and nothing before it.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, b *bus) {
		b.propose("a")
		b.propose("no")
		b.propose("b")
		b.run()
		st := b.coordinator.Status()
		if st.State != batch3pc.StateRefused || st.Refused.Seq != 2 || st.Refused.Reason != batch3pc.ReasonVeto {
			t.Fatalf("status %+v, refused %+v", st, st.Refused)
		}
		b.do(head, b.coordinator.Open())
		b.run()
		if st := b.coordinator.Status(); st.State != batch3pc.StateActive || st.Base != 1 {
			t.Fatalf("after Open: %+v, want Active on base 1", st)
		}
		b.propose("b")
		b.run()
		b.want("after the no", all(1, 4), none)
	})
}

// TestMissingVote: a vote that does not come is a no, after the timeout.
func TestMissingVote(t *testing.T) {
	each(t, func(t *testing.T, b *bus) {
		b.lost = func(m *batch3pc.Message) bool { return m.From == 2 || m.To == 2 }
		b.propose("a")
		b.run()
		b.tick(2)
		if st := b.coordinator.Status(); st.State != batch3pc.StateActive {
			t.Fatalf("%v before the timeout", st.State)
		}
		b.tick(3)
		st := b.coordinator.Status()
		if st.State != batch3pc.StateRefused || st.Refused.From != 2 || st.Refused.Reason != batch3pc.ReasonInfra {
			t.Fatalf("status %+v, refused %+v", st, st.Refused)
		}
		b.do(head, b.coordinator.Open())
		b.lost = func(*batch3pc.Message) bool { return false }
		b.tick(2)
		b.propose("b")
		b.run()
		b.want("back", all(2), [3][]batch3pc.Seq{{1}, nil, {1}})
	})
}

// TestTwoPhaseBlocks: all have voted yes, the coordinator is dead before it has decided, and nobody
// may do anything, however long it takes. When it is back, it aborts.
func TestTwoPhaseBlocks(t *testing.T) {
	b := newBus(t, textbook.TwoPhase)
	b.lost = func(m *batch3pc.Message) bool { return m.Kind == batch3pc.KindYes }
	b.propose("a")
	b.run()
	b.dead = true
	b.tick(1000)
	b.want("blocked", none, none)
	for i, p := range b.participants {
		if st := p.Status(); st.Voted != 1 || st.Applied != 0 {
			t.Errorf("participant %d: %+v, want batch 1 in doubt", i+1, st)
		}
	}
	b.lost = func(*batch3pc.Message) bool { return false }
	b.startCoordinator()
	b.want("back", none, all(1))
}

// TestTwoPhaseCommitRecord: the decision of two-phase commit is the coordinator's durable record. What
// it has written before it died, it tells when it is back.
func TestTwoPhaseCommitRecord(t *testing.T) {
	b := newBus(t, textbook.TwoPhase)
	b.lost = func(m *batch3pc.Message) bool { return m.From == head && m.To == head } // it dies as it learns of it
	b.propose("a")
	b.run()
	if st := b.coordinator.Status(); st.Committed != 0 {
		t.Fatal("committed before the record was durable")
	}
	b.dead = true
	b.tick(10)
	b.want("blocked", none, none)
	b.startCoordinator()
	b.want("back", all(1), none)
}

// TestThreePhaseSplits: the coordinator dies after the first of its PRE-COMMITs. No message is lost
// and nothing is partitioned, and yet there are two outcomes.
func TestThreePhaseSplits(t *testing.T) {
	b := newBus(t, textbook.ThreePhase)
	b.lost = func(m *batch3pc.Message) bool {
		b.dead = b.dead || m.Kind == batch3pc.KindPreCommit && m.To > 1
		return b.dead && m.Kind == batch3pc.KindPreCommit
	}
	b.propose("a")
	b.run()
	b.tick(2)
	b.want("before the timeout", none, none)
	b.tick(1)
	b.want("split", [3][]batch3pc.Seq{{1}, nil, nil}, [3][]batch3pc.Seq{nil, {1}, {1}})
}

// TestThreePhaseMissingAck: who does not acknowledge PRE-COMMIT is taken for dead, and the rest
// commits.
func TestThreePhaseMissingAck(t *testing.T) {
	b := newBus(t, textbook.ThreePhase)
	b.lost = func(m *batch3pc.Message) bool { return m.To == 3 && m.Kind == batch3pc.KindPreCommit }
	b.propose("a")
	b.run()
	b.tick(2)
	b.want("waiting", none, none)
	b.tick(2)
	b.want("without the ack", all(1), none)
}

// TestRestart: at every step of a batch a participant that is started again on its log is the same,
// and the group goes on.
func TestRestart(t *testing.T) {
	each(t, func(t *testing.T, b *bus) {
		b.propose("a")
		for len(b.queue) > 0 {
			for i := range b.participants {
				before := b.participants[i].Status()
				reserved := slices.Clone(b.apps[i].reserved)
				b.startParticipant(i)
				if after := b.participants[i].Status(); after != before || !slices.Equal(b.apps[i].reserved, reserved) {
					t.Fatalf("restarted as %+v with %v, was %+v with %v", after, b.apps[i].reserved, before, reserved)
				}
			}
			rest := slices.Clone(b.queue[1:])
			b.queue = b.queue[:1]
			b.run1()
			b.queue = append(rest, b.queue...)
		}
		b.want("end", all(1), none)
	})
}

// run1 delivers one message.
func (b *bus) run1() {
	m := b.queue[0]
	b.queue = b.queue[1:]
	if m.To == head {
		b.do(head, b.coordinator.Step(&m))
		return
	}
	b.do(m.To, b.participants[m.To-1].Step(&m))
}

// TestRecoverRefuses: a log that is not one of this machine is refused with the reason.
func TestRecoverRefuses(t *testing.T) {
	b := newBus(t, textbook.ThreePhase)
	batch := batch3pc.Batch{Seq: 2, Parent: 1, Payload: []byte("x")}
	batch.Seal()
	vetoed := batch3pc.Batch{Seq: 1, Payload: []byte("no")}
	vetoed.Seal()
	var want *batch3pc.RecoverError
	for _, r := range []batch3pc.Record{
		{Kind: batch3pc.RecordBatch, Batch: &batch}, {Kind: batch3pc.RecordBatch, Batch: &vetoed},
		{Kind: batch3pc.RecordCommit, Seq: 9}, {Kind: batch3pc.RecordEpoch},
	} {
		if err := b.participants[0].Recover(&r); !errors.As(err, &want) {
			t.Errorf("%v: %v, want a RecoverError", r.Kind, err)
		}
	}
	if err := b.coordinator.Recover(&batch3pc.Record{Kind: batch3pc.RecordFill}); !errors.As(err, &want) {
		t.Errorf("coordinator: %v, want a RecoverError", err)
	}
}

// TestConfig: what cannot work is refused before it starts.
func TestConfig(t *testing.T) {
	good := newBus(t, textbook.TwoPhase).cfg
	for name, breakIt := range map[string]func(*textbook.Config){
		"protocol":     func(c *textbook.Config) { c.Protocol = 1 },
		"self":         func(c *textbook.Config) { c.Self = 0 },
		"window":       func(c *textbook.Config) { c.WindowMax = 0 },
		"timeout":      func(c *textbook.Config) { c.TimeoutTicks = 0 },
		"retain":       func(c *textbook.Config) { c.RetainMax = 1 },
		"participants": func(c *textbook.Config) { c.Participants = nil },
		"both roles":   func(c *textbook.Config) { c.Participants = []batch3pc.NodeID{head} },
	} {
		cfg := good
		breakIt(&cfg)
		if _, err := textbook.NewCoordinator(cfg); !errors.Is(err, textbook.ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
	if _, err := textbook.NewParticipant(good, nil); !errors.Is(err, textbook.ErrConfig) {
		t.Errorf("no app: %v, want ErrConfig", err)
	}
}
