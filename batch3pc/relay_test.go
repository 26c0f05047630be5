package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// A helper that is asked before it is started answers with all that follows in its log, and what is above the base
// there is aborted. Such an answer may be late: when the learner that it was for asks for what follows the base, and
// higher numbers are decided. It would take the aborted batch for decided (I1).
func TestLateAnswerOfAHelperIsNotDecided(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Members, cfg.WindowMax, cfg.RetainMax = []batch3pc.NodeID{1, 2}, 1, 1
	})
	first := chain(origin, 1, 1, "x")[0]
	aborted := chain(first.Position(), 2, 1, "y")[0]
	l.machine.Open()
	l.machine.Open()
	l.state(1, ballot1, first.Position(), first, aborted)
	l.state(2, ballot1, first.Position(), first)
	ready := l.state(3, batch3pc.Ballot{}, origin)
	if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Base != 1 {
		t.Fatalf("status %+v", s)
	}
	if count(ready.Messages, batch3pc.KindFetch) == 0 {
		l.machine.Tick()
	}
	fill := func(from batch3pc.NodeID, b *batch3pc.Batch, applied batch3pc.Seq) batch3pc.Ready {
		return l.answer(from, batch3pc.Message{Kind: batch3pc.KindFill, Batch: b, Applied: applied})
	}
	if ready := fill(1, first, 0); count(ready.Messages, batch3pc.KindFill) != 1 {
		t.Fatalf("messages %v, want the base passed on", kindsOf(ready.Messages))
	}
	for _, id := range participantIDs {
		l.at(id, batch3pc.KindStartAck, first.Position())
	}
	next := l.propose("z")
	for _, kind := range []batch3pc.Kind{batch3pc.KindYes, batch3pc.KindPreCommitAck} {
		l.at(1, kind, next.Position())
		l.at(2, kind, next.Position())
	}
	if s := l.machine.Status(); s.Committed != 3 || s.Released != 3 {
		t.Fatalf("status %+v, want 3 decided and released", s)
	}
	l.machine.Tick() // 3 was away
	if ready := l.machine.Tick(); count(ready.Messages, batch3pc.KindFetch) != 1 {
		t.Fatalf("messages %v, want a helper asked", kindsOf(ready.Messages))
	}
	if ready := fill(1, aborted, 1); count(ready.Messages, batch3pc.KindFill) != 0 {
		t.Fatalf("batch %d was aborted, and is passed on as one of those up to %d, which are decided", aborted.Seq, ready.Messages[0].Commit)
	}
	if ready := fill(2, next, 3); count(ready.Messages, batch3pc.KindFill) != 1 || ready.Messages[0].Batch.Seq != 3 {
		t.Fatalf("messages %v, want what is decided passed on", kindsOf(ready.Messages))
	}
}

// One that accepts the base, comes back with a hole in its log, and whose StartAck went down with it is started again:
// it acknowledges what it holds, which is less than the base, and says nothing else by itself. It has to be asked where
// it stands, once, and gets what it has lost (I8).
func TestAcknowledgementBelowTheBaseIsAskedAbout(t *testing.T) {
	l := newLeader(t, nil)
	log := chain(origin, 1, 2, "x")
	l.machine.Open()
	l.machine.Open()
	for _, id := range participantIDs {
		l.state(id, ballot1, log[1].Position(), log...)
	}
	below := func() batch3pc.Ready { return l.at(3, batch3pc.KindStartAck, log[0].Position()) }
	if noMessage(t, below()); l.machine.Status().State != batch3pc.StateStarting {
		t.Fatalf("state %v, want Starting", l.machine.Status().State)
	}
	for _, id := range participantIDs[:2] {
		l.at(id, batch3pc.KindStartAck, log[1].Position())
	}
	l.machine.Tick()
	if ready := l.machine.Tick(); count(ready.Messages, batch3pc.KindStart) != 1 {
		t.Fatalf("messages %v, want 3 started again", kindsOf(ready.Messages))
	}
	if ask := onlyMessage(t, below().Durable, batch3pc.KindStateReq); ask.To != 3 {
		t.Fatalf("%d is asked for its state, want 3", ask.To)
	}
	noMessage(t, below()) // the answer to another Start: it is asked already
	ready := l.state(3, l.machine.Status().Ballot, log[0].Position(), log[0])
	if fetch := onlyMessage(t, ready.Messages[:1], batch3pc.KindFetch); fetch.Seq != log[0].Seq {
		t.Fatalf("a helper is asked for what follows %d, want %d", fetch.Seq, log[0].Seq)
	}
	ready = l.answer(ready.Messages[0].To, batch3pc.Message{Kind: batch3pc.KindFill, Batch: log[1], Applied: 2})
	if fill := onlyMessage(t, ready.Messages[:1], batch3pc.KindFill); fill.To != 3 || fill.Batch.Seq != log[1].Seq {
		t.Fatalf("%v to %d, want the lost batch to 3", fill.Kind, fill.To)
	}
}
