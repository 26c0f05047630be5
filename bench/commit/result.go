package commit

import (
	"context"
	"errors"
	"os"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Options say how cases are run.
type Options struct {
	// Dir is where the participants keep their logs; each case empties it. Durable cases measure
	// the disk below it.
	Dir string
	// Command starts a node when its specification is appended: a program that calls RunNode.
	Command []string
	// Profile is what each process writes about itself; that of a case overwrites that of the one before.
	Profile profile.Set
	// NoFloor leaves the floors out.
	NoFloor bool
}

// Latency is a distribution in microseconds.
type Latency = bench.Latency

func latencyOf(h *hdrhistogram.Histogram) Latency {
	at := func(q float64) bench.Micros { return bench.Micros(h.ValueAtPercentile(q)) }
	return Latency{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: bench.Micros(h.Max()), Count: h.TotalCount()}
}

// Result is what a case came to.
type Result struct {
	Case
	Batches     uint64   `json:"batches"`       // decided while it counted
	ElapsedS    float64  `json:"elapsed_s"`     //
	TradesPerS  float64  `json:"trades_per_s"`  // committed
	Decision    Latency  `json:"decision_us"`   // due → decided
	CPUPerTrade float64  `json:"cpu_ns_trade"`  // user and system time of all processes, start and end included
	SyncsPerS   float64  `json:"syncs_per_s"`   // of one participant
	Mallocs     float64  `json:"mallocs_batch"` // heap allocations of this process for each batch
	Floor       *Floor   `json:"floor,omitempty"`
	Catchup     *Catchup `json:"catchup,omitempty"` // of a case with Behind; the rest counts while it lasted

	latency *hdrhistogram.Histogram // of Decision
	refused []string                // what the links could not use
}

// RateRatio is the throughput as a part of the floor's; 0 without a floor.
func (r *Result) RateRatio() float64 {
	if r.Floor == nil || r.Floor.Stream == 0 {
		return 0
	}
	return r.TradesPerS / r.Floor.Stream
}

// DecisionRatio is the median decision as a multiple of the floor's; 0 without a floor.
func (r *Result) DecisionRatio() float64 {
	if r.Floor == nil || r.Floor.Decision.P50 == 0 {
		return 0
	}
	return float64(r.Decision.P50) / float64(r.Floor.Decision.P50)
}

// TailRatio is the 99th percentile of decisions as a multiple of the floor's; 0 without a floor.
func (r *Result) TailRatio() float64 {
	if r.Floor == nil || r.Floor.Decision.P99 == 0 {
		return 0
	}
	return float64(r.Decision.P99) / float64(r.Floor.Decision.P99)
}

// errShort: a rate of 0 would be none that was measured.
var errShort = errors.New("commit: no batch was decided while it counted: want a longer duration")

// Measure runs a case, and half of its floor before it and half after.
func Measure(ctx context.Context, o *Options, c Case) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := errors.Join(os.RemoveAll(o.Dir), os.MkdirAll(o.Dir, 0o755)); err != nil {
		return nil, err
	}
	r, err := measureBesideFloor(ctx, o, &c)
	return r, errors.Join(err, os.RemoveAll(o.Dir))
}

func measureBesideFloor(ctx context.Context, o *Options, c *Case) (r *Result, err error) {
	s, err := newSupply(ctx, c.Trades, c.held())
	if err != nil {
		return nil, err
	}
	if o.NoFloor {
		return measure(ctx, o, c, s)
	}
	f, err := startFloor(o, c, messageBytes+s.bytes())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.end()) }()
	if err := f.half(); err != nil {
		return nil, err
	}
	if r, err = measure(ctx, o, c, s); err != nil {
		return nil, err
	}
	if err := f.half(); err != nil {
		return nil, err
	}
	r.Floor = f.sum()
	return r, nil
}

func measure(ctx context.Context, o *Options, c *Case, s *supply) (_ *Result, err error) {
	stop, err := o.Profile.Start("coordinator") // not before: to build the batches costs more than to commit them
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	before := spent()
	g, err := startGroup(ctx, o, c, ringbuf.NewBell(ringbuf.WaitPark))
	if err != nil {
		return nil, err
	}
	k, err := newCoordinator(o, c, g, s)
	if err == nil {
		err = errors.Join(k.run(ctx), k.close())
	}
	refused := g.refused()
	if c.Durable {
		refused = append(refused, host.NotDurable(o.Dir)...)
	}
	used, serr := g.stop()
	if err := errors.Join(err, serr); err != nil {
		return nil, err
	}
	if k.counted == 0 && k.caughtUp == nil { // who comes back may be level before the next decision, and is what is measured
		return nil, errShort
	}
	used.CPUNs += spent().CPUNs - before.CPUNs
	elapsed := float64(k.ended-k.began) / 1e9
	r := &Result{
		Case: *c, Batches: k.counted, ElapsedS: elapsed,
		TradesPerS: float64(k.counted) * float64(c.Trades) / elapsed,
		Decision:   latencyOf(k.latency), latency: k.latency, refused: refused, Catchup: k.caughtUp,
	}
	r.Decision.OutOfRange = k.outOfRange
	r.CPUPerTrade = float64(used.CPUNs) / float64(k.supply.trade-1)
	r.SyncsPerS = float64(k.summaries[0].Syncs) / (float64(k.ended) / 1e9)
	r.Mallocs = float64(k.mallocs) / float64(max(k.counted, 1))
	return r, nil
}
