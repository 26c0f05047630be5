package driver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
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
			r := newReplicasWith(t, every, nil)
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

// lines is a log that can be looked at while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

// TestUnreadableLogHelpsNobody: damage in a part of the log that only others need does not end the participant that
// is asked for it. It says so, and they get what they lack from somebody else.
func TestUnreadableLogHelpsNobody(t *testing.T) {
	said := &lines{}
	r := newReplicasWith(t, 0, slog.New(slog.NewTextHandler(said, nil)))
	r.commit(3)
	r.leave(100)
	r.damage(0, "line 498")
	r.start(2)
	until(t, func() bool { return r.lead.Peers()[2].CaughtUp }, func() string { return fmt.Sprintf("peers %+v", r.lead.Peers()) })
	r.readmit(3)
	r.commit(3)
	r.level()
	if err := r.nodes[0].Err(); err != nil {
		t.Errorf("the participant with the damaged log has ended: %v", err)
	}
	if !said.has("it cannot help others") {
		t.Error("it was never asked for what it cannot read, or said nothing")
	}
	var closed error
	for _, n := range r.nodes {
		closed = errors.Join(closed, n.Close())
	}
	if closed != nil {
		t.Error(closed)
	}
}
