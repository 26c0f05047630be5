package engine

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// TestChangeInDoubtIsSettledFirst: a participant that is being let in falls silent with its yes on the way, and has to
// be left out. The ballot that this takes may find that it is in; then that is logged before it is left out (E12).
func TestChangeInDoubtIsSettledFirst(t *testing.T) {
	const entering = 4 // the second generation names everybody's log, the third leaves c out
	cmds := randomFlow(57, 20_000)
	b := newTestBox(t, quick)
	var mute, lost, heard atomic.Bool
	var in batch3pc.Ballot // in which it is being let in; c's own
	b.peers[2].hold = func(m *batch3pc.Message) bool {
		if !lost.Load() && b.peers[2].machine.Status().Generation == entering {
			in = m.Ballot
			lost.Store(true)
		}
		if lost.Load() && m.Ballot != in && m.Kind == batch3pc.KindState {
			heard.Store(true)
		}
		return mute.Load() || lost.Load() && m.Ballot == in
	}
	b.peers[1].hold = func(m *batch3pc.Message) bool { // it is waited for, so that the election hears what c has
		return m.Kind == batch3pc.KindState && lost.Load() && !heard.Load()
	}
	back := make(chan struct{})
	let := sync.OnceFunc(func() { close(back) })
	notify, commit, commits := b.engine.ports.Notify, b.engine.ports.Commit, 0
	b.engine.ports.Commit = func(c *Committed) error {
		if commits++; commits == 10 {
			mute.Store(true)
		}
		return commit(c)
	}
	b.engine.ports.Notify = func(n Notice) {
		notify(n)
		switch n.Kind {
		case NoticeExcluded:
			mute.Store(false)
		case NoticeReadmitted:
			let()
		}
	}
	b.before = func(i int) {
		if i == len(cmds)*3/4 {
			select {
			case <-back:
			case <-b.over:
			}
		}
	}
	res, err := b.run(t, cmds)
	if err != nil {
		t.Fatal(err)
	}
	if !heard.Load() || len(b.told(NoticeReadmitted, "c")) == 0 {
		t.Errorf("c was not let in by the ballot that was to leave it out: %+v", b.notices)
	}
	b.asWithout(t, cmds, res)
}
