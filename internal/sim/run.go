package sim

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/internal/check"
)

// Set is a set of schedules to run.
type Set struct {
	From  uint64     // first seed
	Count uint64     // of seeds
	Bytes bool       // every schedule takes messages and records through their bytes, not one in sixteen
	Only  *Scheduler // nil: the whole portfolio
	Jobs  int        // schedules at once; 0: one for each core
	Level Level      // of the whole set
}

// Level says what is simulated.
type Level uint8

// The levels.
const (
	Core   Level = iota // the machines of the protocol
	Driver              // whole nodes: driver, log, codec and machines
)

// String is the level's name.
func (l Level) String() string { return [...]string{"core", "driver"}[l] }

// Plan is what a seed of the set stands for.
func (s *Set) Plan(seed uint64) Plan {
	plan := PlanOf(seed, s.Bytes)
	if s.Level == Driver {
		plan = DriverPlanOf(seed)
	}
	if s.Only != nil {
		plan.Scheduler = *s.Only
	}
	return plan
}

// Tally is what one scheduler did in a set.
type Tally struct {
	Scheduler string `json:"scheduler"`
	Schedules uint64 `json:"schedules"`
	Events    uint64 `json:"events"`
	Proposed  uint64 `json:"proposed"` // batches, before peace
	Decided   uint64 `json:"decided"`  // batches, before peace
}

// Report is what a set of schedules has shown.
type Report struct {
	Level     string         `json:"level"`
	From      uint64         `json:"from"`
	Schedules uint64         `json:"schedules"`
	Events    uint64         `json:"events"`
	Liveness  uint64         `json:"liveness"` // schedules that ended in peace
	Hash      string         `json:"hash"`     // of all traces; the same on every machine
	Tallies   []Tally        `json:"schedulers"`
	Reached   check.Counters `json:"reached"`
	Failure   *Failure       `json:"failure,omitempty"`
}

// Failure is a schedule that broke an invariant, cut down to what is needed for it.
type Failure struct {
	Seed      uint64   `json:"seed"`
	Scheduler string   `json:"scheduler"`
	Setup     Setup    `json:"setup"`
	Invariant string   `json:"invariant"`
	Text      string   `json:"text"`
	Events    int      `json:"events"` // of the whole schedule
	Script    []string `json:"script"` // of the shortest one found
}

// FailedError says that a set of schedules did not show what it has to.
type FailedError struct{ Text string }

// Error is what was not shown.
func (e *FailedError) Error() string { return e.Text }

// DecidedMin and DecidedMax bound, in percent, how many of the batches proposed a portfolio may
// decide under fire: a generator that aborts everything, or nothing, finds nothing (I12).
const (
	DecidedMin = 20
	DecidedMax = 80
)

// Err is a *FailedError if an invariant was broken, or if the set did not reach what it has to (I12).
func (r *Report) Err() error {
	if f := r.Failure; f != nil {
		return &FailedError{fmt.Sprintf("seed %d breaks %s: %s", f.Seed, f.Invariant, f.Text)}
	}
	if missing := r.Reached.Missing(r.Level == "driver"); len(missing) > 0 {
		return &FailedError{fmt.Sprintf("I12: of %d schedules none reached: %s; so they prove little, and more of them may", r.Schedules, strings.Join(missing, ", "))}
	}
	var proposed, decided uint64
	for _, t := range r.Tallies {
		proposed += t.Proposed
		decided += t.Decided
	}
	if percent := decided * 100 / max(proposed, 1); percent < DecidedMin || percent > DecidedMax {
		return &FailedError{fmt.Sprintf("I12: %d %% of the batches proposed were decided under fire, want %d to %d", percent, DecidedMin, DecidedMax)}
	}
	return nil
}

// partial is the share of one job.
type partial struct {
	report  Report
	tallies [Schedulers]Tally
	hash    uint64
	failed  uint64 // seed of the first failure, if there is one
	broken  bool
}

// chunk is how many seeds a job takes at once.
const chunk = 256

// Run runs a set of schedules. It stops at the first violation, and early when ctx ends. The report
// does not depend on Jobs, unless there is a violation.
func Run(ctx context.Context, set Set) *Report {
	jobs := set.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	parts := make([]partial, jobs)
	var next atomic.Uint64
	var broken atomic.Bool
	var group sync.WaitGroup
	for i := range parts {
		group.Go(func() {
			runner := NewRunner()
			for ctx.Err() == nil && !broken.Load() {
				from := next.Add(chunk) - chunk
				if from >= set.Count {
					return
				}
				for n := from; n < min(from+chunk, set.Count); n++ {
					if !parts[i].run(runner, set, set.From+n) {
						broken.Store(true)
						return
					}
				}
			}
		})
	}
	group.Wait()
	return merge(set, parts)
}

// run runs one seed and reports whether it kept the invariants.
func (p *partial) run(runner *Runner, set Set, seed uint64) bool {
	plan := set.Plan(seed)
	o := runner.Run(plan, nil)
	t := &p.tallies[plan.Scheduler]
	t.Schedules++
	t.Events += uint64(len(o.Actions))
	t.Proposed += uint64(o.Proposed)
	t.Decided += uint64(o.Decided)
	if plan.Liveness {
		p.report.Liveness++
	}
	p.report.Reached.Add(&o.Count)
	p.hash += mix(o.Hash ^ mix(seed))
	if o.Violation != nil {
		p.broken, p.failed = true, seed
	}
	return !p.broken
}

func merge(set Set, parts []partial) *Report {
	r := &Report{Level: set.Level.String(), From: set.From, Tallies: make([]Tally, Schedulers)}
	var hash uint64
	failed, broken := uint64(0), false
	for i := range parts {
		p := &parts[i]
		for s := range p.tallies {
			t, sum := &p.tallies[s], &r.Tallies[s]
			sum.Scheduler = Scheduler(s).String()
			sum.Schedules += t.Schedules
			sum.Events += t.Events
			sum.Proposed += t.Proposed
			sum.Decided += t.Decided
			r.Schedules += t.Schedules
			r.Events += t.Events
		}
		r.Liveness += p.report.Liveness
		r.Reached.Add(&p.report.Reached)
		hash += p.hash
		if p.broken && (!broken || p.failed < failed) {
			broken, failed = true, p.failed
		}
	}
	r.Hash = fmt.Sprintf("%016x", hash)
	if broken {
		r.Failure = explain(set.Plan(failed))
	}
	return r
}

// explain runs a schedule again that failed, and shrinks it.
func explain(plan Plan) *Failure {
	runner := NewRunner()
	o := runner.Run(plan, nil)
	f := &Failure{
		Seed: plan.Seed, Scheduler: plan.Scheduler.String(), Setup: plan.Setup, Events: len(o.Actions),
		Invariant: o.Violation.Invariant, Text: o.Violation.Text,
	}
	actions, v := runner.Shrink(plan.Setup, o.Actions)
	if v != nil {
		f.Invariant, f.Text = v.Invariant, v.Text
	}
	for _, a := range actions {
		f.Script = append(f.Script, a.String())
	}
	return f
}

// Trace runs one schedule and writes what happens, an event a line, and the hash of it all. A
// schedule that breaks an invariant is shrunk, and what is left of it is traced too.
func Trace(out io.Writer, plan Plan) (*Failure, error) {
	runner := NewRunner()
	fmt.Fprintf(out, "# seed %d, %v, %+v\n%s", plan.Seed, plan.Scheduler, plan.Setup, TraceLegend)
	o := runner.Run(plan, &trace{out: out})
	if _, err := fmt.Fprintf(out, "# hash %016x, %d events\n", o.Hash, len(o.Actions)); err != nil {
		return nil, err
	}
	if o.Violation == nil {
		return nil, nil
	}
	f := explain(plan)
	fmt.Fprintf(out, "# breaks %s: %s\n# the same in %d events:\n", f.Invariant, f.Text, len(f.Script))
	actions, _ := runner.Shrink(plan.Setup, o.Actions)
	_, _ = runner.Replay(plan.Setup, actions, &trace{out: out})
	return f, nil
}
