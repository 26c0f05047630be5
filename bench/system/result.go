package system

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Options say how cases are run.
type Options struct {
	Dir        string      // of the run; each case empties it. Durable cases measure the disk below it
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
	loop, err := workload.NewLoop(c.Loop)
	if err != nil {
		return nil, err
	}
	m := &meter{warmup: c.Warmup, duration: c.Duration, recorder: bench.NewRecorder(), parts: bench.NewBudgetRecorder(rundir.RoleNames)}
	r := &Result{Case: c, CPU: map[string]time.Duration{}}
	run := o.run(&c, loop, m, r)
	stop, err := o.Profiles.Start("engine") // not before: to make the loop is not what is measured
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	before := spent()
	report, err := box.Execute(ctx, run, &source{loop: loop, done: &m.done})
	r.CPU["engine"] = spent() - before
	if err == nil {
		err = judge(report)
	}
	if err == nil && m.snapshot == nil {
		err = errShort
	}
	err = errors.Join(err, os.RemoveAll(o.Dir))
	if err != nil {
		return nil, err
	}
	r.take(m, report)
	return r, nil
}

// run are the options of the run behind a case.
func (o *Options) run(c *Case, loop *workload.Loop, m *meter, r *Result) *box.Options {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	var mu sync.Mutex // participants end side by side
	ended := func(role string, cpu time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		r.CPU[role] += cpu
	}
	run := &box.Options{
		Dir: o.Dir, Force: true, InProcess: c.Transport == TransportRings, Transport: c.Transport, Executable: o.Executable,
		Engine: c.config(), Roles: rundir.DefaultRoles(), Profile: o.Profile, Log: log, Profiles: o.Profiles,
		Recorder: m.recorder, Budget: m.parts, Committed: m.committed, Ended: ended,
		SourceName: "loop", SourceFormat: "workload",
	}
	if c.Rate > 0 {
		run.Pace.PerSecond = c.Rate * float64(loop.Len()) / float64(loop.Trades)
	}
	return run
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

func (r *Result) take(m *meter, report *bench.Report) {
	r.ElapsedS = m.end.Sub(m.begin).Seconds()
	trades := m.to.trades - m.from.trades
	r.TradesPerS = float64(trades) / r.ElapsedS
	r.CommandsPerS = float64(m.to.commands-m.from.commands) / r.ElapsedS
	r.BatchTrades = float64(trades) / float64(max(m.to.batches-m.from.batches, 1))
	r.budget = m.budget
	r.snapshot, r.trades, r.refused = m.snapshot, uint64(report.Trades), report.Refused
	var all time.Duration
	for _, t := range r.CPU {
		all += t
	}
	r.CPUPerTrade = float64(all) / float64(r.trades)
}

// Latency is the distribution of a stage while it counted.
func (r *Result) Latency(s bench.Stage) bench.Latency { return r.snapshot.Latency(s) }

// Budget is where the time of the trades went.
func (r *Result) Budget() *bench.Budget { return r.budget }

// AddTo makes the result part of a record.
func (r *Result) AddTo(rec *bench.Record) {
	rate := "max"
	if r.Rate > 0 {
		rate = fmt.Sprintf("%.0f", r.Rate)
	}
	l := &r.Loop
	res := rec.Add("System", bench.P("flow", l.Flow), bench.P("transport", r.Transport), bench.P("durable", r.Durable),
		bench.P("instruments", l.Instruments), bench.P("members", l.Members), bench.P("clients", l.Clients),
		bench.P("window", r.Window), bench.P("trades", r.Trades), bench.P("rate", rate))
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
