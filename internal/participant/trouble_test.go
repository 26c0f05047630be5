package participant

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// TestPeerCannotEndNode: a frame that nobody understands, and a finish that is none, are dropped.
func TestPeerCannotEndNode(t *testing.T) {
	r := newRig(t, t.TempDir())
	var told []uint64
	r.node.cfg.Dropped = func(n uint64) { told = append(told, n) }
	for _, c := range []struct {
		kind codec.FrameKind
		size int
	}{{codec.FrameFinish, 0}, {codec.FrameFinish, 17}, {codec.FrameFinished, codec.SummarySize}, {codec.FrameUDP, 14}, {255, 0}} {
		b := r.engine.Claim(codec.FrameHeaderSize + c.size)
		frame := append(codec.BeginFrame(b[:0], codec.Header{Kind: c.kind, From: 16}), make([]byte, c.size)...)
		codec.SealFrame(frame)
		r.engine.Publish(len(frame))
		if _, err := r.node.Round(1); err != nil {
			t.Errorf("kind %d of %d bytes: %v", c.kind, c.size, err)
		}
	}
	if n := r.node.Dropped(); n != 5 || r.node.finish != nil || !slices.Equal(told, []uint64{1}) {
		t.Errorf("%d frames dropped, want 5; told at %d, want the first; finish %v", n, told, r.node.finish)
	}
	if err := errors.Join(r.node.disk.Close(), r.role.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestRoleWaitsForRoom: a role that waits for room on its disk does not end its node; people are told that it waits, and that it
// goes on, once. One that has failed ends it.
func TestRoleWaitsForRoom(t *testing.T) {
	r := newRig(t, t.TempDir())
	var told []string
	r.node.cfg.Full = func(what string, full bool) { told = append(told, fmt.Sprint(what, " ", full)) }
	broken := errors.New("input/output error")
	for i, err := range []error{nil, fullDisk, fullDisk, nil, nil, fullDisk, broken} {
		r.role.err = err
		if _, got := r.node.Round(int64(i)); err == broken && got != broken || err != broken && got != nil {
			t.Errorf("round %d: %v", i, got)
		}
	}
	if want := []string{"tape true", "tape false", "tape true", "tape false"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if err := errors.Join(r.node.disk.Close(), r.role.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestEndThatWasPassed: a node whose process ended when its stream went on, and before its state file said so, says it when
// it is opened. A file that nobody can read is no reason not to start.
func TestEndThatWasPassed(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, dir)
	r.node.disk.Start()
	r.open(t)
	for range 2 {
		b := r.batch()
		r.want(t, batch3pc.KindYes)
		r.send(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: b.Seq, Chain: b.Chain})
		r.want(t, batch3pc.KindPreCommitAck)
		r.send(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: b.Seq, CommitChain: b.Chain})
		r.want(t, batch3pc.KindApplied)
	}
	r.close(t)
	if err := WriteState(dir, State{Role: "risk", AppliedSeq: 1, AppliedBatches: 1, Finished: true}); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, dir)
	if st, err := ReadState(dir); err != nil || st.Finished || st.AppliedSeq != 1 {
		t.Errorf("state %+v, %v, want that of batch 1, not finished", st, err)
	}
	r.close(t)
	if err := os.WriteFile(filepath.Join(dir, StateFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, dir)
	r.close(t)
}

var fullDisk error = &journal.ReserveError{Err: syscall.ENOSPC}
