package driver_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
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
// what follows it; it reaches the end of the stream, is a member again, and ends in the same state. Where the logs are whole,
// there is no snapshot; silence is counted in long Ticks, so that no disk of a busy machine is silent for so many.
func TestCatchUpWhileBatchesFlow(t *testing.T) {
	for name, every := range map[string]uint64{"fetch": 0, "snapshot": 10} {
		t.Run(name, func(t *testing.T) {
			r := newReplicasWith(t, every, func(o *driver.CoordinatorOptions) { o.Resend = time.Second })
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
