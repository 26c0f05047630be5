package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// cutAt opens a ballot of which participants 1 and 2 have everything, and have cut their logs behind a batch.
// It returns their end.
func (l *leader) cutAt(t *testing.T, cut batch3pc.Seq) batch3pc.Position {
	t.Helper()
	tail := chain(origin, 1, int(cut)+1, "won")[cut].Position()
	l.settled(t, cut, tail)
	return tail
}

// settled opens a ballot of which participants 1 and 2 have everything up to tail, and can send others what lies
// behind a batch.
func (l *leader) settled(t *testing.T, cut batch3pc.Seq, tail batch3pc.Position) {
	t.Helper()
	l.machine.Open()
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
}

// newLaggard is a leader whose participant 3 is no member, and of one class with the others.
func newLaggard(t *testing.T) *leader {
	t.Helper()
	return newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Members, cfg.Excludable, cfg.Classes = cfg.Members[:2], cfg.Participants[2:], []uint8{1, 1, 1}
	})
}

// Helpers that stand still for a second, on a busy machine or a slow disk, are no reason for a snapshot, and what they say
// between a Tick and the next question of the one that lags is passed on to it.
func TestSlowHelpersAreNoReasonForASnapshot(t *testing.T) {
	l := newLaggard(t)
	won := chain(origin, 1, 5, "won")
	l.settled(t, 0, won[4].Position())
	l.state(3, batch3pc.Ballot{}, origin)
	snapshots, at := 0, origin
	for _, b := range won {
		for range 10 { // Ticks of 100 ms
			snapshots += count(l.machine.Tick().Messages, batch3pc.KindSnapshotReq)
			snapshots += count(l.at(3, batch3pc.KindFetch, at).Messages, batch3pc.KindSnapshotReq)
		}
		l.machine.Tick()
		fills := l.answer(1, batch3pc.Message{Kind: batch3pc.KindFill, Batch: b}).Messages
		if n := count(fills, batch3pc.KindFill); n != 1 || fills[0].To != 3 {
			t.Fatalf("batch %d of a helper became %v, want it passed on", b.Seq, fills)
		}
		at = b.Position()
	}
	if snapshots > 0 {
		t.Fatalf("asked for %d pieces of a snapshot", snapshots)
	}
}

// A base that finds no quorum is given up after some Ticks. The silence of helpers is counted on in the next ballot:
// else the first ones would all end too early for a snapshot.
func TestSilenceIsCountedAcrossBallots(t *testing.T) {
	l := newLaggard(t)
	for range 4 {
		l.settled(t, 0, chain(origin, 1, 5, "won")[4].Position())
		l.state(3, batch3pc.Ballot{}, origin)
		for range 7 {
			l.machine.Tick()
			if count(l.at(3, batch3pc.KindFetch, origin).Messages, batch3pc.KindSnapshotReq) > 0 {
				return
			}
		}
	}
	t.Fatal("nobody is asked for a snapshot")
}

// A learner has pre-committed a batch that lost, under a number that the stream has given to another one. The
// members have cut their logs there. What the learner says it holds looks like a place to go on from, and is
// none; nobody can answer, so in the end it gets a snapshot.
func TestSnapshotAfterHelpersInVain(t *testing.T) {
	l := newLaggard(t)
	l.cutAt(t, 4)
	lost := chain(origin, 1, 4, "lost")
	fetches, snapshots := 0, 0
	note := func(list []batch3pc.Message) {
		fetches += count(list, batch3pc.KindFetch)
		snapshots += count(list, batch3pc.KindSnapshotReq)
	}
	note(l.state(3, batch3pc.Ballot{}, lost[3].Position(), lost...).Messages)
	for range 20 {
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
	l := newLaggard(t)
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

// catchUp ticks until the coordinator asks a participant for a piece of a snapshot for 3, and returns the question. What
// 3 says at each Tick is that it lacks what follows a position.
func (l *leader) catchUp(t *testing.T, at batch3pc.Position) batch3pc.Message {
	t.Helper()
	for range 20 {
		l.machine.Tick()
		for _, m := range l.at(3, batch3pc.KindFetch, at).Messages {
			if m.Kind == batch3pc.KindSnapshotReq {
				return m
			}
		}
	}
	t.Fatal("nobody is asked for a snapshot")
	return batch3pc.Message{}
}

// A participant may have lost the pieces that it had, and nobody need have noticed. After a silence the first piece of the
// same image is asked for: one that still has it names the piece that it wants, one that has not begins with it.
func TestSnapshotGoesOnFromItsFirstPiece(t *testing.T) {
	l := newLaggard(t)
	tail := l.cutAt(t, 4)
	l.state(3, batch3pc.Ballot{}, origin)
	l.answer(3, batch3pc.Message{Kind: batch3pc.KindSnapshotReq, Seq: tail.Seq, Chain: tail.Chain, Offset: batch3pc.SnapshotChunkMax})
	if m := l.catchUp(t, origin); m.Seq != tail.Seq || m.Chain != tail.Chain || m.Offset != 0 {
		t.Fatalf("asked for %d from byte %d, want %d from byte 0", m.Seq, m.Offset, tail.Seq)
	}
}

// Batches have overtaken the image whose pieces a participant was given once. When it lags again, that image is of no
// use to it.
func TestSnapshotThatWasOvertakenIsNotAskedFor(t *testing.T) {
	l := newLaggard(t)
	l.cutAt(t, 4)
	won := chain(origin, 1, 5, "won")
	old := won[1].Position()
	l.state(3, batch3pc.Ballot{}, origin)
	l.answer(3, batch3pc.Message{Kind: batch3pc.KindSnapshotReq, Seq: old.Seq, Chain: old.Chain, Offset: batch3pc.SnapshotChunkMax})
	l.answer(3, batch3pc.Message{Kind: batch3pc.KindApplied, Applied: old.Seq})
	if m := l.catchUp(t, old); m.Seq != 0 {
		t.Fatalf("asked for the image at %d, want a new one", m.Seq)
	}
}
