package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// memoryLog is a Log in memory.
type memoryLog struct {
	mu      sync.Mutex
	kinds   []uint8
	bodies  [][]byte
	failAt  int // the append with this number fails; 0: none
	failure error
	syncs   int
	cutAt   int           // records that are in the snapshot, and nowhere else
	snap    []byte        // nil: none
	unread  error         // of Recover; nil: it can be read
	full    func() bool   // the disk is; nil: it is not
	block   chan struct{} // syncs after the first wait for it to be closed; nil: none
}

func (l *memoryLog) Append(kind uint8, body ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full != nil && l.full() {
		return ErrNoRoom
	}
	if l.failAt > 0 && len(l.kinds)+1 >= l.failAt {
		return l.failure
	}
	var all []byte
	for _, b := range body {
		all = append(all, b...)
	}
	l.kinds, l.bodies = append(l.kinds, kind), append(l.bodies, all)
	return nil
}

func (l *memoryLog) Flush() error { return nil }
func (l *memoryLog) Sync() error {
	if l.syncs++; l.block != nil && l.syncs > 1 {
		<-l.block
	}
	return nil
}

// cut puts the first n records into a snapshot and forgets them, as far as Recover knows.
func (l *memoryLog) cut(limits Limits, n int) error {
	r, err := NewReplica(limits)
	if err != nil {
		return err
	}
	defer r.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range n {
		if err := r.Take(l.kinds[i], l.bodies[i]); err != nil {
			return err
		}
	}
	l.snap, l.cutAt = r.AppendSnapshot(nil), n
	return nil
}

func (l *memoryLog) Recover(load func(snapshot []byte) error, take func(kind uint8, body []byte) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unread != nil {
		return l.unread
	}
	if l.snap != nil {
		if err := load(l.snap); err != nil {
			return err
		}
	}
	for i := l.cutAt; i < len(l.kinds); i++ {
		if err := take(l.kinds[i], l.bodies[i]); err != nil {
			return err
		}
	}
	return nil
}

// vetoes are those that the log holds.
func (l *memoryLog) vetoes() (all []Veto) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range l.kinds {
		if k == RecordVeto {
			v, err := DecodeVeto(l.bodies[i])
			if err != nil {
				panic(err)
			}
			all = append(all, v)
		}
	}
	return all
}

func (l *memoryLog) Replay(fn func(kind uint8, body []byte) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range l.kinds {
		if err := fn(k, l.bodies[i]); err != nil {
			return err
		}
	}
	return nil
}

// testApp is a participant's business that keeps the trades it applied.
type testApp struct {
	veto    func(t *codec.Trade) uint8 // bits for a trade; nil: none
	full    func() bool                // its disk is; nil: it is not
	applied []codec.Trade
}

func (a *testApp) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	p, err := codec.DecodePayload(b.Payload, nil)
	if err != nil {
		return batch3pc.Vote{Reason: batch3pc.ReasonHash}
	}
	if a.full != nil && a.full() && !decided {
		return batch3pc.Vote{Reason: batch3pc.ReasonInfra}
	}
	if a.veto == nil || decided {
		return batch3pc.Vote{Yes: true}
	}
	bits, refused := make([]byte, (len(p.Trades)+3)/4), false
	for i := range p.Trades {
		if v := a.veto(&p.Trades[i]); v != 0 {
			batch3pc.SetVeto(bits, i, v)
			refused = true
		}
	}
	if refused {
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: bits}
	}
	return batch3pc.Vote{Yes: true}
}

func (a *testApp) Apply(b *batch3pc.Batch) {
	p, _ := codec.DecodePayload(b.Payload, nil)
	a.applied = append(a.applied, p.Trades...)
}

func (a *testApp) Drop(*batch3pc.Batch) {}

// testPeer is a participant over two rings, in a goroutine of its own.
type testPeer struct {
	node        batch3pc.NodeID
	app         *testApp
	in, out     *ringbuf.Frames
	bell        *ringbuf.Bell // ours
	engine      *ringbuf.Bell
	up          atomic.Bool
	events      []LinkEvent                    // queued before frames, engine side only
	hold        func(m *batch3pc.Message) bool // a message to keep back; nil: none
	machine     *batch3pc.Participant          // nil: a new one
	incarnation uint64                         // of its log, if it is another one
	ballot      batch3pc.Ballot                // promised to somebody else before the run; zero: none
	mute        bool                           // never reports its end
	cut         bool                           // nothing reaches it any more; engine side only
	finish      uint64                         // the end of the stream
	asked       bool                           // to finish
	stop        atomic.Bool
	done        sync.WaitGroup
}

func newTestPeer(node batch3pc.NodeID, engine *ringbuf.Bell) *testPeer {
	p := &testPeer{
		node: node, app: &testApp{}, engine: engine,
		in: ringbuf.NewFrames(16 << 20), out: ringbuf.NewFrames(1 << 20),
		bell: ringbuf.NewBell(ringbuf.WaitPark), events: []LinkEvent{LinkUp},
	}
	p.up.Store(true)
	return p
}

// The engine's side.

func (p *testPeer) Claim(n int) []byte {
	if p.cut {
		return nil
	}
	return p.in.Claim(n)
}

func (p *testPeer) Publish(n int) { p.in.Publish(n); p.bell.Ring() }

func (p *testPeer) Next() (LinkEvent, []byte) {
	if len(p.events) > 0 {
		return p.events[0], nil
	}
	if f := p.out.Peek(); f != nil {
		return LinkFrame, f
	}
	return LinkNone, nil
}

func (p *testPeer) Release() {
	if len(p.events) > 0 {
		p.events = p.events[1:]
		return
	}
	p.out.Release()
}

// serve runs the participant until halt.
func (p *testPeer) serve(t *testing.T) {
	if p.machine == nil {
		var err error
		if p.machine, err = batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: p.node, Incarnation: cmp.Or(p.incarnation, 100+uint64(p.node)), Generation: 1, WindowMax: 64}, p.app); err != nil {
			t.Fatal(err)
		}
	}
	machine := p.machine
	if !p.ballot.IsZero() {
		machine.Step(&batch3pc.Message{Kind: batch3pc.KindStateReq, From: p.ballot.Node, To: p.node, Ballot: p.ballot})
	}
	p.done.Add(1)
	go func() {
		defer p.done.Done()
		var batch batch3pc.Batch
		for !p.stop.Load() {
			f := p.in.Peek()
			if f == nil {
				p.bell.Wait(func() bool { return p.in.Len() > 0 || p.stop.Load() })
				continue
			}
			h, body := codec.TrustFrame(f)
			if h.Kind == codec.FrameFinish && p.mute {
				p.in.Release()
				continue
			}
			if h.Kind == codec.FrameFinish {
				p.finish, p.asked = binary.LittleEndian.Uint64(body), true
			} else {
				var m batch3pc.Message
				if err := codec.DecodeMessage(body, h, &m, &batch); err != nil {
					t.Error(err)
				}
				r := machine.Step(&m)
				for i := range r.Messages {
					p.answer(&r.Messages[i])
				}
				for i := range r.Durable {
					p.answer(&r.Durable[i])
				}
			}
			p.in.Release()
			if p.asked && uint64(machine.Status().Applied) == p.finish {
				p.asked = false
				p.finished(machine)
			}
		}
	}()
}

func (p *testPeer) answer(m *batch3pc.Message) {
	if p.hold != nil && p.hold(m) {
		return
	}
	n := codec.MessageSize(m)
	if b := p.out.Claim(n); b != nil {
		codec.AppendMessage(b[:0], codec.Header{}, m)
		p.out.Publish(n)
		p.engine.Ring()
	}
}

func (p *testPeer) finished(m *batch3pc.Participant) {
	st := m.Status()
	s := codec.Summary{AppliedBatches: st.AppliedBatches, AppliedTrades: uint64(len(p.app.applied)), Chain: uint64(st.AppliedChain)}
	b := p.out.Claim(codec.FrameHeaderSize + codec.SummarySize)
	f := codec.AppendSummary(codec.BeginFrame(b[:0], codec.Header{Kind: codec.FrameFinished, From: uint8(p.node)}), s)
	codec.SealFrame(f)
	p.out.Publish(len(f))
	p.engine.Ring()
}

func (p *testPeer) halt() {
	p.stop.Store(true)
	p.bell.Ring()
	p.done.Wait()
}

type noRecorder struct{}

func (noRecorder) Record(Stage, int64) {}

// testBox is an engine with three participants, all in this process.
type testBox struct {
	cfg     Config
	log     *memoryLog
	bell    *ringbuf.Bell
	peers   []*testPeer
	engine  *Engine
	trades  []codec.Trade // as Commit saw them
	commits []batch3pc.Seq
	notices []Notice
	cancel  context.CancelCauseFunc
	over    <-chan struct{} // closed when the run is over
	source  Source          // what the log held when the box was made
	before  func(i int)     // called before command i is fed; nil: nothing
}

func newTestBox(t *testing.T, change func(*testBox)) *testBox {
	t.Helper()
	b := &testBox{cfg: DefaultConfig(), log: &memoryLog{}, bell: ringbuf.NewBell(ringbuf.WaitPark)}
	b.cfg.OrdersMax, b.cfg.InstrumentsMax, b.cfg.BatchTarget = 1<<16, 64, 50
	b.cfg.ClientsMax, b.cfg.PositionsMax = 1<<10, 1<<12
	ports := Ports{
		Recorder: noRecorder{},
		Clock: func() func() int64 {
			start := time.Now()
			return func() int64 { return int64(time.Since(start)) }
		}(),
		Commit: func(c *Committed) error {
			b.trades = append(b.trades, c.Payload.Trades...)
			b.commits = append(b.commits, c.Seq)
			return nil
		},
		Notify: func(n Notice) { b.notices = append(b.notices, n) },
	}
	for i := range 3 {
		p := newTestPeer(batch3pc.NodeID(i+1), b.bell)
		b.peers = append(b.peers, p)
		ports.Links = append(ports.Links, p)
		b.cfg.Participants = append(b.cfg.Participants, Peer{Node: p.node, Name: string(rune('a' + i))})
	}
	if change != nil {
		change(b)
	}
	ports.Log = b.log
	replica, err := RecoverReplica(b.cfg.Limits, b.log.Recover)
	if err != nil {
		t.Fatal(err)
	}
	b.source = replica.Source()
	if b.engine, err = Resume(b.cfg, ports, b.bell, replica); err != nil {
		t.Fatal(err)
	}
	return b
}

// haltsSoon makes the box one that halts soon after so many notices of a kind, and not before: a machine that was away for
// a moment has not seen what the test is about.
func (b *testBox) haltsSoon(after NoticeKind, times int) {
	cfg := &b.engine.cfg
	cfg.StallNs, cfg.HaltNs = int64(20*time.Millisecond), int64(time.Hour)
	notify := b.engine.ports.Notify
	b.engine.ports.Notify = func(n Notice) {
		if n.Kind == after {
			if times--; times == 0 {
				cfg.HaltNs = int64(400 * time.Millisecond)
			}
		}
		notify(n)
	}
}

// run feeds cmds and runs the engine to its end.
func (b *testBox) run(t *testing.T, cmds []codec.Command) (Result, error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	b.cancel, b.over = cancel, ctx.Done()
	for _, p := range b.peers {
		p.serve(t)
		defer p.halt()
	}
	var fed sync.WaitGroup
	fed.Add(1)
	go func() {
		defer fed.Done()
		defer func() { b.engine.Input().Close(); b.bell.Ring() }()
		for i := range cmds {
			if b.before != nil {
				b.before(i)
			}
			for !b.engine.Input().TryPush(Entry{Command: cmds[i], ArrivalNs: 1}) {
				if ctx.Err() != nil {
					return
				}
				b.engine.FeederBell().Wait(func() bool { return b.engine.Input().Len() < b.engine.Input().Cap() || ctx.Err() != nil })
			}
			b.bell.Ring()
		}
	}()
	defer context.AfterFunc(ctx, b.engine.FeederBell().Ring)()
	defer context.AfterFunc(ctx, b.bell.Ring)()
	res, err := b.engine.Run(ctx)
	cancel(errors.New("test over"))
	fed.Wait()
	return res, err
}

// define is the command that defines instrument i.
func define(i uint32) codec.Command {
	in := codec.Instrument{Instrument: i, Segment: codec.SegmentOther, Tick: 1, Lot: 1, PriceScale: 2}
	copy(in.Symbol[:], "TEST")
	in.Symbol[4] = byte('A' + i)
	return *in.AsCommand()
}

// randomFlow makes definitions and n order messages, crossing often.
func randomFlow(seed uint64, n int) []codec.Command {
	r := rand.New(rand.NewPCG(seed, 0))
	const instruments = 3
	var cmds []codec.Command
	for i := range uint32(instruments) {
		cmds = append(cmds, define(i+1))
	}
	var ids []codec.Command
	for len(cmds) < n+instruments {
		c := codec.Command{
			TimeNs: int64(len(cmds)), Order: orderbook.OrderID(len(cmds)), Instrument: 1 + r.Uint32N(instruments),
			Kind: codec.KindNew, Side: orderbook.Side(1 + r.IntN(2)), Price: orderbook.Price(1000 + r.IntN(20)),
			Qty: orderbook.Qty(1 + r.IntN(9)), Member: uint16(1 + r.IntN(5)), Client: 1 + r.Uint32N(50),
		}
		if k := r.IntN(10); k < 3 && len(ids) > 0 {
			old := ids[r.IntN(len(ids))]
			c.Order, c.Instrument, c.Member, c.Client = old.Order, old.Instrument, old.Member, old.Client
			c.Kind = []codec.Kind{codec.KindCancel, codec.KindModify, codec.KindReduce}[k]
		} else if k == 3 {
			c.TIF = orderbook.IOC
		} else if k == 4 {
			c.Flags = codec.FlagMarket
		} else {
			ids = append(ids, c)
		}
		cmds = append(cmds, c)
	}
	return cmds
}

// matchAll runs cmds through a core of its own and returns all trades.
func matchAll(t *testing.T, l Limits, cmds []codec.Command, vetoes []Veto) ([]codec.Trade, *Core) {
	t.Helper()
	core, err := NewCore(l, vetoes)
	if err != nil {
		t.Fatal(err)
	}
	var trades []codec.Trade
	open := NewBuilder(0, 1)
	for i := range cmds {
		c := cmds[i]
		c.Seq = uint64(i + 1)
		core.Apply(&c, open)
		trades = append(trades, open.trades...)
		open.Reset(core.LastCommand(), core.NextTrade())
	}
	return trades, core
}

// sameTrades compares all but the command offsets, which depend on where batches were cut.
func sameTrades(t *testing.T, got, want []codec.Trade) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d trades, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		g.Command, w.Command = 0, 0
		if g != w {
			t.Fatalf("trade %d:\n got %+v\nwant %+v", i, g, w)
		}
	}
}
