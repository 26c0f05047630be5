package batch3pc_test

import (
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

func mayExclude3(cfg *batch3pc.CoordinatorConfig) { cfg.Excludable = []batch3pc.NodeID{3} }

func (l *leader) members(members ...batch3pc.NodeID) batch3pc.Ready {
	l.t.Helper()
	ready, err := l.machine.ProposeGeneration(members)
	if err != nil {
		l.t.Fatal(err)
	}
	return ready
}

// G1: the members of the new generation vote, nobody else, and the quorum is that of the configured.
func TestG1NewMembersVoteAndTheConfiguredDecide(t *testing.T) {
	l := newLeader(t, mayExclude3).active()
	ready := l.members(1, 2)
	if count(ready.Messages, batch3pc.KindBatch) != 3 {
		t.Fatalf("messages %v, want the entry for each participant", kindsOf(ready.Messages))
	}
	entry := cloneBatch(ready.Messages[0].Batch)
	if g, ok := batch3pc.GenerationOf(entry); !ok || g.Number != 2 || entry.Generation != 2 || g.Find(3).Member || !g.Find(1).Member {
		t.Fatalf("entry %+v", entry)
	}
	l.at(1, batch3pc.KindYes, entry.Position())
	if ready := l.at(2, batch3pc.KindYes, entry.Position()); count(ready.Messages, batch3pc.KindPreCommit) != 3 {
		t.Fatalf("messages %v: two yes of two members, want pre-commits", kindsOf(ready.Messages))
	}
	l.at(1, batch3pc.KindPreCommitAck, entry.Position())
	if s := l.machine.Status(); s.Committed != 0 {
		t.Fatal("one acknowledgement of three decided: the quorum has shrunk with the members")
	}
	l.at(3, batch3pc.KindPreCommitAck, entry.Position())
	if s := l.machine.Status(); s.Committed != entry.Seq || s.Generation != 2 || s.Changing {
		t.Fatalf("status %+v, want the entry decided", s)
	}
	if b := l.propose("a"); b.Generation != 2 {
		t.Fatalf("a batch of generation %d, want 2", b.Generation)
	}
}

// G2: the entry waits for what is in doubt when nobody leaves, and nothing follows it undecided.
func TestG2AChangeTravelsAlone(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { mayExclude3(cfg); cfg.Members = []batch3pc.NodeID{1, 2} }).active()
	a := l.propose("a")
	noMessage(t, l.members(1, 2, 3))
	if _, _, err := l.machine.Propose(1, nil); err != batch3pc.ErrNoRoom || l.machine.Room() {
		t.Fatalf("Propose behind a wish: %v", err)
	}
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	l.at(1, batch3pc.KindPreCommitAck, a.Position())
	ready := l.at(2, batch3pc.KindPreCommitAck, a.Position())
	if count(ready.Messages, batch3pc.KindBatch) != 3 {
		t.Fatalf("messages %v, want the entry as soon as everything is decided", kindsOf(ready.Messages))
	}
	if _, _, err := l.machine.Propose(1, nil); err != batch3pc.ErrNoRoom {
		t.Fatalf("Propose behind an entry in doubt: %v", err)
	}
}

// G2: a member that leaves may hold up what is in doubt, so that a ballot decides about it first.
func TestG2ALeavingMemberCostsABallot(t *testing.T) {
	l := newLeader(t, mayExclude3).active()
	l.propose("a")
	before := l.machine.Status().Ballot
	ready := l.members(1, 2)
	if r := onlyRecord(t, ready, batch3pc.RecordEpoch); !before.Less(r.Ballot) || l.machine.Status().State != batch3pc.StateElecting {
		t.Fatalf("ballot %v, state %v", r.Ballot, l.machine.Status().State)
	}
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.state(id, ballot1, origin)
	}
	l.at(1, batch3pc.KindStartAck, origin)
	ready = l.at(2, batch3pc.KindStartAck, origin)
	if n := count(ready.Messages, batch3pc.KindBatch); n != 2 || !ready.Messages[0].Batch.IsGeneration() {
		t.Fatalf("messages %v, want the entry to be the first batch", kindsOf(ready.Messages))
	}
}

// G3, G4 and their like: what is no generation is refused with the participant and the reason.
func TestMembershipRefusals(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Excludable = []batch3pc.NodeID{2, 3} })
	if _, err := l.machine.ProposeGeneration([]batch3pc.NodeID{1, 2}); err != batch3pc.ErrNotActive {
		t.Fatalf("without a ballot: %v, want ErrNotActive", err)
	}
	l.active()
	for name, test := range map[string]struct {
		members []batch3pc.NodeID
		about   batch3pc.NodeID
	}{
		"may not be excluded": {[]batch3pc.NodeID{2, 3}, 1},
		"stranger":            {[]batch3pc.NodeID{1, 2, 7}, 7},
		"twice":               {[]batch3pc.NodeID{1, 2, 2}, 2},
		"no change":           {[]batch3pc.NodeID{1, 2, 3}, 0},
		"quorum without":      {[]batch3pc.NodeID{1}, 0},
	} {
		_, err := l.machine.ProposeGeneration(test.members)
		var refused *batch3pc.MembershipError
		if !errors.As(err, &refused) || !errors.Is(err, batch3pc.ErrMembership) || refused.Node != test.about || refused.Reason == "" {
			t.Errorf("%s: %v, want a MembershipError about %d", name, err, test.about)
		}
	}
	if s := l.machine.Status(); s.Changing {
		t.Fatal("a refusal left a wish behind")
	}
}

// Votes for another generation are void: who holds another entry, or none, holds another chain.
func TestVotesOfAnotherGenerationAreVoid(t *testing.T) {
	l := newLeader(t, mayExclude3).active()
	entry := cloneBatch(l.members(1, 2).Messages[0].Batch)
	other := cloneBatch(entry)
	other.Generation = 3
	other.Seal()
	for _, id := range []batch3pc.NodeID{1, 2} {
		noMessage(t, l.at(id, batch3pc.KindYes, other.Position()))
	}
	if s := l.machine.Status(); s.Voted != 0 || s.PreCommitted != 0 || s.Ignored != 2 {
		t.Fatalf("status %+v, want the votes ignored", s)
	}
}

// A participant knows the generation after a restart, and votes for no other.
func TestParticipantKnowsItsGeneration(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 1, "x")
	l := newLeader(t, mayExclude3).active()
	entry := cloneBatch(l.members(1, 2).Messages[0].Batch)
	s.start(ballot1, origin)
	noRecord(t, s.batch(ballot1, chain(entry.Position(), 2, 1, "y")[0])) // behind a gap
	onlyRecord(t, s.batch(ballot1, entry), batch3pc.RecordBatch)
	if now := s.machine.Status(); now.Generation != 2 || len(s.app.reserved) != 0 {
		t.Fatalf("after the entry: %+v, the app reserved %d", now, len(s.app.reserved))
	}
	old := chain(entry.Position(), 2, 1, "old")[0] // of generation 1
	if no := onlyMessage(t, s.batch(ballot1, old).Messages, batch3pc.KindNo); no.Reason != batch3pc.ReasonGeneration {
		t.Fatalf("reason %v, want Generation", no.Reason)
	}
	young := cloneBatch(old)
	young.Generation = 2
	young.Seal()
	onlyMessage(t, s.batch(ballot1, young).Messages, batch3pc.KindYes)
	again := s.restart()
	if now := again.machine.Status(); now != s.machine.Status() {
		t.Fatalf("after a restart %+v, want %+v", now, s.machine.Status())
	}
	again.commit(ballot1, young.Position())
	if now := again.machine.Status(); now.AppliedBatches != 1 || len(again.app.applied) != 1 {
		t.Fatalf("applied %+v: an entry is no batch of the app", now)
	}
	again.start(ballot2, young.Position())
	if now := again.machine.Status(); now.Generation != 2 {
		t.Fatalf("generation %d after a start behind the entry", now.Generation)
	}
	_ = log
}

// Start below an entry takes the generation back.
func TestStartTakesAGenerationBack(t *testing.T) {
	s := newSingle(t)
	l := newLeader(t, mayExclude3).active()
	entry := cloneBatch(l.members(1, 2).Messages[0].Batch)
	s.start(ballot1, origin)
	s.batch(ballot1, entry)
	s.start(ballot2, origin)
	if now := s.machine.Status(); now.Generation != 1 || now.Voted != 0 {
		t.Fatalf("after the start: %+v", now)
	}
	onlyMessage(t, s.batch(ballot2, chain(origin, 2, 1, "x")[0]).Messages, batch3pc.KindYes)
}
