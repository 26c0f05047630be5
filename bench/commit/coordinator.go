package commit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// coordinator drives a case: it proposes, counts and takes the time. It is one goroutine.
type coordinator struct {
	options *Options
	c       *Case
	machine rounds.Proposer
	disk    *rounds.Disk       // of a protocol whose coordinator has to write; else nil
	waiting []waiting          // for it
	own     []batch3pc.Message // that the machine has sent to itself
	commits batch3pc.Commits
	scratch []byte
	diskErr error
	links   []*transport.Link
	bell    *ringbuf.Bell
	supply  *supply
	header  codec.Header
	message batch3pc.Message // scratch of decoding
	batch   batch3pc.Batch
	pace    *pace
	group   *group

	due        []int64 // when each batch in flight was due, by number modulo its length
	proposed   uint64
	decided    uint64
	counted    uint64 // decided before the count began
	began      int64  // when it began
	ended      int64
	latency    *hdrhistogram.Histogram
	outOfRange int64 // of latency, recorded at latencyMax
	mallocs    uint64
	summaries  []codec.Summary
	asked      bool
	entries    uint64                // of the stream that are no batches, and are decided
	peers      []batch3pc.PeerStatus // scratch
	caughtUp   *Catchup              // nil: nobody was away
	tickNs     int64
	start      time.Time
}

// stallMax is how long a run may go without a decision.
const stallMax = time.Minute

// tickEvery is the resend interval, as in a run.
const tickEvery = 200 * time.Millisecond

var (
	errStalled = errors.New("commit: no decision for too long")
	errAborted = errors.New("commit: a batch was aborted")
	errChain   = errors.New("commit: a participant ended on another chain than the coordinator")
)

func newCoordinator(o *Options, c *Case, g *group, s *supply) (*coordinator, error) {
	machine, disk, err := c.proposer(o.Dir, g.bell)
	if err != nil {
		return nil, err
	}
	k := &coordinator{
		options: o, c: c, machine: machine, disk: disk, links: g.links, bell: g.bell, supply: s, group: g,
		header:    codec.Header{Cluster: cluster, Boot: boot},
		due:       make([]int64, c.Window),
		latency:   newHistogram(),
		summaries: make([]codec.Summary, 0, c.Participants),
		start:     time.Now(),
	}
	k.pace, err = newPace(c.Rate/float64(c.Trades), k.bell)
	return k, err
}

// latencyMax is the longest latency that is told apart, in nanoseconds.
const latencyMax = int64(time.Minute)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, latencyMax, 3) }

func (k *coordinator) clock() int64 { return int64(time.Since(k.start)) }

// run measures, then lets the participants finish.
func (k *coordinator) run(ctx context.Context) error {
	k.do(k.machine.Open())
	if err := k.until(ctx, func() bool { return k.machine.Status().State == batch3pc.StateActive }); err != nil {
		return err
	}
	if err := k.warmUp(ctx); err != nil {
		return err
	}
	if k.c.Behind > 0 {
		if err := k.catchUp(ctx); err != nil {
			return err
		}
	} else {
		k.count()
		end := k.began + int64(k.c.Duration)
		if err := k.serve(ctx, end, never); err != nil {
			return err
		}
		// A stall at the end is not forgiven to those that were due by then and wait for room.
		if err := k.serve(ctx, end+int64(k.c.Duration), func() bool { return !k.pace.owes(k.proposed, end) }); err != nil {
			return err
		}
	}
	k.ended, k.counted = k.clock(), k.decided-k.counted
	k.mallocs = mallocs() - k.mallocs
	return k.finish(ctx)
}

// warmupTimesMax is how many times as long as it was asked for the warm-up may take.
const warmupTimesMax = 4

// warmUp goes on until every trade of the supply was decided once: until then the roles' tables grow with each batch, as
// they do in the first seconds of a day.
func (k *coordinator) warmUp(ctx context.Context) error {
	began := k.clock()
	k.pace.begin(began)
	if err := k.serve(ctx, began+int64(k.c.Warmup), never); err != nil {
		return err
	}
	met := func() bool { return k.decided*uint64(k.c.Trades) >= tradesDistinct }
	return k.serve(ctx, began+warmupTimesMax*int64(k.c.Warmup), met)
}

// count begins what counts.
func (k *coordinator) count() {
	k.latency.Reset()
	k.outOfRange = 0
	k.counted, k.began = k.decided, k.clock()
	k.mallocs = mallocs()
}

func never() bool { return false }

// quiet is for how long nothing was decided, but for times in which the coordinator itself had no processor.
type quiet struct{ last, ns int64 }

// lookMax is how much of the time between two looks counts at most, each of which is tickEvery after the one before.
const lookMax = time.Second

func (q *quiet) tooLong(now int64) bool {
	q.ns += min(now-q.last, int64(lookMax))
	q.last = now
	return q.ns > int64(stallMax)
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// serve proposes and decides until the clock shows end, or until done.
func (k *coordinator) serve(ctx context.Context, end int64, done func() bool) error {
	decided, quiet := k.decided, quiet{last: k.clock()}
	moved := func() bool { return k.ready() || k.pace.ticked() }
	for {
		now := k.clock()
		if now >= end || done() {
			return nil
		}
		if k.decided != decided {
			decided, quiet.ns = k.decided, 0
		}
		if quiet.tooLong(now) {
			return fmt.Errorf("%w: %+v", errStalled, k.machine.Status())
		}
		if err := k.fault(ctx); err != nil {
			return err
		}
		worked := k.round(now)
		if err := k.release(); err != nil {
			return err
		}
		for k.machine.Room() && k.pace.due(k.proposed, now) {
			if err := k.propose(k.pace.dueAt(k.proposed, now)); err != nil {
				return err
			}
			worked = true
		}
		k.sayCommits()
		if !worked {
			k.bell.WaitUntil(moved, min(tickEvery, time.Duration(end-now)))
		}
	}
}

// until goes on without proposing until done.
func (k *coordinator) until(ctx context.Context, done func() bool) error {
	for quiet := (quiet{last: k.clock()}); !done(); {
		now := k.clock()
		if quiet.tooLong(now) {
			return fmt.Errorf("%w: %+v", errStalled, k.machine.Status())
		}
		if err := k.fault(ctx); err != nil {
			return err
		}
		worked := k.round(now)
		if err := k.release(); err != nil {
			return err
		}
		k.sayCommits()
		if !worked {
			k.bell.WaitUntil(k.ready, tickEvery)
		}
	}
	return nil
}

func (k *coordinator) fault(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return k.group.err()
}

// round takes what has come and notes what is decided.
func (k *coordinator) round(now int64) (worked bool) {
	for i, l := range k.links {
		for {
			event, frame := l.Next()
			if event == transport.EventNone {
				break
			}
			k.event(batch3pc.NodeID(i+1), event, frame)
			l.Release()
			worked = true
		}
	}
	for i := 0; i < len(k.own); i++ {
		k.do(k.machine.Step(&k.own[i]))
		worked = true
	}
	k.own = k.own[:0]
	if now-k.tickNs >= int64(tickEvery) {
		k.tickNs = now
		k.do(k.machine.Tick())
	}
	// An entry is proposed when all batches are decided, and is counted once it is decided itself.
	if committed := min(uint64(k.machine.Status().Committed)-k.entries, k.proposed); committed > k.decided {
		now = k.clock()
		for ; k.decided < committed; k.decided++ {
			k.took(now - k.due[k.decided%uint64(len(k.due))])
		}
	}
	return worked
}

// took records how long the decision of a batch took, in nanoseconds. An open loop may be more than latencyMax
// behind: such a batch is recorded at the limit, and counted.
func (k *coordinator) took(ns int64) {
	if ns > latencyMax {
		k.outOfRange++
		ns = latencyMax
	}
	if err := k.latency.RecordValue(ns); err != nil {
		panic("commit: a latency within the range was refused: " + err.Error())
	}
}

func (k *coordinator) ready() bool {
	for _, l := range k.links {
		if event, _ := l.Next(); event != transport.EventNone {
			return true
		}
	}
	return k.synced() || k.group.err() != nil
}

func (k *coordinator) event(from batch3pc.NodeID, event transport.Event, frame []byte) {
	switch event {
	case transport.EventUp:
		k.do(k.machine.PeerUp(from))
	case transport.EventDown:
		k.machine.PeerDown(from)
	case transport.EventFrame:
		h, body := codec.TrustFrame(frame)
		if h.Kind == codec.FrameFinished {
			if s, err := codec.DecodeSummary(body); err == nil {
				k.summaries = append(k.summaries, s)
			}
			return
		}
		if err := codec.DecodeMessage(body, h, &k.message, &k.batch); err != nil {
			panic("commit: " + err.Error()) // the checksum was right: a bug
		}
		k.do(k.machine.Step(&k.message))
	}
}

// propose sends the next batch, which was due at the given time. Batches are numbered from 1 without
// gaps as long as none is aborted.
func (k *coordinator) propose(due int64) error {
	k.due[k.proposed%uint64(len(k.due))] = due
	b, ready, err := k.machine.Propose(uint32(k.c.Trades), k.supply.take())
	if err != nil {
		return err
	}
	k.proposed++
	if uint64(b.Seq) != k.proposed+k.entries {
		return errAborted
	}
	k.do(ready)
	return nil
}

// do carries out a Ready. The only records of E3PC are epochs, and nobody restarts here.
func (k *coordinator) do(r batch3pc.Ready) {
	for i := range r.Messages {
		if m := &r.Messages[i]; !k.commits.Keep(m) {
			k.send(m)
		}
	}
	if k.disk != nil {
		k.keep(&r)
		return
	}
	for i := range r.Durable {
		k.send(&r.Durable[i])
	}
}

// sayCommits ends a round, as in a run: the commits that no batch has carried leave.
func (k *coordinator) sayCommits() {
	kept := k.commits.Take()
	for i := range kept {
		k.send(&kept[i])
	}
}

func (k *coordinator) send(m *batch3pc.Message) {
	if m.To == coordinatorNode {
		k.own = append(k.own, *m)
		return
	}
	l := k.links[m.To-1]
	n := codec.MessageSize(m)
	if buf := l.Claim(n); buf != nil {
		codec.AppendMessage(buf[:0], k.header, m)
		l.Publish(n)
	}
}

// finish waits until everything is applied everywhere and compares where the participants stand.
func (k *coordinator) finish(ctx context.Context) error {
	k.pace.end()
	err := k.until(ctx, func() bool {
		st := k.machine.Status()
		if st.Applied == st.Committed && k.decided == k.proposed && !k.asked {
			k.asked = true
			k.sayFinish(&st)
		}
		return len(k.summaries) == len(k.links)
	})
	if err != nil {
		return err
	}
	st := k.machine.Status()
	for _, s := range k.summaries {
		if s.Chain != uint64(st.CommittedChain) || s.AppliedTrades != k.supply.trade-1 {
			return fmt.Errorf("%w: %016x with %d trades, want %016x with %d", errChain, s.Chain, s.AppliedTrades, st.CommittedChain, k.supply.trade-1)
		}
	}
	return nil
}

func (k *coordinator) sayFinish(st *batch3pc.CoordinatorStatus) {
	for i, l := range k.links {
		h := k.header
		h.Kind, h.From, h.To = codec.FrameFinish, coordinatorNode, uint8(i+1)
		if buf := l.Claim(codec.FrameHeaderSize + 16); buf != nil {
			frame := binary.LittleEndian.AppendUint64(codec.BeginFrame(buf[:0], h), uint64(st.Committed))
			frame = binary.LittleEndian.AppendUint64(frame, uint64(st.CommittedChain))
			codec.SealFrame(frame)
			l.Publish(len(frame))
		}
	}
}
