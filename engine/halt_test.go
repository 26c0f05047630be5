package engine

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// fault is what a haltCase breaks: from some batch on, until it is healed. Of the market people are told that it is
// halted, and that it trades again.
type fault struct{ broken, halted, healed, trades atomic.Bool }

// breaks reports whether the fault is there. It begins with the first message about batch 6.
func (f *fault) breaks(seq batch3pc.Seq) bool {
	if seq > 5 {
		f.broken.Store(true)
	}
	return f.broken.Load() && !f.healed.Load()
}

// haltCases are why trading halts.
var haltCases = map[string]struct {
	reason orderbook.RejectReason
	set    func(b *testBox, f *fault)
	during func(e *Engine) bool // more of it, in each round, until what must be seen is; nil: nothing
}{
	"no quorum": {reason: orderbook.RejectHalted, set: func(b *testBox, f *fault) {
		for _, p := range b.peers[1:] {
			p.hold = func(m *batch3pc.Message) bool { return m.Kind == batch3pc.KindPreCommitAck && f.breaks(m.Seq) }
		}
	}},
	"no quorum for a ballot": {reason: orderbook.RejectHalted, set: func(b *testBox, f *fault) {
		b.cfg.Participants[2].ExcludeNs = int64(time.Hour) // with less its absence takes a ballot
		b.peers[1].hold = func(m *batch3pc.Message) bool { return m.Kind == batch3pc.KindState && f.breaks(0) }
		b.peers[2].hold = func(m *batch3pc.Message) bool { return f.breaks(m.Seq) }
	}, during: func(e *Engine) bool {
		e.peers[2].ExcludeNs = int64(30 * time.Millisecond)
		return e.electing()
	}},
	"the command log's disk": {reason: orderbook.RejectDiskFull, set: func(b *testBox, f *fault) {
		b.peers[0].hold = func(m *batch3pc.Message) bool { f.breaks(m.Seq); return false }
	}, during: func(e *Engine) bool {
		e.DiskFull(true)
		return true
	}},
	"the command log's disk, to the last byte": {reason: orderbook.RejectDiskFull, set: func(b *testBox, f *fault) {
		b.peers[0].hold = func(m *batch3pc.Message) bool { f.breaks(m.Seq); return false }
		b.log.full = func() bool { return f.breaks(0) }
	}},
	"a participant's disk": {reason: orderbook.RejectDiskFull, set: func(b *testBox, f *fault) {
		votes := batch3pc.Seq(0)
		b.peers[0].app.full = func() bool { votes++; return f.breaks(votes) }
	}},
}

// TestHaltRejectsAndResumes: when commits stand still for too long, or a disk is full, every order is told that the market
// is halted, and why; when there is no reason any more, trading goes on (design D6). Nothing is lost: each command is in
// the log, and the log gives what was done.
func TestHaltRejectsAndResumes(t *testing.T) {
	for name, c := range haltCases {
		t.Run(name, func(t *testing.T) {
			b, f := haltBox(t, c.set)
			b.cfg.HaltRejects, b.engine.cfg.HaltRejects = true, true
			clock := b.engine.ports.Clock
			b.engine.ports.Clock = func() int64 { // in each round
				if !f.healed.Load() && f.broken.Load() && (c.during == nil || c.during(b.engine)) && b.engine.core.Counts().Rejects[c.reason] > 1000 {
					f.healed.Store(true)
					b.engine.DiskFull(false)
				}
				return clock()
			}
			cmds := randomFlow(31, 20_000)
			res, err := b.run(t, cmds)
			if err != nil {
				t.Fatal(err)
			}
			var halted, goes bool
			for _, n := range b.notices {
				halted = halted || n.Kind == NoticeHalted && n.Why == c.reason.String() && n.Rejects && n.Peer != ""
				goes = goes || n.Kind == NoticeTrading
			}
			if !halted || !goes || res.Rejects[c.reason] < 1000 || len(b.commits) < 10 {
				t.Errorf("told of the halt %v and of its end %v, %d orders refused, %d commits", halted, goes, res.Rejects[c.reason], len(b.commits))
			}
			b.logGives(t, uint64(len(cmds)), res)
		})
	}
}

// haltBox is a box that breaks, and halts soon afterwards. Half of its orders come then, one by one until the market is
// halted, so that most of them find it so, and the rest when it trades again.
func haltBox(t *testing.T, set func(b *testBox, f *fault)) (*testBox, *fault) {
	t.Helper()
	var f fault
	b := newTestBox(t, func(b *testBox) {
		b.cfg.HaltEnds = false
		b.cfg.Deadlines.ResendNs, b.cfg.StallNs, b.cfg.HaltNs = int64(time.Millisecond), int64(20*time.Millisecond), int64(time.Hour)
		set(b, &f)
	})
	b.before = func(i int) {
		for i == 2000 && !f.broken.Load() || i == 12_000 && !f.trades.Load() || i > 2000 && !f.halted.Load() && b.engine.Input().Len() > 0 {
			runtime.Gosched()
		}
	}
	notify := b.engine.ports.Notify
	b.engine.ports.Notify = func(n Notice) {
		switch n.Kind {
		case NoticeHalted:
			f.halted.Store(true)
		case NoticeTrading:
			f.trades.Store(true)
		}
		notify(n)
	}
	advance := b.engine.ports.Clock
	b.engine.ports.Clock = func() int64 {
		if f.broken.Load() {
			b.engine.cfg.HaltNs = int64(50 * time.Millisecond)
		}
		return advance()
	}
	return b, &f
}

// TestHaltBeforeTheFirstBallot: as long as no ballot has chosen where the book begins nobody can refuse an order, and
// nobody says so: people are told that orders wait. When the ballot comes they are matched.
func TestHaltBeforeTheFirstBallot(t *testing.T) {
	var healed atomic.Bool
	b := newTestBox(t, func(b *testBox) {
		b.cfg.HaltEnds, b.cfg.HaltRejects = false, true
		b.cfg.Deadlines.ResendNs, b.cfg.StallNs, b.cfg.HaltNs = int64(time.Millisecond), int64(20*time.Millisecond), int64(50*time.Millisecond)
		for _, p := range b.peers[1:] {
			p.hold = func(m *batch3pc.Message) bool { return m.Kind == batch3pc.KindState && !healed.Load() }
		}
	})
	var waits Notice
	clock := b.engine.ports.Clock
	b.engine.ports.Clock = func() int64 { // in each round
		for _, n := range b.notices {
			if n.Kind == NoticeHalted && !healed.Load() {
				waits = n
				b.engine.cfg.HaltNs = int64(time.Hour)
				healed.Store(true)
			}
		}
		return clock()
	}
	res, err := b.run(t, randomFlow(32, 2_000))
	if err != nil {
		t.Fatal(err)
	}
	if waits.Rejects || waits.Peer == "" {
		t.Errorf("told %+v, want that orders wait, and for whom", waits)
	}
	if n := res.Rejects[orderbook.RejectHalted]; n > 0 || len(b.commits) == 0 {
		t.Errorf("%d orders refused, %d commits, want none and some", n, len(b.commits))
	}
}

// TestHaltLetsTheSourceWait: without HaltRejects the source waits, and no order is refused.
func TestHaltLetsTheSourceWait(t *testing.T) {
	for name, c := range haltCases {
		if c.during != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			b, f := haltBox(t, c.set)
			notify := b.engine.ports.Notify
			b.engine.ports.Notify = func(n Notice) {
				if n.Kind == NoticeHalted {
					f.healed.Store(true)
				}
				notify(n)
			}
			cmds := randomFlow(31, 20_000)
			res, err := b.run(t, cmds)
			if err != nil {
				t.Fatal(err)
			}
			if n := res.Rejects[orderbook.RejectDiskFull] + res.Rejects[orderbook.RejectHalted]; !f.healed.Load() || n > 0 {
				t.Errorf("halted %v, %d orders refused", f.healed.Load(), n)
			}
			b.asWithout(t, cmds, res)
		})
	}
}

// logGives checks that the log holds so many commands of the source, and that they give what the engine has done.
func (b *testBox) logGives(t *testing.T, commands uint64, res Result) {
	t.Helper()
	r, err := NewReplica(b.cfg.Limits)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.log.Replay(r.Take); err != nil {
		t.Fatal(err)
	}
	if got := r.Source().Commands; got != commands {
		t.Errorf("the log holds %d commands of the source, want %d", got, commands)
	}
	core, rest := r.Yield()
	defer core.Close()
	open := NewBuilder(core.LastCommand(), core.NextTrade())
	for i := range rest {
		core.Apply(&rest[i], open)
	}
	if core.StateHash() != res.StateHash || core.Counts() != res.Counts {
		t.Errorf("the log gives %+v, the engine did %+v", core.Counts(), res.Counts)
	}
}

// TestHaltWhileWorkIsPending: a command that could not be finished, because the batch is full, waits for the next one;
// orders that come meanwhile are refused all the same, and nothing but them is written.
func TestHaltWhileWorkIsPending(t *testing.T) {
	b := newTestBox(t, nil)
	e := b.engine
	e.core.pending, e.core.halted = 1, orderbook.RejectHalted
	for _, c := range []struct {
		cmd    codec.Command
		admits bool
	}{{codec.Command{Kind: codec.KindNew}, true}, {codec.Command{Kind: codec.KindModify}, true}, {codec.Command{Kind: codec.KindCancel}, false}, {codec.Command{Kind: codec.KindPhase}, false}} {
		if got := e.admits(&c.cmd); got != c.admits {
			t.Errorf("a command of kind %d is admitted: %v, want %v", c.cmd.Kind, got, c.admits)
		}
	}
	e.core.pending = 0
}
