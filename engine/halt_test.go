package engine

import (
	"math/rand/v2"
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
type fault struct {
	broken, halted, healed, trades atomic.Bool
	seq                            atomic.Uint64 // the last batch of which there was a message
}

// breaks reports whether the fault is there. It begins with the first message about batch 6.
func (f *fault) breaks(seq batch3pc.Seq) bool {
	for was := f.seq.Load(); was < uint64(seq) && !f.seq.CompareAndSwap(was, uint64(seq)); was = f.seq.Load() { // of several peers
	}
	if seq > 5 {
		f.broken.Store(true)
	}
	return f.broken.Load() && !f.healed.Load()
}

// haltCase is why trading halts.
type haltCase struct {
	reason orderbook.RejectReason
	set    func(b *testBox, f *fault)
	during func(e *Engine) bool // more of it, in each round, until what must be seen is; nil: nothing
}

// refused reports whether a thousand orders were refused, and some for the reason of the case: where a participant with a full
// disk is not heard for a moment, the market is halted because it is silent.
func (c *haltCase) refused(n Counts) bool {
	return n.Rejects[c.reason] > 0 && n.Rejects[orderbook.RejectHalted]+n.Rejects[orderbook.RejectDiskFull] > 1000
}

var haltCases = map[string]haltCase{
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

// TestHaltRejectsAndResumes: when no batch commits for too long, or a disk is full, every order is told that the market
// is halted, and why; when there is no reason any more, trading goes on (design D6). Nothing is lost: each command is in
// the log, and the log gives what was done.
func TestHaltRejectsAndResumes(t *testing.T) {
	for name, c := range haltCases {
		t.Run(name, func(t *testing.T) {
			b, f := haltBox(t, &c)
			b.cfg.HaltRejects, b.engine.cfg.HaltRejects = true, true
			clock := b.engine.ports.Clock
			b.engine.ports.Clock = func() int64 { // in each round
				if !f.healed.Load() && f.broken.Load() && (c.during == nil || c.during(b.engine)) &&
					b.engine.halted != orderbook.Accepted && c.refused(b.engine.core.Counts()) {
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
			if !halted || !goes || !c.refused(res.Counts) || len(b.commits) < 10 {
				t.Errorf("told of the halt %v and of its end %v, orders refused %v, %d commits", halted, goes, res.Rejects, len(b.commits))
			}
			b.logGives(t, uint64(len(cmds)), res)
		})
	}
}

// haltBox is a box that breaks, and halts soon afterwards: of its first orders each 200 are in a batch of their own, so that
// there is a sixth one. Half of its orders come then, one by one until the market is halted for the reason of the case, and most
// of them not before it is, and the rest when it trades again.
func haltBox(t *testing.T, c *haltCase) (*testBox, *fault) {
	t.Helper()
	var f fault
	b := newTestBox(t, func(b *testBox) {
		b.cfg.HaltEnds = false
		b.cfg.Deadlines.ResendNs, b.cfg.StallNs, b.cfg.HaltNs = int64(time.Millisecond), int64(20*time.Millisecond), int64(time.Hour)
		c.set(b, &f)
	})
	b.before = func(i int) {
		for i <= 2000 && i%200 == 0 && !f.broken.Load() && f.seq.Load() < uint64(i/200) ||
			i > 2000 && !f.halted.Load() && (b.engine.Input().Len() > 0 || i == 6000) || i == 12_000 && !f.trades.Load() {
			runtime.Gosched()
		}
	}
	notify := b.engine.ports.Notify
	b.engine.ports.Notify = func(n Notice) {
		switch n.Kind {
		case NoticeHalted:
			f.halted.Store(f.halted.Load() || n.Why == c.reason.String())
		case NoticeTrading: // what was on its way when the fault came may end a halt as well, until the next one
			f.trades.Store(f.healed.Load())
		}
		notify(n)
	}
	advance := b.engine.ports.Clock
	b.engine.ports.Clock = func() int64 {
		switch {
		case f.trades.Load(): // it halts once: a machine that is away for a moment afterwards is none of it
			b.engine.cfg.HaltNs = int64(time.Hour)
		case f.broken.Load():
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
			b, f := haltBox(t, &c)
			notify := b.engine.ports.Notify
			b.engine.ports.Notify = func(n Notice) {
				if n.Kind == NoticeHalted && n.Why == c.reason.String() {
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

// TestHaltWhileWorkIsPending: a command that could not be finished, because the batch is full, waits for the next one.
// What comes meanwhile passes all the same, if it makes no trade and no entry in a batch.
func TestHaltWhileWorkIsPending(t *testing.T) {
	b := newTestBox(t, nil)
	e := b.engine
	e.core.pending, e.core.halted = 1, orderbook.RejectHalted
	for kind := codec.KindNew; kind <= codec.KindHalt; kind++ {
		want := kind != codec.KindDefine && kind != codec.KindRules && kind != codec.KindContinue
		if got := e.admits(&codec.Command{Kind: kind}); got != want {
			t.Errorf("a command of kind %d is admitted: %v, want %v", kind, got, want)
		}
	}
	e.core.pending = 0
}

// TestHaltedPhases: while the market is halted phases go by and orders are cancelled, and nothing trades. The auction that
// a phase holds is held when the halt is over, at the price that it had, with the orders that are left; unless there was a
// phase that does not hold it.
func TestHaltedPhases(t *testing.T) {
	halt, lift := codec.Command{Kind: codec.KindHalt, Ref: uint32(orderbook.RejectHalted)}, codec.Command{Kind: codec.KindHalt, Flags: codec.FlagLift}
	l := anyLimits
	l.FillsMax = 2
	for _, tc := range []struct {
		name   string
		first  []codec.Command // before the halt
		phases []codec.Phase   // during it
		want   int             // trades after it
		phase  codec.Phase
	}{
		{"opens", nil, []codec.Phase{codec.PhasePreOpenMatch, codec.PhaseContinuous}, 5, codec.PhaseContinuous},
		{"is matching", []codec.Command{phase(codec.PhasePreOpenMatch, 0)}, []codec.Phase{codec.PhaseContinuous}, 4, codec.PhaseContinuous},
		{"is not held", []codec.Command{phase(codec.PhasePreOpenMatch, 0)}, []codec.Phase{codec.PhasePreOpen}, 0, codec.PhasePreOpen},
		{"day is over", nil, []codec.Phase{codec.PhasePreOpenMatch, codec.PhaseContinuous, codec.PhasePostClose, codec.PhaseEndOfDay}, 0, codec.PhaseEndOfDay},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk(t, l, define(1), phase(codec.PhasePreOpen, 104))
			for i := range orderbook.OrderID(6) {
				d.take(client(buy(1+i, 105, 10), 1))
				d.take(client(sell(11+i, 103, 10), 2))
			}
			for _, c := range tc.first {
				d.one(c)
			}
			d.one(halt)
			from := len(d.open.trades)
			d.one(kind(codec.KindCancel, client(buy(6, 0, 0), 1)))
			for _, p := range tc.phases {
				d.one(phase(p, 0))
				d.mustCheck()
			}
			d.one(client(buy(20, 105, 10), 1))
			if c := d.core.Counts(); len(d.open.trades) != from || c.Rejects[orderbook.RejectHalted] != 1 {
				t.Errorf("%d trades while the market was halted, refused %v", len(d.open.trades)-from, c.Rejects)
			}
			d.one(lift)
			for d.core.Pending() {
				d.one(d.core.Continue())
			}
			if got := d.open.trades[from:]; len(got) != tc.want || d.core.Phase(1) != tc.phase {
				t.Errorf("%d trades after the halt in phase %s, want %d in %s", len(got), d.core.Phase(1), tc.want, tc.phase)
			}
			for _, tr := range d.open.trades {
				if tr.Price != 104 || tr.Flags != codec.TradeAuction {
					t.Errorf("a trade of the auction: %+v, want price 104", tr)
				}
			}
			d.mustCheck()
		})
	}
}

// TestAnyDayHalted: whatever a day brings while the market is halted, what passes makes no trade and no entry, and leaves
// books and accounts in order, also in a core that was restored.
func TestAnyDayHalted(t *testing.T) {
	passed, waited := 0, 0
	for seed := range uint64(10) {
		l, r := anyLimits, rand.New(rand.NewPCG(seed, 4))
		l.FillsMax = 1 + int(seed)
		d, day := newAnyDesk(t, l), newAnyDay(seed)
		for range 600 {
			c := day.command()
			halted := d.core.Halted() != orderbook.Accepted
			if r.IntN(12) == 0 {
				c = codec.Command{Kind: codec.KindHalt, TimeNs: day.timeNs, Ref: uint32(orderbook.RejectHalted)}
				if halted {
					c.Flags = codec.FlagLift
				}
			}
			if !halted && d.core.Pending() {
				d.one(d.core.Continue())
				continue
			}
			if halted && !d.core.Passes(&c) {
				waited++
				continue
			}
			trades, entries := len(d.open.trades), len(d.open.instruments)
			d.one(c)
			if halted && d.core.Pending() {
				d.mustCheck()
				if passed++; passed%16 == 0 {
					d.restore(nil)
				}
			}
			if halted && (len(d.open.trades) != trades || len(d.open.instruments) != entries) {
				t.Fatalf("seed %d: a command of kind %d made trades while the market was halted", seed, c.Kind)
			}
		}
	}
	if passed == 0 || waited == 0 {
		t.Errorf("%d commands passed while work was pending, %d waited: the test proves nothing", passed, waited)
	}
}
