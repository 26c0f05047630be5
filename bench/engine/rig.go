package engine

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// As in the engine: slots of the input ring, and commands between two looks at the links.
const (
	ringSlots = 1024
	chunkMax  = 64
)

// recordBytes is the memory that commands are sequenced into. The command log has 16 MiB, which a thread of
// its own empties; here nobody does, and the memory goes round.
const recordBytes = 1 << 20

// rig is an engine's core between its input ring and its open batch.
type rig struct {
	c         *Case
	clock     clock.Clock
	nsPerTick float64
	loop      *workload.Loop
	ring      *ringbuf.SPSC[engine.Entry] // ArrivalNs holds ticks, 0: not measured
	core      *engine.Core
	open      *engine.Builder

	log     []codec.Command
	logged  int
	seq     uint64
	payload []byte
	batches uint64

	warm        atomic.Bool // the warm-up is over
	counting    atomic.Bool // and all of it is out of the ring: what comes now counts
	begin       time.Time   // of what counts, and its end
	end         time.Time
	undisturbed *hdrhistogram.Histogram // latencies, ns
	disturbed   *hdrhistogram.Histogram // likewise, of commands that came late because a core was taken away
	outOfRange  [2]int64                // of both: recorded at the limit
	done        counts                  // when it began, and then what was done meanwhile

	matcher, feeder hiccups
}

// latencyMax is the greatest latency that is told from others, in ns.
const latencyMax = int64(time.Minute)

// counts is what a matcher has done.
type counts struct {
	commands, trades, batches, rejects uint64
}

func (c counts) since(o counts) counts {
	return counts{c.commands - o.commands, c.trades - o.trades, c.batches - o.batches, c.rejects - o.rejects}
}

// newRig makes the flow of a case and what it is measured with, unless ctx ends before.
func newRig(ctx context.Context, c *Case) (*rig, error) {
	loop, err := workload.NewLoop(ctx, c.Loop)
	if err != nil {
		return nil, err
	}
	core, err := engine.NewCore(c.limits(loop), nil)
	if err != nil {
		return nil, err
	}
	r := &rig{
		c: c, clock: clock.New(), loop: loop, core: core, open: engine.NewBuilder(0, 1),
		ring:    ringbuf.NewSPSC[engine.Entry](ringSlots),
		log:     make([]codec.Command, recordBytes/codec.CommandSize),
		payload: make([]byte, 0, codec.PayloadSizeMax),

		undisturbed: hdrhistogram.New(1, latencyMax, 3), disturbed: hdrhistogram.New(1, latencyMax, 3),
	}
	r.nsPerTick = 1 / r.clock.PerNs
	r.matcher.init(r.clock)
	r.feeder.init(r.clock)
	r.ring.Bells(ringbuf.NewBell(ringbuf.WaitSpin), ringbuf.NewBell(ringbuf.WaitSpin))
	for _, cmd := range loop.Opening() {
		r.sequence(&cmd)
	}
	r.seal()
	for i := range loop.Len() { // every client meets its instruments before the clock starts
		if i%chunkMax == 0 && ctx.Err() != nil {
			r.close()
			return nil, context.Cause(ctx)
		}
		var cmd codec.Command
		loop.Next(&cmd)
		r.sequence(&cmd)
	}
	return r, nil
}

func (r *rig) close() { r.core.Close() }

// sequence numbers a command in the log's memory and matches it from there.
func (r *rig) sequence(cmd *codec.Command) {
	slot := &r.log[r.logged]
	if r.logged++; r.logged == len(r.log) {
		r.logged = 0
	}
	*slot = *cmd
	r.seq++
	slot.Seq = r.seq
	r.core.Apply(slot, r.open)
	if r.open.Full(r.c.Trades) {
		r.seal()
	}
}

// seal encodes the open batch.
func (r *rig) seal() {
	r.payload = r.open.AppendPayload(r.payload[:0])
	r.open.Reset(r.core.LastCommand(), r.core.NextTrade())
	r.batches++
}

// chunk matches what has come out of the ring.
func (r *rig) chunk(in []engine.Entry) {
	r.core.Warm(in)
	for i := range in {
		r.sequence(&in[i].Command)
		if due := in[i].ArrivalNs; due != 0 {
			now := clock.Ticks()
			r.matcher.worked(now)
			r.record(due, now)
		}
	}
	r.ring.Release(len(in))
}

// record counts the latency of a command that was due at a moment, negative if it came late because the feeder's
// core was taken away. Below 0, if two cores' clocks differ, and above the limit it is recorded there.
func (r *rig) record(due int64, now uint64) {
	if due < 0 {
		due = -due
		r.matcher.behind = true // and so are those that wait behind it
	}
	ns, h, i := int64(float64(int64(now)-due)*r.nsPerTick), r.undisturbed, 0
	if r.matcher.behind {
		h, i = r.disturbed, 1
	}
	r.matcher.late = ns > lateMin
	if uint64(ns) > uint64(latencyMax) {
		r.outOfRange[i]++
		ns = min(max(ns, 0), latencyMax)
	}
	if err := h.RecordValue(ns); err != nil {
		panic("engine: a latency within the range was refused: " + err.Error())
	}
}

// match is the matcher's thread.
func (r *rig) match() {
	for in := r.await(); len(in) > 0; in = r.await() {
		r.chunk(in)
	}
	r.done = r.counts().since(r.done)
	r.end = time.Now()
}

// await waits for commands, spinning; none: the ring is closed. Open loop it looks at the clock meanwhile.
func (r *rig) await() []engine.Entry {
	for r.c.Rate > 0 || !r.counting.Load() {
		closed := r.ring.Closed() // before the look, as PeekWait
		in := r.ring.Peek(chunkMax)
		r.matcher.looked(clock.After(), len(in) > 0)
		switch {
		case len(in) > 0 || closed:
			return in
		case r.warm.Load() && !r.counting.Load():
			r.count()
		case r.open.Pack(): // as the engine does when it has nothing else to do
			r.matcher.worked(clock.Ticks())
		}
	}
	return r.ring.PeekWait(chunkMax)
}

// count begins to count (I1).
func (r *rig) count() {
	r.done, r.begin = r.counts(), time.Now()
	r.undisturbed.Reset()
	r.disturbed.Reset()
	r.outOfRange = [2]int64{}
	r.matcher.begin(clock.Ticks())
	r.counting.Store(true)
}

func (r *rig) counts() counts {
	c := r.core.Counts()
	done := counts{c.Commands, c.Trades, r.batches, 0}
	for _, n := range c.Rejects {
		done.rejects += n
	}
	return done
}
