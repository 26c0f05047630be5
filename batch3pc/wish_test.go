package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// stuck is a leader that keeps one batch, which participant 2 has not acknowledged, and which is asked to do without
// 3: the entry finds no room.
func stuck(t *testing.T) (*leader, *batch3pc.Batch) {
	t.Helper()
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { mayExclude3(cfg); cfg.WindowMax, cfg.RetainMax = 1, 1 }).active()
	a := l.propose("a")
	for _, id := range participantIDs {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	l.at(1, batch3pc.KindPreCommitAck, a.Position())
	l.at(3, batch3pc.KindPreCommitAck, a.Position())
	if ready := l.members(1, 2); count(ready.Messages, batch3pc.KindBatch) != 0 {
		t.Fatalf("messages %v, want none: there is no room for the entry", kindsOf(ready.Messages))
	}
	return l, a
}

// proposeWithout3 proposes a batch that 3 does not vote for, and wants it to wait.
func proposeWithout3(t *testing.T, l *leader) {
	t.Helper()
	b := l.propose("b")
	l.at(1, batch3pc.KindYes, b.Position())
	if ready := l.at(2, batch3pc.KindYes, b.Position()); count(ready.Messages, batch3pc.KindPreCommit) != 0 {
		t.Fatalf("%d is pre-committed in generation %d without the yes of member 3", b.Seq, b.Generation)
	}
}

// A wish that found no room for its entry, and was taken back, has changed no members (I2).
func TestCancelledWishChangesNoMembers(t *testing.T) {
	l, a := stuck(t)
	l.machine.CancelGeneration()
	l.at(2, batch3pc.KindPreCommitAck, a.Position())
	proposeWithout3(t, l)
}

// Nor has one that was overtaken by a wish for the members that there are.
func TestOvertakenWishChangesNoMembers(t *testing.T) {
	l, a := stuck(t)
	if _, err := l.machine.ProposeGeneration([]batch3pc.NodeID{1, 2, 3}); err == nil {
		t.Log("taken")
	}
	if l.machine.Status().Changing {
		l.machine.CancelGeneration()
	}
	l.at(2, batch3pc.KindPreCommitAck, a.Position())
	proposeWithout3(t, l)
}

// The entry goes into the stream as soon as a member that stays has made room for it.
func TestWishWaitsForRoom(t *testing.T) {
	l, a := stuck(t)
	ready := l.at(2, batch3pc.KindPreCommitAck, a.Position())
	if count(ready.Messages, batch3pc.KindBatch) != 3 {
		t.Fatalf("messages %v, want the entry", kindsOf(ready.Messages))
	}
}

// A replacement whose wish is taken back while its entry is in doubt is in force as soon as that is decided: else 2
// would be waited for, and counted by nobody, until its next connection.
func TestReplacementCountsThoughItsWishIsTakenBack(t *testing.T) {
	l := identified(t)
	g := l.machine.Generation()
	fresh := func(m batch3pc.Message) batch3pc.Ready {
		m.Incarnation, m.Applied = 7, 1
		return l.answer(2, m)
	}
	fresh(batch3pc.Message{Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, Voted: 1, VotedChain: g.At.Chain,
		PreCommitted: 1, PreChain: g.At.Chain, AppliedChain: g.At.Chain})
	fresh(batch3pc.Message{Kind: batch3pc.KindStartAck, Seq: 1, Chain: g.At.Chain})
	if _, err := l.machine.ProposeGeneration(participantIDs, 2); err != nil {
		t.Fatal(err)
	}
	l.machine.CancelGeneration()
	at := l.machine.Generation().At
	for _, kind := range []batch3pc.Kind{batch3pc.KindYes, batch3pc.KindPreCommitAck} {
		l.named(1, batch3pc.Message{Kind: kind, Seq: at.Seq, Chain: at.Chain})
		fresh(batch3pc.Message{Kind: kind, Seq: at.Seq, Chain: at.Chain})
		l.named(3, batch3pc.Message{Kind: kind, Seq: at.Seq, Chain: at.Chain})
	}
	if s := l.machine.Status(); s.Committed != at.Seq {
		t.Fatalf("status %+v, want %d decided", s, at.Seq)
	}
	if p := l.machine.AppendPeers(nil)[1]; !p.Counts || p.Known != 7 {
		t.Fatalf("peer %+v, want its new log to count", p)
	}
}

// A wish stands, over ballots: also over the one in which the logs are named for the first time.
func TestWishStandsWhileTheLogsAreNamed(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Identified = true; mayExclude3(cfg) })
	elect := func() {
		for _, kind := range []batch3pc.Kind{batch3pc.KindState, batch3pc.KindStartAck} {
			for _, id := range participantIDs {
				l.named(id, batch3pc.Message{Kind: kind, LastElected: l.machine.Status().Ballot})
			}
		}
	}
	l.machine.Open()
	elect()
	l.members(1, 2) // the first entry is in doubt: it takes another ballot
	elect()
	for range 2 { // entries at most: that of the names, and that of the wish
		at := l.machine.Generation().At
		for _, kind := range []batch3pc.Kind{batch3pc.KindYes, batch3pc.KindPreCommitAck} {
			for _, id := range participantIDs {
				l.named(id, batch3pc.Message{Kind: kind, Seq: at.Seq, Chain: at.Chain})
			}
		}
	}
	g := l.machine.Generation()
	if s := l.machine.Status(); s.Changing || g.Find(3).Member || g.Find(3).Incarnation != 103 {
		t.Fatalf("status %+v, generation %+v: want 3 named, and no member", s, g.Enrolled())
	}
}
