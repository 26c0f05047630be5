package batch3pc_test

import (
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// holed is a participant that had pre-committed three batches in ballot1, and whose log has lost them.
func holed(t *testing.T) (*single, []*batch3pc.Batch) {
	t.Helper()
	log := chain(origin, 1, 3, "x")
	s := newSingle(t)
	at := log[2].Position()
	records := []batch3pc.Record{
		{Kind: batch3pc.RecordStart, Ballot: ballot1},
		{Kind: recordHole},
		{Kind: batch3pc.RecordPreCommit, Ballot: ballot1, Seq: at.Seq, Chain: at.Chain},
	}
	for i := range records {
		if records[i].Kind == recordHole {
			s.machine.RecoverHole()
		} else if err := s.machine.Recover(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.machine.RecoverDone(); err != nil {
		t.Fatal(err)
	}
	if now := s.machine.Status(); !now.Repairing || now.PreCommitted != 3 || now.LastAttempt != ballot1 || now.Voted != 0 {
		t.Fatalf("status %+v", now)
	}
	return s, log
}

// In the ballot in which it had accepted, it acknowledges what it holds again, and not more.
func TestRepairingAcknowledgesWhatItHolds(t *testing.T) {
	s, log := holed(t)
	state := onlyMessage(t, s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot1}).Durable, batch3pc.KindState)
	if state.PreCommitted != 0 || state.Voted != 0 || state.LastAttempt != ballot1 {
		t.Fatalf("state %+v, want nothing held", state)
	}
	if ack := onlyMessage(t, s.start(ballot1, origin).Durable, batch3pc.KindStartAck); ack.Seq != 0 {
		t.Fatalf("start acknowledged up to %d", ack.Seq)
	}
	if fetch := onlyMessage(t, s.preCommit(ballot1, log[2].Position()).Messages, batch3pc.KindFetch); fetch.Seq != 0 {
		t.Fatalf("fetch from %d, want 0", fetch.Seq)
	}
	if _, err := s.machine.Checkpoint(); err != batch3pc.ErrRepairing {
		t.Fatalf("checkpoint: %v, want ErrRepairing", err)
	}
	for i, b := range log {
		onlyMessage(t, s.batch(ballot1, b).Messages, batch3pc.KindYes)
		if ack := onlyMessage(t, s.preCommit(ballot1, b.Position()).Durable, batch3pc.KindPreCommitAck); ack.Seq != b.Seq {
			t.Fatalf("batch %d: acknowledged up to %d", b.Seq, ack.Seq)
		}
		if now := s.machine.Status(); now.Repairing != (i < 2) {
			t.Fatalf("after batch %d: %+v", b.Seq, now)
		}
	}
}

// In any other ballot it promises nothing, and asks for what is decided; Start ends the repair.
func TestRepairingPromisesNothing(t *testing.T) {
	s, log := holed(t)
	for _, kind := range []batch3pc.Kind{batch3pc.KindStateReq, batch3pc.KindBatch, batch3pc.KindPreCommit} {
		ready := s.step(batch3pc.Message{Kind: kind, Ballot: ballot2, Batch: log[0]})
		if onlyMessage(t, ready.Messages, batch3pc.KindFetch); len(ready.Durable)+len(ready.Records) != 0 {
			t.Fatalf("%v: %v and %d records", kind, kindsOf(ready.Durable), len(ready.Records))
		}
	}
	if now := s.machine.Status(); now.LastElected != ballot1 {
		t.Fatalf("promised %v", now.LastElected)
	}
	s.fill(ballot2, log[0])
	if now := s.machine.Status(); !now.Repairing || now.Applied != 1 || now.PreCommitted != 3 || now.LastElected != ballot2 {
		t.Fatalf("after a fill: %+v, want the ballot promised that has decided it", now)
	}
	onlyMessage(t, s.start(ballot2, log[0].Position()).Durable, batch3pc.KindStartAck)
	if now := s.machine.Status(); now.Repairing || now.PreCommitted != 1 || now.LastAttempt != ballot2 {
		t.Fatalf("after a start: %+v", now)
	}
}

// What was decided on another branch takes the place of what is missing.
func TestRepairEndsWhenTheDecidedPasses(t *testing.T) {
	s, _ := holed(t)
	other := chain(origin, 2, 3, "y") // 2, 3, 4: the pre-commit of 3 has lost
	for i, b := range other {
		s.fill(ballot2, b)
		if now := s.machine.Status(); now.Repairing != (i < 1) {
			t.Fatalf("after %d: %+v", b.Seq, now)
		}
	}
}

// A log that may hide a promise, or whose it is, is refused.
func TestUnprovenHolesAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		before, behind []batch3pc.Record
		kind           batch3pc.RecordKind
	}{
		"nothing behind":     {[]batch3pc.Record{identity(1, 5)}, nil, batch3pc.RecordPreCommit},
		"a promise only":     {[]batch3pc.Record{identity(1, 5)}, []batch3pc.Record{{Kind: batch3pc.RecordPromise, Ballot: ballot2}}, batch3pc.RecordPreCommit},
		"whose log it is":    {nil, []batch3pc.Record{{Kind: batch3pc.RecordStart, Ballot: ballot2}}, batch3pc.RecordIdentity},
		"proved, then again": {[]batch3pc.Record{identity(1, 5), {Kind: batch3pc.RecordStart, Ballot: ballot2}}, nil, batch3pc.RecordPreCommit},
	} {
		machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Incarnation: 9, WindowMax: 2}, &ledger{id: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range test.before {
			if err := machine.Recover(&test.before[i]); err != nil {
				t.Fatal(err)
			}
		}
		machine.RecoverHole()
		for i := range test.behind {
			if err := machine.Recover(&test.behind[i]); err != nil {
				t.Fatal(err)
			}
		}
		var refused *batch3pc.RecoverError
		if err := machine.RecoverDone(); !errors.As(err, &refused) || refused.Kind != test.kind {
			t.Errorf("%s: %v, want a RecoverError about %v", name, err, test.kind)
		}
	}
}

// recovered reads a log with holes.
func recovered(t *testing.T, s *single, records []batch3pc.Record) error {
	t.Helper()
	for i := range records {
		if records[i].Kind == recordHole {
			s.machine.RecoverHole()
		} else if err := s.machine.Recover(&records[i]); err != nil {
			return err
		}
	}
	return s.machine.RecoverDone()
}

// A hole may have taken the commits: what is in doubt by what is left may be more than the window. The rest is
// fetched again.
func TestHoleThatTookTheCommits(t *testing.T) {
	log := chain(origin, 1, 6, "x")
	for _, kind := range []batch3pc.RecordKind{batch3pc.RecordBatch, batch3pc.RecordFill} {
		s := newSingle(t)
		records := []batch3pc.Record{{Kind: batch3pc.RecordStart, Ballot: ballot1}}
		for i, b := range log {
			if i == 4 { // the window of newSingle
				records = append(records, batch3pc.Record{Kind: recordHole}) // a commit
			}
			records = append(records, batch3pc.Record{Kind: kind, Ballot: ballot1, Batch: b})
		}
		records = append(records, batch3pc.Record{Kind: batch3pc.RecordPreCommit, Ballot: ballot1, Seq: 6, Chain: log[5].Chain})
		if err := recovered(t, s, records); err != nil {
			t.Fatal(err)
		}
		now := s.machine.Status()
		if !now.Repairing || now.LastAttempt != ballot1 || now.PreCommitted != 6 {
			t.Fatalf("status %+v", now)
		}
		for _, b := range log {
			s.fill(ballot1, b)
		}
		if now := s.machine.Status(); now.Repairing || now.Applied != 6 {
			t.Fatalf("when it has its batches back: %+v", now)
		}
	}
}

// A checkpoint behind a hole proves the ballots, even if it says nothing new about what is applied.
func TestCheckpointBehindAHoleProves(t *testing.T) {
	log := chain(origin, 1, 3, "x")
	s, _ := newBulk(t, 30)
	s.start(ballot1, origin)
	for _, b := range log[:2] {
		s.batch(ballot1, b)
	}
	s.preCommit(ballot1, log[1].Position())
	s.commit(ballot1, log[0].Position())
	before := len(s.log)
	s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2}) // the promise that the hole takes
	ready, err := s.machine.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	records := append(s.log[:before:before], batch3pc.Record{Kind: recordHole})
	for _, r := range ready.Records {
		r.Batch = cloneBatch(r.Batch)
		records = append(records, r)
	}
	again, _ := newBulk(t, 0)
	if err := recovered(t, again, records); err != nil {
		t.Fatal(err)
	}
	if now := again.machine.Status(); now != s.machine.Status() {
		t.Fatalf("after a restart %+v, want %+v", now, s.machine.Status())
	}
}
