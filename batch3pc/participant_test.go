package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// A Start that comes after batches which its ballot has decided keeps them.
func TestStartBelowTheAppliedKeepsIt(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 3, "x")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	s.fill(ballot2, log[0])
	s.fill(ballot2, log[1])
	s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2})
	ready := s.start(ballot2, log[0].Position())
	if ack := onlyMessage(t, ready.Durable, batch3pc.KindStartAck); ack.Seq != 2 {
		t.Fatalf("acknowledged %d, want what is applied", ack.Seq)
	}
	now := s.machine.Status()
	if now.Applied != 2 || now.PreCommitted != 2 || now.Voted != 2 || now.LastAttempt != ballot2 {
		t.Fatalf("state %+v", now)
	}
	if again := s.restart().machine.Status(); again != now {
		t.Fatalf("after a restart %+v, want %+v", again, now)
	}
	mustPanic(t, "I1", func() { s.start(ballot3, chain(origin, 1, 1, "y")[0].Position()) })
}

// One ballot has one history: a second one means that a ballot was used twice.
func TestTwoHistoriesInOneBallotStop(t *testing.T) {
	s := newSingle(t)
	s.start(ballot1, origin)
	s.batch(ballot1, chain(origin, 1, 1, "x")[0])
	s.preCommit(ballot1, chain(origin, 1, 1, "x")[0].Position())
	mustPanic(t, "I6", func() { s.preCommit(ballot1, chain(origin, 1, 1, "y")[0].Position()) })
}

// Another decision than the one applied means that a quorum was broken.
func TestAnotherDecisionStops(t *testing.T) {
	log := chain(origin, 1, 3, "x")
	for _, at := range []batch3pc.Position{chain(origin, 1, 2, "y")[1].Position(), chain(origin, 1, 2, "y")[0].Position()} {
		s := newSingle(t)
		s.start(ballot1, origin)
		for _, b := range log {
			s.batch(ballot1, b)
		}
		s.commit(ballot1, log[1].Position())
		mustPanic(t, "I1", func() { s.commit(ballot2, at) })
	}
}

// An App that says no must say why, for a reason that somebody acts on.
func TestNoWithoutReasonStops(t *testing.T) {
	for _, reason := range []batch3pc.Reason{batch3pc.ReasonNone, batch3pc.ReasonGeneration, 99} {
		machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 1}, refuser{reason})
		if err != nil {
			t.Fatal(err)
		}
		machine.Step(&batch3pc.Message{Kind: batch3pc.KindStart, From: 10, To: 1, Ballot: ballot1})
		mustPanic(t, "App", func() {
			machine.Step(&batch3pc.Message{Kind: batch3pc.KindBatch, From: 10, To: 1, Ballot: ballot1, Batch: chain(origin, 1, 1, "x")[0]})
		})
	}
}

type refuser struct{ reason batch3pc.Reason }

func (r refuser) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Reason: r.reason} }
func (refuser) Apply(*batch3pc.Batch)                      {}
func (refuser) Drop(*batch3pc.Batch)                       {}

// Messages that no coordinator sends, and batches that are missing or damaged, change nothing.
func TestNonsenseIsIgnored(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 2, "x")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	before := s.machine.Status()
	damaged := cloneBatch(log[1])
	damaged.Payload[0] ^= 1
	for _, m := range []batch3pc.Message{
		{Kind: batch3pc.KindYes}, {Kind: batch3pc.KindState}, {Kind: 99},
		{Kind: batch3pc.KindBatch}, {Kind: batch3pc.KindFill},
		{Kind: batch3pc.KindFill, Batch: damaged, Commit: 2, CommitChain: damaged.Chain, Ballot: ballot2},
		{Kind: batch3pc.KindFetch, Seq: 9},
	} {
		if m.Ballot.IsZero() {
			m.Ballot = ballot1
		}
		ready := s.step(m)
		if noRecord(t, ready); s.machine.Status() != before || count(ready.Messages, batch3pc.KindYes) != 0 {
			t.Errorf("%v changed the state to %+v", m.Kind, s.machine.Status())
		}
	}
}

// A commit that cannot be followed is asked about once, and from where the log matches.
func TestCommitBeyondTheLogAsks(t *testing.T) {
	log := chain(origin, 1, 3, "x")
	s := newSingle(t)
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	ready := s.commit(ballot1, log[2].Position())
	if fetch := onlyMessage(t, ready.Messages, batch3pc.KindFetch); fetch.Seq != 1 {
		t.Fatalf("fetch from %d, want 1", fetch.Seq)
	}
	ready = s.step(batch3pc.Message{Kind: batch3pc.KindBatch, Ballot: ballot1, Batch: log[2], Commit: 3, CommitChain: log[2].Chain})
	onlyMessage(t, ready.Messages, batch3pc.KindFetch)
	// In a ballot that it was not started in, it needs more than batches.
	ready = s.commit(ballot2, log[2].Position())
	onlyMessage(t, ready.Durable, batch3pc.KindState)
}

// The log serves others as far back as its configuration promises, and no further than a burst.
func TestFetchIsServedFromTheRetention(t *testing.T) {
	s := newSingle(t) // WindowMax 4, RetainMax 4
	log := chain(origin, 1, 30, "x")
	s.start(ballot1, origin)
	for _, b := range log {
		s.batch(ballot1, b)
		s.commit(ballot1, b.Position())
	}
	for _, test := range []struct{ from, want int }{
		{30, 0}, {29, 1}, {22, 8}, // RetainMax + WindowMax behind the end, the whole burst
	} {
		at := log[test.from-1].Position()
		ready := s.step(batch3pc.Message{Kind: batch3pc.KindFetch, Ballot: ballot1, Seq: at.Seq, Chain: at.Chain})
		if len(ready.Messages) != test.want {
			t.Errorf("from %d: %d batches, want %d", test.from, len(ready.Messages), test.want)
		}
		for i, m := range ready.Messages {
			if m.Kind != batch3pc.KindFill || m.Batch.Position() != log[test.from+i].Position() {
				t.Errorf("from %d: message %d is %v of %d", test.from, i, m.Kind, m.Batch.Seq)
			}
		}
	}
}

// What is forgotten is said to be, so that somebody else is asked; and a driver that has the log at
// hand is asked first.
func TestFetchBelowTheRetention(t *testing.T) {
	for _, older := range []bool{false, true} {
		s := newSingle(t)
		cfg := batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 4, RetainMax: 4, Older: older}
		var err error
		if s.machine, err = batch3pc.NewParticipant(cfg, s.app); err != nil {
			t.Fatal(err)
		}
		log := chain(origin, 1, 30, "x")
		s.start(ballot1, origin)
		for _, b := range log {
			s.batch(ballot1, b)
			s.commit(ballot1, b.Position())
		}
		ready := s.step(batch3pc.Message{Kind: batch3pc.KindFetch, Ballot: ballot1, Seq: 10, Chain: log[9].Chain})
		if !older {
			if m := onlyMessage(t, ready.Messages, batch3pc.KindApplied); m.Seq != 18 || len(ready.Older) != 0 {
				t.Fatalf("retention from %d on, want 18; older %v", m.Seq, ready.Older)
			}
			continue
		}
		noMessage(t, ready)
		if len(ready.Older) != 1 || ready.Older[0].Seq != 10 {
			t.Fatalf("older %+v, want the question", ready.Older)
		}
		if fill := s.machine.Older(&ready.Older[0], log[10]); fill.Kind != batch3pc.KindFill || fill.To != ballot1.Node || fill.Ballot != ballot1 || fill.Batch.Seq != 11 {
			t.Fatalf("answer %+v", fill)
		}
	}
}

// The window bounds what is filled up before Start as well.
func TestFillBeforeStartStopsAtTheWindow(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 5, "x")
	s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2})
	for i, b := range log {
		ready := s.step(batch3pc.Message{Kind: batch3pc.KindFill, Ballot: ballot2, Seq: 5, Chain: log[4].Chain, Batch: b})
		if got := len(ready.Records); got != 1 && i < 4 || got != 0 && i == 4 {
			t.Fatalf("batch %d of a window of 4: %d records", i+1, got)
		}
	}
}
