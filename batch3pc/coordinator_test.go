package batch3pc_test

import (
	"bytes"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// The window bounds what is undecided, the retention what a lagging member still needs.
func TestRoom(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.WindowMax, cfg.RetainMax = 2, 3 }).active()
	commit := func(b *batch3pc.Batch, acks ...batch3pc.NodeID) {
		for _, id := range []batch3pc.NodeID{1, 2, 3} {
			l.at(id, batch3pc.KindYes, b.Position())
		}
		for _, id := range acks {
			l.at(id, batch3pc.KindPreCommitAck, b.Position())
		}
	}
	a, b := l.propose("a"), l.propose("b")
	if _, _, err := l.machine.Propose(1, nil); err != batch3pc.ErrNoRoom || l.machine.Room() {
		t.Fatalf("a third batch in a window of two: %v", err)
	}
	commit(b, 1, 2)
	if s := l.machine.Status(); s.Committed != b.Seq || s.Released != 0 {
		t.Fatalf("committed %d, released %d: member 3 has nothing durable yet", s.Committed, s.Released)
	}
	c := l.propose("c")
	if l.machine.Room() {
		t.Fatal("room although the retention is full")
	}
	l.at(3, batch3pc.KindPreCommitAck, a.Position())
	if s := l.machine.Status(); s.Released != a.Seq || !l.machine.Room() {
		t.Fatalf("released %d, room %v: member 3 holds the first batch durably", s.Released, l.machine.Room())
	}
	commit(c, 1, 2, 3)
	if s := l.machine.Status(); s.Released != c.Seq {
		t.Fatalf("released %d, want all", s.Released)
	}
}

// The lowest refused batch counts: the others follow from it. "Not now" is no refusal, nor is the
// no of a learner, nor one that contradicts an earlier yes.
func TestRefusal(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Members = []batch3pc.NodeID{1, 2} }).active()
	a, b, c := l.propose("a"), l.propose("b"), l.propose("c")
	no := func(from batch3pc.NodeID, at *batch3pc.Batch, reason batch3pc.Reason, veto []byte) *batch3pc.Refusal {
		l.answer(from, batch3pc.Message{Kind: batch3pc.KindNo, Seq: at.Seq, Chain: at.Chain, Reason: reason, Veto: veto})
		return l.machine.Status().Refused
	}
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	foreign := chain(a.Position(), b.Seq, 1, "foreign")[0]
	for name, refusal := range map[string]*batch3pc.Refusal{
		"infra":          no(1, b, batch3pc.ReasonInfra, nil),
		"generation":     no(1, b, batch3pc.ReasonGeneration, nil),
		"learner":        no(3, b, batch3pc.ReasonVeto, nil),
		"pre-committed":  no(1, a, batch3pc.ReasonVeto, nil),
		"not this batch": no(1, foreign, batch3pc.ReasonVeto, nil),
	} {
		if refusal != nil {
			t.Fatalf("%s: refused %+v", name, refusal)
		}
	}
	veto := []byte{7, 8}
	no(1, c, batch3pc.ReasonVeto, veto)
	veto[0] = 0
	if r := l.machine.Status().Refused; r == nil || r.Seq != c.Seq || !bytes.Equal(r.Veto, []byte{7, 8}) {
		t.Fatalf("refused %+v, want batch %d and a copy of its veto", r, c.Seq)
	}
	no(2, b, batch3pc.ReasonHash, nil)
	no(2, c, batch3pc.ReasonVeto, nil)
	if r := l.machine.Status().Refused; r.Seq != b.Seq || r.From != 2 || r.Reason != batch3pc.ReasonHash || len(r.Veto) != 0 {
		t.Fatalf("refused %+v, want batch %d", r, b.Seq)
	}
	l.machine.Open()
	if r := l.machine.Status().Refused; r != nil {
		t.Fatalf("refused %+v in a fresh ballot", r)
	}
}

// No pre-commit leaves above the gate.
func TestInputsDurableGatesThePreCommit(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.NoInputGate = false }).active()
	a, b := l.propose("a"), l.propose("b")
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		if ready := l.at(id, batch3pc.KindYes, b.Position()); count(ready.Messages, batch3pc.KindPreCommit) != 0 {
			t.Fatal("a pre-commit left before the inputs were durable")
		}
	}
	for _, test := range []struct{ durable, want batch3pc.Seq }{{a.Seq, a.Seq}, {0, a.Seq}, {b.Seq + 9, b.Seq}} {
		l.machine.InputsDurable(test.durable)
		if s := l.machine.Status(); s.PreCommitted != test.want {
			t.Fatalf("inputs durable to %d: pre-committed %d, want %d", test.durable, s.PreCommitted, test.want)
		}
	}
}

// Tick sends again what was not answered, to whom did not answer, and not more than a burst.
func TestTickIsBounded(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.WindowMax, cfg.RetainMax = 32, 64 }).active()
	var last *batch3pc.Batch
	for range 32 {
		last = l.propose("x")
	}
	l.machine.Tick() // the StartAck was progress
	l.at(1, batch3pc.KindYes, last.Position())
	l.machine.PeerDown(2)
	ready := l.machine.Tick()
	sent := map[batch3pc.NodeID]int{}
	for _, m := range ready.Messages {
		if m.Kind == batch3pc.KindBatch {
			sent[m.To]++
		}
	}
	if sent[1] != 0 || sent[2] != 0 || sent[3] == 0 || sent[3] > 8 {
		t.Fatalf("batches sent again: %v, want a burst of at most 8 to 3", sent)
	}
}

// Answers of strangers and answers that fit nothing are counted and change nothing.
func TestForeignAnswersAreIgnored(t *testing.T) {
	l := newLeader(t, nil).active()
	a := l.propose("a")
	foreign := chain(origin, a.Seq, 1, "foreign")[0].Position()
	before := l.machine.Status()
	l.at(77, batch3pc.KindYes, a.Position())
	l.at(1, batch3pc.KindYes, foreign)
	l.at(1, batch3pc.KindPreCommitAck, foreign)
	l.at(1, batch3pc.KindStartAck, foreign)
	l.at(1, batch3pc.KindBatch, foreign)
	after := l.machine.Status()
	if after.Ignored != before.Ignored+5 {
		t.Fatalf("%d ignored, want 5", after.Ignored-before.Ignored)
	}
	after.Ignored = before.Ignored
	if after != before {
		t.Fatalf("changed from %+v to %+v", before, after)
	}
}

// An acknowledgement of what was never sent means that somebody broke the protocol: stop.
func TestAckOfTheUnsentStops(t *testing.T) {
	l := newLeader(t, nil).active()
	a := l.propose("a")
	mustPanic(t, "I6", func() { l.at(1, batch3pc.KindPreCommitAck, a.Position()) })
}

// A decided batch that no election finds again means that a quorum lost its memory: stop.
func TestBaseBelowADecisionStops(t *testing.T) {
	l := newLeader(t, nil).active()
	a := l.propose("a")
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	l.at(1, batch3pc.KindPreCommitAck, a.Position())
	l.at(2, batch3pc.KindPreCommitAck, a.Position())
	l.machine.Open()
	l.state(1, batch3pc.Ballot{}, origin)
	mustPanic(t, "I7", func() { l.state(2, batch3pc.Ballot{}, origin) })
}

// A member that was down when the ballot opened is brought in when it comes.
func TestLateMemberIsStarted(t *testing.T) {
	l := newLeader(t, nil)
	l.machine.Open()
	log := chain(origin, 1, 2, "x")
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.state(id, ballot1, log[1].Position(), log...)
	}
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.at(id, batch3pc.KindStartAck, log[1].Position())
	}
	b := l.propose("b")
	if b.Parent != log[1].Seq {
		t.Fatalf("parent %d, want the base %d", b.Parent, log[1].Seq)
	}
	onlyMessage(t, l.machine.PeerUp(3).Durable, batch3pc.KindStateReq)
	ready := l.state(3, batch3pc.Ballot{}, origin, log...) // it has the votes, and was never started
	onlyMessage(t, ready.Messages, batch3pc.KindStart)
	ready = l.at(3, batch3pc.KindStartAck, log[1].Position())
	if count(ready.Messages, batch3pc.KindBatch) != 1 {
		t.Fatalf("messages %v, want the batch in flight", kindsOf(ready.Messages))
	}
}

// A base that only a dead participant holds is given up for the next ballot, later each time.
func TestStartingGivesUp(t *testing.T) {
	l := newLeader(t, nil)
	log := chain(origin, 1, 2, "x")
	l.machine.Open()
	wait := func() (ticks int) {
		opened := l.machine.Status().Ballot
		for l.machine.Status().Ballot == opened {
			if ticks++; ticks > 2000 {
				t.Fatal("it never gives up")
			}
			l.machine.Tick()
		}
		return ticks
	}
	elect := func() {
		l.state(1, ballot1, log[1].Position(), log...)
		l.state(2, ballot1, log[0].Position(), log[0])
		if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Base != log[1].Seq {
			t.Fatalf("%v with base %d", s.State, s.Base)
		}
	}
	elect()
	first := wait()
	elect()
	if second := wait(); second != 2*first {
		t.Fatalf("gave up after %d, then %d ticks, want twice as many", first, second)
	}
	// 1 is dead now; without it the base is what 2 and 3 know.
	l.state(2, ballot1, log[0].Position(), log[0])
	l.state(3, ballot1, log[0].Position(), log[0])
	if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Base != log[0].Seq {
		t.Fatalf("%v with base %d, want Starting with %d", s.State, s.Base, log[0].Seq)
	}
}

// A learner far behind is fed by a helper one burst at a time, on its acknowledgement: one that is
// gone does not keep the helpers busy.
func TestLearnerIsFedOnItsAcknowledgement(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Members, cfg.WindowMax, cfg.RetainMax = []batch3pc.NodeID{1, 2}, 16, 16
	}).active()
	var log []*batch3pc.Batch
	for range 16 {
		log = append(log, l.propose("x"))
	}
	for _, kind := range []batch3pc.Kind{batch3pc.KindYes, batch3pc.KindPreCommitAck} {
		for _, id := range []batch3pc.NodeID{1, 2} {
			l.at(id, kind, log[15].Position())
		}
	}
	l.machine.PeerUp(3)
	ready := l.answer(3, batch3pc.Message{Kind: batch3pc.KindState, LastElected: ballot1, LastAttempt: ballot1})
	asked := count(ready.Messages, batch3pc.KindFetch)
	for _, b := range log[:8] {
		ready = l.answer(1, batch3pc.Message{Kind: batch3pc.KindFill, Batch: b, Applied: 16})
		if count(ready.Messages, batch3pc.KindFill) != 1 {
			t.Fatalf("batch %d is not passed on: %v", b.Seq, kindsOf(ready.Messages))
		}
		asked += count(ready.Messages, batch3pc.KindFetch)
	}
	if asked != 1 {
		t.Fatalf("helpers were asked %d times for one burst", asked)
	}
	noMessage(t, l.answer(1, batch3pc.Message{Kind: batch3pc.KindFill, Batch: log[8]})) // nobody waits for it
	ready = l.at(3, batch3pc.KindYes, log[7].Position())
	if fetch := onlyMessage(t, ready.Messages, batch3pc.KindFetch); fetch.Seq != log[7].Seq {
		t.Fatalf("fetch from %d, want %d", fetch.Seq, log[7].Seq)
	}
}
