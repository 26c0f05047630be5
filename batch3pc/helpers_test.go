package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// cutAt opens a ballot of which participants 1 and 2 have everything, and have cut their logs behind a batch.
// It returns their end.
func (l *leader) cutAt(t *testing.T, cut batch3pc.Seq) batch3pc.Position {
	t.Helper()
	l.machine.Open()
	tail := chain(origin, 1, int(cut)+1, "won")[cut].Position()
	for _, id := range participantIDs[:2] {
		l.answer(id, batch3pc.Message{
			Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, Seq: cut,
			PreCommitted: tail.Seq, PreChain: tail.Chain, Voted: tail.Seq, VotedChain: tail.Chain, Applied: tail.Seq, AppliedChain: tail.Chain,
		})
	}
	for _, id := range participantIDs[:2] {
		l.at(id, batch3pc.KindStartAck, tail)
	}
	if s := l.machine.Status(); s.State != batch3pc.StateActive || s.Base != tail.Seq {
		t.Fatalf("status %+v", s)
	}
	return tail
}

// A learner has pre-committed a batch that lost, under a number that the stream has given to another one. The
// members have cut their logs there. What the learner says it holds looks like a place to go on from, and is
// none; nobody can answer, so in the end it gets a snapshot.
func TestSnapshotAfterHelpersInVain(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Members, cfg.Excludable, cfg.Classes = cfg.Members[:2], cfg.Participants[2:], []uint8{1, 1, 1}
	})
	l.cutAt(t, 4)
	lost := chain(origin, 1, 4, "lost")
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

// The same piece of a snapshot is asked for once between two Ticks, however often the participant says that it
// wants it; what got lost is asked for again.
func TestSnapshotPieceIsAskedForOnce(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Members, cfg.Excludable, cfg.Classes = cfg.Members[:2], cfg.Participants[2:], []uint8{1, 1, 1}
	})
	tail := l.cutAt(t, 4)
	l.state(3, batch3pc.Ballot{}, origin)
	asked := func(offset uint64) int {
		n := 0
		for range 5 { // as many commits have come in between
			m := batch3pc.Message{Kind: batch3pc.KindSnapshotReq, Seq: tail.Seq, Chain: tail.Chain, Offset: offset}
			n += count(l.answer(3, m).Messages, batch3pc.KindSnapshotReq)
		}
		return n
	}
	for offset := uint64(1); offset < 3; offset++ {
		if n := asked(offset * batch3pc.SnapshotChunkMax); n != 1 {
			t.Fatalf("piece %d is asked for %d times, want once", offset, n)
		}
	}
	l.machine.Tick()
	if n := asked(2 * batch3pc.SnapshotChunkMax); n != 0 {
		t.Fatalf("the piece is asked for again before a Tick has passed without a new one")
	}
	l.machine.Tick()
	if n := asked(2 * batch3pc.SnapshotChunkMax); n != 1 {
		t.Fatalf("a piece that does not come is asked for %d times after a Tick, want once", n)
	}
}
