package system

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Options say how cases are run.
type Options struct {
	Dir        string      // of the runs, one of each shard; each case empties it. Durable cases measure the disk below it
	Executable string      // this program, to start participants with
	Profiles   profile.Set // of each process; this one is "engine"
	Profile    host.Profile
	Log        *slog.Logger // nil discards
}

// Result is what a case came to.
type Result struct {
	Case
	ElapsedS     float64 // that counted
	TradesPerS   float64 // committed
	CommandsPerS float64 // of the batches in which they were committed
	BatchTrades  float64 // of a batch, on average
	CPU          map[string]time.Duration
	CPUPerTrade  float64 // ns of all processes, start and end included

	snapshot *bench.Snapshot
	budget   *bench.Budget
	refused  []string // what the run asked for in vain
	trades   uint64   // of the whole run
}

var (
	errShort   = errors.New("system: the run ended before enough was committed")
	errAborted = errors.New("system: a batch was aborted")
	errDiffers = errors.New("system: a participant ended with something else than the engine")
)

// Measure runs a case.
func Measure(ctx context.Context, o *Options, c Case) (_ *Result, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	shards, err := newShards(ctx, &c)
	if err != nil {
		return nil, err
	}
	profile, free, err := o.confine(&c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, free()) }()
	stop, err := o.Profiles.Start("engine") // not before: to make the loops is not what is measured
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	before := spent()
	err = runShards(ctx, o, &c, profile, shards)
	r := &Result{Case: c, CPU: map[string]time.Duration{"engine": spent() - before}}
	if err = errors.Join(err, os.RemoveAll(o.Dir)); err != nil {
		return nil, err
	}
	r.take(shards)
	return r, nil
}

// confine keeps this process and those of the case on its cores, and chooses the profile for so few or for so many
// stages.
func (o *Options) confine(c *Case) (p host.Profile, free func() error, err error) {
	free = func() error { return nil }
	if c.Cores == 0 && c.Shards == 1 {
		return o.Profile, free, nil
	}
	if c.Cores > 0 {
		if free, err = host.Confine(host.Detect().Cores[:c.Cores]); err != nil {
			return p, nil, err
		}
	}
	if p, err = host.Choose(host.Auto, c.Shards*box.BusyStages, ""); err != nil {
		return p, nil, errors.Join(err, free())
	}
	return p, free, nil
}

// judge is I2.
func judge(r *bench.Report) error {
	if r.BatchesAborted > 0 {
		return fmt.Errorf("%w: %d", errAborted, r.BatchesAborted)
	}
	for i, p := range []bench.Participant{r.Participants.Risk, r.Participants.Settlement, r.Participants.Marketdata} {
		if p.Chain != r.Engine.Chain || p.AppliedTrades != uint64(r.Trades) {
			return fmt.Errorf("%w: %s has chain %v and %d trades, want %v and %d", errDiffers, rundir.RoleNames[i], p.Chain, p.AppliedTrades, r.Engine.Chain, r.Trades)
		}
	}
	return nil
}

// take sums up what the shards have measured.
func (r *Result) take(shards []*shard) {
	var counted, batches uint64
	for _, s := range shards {
		m := s.meter
		elapsed := m.end.Sub(m.begin).Seconds()
		r.ElapsedS = max(r.ElapsedS, elapsed)
		r.TradesPerS += float64(m.to.trades-m.from.trades) / elapsed
		r.CommandsPerS += float64(m.to.commands-m.from.commands) / elapsed
		counted += m.to.trades - m.from.trades
		batches += m.to.batches - m.from.batches
		if r.snapshot == nil {
			r.snapshot = m.snapshot
		} else {
			r.snapshot.Merge(m.snapshot)
		}
		for role, t := range s.cpu {
			r.CPU[role] += t
		}
		r.trades += uint64(s.report.Trades)
		r.refused = append(r.refused, s.report.Refused...)
	}
	r.BatchTrades = float64(counted) / float64(max(batches, 1))
	if len(shards) == 1 {
		r.budget = shards[0].meter.budget
	}
	slices.Sort(r.refused)
	r.refused = slices.Compact(r.refused)
	var all time.Duration
	for _, t := range r.CPU {
		all += t
	}
	r.CPUPerTrade = float64(all) / float64(r.trades)
}

// Latency is the distribution of a stage while it counted.
func (r *Result) Latency(s bench.Stage) bench.Latency { return r.snapshot.Latency(s) }

// Budget is where the time of the trades went; nil of several shards.
func (r *Result) Budget() *bench.Budget { return r.budget }

// AddTo makes the result part of a record.
func (r *Result) AddTo(rec *bench.Record) {
	l := &r.Loop
	params := []bench.Pair[string]{
		bench.P("flow", l.Flow), bench.P("transport", r.Transport), bench.P("durable", r.Durable),
		bench.P("instruments", l.Instruments), bench.P("members", l.Members), bench.P("clients", l.Clients),
		bench.P("window", r.Window), bench.P("trades", r.Trades), bench.P("rate", bench.RateText(r.Rate)),
		bench.P("shards", r.Shards),
	}
	if r.Cores > 0 {
		params = append(params, bench.P("cores", r.Cores))
	}
	res := rec.Add("System", params...)
	res.Measure("trades/s", r.TradesPerS)
	res.Measure("commands/s", r.CommandsPerS)
	res.Measure("trades/batch", r.BatchTrades)
	res.Measure("cpu-ns/trade", r.CPUPerTrade)
	for _, name := range append([]string{"engine"}, rundir.RoleNames...) {
		if t, ok := r.CPU[name]; ok {
			res.Measure(name+"-ns/trade", float64(t)/float64(r.trades))
		}
	}
	for s := range bench.StageCount {
		r.snapshot.AddTo(res, s)
	}
	res.Budget = r.budget
	rec.Refuse(r.refused...)
}
