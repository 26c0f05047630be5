package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// A learner has pre-committed a batch that lost, under a number that the stream has given to another one. The
// members have cut their logs there. What the learner says it holds looks like a place to go on from, and is
// none; nobody can answer, so in the end it gets a snapshot.
func TestSnapshotAfterHelpersInVain(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Members, cfg.Excludable, cfg.Classes = cfg.Members[:2], cfg.Participants[2:], []uint8{1, 1, 1}
	})
	l.machine.Open()
	won, lost := chain(origin, 1, 5, "won"), chain(origin, 1, 4, "lost")
	tail := won[4].Position()
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.answer(id, batch3pc.Message{
			Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, Seq: won[3].Seq, // cut behind the fourth
			PreCommitted: tail.Seq, PreChain: tail.Chain, Voted: tail.Seq, VotedChain: tail.Chain, Applied: tail.Seq, AppliedChain: tail.Chain,
		})
		l.at(id, batch3pc.KindStartAck, tail)
	}
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.at(id, batch3pc.KindStartAck, tail)
	}
	if s := l.machine.Status(); s.State != batch3pc.StateActive || s.Base != tail.Seq {
		t.Fatalf("status %+v", s)
	}
	fetches, snapshots := 0, 0
	note := func(list []batch3pc.Message) {
		fetches += count(list, batch3pc.KindFetch)
		snapshots += count(list, batch3pc.KindSnapshotReq)
	}
	note(l.state(3, batch3pc.Ballot{}, lost[3].Position(), lost...).Messages)
	for range 8 {
		note(l.machine.Tick().Messages)
		note(l.at(3, batch3pc.KindFetch, origin).Messages)
	}
	if fetches == 0 || snapshots == 0 {
		t.Fatalf("%d questions for batches, %d for a snapshot; want both", fetches, snapshots)
	}
}
