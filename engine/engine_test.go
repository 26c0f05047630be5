package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestCommitsEverything: what the engine commits is exactly what the core matches, in order, at
// every participant (E1, E2, E3).
func TestCommitsEverything(t *testing.T) {
	cmds := randomFlow(1, 20_000)
	b := newTestBox(t, nil)
	res, err := b.run(t, cmds)
	if err != nil {
		t.Fatal(err)
	}
	want, core := matchAll(t, b.cfg.Limits, cmds, nil)
	defer core.Close()
	if len(want) < 1000 {
		t.Fatalf("only %d trades: the flow proves nothing", len(want))
	}
	sameTrades(t, b.trades, want)
	for _, p := range b.peers {
		sameTrades(t, p.app.applied, want)
	}
	if res.StateHash != core.StateHash() {
		t.Error("state hash differs from a core that matched the same commands")
	}
	if res.Counts != core.Counts() || res.CommittedTrades != uint64(len(want)) || res.BatchesAborted != 0 {
		t.Errorf("result %+v, want counts %+v", res, core.Counts())
	}
	if !slices.IsSorted(b.commits) || int(res.BatchesCommitted) != len(b.commits) {
		t.Errorf("%d commits for %d batches, or out of order", len(b.commits), res.BatchesCommitted)
	}
	for _, s := range res.Participants {
		if s.AppliedTrades != uint64(len(want)) || s.Chain != uint64(res.Chain) {
			t.Errorf("participant reports %+v", s)
		}
	}
}

// TestNothingSeenBeforeCommit: as long as no quorum acknowledges PRE-COMMIT, Commit is not called
// and no participant applies anything (E4).
func TestNothingSeenBeforeCommit(t *testing.T) {
	b := newTestBox(t, func(b *testBox) {
		for _, p := range b.peers[1:] {
			p.hold = func(m *batch3pc.Message) bool { return m.Kind == batch3pc.KindPreCommitAck && m.Seq > 1 } // not of the first entry
		}
	})
	b.haltsSoon(NoticeStalled, 1)
	_, err := b.run(t, randomFlow(2, 2000))
	if !errors.Is(err, ErrHalted) {
		t.Fatalf("error %v, want ErrHalted", err)
	}
	if len(b.trades) != 0 {
		t.Errorf("%d trades were published with one acknowledgement of three", len(b.trades))
	}
	for _, p := range b.peers {
		if len(p.app.applied) != 0 {
			t.Errorf("participant %d applied %d trades", p.node, len(p.app.applied))
		}
	}
	if !slices.ContainsFunc(b.notices, func(n Notice) bool { return n.Kind == NoticeStalled }) {
		t.Error("no stall was announced")
	}
}

// TestOneAckMissing: a quorum of acknowledgements decides, the third participant catches up.
func TestOneAckMissing(t *testing.T) {
	dropped := 0
	b := newTestBox(t, func(b *testBox) {
		b.cfg.Deadlines.ResendNs = int64(time.Millisecond)
		b.peers[2].hold = func(m *batch3pc.Message) bool {
			if m.Kind == batch3pc.KindPreCommitAck && dropped < 5 {
				dropped++
				return true
			}
			return false
		}
	})
	cmds := randomFlow(3, 5000)
	if _, err := b.run(t, cmds); err != nil {
		t.Fatal(err)
	}
	want, core := matchAll(t, b.cfg.Limits, cmds, nil)
	core.Close()
	sameTrades(t, b.trades, want)
	sameTrades(t, b.peers[2].app.applied, want)
	if dropped == 0 {
		t.Error("no acknowledgement was dropped: the test proves nothing")
	}
}

// TestVetoRematches: a participant refuses every trade of some clients. Their orders vanish, all
// others trade as if those had never come, and nothing refused is ever committed (E7).
func TestVetoRematches(t *testing.T) {
	const bad = 7
	b := newTestBox(t, func(b *testBox) {
		b.cfg.VetoesMax = 1 << 30 // many orders of the client come one after the other
		b.peers[0].app.veto = func(tr *codec.Trade) (bits uint8) {
			if tr.TakerClient == bad {
				bits |= batch3pc.VetoTaker
			}
			if tr.MakerClient == bad {
				bits |= batch3pc.VetoMaker
			}
			return bits
		}
	})
	cmds := randomFlow(4, 3000)
	ends := map[uint64]bool{0: true} // last commands of committed batches
	publish := b.engine.ports.Commit
	b.engine.ports.Commit = func(c *Committed) error { ends[c.Payload.LastCommand] = true; return publish(c) }
	res, err := b.run(t, cmds)
	if err != nil {
		t.Fatal(err)
	}
	if res.BatchesAborted == 0 || res.Rejects[codecRisk] == 0 {
		t.Fatalf("%d batches aborted, %d orders refused: the test proves nothing", res.BatchesAborted, res.Rejects[codecRisk])
	}
	for _, v := range b.log.vetoes() {
		if !ends[v.From-1] {
			t.Fatalf("a veto begins at command %d, behind no committed batch", v.From)
		}
	}
	for i := range b.trades {
		if b.trades[i].TakerClient == bad || b.trades[i].MakerClient == bad {
			t.Fatalf("a refused trade was committed: %+v", b.trades[i])
		}
	}
	for _, p := range b.peers {
		sameTrades(t, p.app.applied, b.trades)
	}
	want, core := matchAll(t, b.cfg.Limits, cmds, b.log.vetoes())
	defer core.Close()
	sameTrades(t, b.trades, want)
	if res.StateHash != core.StateHash() {
		t.Error("state hash differs from a core that knew the vetoes from the beginning")
	}
}

// TestVetoWithALogThatCannotBeRead: the way back behind a veto reads the log. If that fails, the run ends with the reason.
func TestVetoWithALogThatCannotBeRead(t *testing.T) {
	unread := errors.New("input/output error")
	b := newTestBox(t, func(b *testBox) {
		b.peers[0].app.veto = func(*codec.Trade) uint8 {
			b.log.mu.Lock()
			defer b.log.mu.Unlock()
			b.log.unread = unread
			return batch3pc.VetoTaker
		}
	})
	if _, err := b.run(t, randomFlow(4, 3000)); !errors.Is(err, unread) {
		t.Fatalf("the run ended with %v, want %v", err, unread)
	}
}

// TestRepeatedVetoesHalt: when taking out orders does not help, their instruments halt, and trading goes on
// elsewhere.
func TestRepeatedVetoesHalt(t *testing.T) {
	const bad = 2 // an instrument of which a participant wants nothing
	b := newTestBox(t, func(b *testBox) {
		b.peers[1].app.veto = func(tr *codec.Trade) (bits uint8) {
			if tr.Instrument == bad {
				bits = batch3pc.VetoTaker
			}
			return bits
		}
	})
	cmds := randomFlow(5, 6000)
	res, err := b.run(t, cmds)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.log.vetoes()); n < b.cfg.VetoesMax || n > 10*b.cfg.VetoesMax {
		t.Errorf("%d vetoes, want %d in a row: then the instrument is halted", n, b.cfg.VetoesMax)
	}
	traded := map[uint32]int{}
	for i := range b.trades {
		traded[b.trades[i].Instrument]++
	}
	if traded[bad] != 0 || traded[1] < 100 || traded[3] < 100 {
		t.Errorf("trades by instrument %v, want many in 1 and 3 and none in %d", traded, bad)
	}
	if res.Rejects[orderbook.RejectHalted] < 500 {
		t.Errorf("%d orders were told that the instrument is halted", res.Rejects[orderbook.RejectHalted])
	}
	want, core := matchAll(t, b.cfg.Limits, cmds, b.log.vetoes())
	defer core.Close()
	sameTrades(t, b.trades, want)
	if core.Phase(bad) != codec.PhaseHalted || res.StateHash != core.StateHash() {
		t.Errorf("a core that knew the vetoes has the instrument in phase %v", core.Phase(bad))
	}
}

// gateWatch looks at the coordinator at the first moment when every member has voted for a batch,
// while the command log is not durable, and lets the log go on.
type gateWatch struct {
	box  *testBox
	seen bool
	sent batch3pc.Seq // highest PRE-COMMIT at that moment
}

func (w *gateWatch) Record(s Stage, _ int64) {
	if s == StageCanCommit && !w.seen {
		e := w.box.engine
		w.seen, w.sent = true, e.coord.Status().PreCommitted-e.generation.At.Seq // the first entry has no inputs
		close(w.box.log.block)
	}
}

// TestPreCommitWaitsForLog: E5. The votes are complete while the log hangs in its sync; no
// PRE-COMMIT leaves.
func TestPreCommitWaitsForLog(t *testing.T) {
	b := newTestBox(t, func(b *testBox) { b.log.block = make(chan struct{}) })
	w := &gateWatch{box: b}
	b.engine.ports.Recorder = w
	if _, err := b.run(t, randomFlow(11, 2000)); err != nil {
		t.Fatal(err)
	}
	if !w.seen || w.sent != 0 {
		t.Errorf("votes complete: %v; PRE-COMMIT up to %d was sent before the log was durable", w.seen, w.sent)
	}
}

// TestLogFailureEndsRun: a log that cannot be written ends the run; nothing after it is committed (E5).
func TestLogFailureEndsRun(t *testing.T) {
	full := errors.New("no space left on device")
	b := newTestBox(t, func(b *testBox) { b.log.failAt, b.log.failure = 40, full })
	if _, err := b.run(t, randomFlow(6, 20_000)); !errors.Is(err, full) {
		t.Fatalf("error %v, want %v", err, full)
	}
	logged := uint64(0)
	err := b.log.Replay(func(kind uint8, body []byte) error {
		if kind == RecordCommands {
			logged += uint64(len(body) / codec.CommandSize)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.trades); n > 0 && uint64(b.trades[n-1].TimeNs) >= logged {
		t.Errorf("a trade of command %d is committed, the log holds %d commands", b.trades[n-1].TimeNs+1, logged)
	}
}

// TestInterrupt: a cancelled run finishes the open batch and leaves everybody agreeing.
func TestInterrupt(t *testing.T) {
	cmds := randomFlow(7, 50_000)
	b := newTestBox(t, nil)
	commits := 0
	b.engine.ports.Commit = func(c *Committed) error {
		b.trades = append(b.trades, c.Payload.Trades...)
		if commits++; commits == 10 {
			b.cancel(context.Canceled)
		}
		return nil
	}
	res, err := b.run(t, cmds)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
	if res.Commands == 0 || res.Commands >= uint64(len(cmds)) {
		t.Fatalf("%d of %d commands done", res.Commands, len(cmds))
	}
	want, core := matchAll(t, b.cfg.Limits, cmds[:res.Commands+3], nil) // 3 definitions
	core.Close()
	sameTrades(t, b.trades, want)
	for _, p := range b.peers {
		sameTrades(t, p.app.applied, want)
	}
}

func TestFaultEndsRunAtOnce(t *testing.T) {
	boom := errors.New("participant gave up")
	b := newTestBox(t, nil)
	b.engine.ports.Commit = func(*Committed) error { b.cancel(boom); return nil }
	res, err := b.run(t, randomFlow(8, 50_000))
	if !errors.Is(err, boom) {
		t.Fatalf("error %v, want %v", err, boom)
	}
	for _, s := range res.Participants {
		if s != (codec.Summary{}) {
			t.Errorf("a participant was asked to finish after a fault: %+v", s)
		}
	}
}

// TestHaltsWhileFinishing: a participant that never reports its end does not hang the run.
func TestHaltsWhileFinishing(t *testing.T) {
	b := newTestBox(t, func(b *testBox) { b.peers[1].mute = true })
	b.haltsSoon(NoticeFinished, 2) // of the others
	cmds := randomFlow(12, 2000)
	_, err := b.run(t, cmds)
	if !errors.Is(err, ErrHalted) || !strings.Contains(err.Error(), "b connected but silent") {
		t.Fatalf("error %v, want ErrHalted that names participant b", err)
	}
	want, core := matchAll(t, b.cfg.Limits, cmds, nil)
	core.Close()
	sameTrades(t, b.trades, want)
}

// TestForeignParticipantsRefused: participants that hold the log of another run are not led, and
// nothing of theirs is touched.
func TestForeignParticipantsRefused(t *testing.T) {
	first := newTestBox(t, nil)
	if _, err := first.run(t, randomFlow(13, 2000)); err != nil {
		t.Fatal(err)
	}
	second := newTestBox(t, func(b *testBox) {
		b.cfg.Boot = 2
		for i, p := range b.peers {
			p.machine = first.peers[i].machine
		}
	})
	if _, err := second.run(t, randomFlow(13, 2000)); !errors.Is(err, ErrForeign) {
		t.Fatalf("error %v, want ErrForeign", err)
	}
	if len(second.trades) != 0 {
		t.Error("trades were committed on top of another run")
	}
}

// TestFencedEngineEnds: participants that obey a higher ballot end the run of a lower one.
func TestFencedEngineEnds(t *testing.T) {
	b := newTestBox(t, func(b *testBox) {
		for _, p := range b.peers {
			p.ballot = batch3pc.Ballot{Epoch: 9, Node: 17, Boot: 1}
		}
	})
	if _, err := b.run(t, randomFlow(14, 500)); !errors.Is(err, ErrFenced) {
		t.Fatalf("error %v, want ErrFenced", err)
	}
}

func TestConfigRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"orders":       func(c *Config) { c.OrdersMax = 0 },
		"instruments":  func(c *Config) { c.InstrumentsMax = -1 },
		"batch":        func(c *Config) { c.BatchTarget = batchTargetMax + 1 },
		"window":       func(c *Config) { c.WindowMax = 0 },
		"retain":       func(c *Config) { c.RetainMax = c.WindowMax - 1 },
		"input":        func(c *Config) { c.InputMax = 0 },
		"halt":         func(c *Config) { c.HaltNs = c.StallNs - 1 },
		"vetoes":       func(c *Config) { c.VetoesMax = 0 },
		"fills":        func(c *Config) { c.FillsMax = fillsMax + 1 },
		"clients":      func(c *Config) { c.ClientsMax = -1 },
		"positions":    func(c *Config) { c.PositionsMax = accountsMax + 1 },
		"participants": func(c *Config) { c.Participants = nil },
	} {
		c := DefaultConfig()
		c.Participants = []Peer{{Node: 1, Name: "a"}}
		if err := c.Validate(); err != nil {
			t.Fatalf("the default is refused: %v", err)
		}
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
