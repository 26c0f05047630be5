package participant

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// countRole remembers which batches it applied.
type countRole struct {
	applied []batch3pc.Seq
	saved   int
	digests int
	closed  bool
	refuses error // of Save
	err     error
}

func (r *countRole) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }
func (r *countRole) Apply(b *batch3pc.Batch)                  { r.applied = append(r.applied, b.Seq) }
func (r *countRole) Drop(*batch3pc.Batch)                     {}
func (r *countRole) Name() string                             { return "risk" }
func (r *countRole) Digest() uint64                           { r.digests++; return uint64(len(r.applied)) }
func (r *countRole) AppliedTrades() uint64                    { return uint64(10 * len(r.applied)) }
func (r *countRole) Close() error                             { r.closed = true; return nil }
func (r *countRole) Keep() (func() error, error)              { return nil, nil }
func (r *countRole) Err() error                               { return r.err }
func (r *countRole) AppendSnapshot(dst []byte) []byte {
	for _, seq := range r.applied {
		dst = append(dst, byte(seq))
	}
	return dst
}

func (r *countRole) Restore(state []byte) error {
	r.applied = r.applied[:0]
	for _, seq := range state {
		r.applied = append(r.applied, batch3pc.Seq(seq))
	}
	return nil
}

func (r *countRole) Save(dir string) error {
	r.saved++
	if r.refuses != nil {
		return r.refuses
	}
	return os.WriteFile(filepath.Join(dir, "count"), []byte{byte(len(r.applied))}, 0o644)
}

var ballot = batch3pc.Ballot{Epoch: 1, Node: 16, Boot: 1}

// rig is one node and the engine's end of its link.
type rig struct {
	node   *Node
	role   *countRole
	engine *transport.Link
	bell   *ringbuf.Bell // the engine's
	parent batch3pc.Batch
}

func newRig(t *testing.T, dir string) *rig {
	t.Helper()
	r := &rig{role: &countRole{}, bell: ringbuf.NewBell(ringbuf.WaitPark)}
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	var theirs *transport.Link
	r.engine, theirs = transport.Pair(16<<20, 1<<20, r.bell, bell)
	var err error
	r.node, err = Open(Config{Node: 1, Dir: dir, WindowMax: 16, Durable: true}, r.role, []rounds.Peer{{Node: 16, Link: theirs}}, bell)
	if err != nil {
		t.Fatal(err)
	}
	if ev, _ := r.engine.Next(); ev != transport.EventUp {
		t.Fatalf("first event %v, want up", ev)
	}
	r.engine.Release()
	t.Cleanup(func() {
		if err := errors.Join(r.engine.Close(), theirs.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestOlderLogIsRefused: a log of batches with trades of 64 bytes, as they were before, is refused by its version.
func TestOlderLogIsRefused(t *testing.T) {
	dir := t.TempDir()
	old := make([]byte, 96)
	old[0], old[8], old[16], old[28] = 1, 1, 1, 1
	b := batch3pc.Batch{Seq: 1, Generation: 1, Count: 1, Payload: old}
	b.Seal()
	log, err := journal.Open(dir, journal.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = log.Append(uint8(batch3pc.RecordBatch), codec.AppendRecord(nil, &batch3pc.Record{Kind: batch3pc.RecordBatch, Batch: &b}))
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = Open(Config{Node: 1, Dir: dir, WindowMax: 16}, &countRole{}, nil, ringbuf.NewBell(ringbuf.WaitPark))
	if !errors.Is(err, codec.ErrPayloadVersion) {
		t.Fatalf("%v, want that its batches are of another version", err)
	}
}

func (r *rig) send(m batch3pc.Message) {
	m.From, m.To, m.Ballot = 16, 1, ballot
	n := codec.MessageSize(&m)
	codec.AppendMessage(r.engine.Claim(n)[:0], codec.Header{}, &m)
	r.engine.Publish(n)
}

// batch proposes the next batch of the stream.
func (r *rig) batch() batch3pc.Batch {
	b := batch3pc.Batch{Seq: r.parent.Seq + 1, Parent: r.parent.Seq, ParentChain: r.parent.Chain, Generation: 1, Count: 10, Payload: []byte{byte(r.parent.Seq)}}
	b.Seal()
	r.parent = b
	r.send(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: b.Seq, Batch: &b})
	return b
}

// got returns the kinds of the answers that have arrived.
func (r *rig) got(t *testing.T) (kinds []batch3pc.Kind) {
	t.Helper()
	for {
		ev, frame := r.engine.Next()
		if ev == transport.EventNone {
			return kinds
		}
		if ev == transport.EventFrame {
			h, body, err := codec.CheckFrame(frame)
			if err != nil {
				t.Fatal(err)
			}
			var m batch3pc.Message
			if err := codec.DecodeMessage(body, h, &m, nil); err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, m.Kind)
		}
		r.engine.Release()
	}
}

// want runs rounds until the answers wanted have come, waiting for the syncer in between.
func (r *rig) want(t *testing.T, kinds ...batch3pc.Kind) {
	t.Helper()
	var got []batch3pc.Kind
	for len(got) < len(kinds) {
		if _, err := r.node.Round(1); err != nil {
			t.Fatal(err)
		}
		if got = append(got, r.got(t)...); len(got) < len(kinds) {
			r.node.bell.Wait(r.node.Ready)
		}
	}
	if !slices.Equal(got, kinds) {
		t.Fatalf("answers %v, want %v", got, kinds)
	}
}

func (r *rig) open(t *testing.T) {
	t.Helper()
	r.send(batch3pc.Message{Kind: batch3pc.KindStateReq})
	r.want(t, batch3pc.KindState)
	r.send(batch3pc.Message{Kind: batch3pc.KindStart})
	r.want(t, batch3pc.KindStartAck)
}

// await waits for an answer of a kind from a node that runs.
func (r *rig) await(t *testing.T, kind batch3pc.Kind) {
	t.Helper()
	for {
		r.bell.Wait(func() bool { ev, _ := r.engine.Next(); return ev != transport.EventNone })
		if slices.Contains(r.got(t), kind) {
			return
		}
	}
}

// sendFinish says that the stream ends with b.
func (r *rig) sendFinish(b *batch3pc.Batch) {
	h := codec.Header{Kind: codec.FrameFinish, From: 16, To: 1}
	f := codec.BeginFrame(r.engine.Claim(codec.FrameHeaderSize + 16)[:0], h)
	f = binary.LittleEndian.AppendUint64(f, uint64(b.Seq))
	f = binary.LittleEndian.AppendUint64(f, uint64(b.Chain))
	codec.SealFrame(f)
	r.engine.Publish(len(f))
}

// summary waits for the node to say that it has finished.
func (r *rig) summary(t *testing.T) codec.Summary {
	t.Helper()
	for {
		r.bell.Wait(func() bool { ev, _ := r.engine.Next(); return ev != transport.EventNone })
		ev, frame := r.engine.Next()
		if ev == transport.EventNone {
			continue
		}
		h, body := codec.TrustFrame(frame)
		s, err := codec.DecodeSummary(body)
		r.engine.Release()
		if h.Kind != codec.FrameFinished {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func (r *rig) close(t *testing.T) {
	t.Helper()
	if err := r.node.disk.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRestart: P2. A node that is opened again on its journal has the same watermarks and the same
// business state, at every step of a batch.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	steps := []func(t *testing.T, r *rig){
		func(t *testing.T, r *rig) { r.open(t) },
		func(t *testing.T, r *rig) { r.batch(); r.want(t, batch3pc.KindYes) },
		func(t *testing.T, r *rig) {
			r.send(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: r.parent.Seq, Chain: r.parent.Chain})
			r.want(t, batch3pc.KindPreCommitAck)
		},
		func(t *testing.T, r *rig) {
			r.send(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: r.parent.Seq, CommitChain: r.parent.Chain})
			r.want(t, batch3pc.KindApplied)
		},
		func(t *testing.T, r *rig) { r.batch(); r.want(t, batch3pc.KindYes) },
	}
	var before batch3pc.ParticipantStatus
	var parent batch3pc.Batch
	for i, step := range steps {
		r := newRig(t, dir)
		if after := r.node.Status(); i > 0 && after != before {
			t.Fatalf("before step %d: restarted with %+v, was %+v", i, after, before)
		}
		r.parent = parent
		r.node.disk.Start()
		step(t, r)
		before, parent = r.node.Status(), r.parent
		r.close(t)
	}
	r := newRig(t, dir)
	defer r.close(t)
	if !slices.Equal(r.role.applied, []batch3pc.Seq{1}) {
		t.Errorf("the restarted role has applied %v, want batch 1 once", r.role.applied)
	}
	if st := r.node.Status(); st.Voted != 2 {
		t.Errorf("voted up to %d, want 2", st.Voted)
	}
}

// TestFinish: the state is saved when everything decided is applied, not before, and the node ends
// when the engine is gone.
func TestFinish(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.node.Run(ctx) }()
	await := func(kind batch3pc.Kind) { t.Helper(); r.await(t, kind) }
	r.send(batch3pc.Message{Kind: batch3pc.KindStateReq})
	await(batch3pc.KindState)
	r.send(batch3pc.Message{Kind: batch3pc.KindStart})
	await(batch3pc.KindStartAck)
	b := r.batch()
	await(batch3pc.KindYes)

	r.sendFinish(&b)
	r.send(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: b.Seq, Chain: b.Chain})
	await(batch3pc.KindPreCommitAck)
	if _, err := ReadState(dir); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a state was saved before the batch was applied: %v", err)
	}
	r.send(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: b.Seq, CommitChain: b.Chain})
	if s := r.summary(t); s.AppliedBatches != 1 || s.AppliedTrades != 10 || s.Chain != uint64(b.Chain) || s.Syncs == 0 {
		t.Fatalf("summary %+v", s)
	}
	st, err := ReadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (State{"risk", 1, 1, 10, Hex(b.Chain), Hex(uint64(1)), true}); st != want {
		t.Errorf("state %+v, want %+v", st, want)
	}
	if err := r.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if r.role.saved != 1 || r.role.digests != 1 || !r.role.closed {
		t.Errorf("saved %d times, %d digests, want one each; closed %v", r.role.saved, r.role.digests, r.role.closed)
	}
}

// TestGoesOnAfterFinish: an engine that is told to end has the participants finish, and another one may go on: then the
// state file does not say any more that it is the last one, and the end saves anew.
func TestGoesOnAfterFinish(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.node.Run(ctx) }()
	r.send(batch3pc.Message{Kind: batch3pc.KindStateReq})
	r.await(t, batch3pc.KindState)
	r.send(batch3pc.Message{Kind: batch3pc.KindStart})
	r.await(t, batch3pc.KindStartAck)
	commit := func() batch3pc.Batch {
		t.Helper()
		b := r.batch()
		r.await(t, batch3pc.KindYes)
		r.send(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: b.Seq, Chain: b.Chain})
		r.await(t, batch3pc.KindPreCommitAck)
		r.send(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: b.Seq, CommitChain: b.Chain})
		r.await(t, batch3pc.KindApplied)
		return b
	}
	first := commit()
	r.sendFinish(&first)
	r.summary(t)
	commit()
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if st, err := ReadState(dir); err != nil || st.Finished || st.AppliedSeq != 2 {
		t.Errorf("state %+v, %v, want one behind batch 2 that is not finished", st, err)
	}
}

// TestStartedAfterFinish: a node that has finished, and is started again and told to end, still says that it has
// finished; one whose stream goes on in its second life does not.
func TestStartedAfterFinish(t *testing.T) {
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprintf("goes on %v", on), func(t *testing.T) {
			dir := t.TempDir()
			r := newRig(t, dir)
			r.node.disk.Start()
			r.open(t)
			commit := func(r *rig) batch3pc.Batch {
				t.Helper()
				b := r.batch()
				r.want(t, batch3pc.KindYes)
				r.send(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: b.Seq, Chain: b.Chain})
				r.want(t, batch3pc.KindPreCommitAck)
				r.send(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: b.Seq, CommitChain: b.Chain})
				r.want(t, batch3pc.KindApplied)
				return b
			}
			b := commit(r)
			if _, err := r.node.save(true); err != nil {
				t.Fatal(err)
			}
			r.close(t)

			r = newRig(t, dir)
			r.parent = b
			want := uint64(1)
			if on {
				r.node.disk.Start()
				r.open(t)
				commit(r)
				if _, err := r.node.Round(1); err != nil {
					t.Fatal(err)
				}
				if st, err := ReadState(dir); err != nil || st.Finished {
					t.Errorf("while it goes on the state is %+v, %v, want one that is not finished", st, err)
				}
				want = 2
				r.close(t)
				r = newRig(t, dir)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := r.node.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if st, err := ReadState(dir); err != nil || st.Finished == on || st.AppliedSeq != want {
				t.Errorf("state %+v, %v, want one behind batch %d, finished %v", st, err, want, !on)
			}
		})
	}
}

// TestInterrupted: a node that is told to end saves what it has, marked as not finished.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.node.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if st, err := ReadState(dir); err != nil || st.Finished {
		t.Errorf("state %+v, %v, want one that is not finished", st, err)
	}
}

// TestJournalFailureEndsNode: what the journal says, ends the node.
func TestJournalFailureEndsNode(t *testing.T) {
	r := newRig(t, t.TempDir())
	if err := r.node.disk.Close(); err != nil {
		t.Fatal(err)
	}
	r.send(batch3pc.Message{Kind: batch3pc.KindStateReq})
	if _, err := r.node.Round(1); err == nil {
		t.Error("a closed journal went unnoticed")
	}
}

// TestStateFileDamaged: a damaged state file is not mistaken for none.
func TestStateFileDamaged(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, StateFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadState(dir); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that says the file is damaged", err)
	}
}

// TestSaveThatEndsHalfWay saves once, and a second time on a disk that takes some of the files and not all. What has been
// replaced is not what the first state file speaks of.
func TestSaveThatEndsHalfWay(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, dir)
	if _, err := r.node.save(false); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadState(dir); err != nil {
		t.Fatal(err)
	}
	r.role.refuses = syscall.ENOSPC
	if _, err := r.node.save(false); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("save on a full disk: %v", err)
	}
	if s, err := ReadState(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state file says %+v, %v, want none", s, err)
	}
	if err := errors.Join(r.node.disk.Close(), r.role.Close()); err != nil {
		t.Fatal(err)
	}
}
