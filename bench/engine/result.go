package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/internal/host"
)

// Result is what a case came to.
type Result struct {
	Case
	Commands     uint64
	Made         uint64 // trades
	Rejects      uint64 // of the flow itself: cancels of orders that have traded meanwhile
	Batches      uint64
	ElapsedS     float64
	CommandsPerS float64
	TradesPerS   float64
	Latency      *hdrhistogram.Histogram // due → in the batch, ns; open loop only
	Undisturbed  *hdrhistogram.Histogram // of Latency: of commands that no hiccup of either thread has kept waiting
	Matcher      Hiccups                 // open loop only
	Feeder       Hiccups                 // likewise
	Mallocs      uint64                  // heap allocations of the process, warm-up included
	Collections  uint32                  // of the heap, likewise
	Pinned       bool                    // each thread had a core of its own
	WordNs       float64                 // open loop only: a bare word's way from core to core, median of before and after; 0: no two cores

	outOfRange  int64 // of Latency: recorded at the limit
	undisturbed int64 // likewise, of Undisturbed
}

// Hiccups are how often a thread was kept from its core while it counted, at least: see hiccups.
type Hiccups struct {
	Count      uint64
	Ns, LongNs int64 // together, and the longest
}

var errShort = errors.New("engine: nothing was due while it counted: want a higher rate or a longer duration")

var errTrades = errors.New("engine: the flow has not made its trades")

// Measure runs a case: feeder and matcher, each on a core of its own, under the profiles.
func Measure(ctx context.Context, profiles profile.Set, c Case) (_ *Result, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r, err := newRig(ctx, &c)
	if err != nil {
		return nil, err
	}
	defer r.close()
	stop, err := profiles.Start("engine") // not before: to make the loop is not what is measured
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var trips words
	if c.Rate > 0 {
		trips.measure(r.clock)
	}
	runtime.GC() // not in the middle of it
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pinned := r.run(ctx)
	runtime.ReadMemStats(&after)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if r.begin.IsZero() || r.done.commands == 0 {
		return nil, errShort
	}
	if err := r.judge(); err != nil {
		return nil, err
	}
	elapsed := r.end.Sub(r.begin).Seconds()
	res := &Result{
		Case: c, Commands: r.done.commands, Made: r.done.trades, Rejects: r.done.rejects, Batches: r.done.batches, ElapsedS: elapsed,
		CommandsPerS: float64(r.done.commands) / elapsed, TradesPerS: float64(r.done.trades) / elapsed,
		Mallocs: after.Mallocs - before.Mallocs, Collections: after.NumGC - before.NumGC, Pinned: pinned,
	}
	if c.Rate > 0 {
		trips.measure(r.clock)
		res.WordNs = trips.ns()
		res.Undisturbed, res.undisturbed = r.undisturbed, r.outOfRange[0]
		res.Latency, res.outOfRange = r.disturbed, r.outOfRange[0]+r.outOfRange[1]
		res.Latency.Merge(r.undisturbed)
		res.Matcher, res.Feeder = r.matcher.result(r.nsPerTick), r.feeder.result(r.nsPerTick)
	}
	return res, nil
}

// judge is I4.
func (r *rig) judge() error {
	rounds := (r.seq - uint64(len(r.loop.Opening()))) / uint64(r.loop.Len())
	trades, each := r.core.Counts().Trades, uint64(r.loop.Trades)
	if trades < rounds*each || trades > (rounds+1)*each {
		return fmt.Errorf("%w: %d in %d rounds of %d and a part", errTrades, trades, rounds, each)
	}
	return nil
}

// run runs both threads to their end. It reports whether each had a core of its own.
func (r *rig) run(ctx context.Context) (pinned bool) {
	cores := host.Detect().Cores
	pinned = len(cores) >= 2
	if n := runtime.GOMAXPROCS(0); n < 4 { // each of the two holds one for good
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	}
	var mu sync.Mutex
	var done sync.WaitGroup
	thread := func(i int, f func()) {
		done.Go(func() {
			if pinned {
				unpin, perr := host.Pin(cores[i])
				if perr != nil {
					mu.Lock()
					pinned = false
					mu.Unlock()
				} else {
					defer unpin()
				}
			}
			f()
		})
	}
	thread(0, func() { r.feed(ctx) })
	thread(1, r.match)
	done.Wait()
	return pinned
}

// AddTo makes the result part of a record.
func (r *Result) AddTo(rec *bench.Record) {
	l := &r.Loop
	res := rec.Add("Engine", bench.P("flow", l.Flow), bench.P("instruments", l.Instruments), bench.P("members", l.Members),
		bench.P("clients", l.Clients), bench.P("trades", r.Trades), bench.P("rate", bench.RateText(r.Rate)), bench.P("pinned", r.Pinned))
	res.Measure("commands/s", r.CommandsPerS)
	res.Measure("ns/command", 1e9/r.CommandsPerS)
	res.Measure("trades/s", r.TradesPerS)
	res.Measure("mallocs", float64(r.Mallocs))
	res.Measure("gc-cycles", float64(r.Collections))
	if r.Latency != nil {
		res.Measure("matcher-taken-%", r.taken(r.Matcher))
		res.Measure("feeder-taken-%", r.taken(r.Feeder))
		res.Measure("taken-max-us", float64(max(r.Matcher.LongNs, r.Feeder.LongNs))/1e3)
		res.Measure("disturbed-%", 100*(1-float64(r.Undisturbed.TotalCount())/float64(r.Latency.TotalCount())))
		if r.WordNs > 0 {
			res.Measure("word-ns", r.WordNs)
		}
		if r.WordNs > 0 && r.Undisturbed.TotalCount() > 0 { // else they would be told as 0, faster than everything
			res.Measure("p50-x-word", float64(r.Undisturbed.ValueAtQuantile(50))/r.WordNs)
			res.Measure("p99-x-word", float64(r.Undisturbed.ValueAtQuantile(99))/r.WordNs)
		}
		res.Time("order-to-batch", r.Latency, r.outOfRange)
		res.Time("undisturbed", r.Undisturbed, r.undisturbed)
	}
}

// taken is how much of the time a thread was kept from its core, in per cent.
func (r *Result) taken(h Hiccups) float64 { return 100 * float64(h.Ns) / 1e9 / r.ElapsedS }
