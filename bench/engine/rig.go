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

	warm       atomic.Bool // what comes out of the ring counts
	begin      time.Time   // of what counts, and its end
	end        time.Time
	latency    *hdrhistogram.Histogram // ns
	outOfRange int64                   // of latency: recorded at the limit
	done       counts                  // when it began, and then what was done meanwhile
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

func newRig(c *Case) (*rig, error) {
	loop, err := workload.NewLoop(c.Loop)
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
		latency: hdrhistogram.New(1, latencyMax, 3),
	}
	r.nsPerTick = 1 / r.clock.PerNs
	r.ring.Bells(ringbuf.NewBell(ringbuf.WaitSpin), ringbuf.NewBell(ringbuf.WaitSpin))
	for _, cmd := range loop.Opening() {
		r.sequence(&cmd)
	}
	r.seal()
	for range loop.Len() { // every client meets its instruments before the clock starts
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
			r.record(int64(float64(int64(clock.Ticks())-due) * r.nsPerTick))
		}
	}
	r.ring.Release(len(in))
}

// record counts a latency; below 0, if two cores' clocks differ, and above the limit it is recorded there.
func (r *rig) record(ns int64) {
	if uint64(ns) > uint64(latencyMax) {
		r.outOfRange++
		ns = min(max(ns, 0), latencyMax)
	}
	if err := r.latency.RecordValue(ns); err != nil {
		panic("engine: a latency within the range was refused: " + err.Error())
	}
}

// match is the matcher's thread.
func (r *rig) match() {
	counting := false
	for in := r.ring.PeekWait(chunkMax); len(in) > 0; in = r.ring.PeekWait(chunkMax) {
		r.chunk(in)
		if !counting && r.warm.Load() {
			counting = true
			r.done, r.begin = r.counts(), time.Now()
			r.latency.Reset()
			r.outOfRange = 0
		}
	}
	r.done = r.counts().since(r.done)
	r.end = time.Now()
}

func (r *rig) counts() counts {
	c := r.core.Counts()
	done := counts{c.Commands, c.Trades, r.batches, 0}
	for _, n := range c.Rejects {
		done.rejects += n
	}
	return done
}

// feed is the feeder's thread: it fills the ring until the time is over.
func (r *rig) feed(ctx context.Context) {
	defer r.ring.Close()
	warm := clock.Ticks() + uint64(float64(r.c.Warmup)*r.clock.PerNs)
	r.supply(ctx, warm)
	r.warm.Store(true)
	r.supply(ctx, clock.Ticks()+uint64(float64(r.c.Duration)*r.clock.PerNs))
}

// supply publishes what is due until the clock shows end.
func (r *rig) supply(ctx context.Context, end uint64) {
	begin, interval, given := clock.Ticks(), r.interval(), 0.0
	for round := 0; ; round++ {
		now := clock.Ticks()
		if now >= end || round&1023 == 0 && ctx.Err() != nil {
			return
		}
		want := chunkMax
		if interval > 0 {
			want = min(int(float64(now-begin)/interval-given), chunkMax)
		}
		if want <= 0 {
			continue
		}
		slots := r.ring.ClaimWait(want)
		for i := range slots {
			r.loop.Next(&slots[i].Command)
			if slots[i].ArrivalNs = 0; interval > 0 {
				slots[i].ArrivalNs = int64(begin) + int64((given+float64(i+1))*interval)
			}
		}
		given += float64(len(slots))
		r.ring.Publish(len(slots))
	}
}

// interval is how many ticks lie between two commands; 0: as fast as they are taken.
func (r *rig) interval() float64 {
	if r.c.Rate == 0 {
		return 0
	}
	return 1e9 * r.clock.PerNs / r.c.Rate
}
