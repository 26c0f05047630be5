package batch3pc_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// bulk is an App with a state of more than one piece.
type bulk struct {
	ledger
	state []byte
}

func (b *bulk) AppendSnapshot(dst []byte) []byte { return append(dst, b.state...) }

func (b *bulk) Restore(state []byte) error {
	if b.refuse {
		return errors.New("bulk: refused")
	}
	b.state = bytes.Clone(state)
	return nil
}

func newBulk(t *testing.T, size int) (*single, *bulk) {
	t.Helper()
	app := &bulk{ledger: ledger{id: 1}, state: bytes.Repeat([]byte{7, 8, 9}, size/3)}
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 4, RetainMax: 4, SnapshotMax: 1 << 20}, app)
	if err != nil {
		t.Fatal(err)
	}
	return &single{t: t, app: &app.ledger, machine: machine}, app
}

// pieces is the snapshot of a participant that has applied one batch, as messages.
func pieces(t *testing.T, size int) []batch3pc.Message {
	t.Helper()
	s, _ := newBulk(t, size)
	b := chain(origin, 1, 1, "x")[0]
	s.start(ballot1, origin)
	s.batch(ballot1, b)
	s.commit(ballot1, b.Position())
	var list []batch3pc.Message
	for offset, total := uint64(0), uint64(1); offset < total; {
		ready := s.step(batch3pc.Message{Kind: batch3pc.KindSnapshotReq, Ballot: ballot1, Seq: 1, Chain: b.Chain, Offset: offset})
		m := cloneMessage(onlyMessage(t, ready.Messages, batch3pc.KindSnapshot))
		if len(m.Chunk) > batch3pc.SnapshotChunkMax || m.Offset != offset {
			t.Fatalf("%d bytes at %d", len(m.Chunk), m.Offset)
		}
		offset, total = offset+uint64(len(m.Chunk)), m.Total
		m.Ballot, m.Commit, m.CommitChain = ballot1, m.Seq, m.Chain
		list = append(list, m)
	}
	return list
}

// Pieces may come again and out of order; each one that does not fit is answered with what is wanted.
func TestSnapshotComesInPieces(t *testing.T) {
	list := pieces(t, 200_000)
	if len(list) != 4 {
		t.Fatalf("%d pieces", len(list))
	}
	s, app := newBulk(t, 0)
	s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot1})
	noMessage(t, s.step(list[2]))
	for _, step := range []struct{ got, want int }{{0, 1}, {0, 1}, {1, 2}, {0, 2}, {3, 2}} {
		req := onlyMessage(t, s.step(list[step.got]).Messages, batch3pc.KindSnapshotReq)
		if req.Offset != list[step.want].Offset || req.Seq != 1 {
			t.Fatalf("after piece %d byte %d of %d is wanted, want %d", step.got, req.Offset, req.Seq, list[step.want].Offset)
		}
	}
	s.step(list[2])
	ready := s.step(list[3])
	state := onlyMessage(t, ready.Durable, batch3pc.KindState)
	if state.Applied != 1 || len(app.state) != 199_998 || len(ready.Records) != 4 {
		t.Fatalf("state %+v, %d bytes, %d records", state, len(app.state), len(ready.Records))
	}
	if now := s.machine.Status(); now.Applied != 1 || now.PreCommitted != 1 || now.Voted != 1 || now.AppliedBatches != 1 {
		t.Fatalf("status %+v", now)
	}
	noMessage(t, s.step(list[0])) // it has it

	// Torn: without the last piece the state is the one before. Whole: it is this one.
	for _, keep := range []int{len(s.log) - 1, len(s.log)} {
		again, app := newBulk(t, 0)
		for i := range s.log[:keep] {
			if err := again.machine.Recover(&s.log[i]); err != nil {
				t.Fatal(err)
			}
		}
		whole := keep == len(s.log)
		if now := again.machine.Status(); (now.Applied == 1) != whole || (len(app.state) == 199_998) != whole || now.LastElected != ballot1 {
			t.Fatalf("of %d records: %+v, %d bytes", keep, now, len(app.state))
		}
	}
}

// A crash leaves some pieces of a snapshot in the log, and the same snapshot comes again, from another participant or as
// a checkpoint at the same place: its pieces follow the torn ones. The log can be read.
func TestSnapshotIsTornAndComesAgain(t *testing.T) {
	list := pieces(t, 200_000)
	first, _ := newBulk(t, 0)
	first.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot1})
	for i := range list {
		first.step(list[i])
	}
	for torn := 1; torn < len(list); torn++ {
		kept := first.log[:len(first.log)-len(list)+torn]
		again, _ := newBulk(t, 0)
		for i := range kept {
			if err := again.machine.Recover(&kept[i]); err != nil {
				t.Fatal(err)
			}
		}
		for i := range list {
			again.step(list[i])
		}
		last, app := newBulk(t, 0)
		for _, log := range [][]batch3pc.Record{kept, again.log} {
			for i := range log {
				if err := last.machine.Recover(&log[i]); err != nil {
					t.Fatalf("%d of %d pieces and all of them again: %v", torn, len(list), err)
				}
			}
		}
		if now := last.machine.Status(); now.Applied != 1 || len(app.state) != 199_998 {
			t.Errorf("%d of %d pieces and all of them again: %+v, %d bytes", torn, len(list), now, len(app.state))
		}
	}
}

// Damage, an App that refuses, a size beyond the limit, something undecided: nothing changes.
func TestSnapshotIsAllOrNothing(t *testing.T) {
	for name, test := range map[string]struct {
		change func([]batch3pc.Message, *bulk)
		bad    uint64
	}{
		"damaged":   {func(l []batch3pc.Message, _ *bulk) { l[1].Chunk[5] ^= 1 }, 0},
		"refused":   {func(_ []batch3pc.Message, b *bulk) { b.refuse = true }, 1},
		"too large": {func(l []batch3pc.Message, _ *bulk) { l[0].Total, l[1].Total = 1<<20+1, 1<<20+1 }, 0},
		"undecided": {func(l []batch3pc.Message, _ *bulk) {
			l[0].Commit, l[0].CommitChain, l[1].Commit, l[1].CommitChain = 0, 0, 0, 0
		}, 0},
		"of another position": {func(l []batch3pc.Message, _ *bulk) {
			for i := range l {
				l[i].Chain ^= 1
			}
		}, 1},
		"not an image": {func(l []batch3pc.Message, _ *bulk) {
			l[0].Chunk, l[1].Chunk = []byte{1}, []byte{2}
			for i := range l {
				l[i].Offset, l[i].Total, l[i].Digest = uint64(i), 2, xxhash.Sum64([]byte{1, 2})
			}
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			list := pieces(t, 100_000)
			s, app := newBulk(t, 30)
			s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot1})
			test.change(list, app)
			before := s.machine.Status()
			for _, m := range list {
				noRecord(t, s.step(m))
			}
			before.BadSnapshots = test.bad
			if now := s.machine.Status(); now != before || len(app.state) != 30 {
				t.Fatalf("status %+v, want %+v; %d bytes of state", now, before, len(app.state))
			}
		})
	}
}

// The error of an App that does not take its own snapshot from the log is told: nobody else knows what is wrong.
func TestRecoverTellsWhyTheAppRefuses(t *testing.T) {
	s, _ := newBulk(t, 0)
	s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot1})
	for _, m := range pieces(t, 30) {
		s.step(m)
	}
	again, app := newBulk(t, 0)
	app.refuse = true
	var err error
	for i := 0; err == nil && i < len(s.log); i++ {
		err = again.machine.Recover(&s.log[i])
	}
	if refused := new(batch3pc.RecoverError); !errors.As(err, &refused) || !strings.Contains(refused.Reason, "bulk: refused") {
		t.Errorf("error %v, want a RecoverError with what the App says", err)
	}
}

// plain is an App without snapshots.
type plain struct{ counter }

func TestCheckpointNeedsSnapshots(t *testing.T) {
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, WindowMax: 1}, &plain{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Checkpoint(); err != batch3pc.ErrNoSnapshots {
		t.Fatalf("error %v, want ErrNoSnapshots", err)
	}
	if err := machine.Recover(&batch3pc.Record{Kind: batch3pc.RecordSnapshot}); err == nil {
		t.Fatal("a snapshot is recovered by an App that has none")
	}
}

// The watermark of truncation is what every configured participant has for good, dead or alive; one
// that is no member and lags too far is left to a snapshot, if there is somebody to give it.
func TestTruncationWaitsForEverybody(t *testing.T) {
	for _, test := range []struct {
		name    string
		members []batch3pc.NodeID
		classes []uint8
		lag     batch3pc.Seq
		want    batch3pc.Seq
	}{
		{"a member lags", participantIDs, []uint8{1, 1, 1}, 2, 0},
		{"a learner lags", participantIDs[:2], []uint8{1, 1, 1}, 0, 0},
		{"a learner lags too far", participantIDs[:2], []uint8{1, 1, 1}, 2, 4},
		{"not too far yet", participantIDs[:2], []uint8{1, 1, 1}, 4, 0},
		{"nobody has its state", participantIDs[:2], []uint8{1, 1, 2}, 2, 0},
		{"nobody has snapshots", participantIDs[:2], nil, 2, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
				cfg.Members, cfg.Classes, cfg.LagMax = test.members, test.classes, test.lag
			}).active()
			for i := range 4 {
				b := l.propose("a")
				for _, id := range participantIDs {
					l.at(id, batch3pc.KindYes, b.Position())
				}
				l.at(1, batch3pc.KindPreCommitAck, b.Position())
				l.at(2, batch3pc.KindPreCommitAck, b.Position())
				if s := l.machine.Status(); s.Committed != b.Seq {
					t.Fatalf("batch %d is not decided: %+v", i, s)
				}
			}
			if m := l.machine.PeerUp(3).Durable[0]; m.Truncate != test.want {
				t.Fatalf("truncate %d, want %d", m.Truncate, test.want)
			}
		})
	}
}

// A participant that has not been heard of holds it back as well, and what one has pre-committed counts
// for nothing until it is decided: after an abort the same numbers are other batches.
func TestTruncationCountsWhatIsDecided(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Members = participantIDs[:2] }).active()
	commit := func(ids ...batch3pc.NodeID) *batch3pc.Batch {
		b := l.propose("a")
		for _, id := range participantIDs[:2] {
			l.at(id, batch3pc.KindYes, b.Position())
		}
		for _, id := range ids {
			l.at(id, batch3pc.KindPreCommitAck, b.Position())
		}
		return b
	}
	commit(3, 1, 2)
	b := commit(3) // pre-committed by 3 alone
	l.machine.Open()
	for _, id := range participantIDs[:2] {
		m := batch3pc.Message{
			Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, LastAttempt: ballot1, Applied: 1,
			PreCommitted: 1, PreChain: b.ParentChain, Voted: 1, VotedChain: b.ParentChain, AppliedChain: b.ParentChain,
		}
		l.answer(id, m)
	}
	for _, id := range participantIDs[:2] {
		l.at(id, batch3pc.KindStartAck, b.ParentPosition())
	}
	commit(1, 2)
	commit(1, 2)
	if s := l.machine.Status(); s.Committed != 4 {
		t.Fatalf("committed %d, want 4: %+v", s.Committed, s)
	}
	if m := l.machine.PeerUp(3).Durable[0]; m.Truncate != 1 {
		t.Fatalf("truncate %d, want 1: 3 has nothing above for good", m.Truncate)
	}
}
