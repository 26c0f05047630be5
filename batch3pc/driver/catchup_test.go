package driver_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// flow commits batch after batch until it is stopped.
type flow struct {
	committed atomic.Int64
	stop      func()
}

func (r *replicas) flow() *flow {
	ctx, cancel := context.WithCancel(r.ctx())
	f := &flow{}
	var done sync.WaitGroup
	f.stop = func() { cancel(); done.Wait() }
	done.Go(func() {
		for ctx.Err() == nil {
			line := fmt.Sprintf("line %d", r.want.Len())
			if err := r.lead.Commit(r.ctx(), 1, []byte(line)); err != nil {
				r.t.Error(err)
				return
			}
			r.want.WriteString(line + "\n")
			f.committed.Add(1)
		}
	})
	r.t.Cleanup(f.stop)
	return f
}

// leave stops participant 3, and lets the others go on without it for n batches.
func (r *replicas) leave(n int) {
	r.t.Helper()
	r.stop(2)
	if err := r.lead.ChangeMembers(r.ctx(), []batch3pc.NodeID{1, 2}); err != nil {
		r.t.Fatal(err)
	}
	r.commit(n)
}

// TestCatchUpWhileBatchesFlow: a participant that was away for more batches than anybody holds in memory comes back
// while the others go on committing. It gets what it lacks from their logs, or, where these are cut, a snapshot and
// what follows it; it reaches the end of the stream, is a member again, and ends in the same state.
func TestCatchUpWhileBatchesFlow(t *testing.T) {
	for name, every := range map[string]uint64{"fetch": 0, "snapshot": 10} {
		t.Run(name, func(t *testing.T) {
			r := newReplicasWith(t, every)
			r.commit(3)
			r.leave(100)
			f := r.flow()
			flows := func() {
				before := f.committed.Load()
				until(t, func() bool { return f.committed.Load() > before }, func() string { return "nothing is committed any more" })
			}
			flows()
			r.start(2)
			until(t, func() bool { return r.lead.Peers()[2].CaughtUp }, func() string { return fmt.Sprintf("peers %+v", r.lead.Peers()) })
			flows()
			r.readmit(3)
			f.stop()
			r.commit(3)
			r.level()
			if _, applies, restores := r.apps[2].state(); (restores > 0) != (every > 0) {
				t.Errorf("%d batches applied and %d snapshots taken over", applies, restores)
			}
		})
	}
}

// TestUnreadableLogHelpsNobody: damage in a part of the log that only others need does not end the participant that
// is asked for it. It says so, once, and that it cannot send what the log has by now.
func TestUnreadableLogHelpsNobody(t *testing.T) {
	const batches, damaged, asked = 20, 6, 3
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 1, RetainMax: 1, Older: true}, &agree{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	disk, err := driver.OpenDisk(dir, ringbuf.NewBell(ringbuf.WaitPark), driver.Replay(machine))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close() //nolint:errcheck // its log is damaged
	ours, theirs := memPair()
	var said []error
	p := driver.NewParticipant(driver.ParticipantConfig{Unreadable: func(err error) { said = append(said, err) }}, machine, disk, []driver.Peer{{Node: engine, Link: theirs}})
	defer p.Close()
	ballot := batch3pc.Ballot{Epoch: 1, Node: engine, Boot: 1}
	tell := func(m batch3pc.Message) []batch3pc.Kind {
		m.From, m.To, m.Ballot = engine, 1, ballot
		ours.tell(m)
		for {
			if _, err := p.Round(1); err != nil {
				t.Fatal(err)
			}
			if !p.Ready() {
				return ours.heard(t)
			}
		}
	}
	tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	tell(batch3pc.Message{Kind: batch3pc.KindStart})
	var at, from batch3pc.Position
	for seq := batch3pc.Seq(1); seq <= batches; seq++ {
		b := batch3pc.Batch{Seq: seq, Parent: at.Seq, ParentChain: at.Chain, Generation: 1, Count: 1, Payload: fmt.Appendf(nil, "batch <%d>", seq)}
		b.Seal()
		if at = b.Position(); seq == asked {
			from = at
		}
		if seq == batches/2 {
			if err := disk.Settle(); err != nil { // so that what comes then proves that this much was whole
				t.Fatal(err)
			}
		}
		tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: seq, Batch: &b})
		tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: seq, Chain: at.Chain})
		tell(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: seq, CommitChain: at.Chain})
	}
	spoil(t, dir, fmt.Sprintf("batch <%d>", damaged))
	fetch := batch3pc.Message{Kind: batch3pc.KindFetch, Seq: from.Seq, Chain: from.Chain, Commit: at.Seq, CommitChain: at.Chain}
	if got := tell(fetch); len(got) != damaged-asked-1 || len(said) != 1 {
		t.Errorf("answers %v, and said %v; want the batches before the damage, and that once", got, said)
	}
	if got := tell(fetch); !slices.Equal(got, []batch3pc.Kind{batch3pc.KindApplied}) || len(said) != 1 {
		t.Errorf("asked again: answers %v, and said %v; want that it cannot serve", got, said)
	}
}
