package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/internal/sim"
)

// simFlags is what `tezi sim` is asked for.
type simFlags struct {
	out       output
	seed      uint64
	seeds     string
	schedules uint64
	scheduler string
	script    string
	bytes     bool
	mutants   bool
	level     string
	jobs      int
}

func newSim() *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run the commit protocol through simulated faults",
		Long: `Run the production machines of the commit protocol in a simulated world: messages
lost, repeated, delayed, reordered and corrupted; nodes cut off, paused and
crashed, with any part of what they had not synced lost; several coordinators at
once. With --level driver the nodes are whole: driver, log, codec and a disk that
fails, fills up, is damaged or lost. Every event is checked against the invariants
of the protocol, and a quarter of the schedules must converge when the faults end.

One seed is one schedule, the same on every machine. --seed traces it, an event
a line; a schedule that breaks an invariant is cut down to the events that it
takes, as a script that --script plays. See docs/SIMULATION.md.

--mutants lets the simulator loose on seeded bugs, one after the other, and
writes the scoreboard. It needs a binary that has them: make mutants.

Exit code 3 if an invariant is broken, or if the set of schedules did not reach
the cases that matter, which takes some 20,000 of them, of whole nodes 5,000.`,
		Example: "  tezi sim --schedules 1000000\n  tezi sim --seeds 5000-25000\n  tezi sim --seed 4711\n  tezi sim --level driver --schedules 100000",
		Args:    wantArgs(),
	}
	f.out.flags(cmd)
	flags := cmd.Flags()
	flags.Uint64Var(&f.seed, "seed", 0, "trace the schedule of this one seed")
	flags.StringVar(&f.seeds, "seeds", "", "run the seeds FROM-TO, both included")
	flags.Uint64Var(&f.schedules, "schedules", 100_000, "run this many seeds, from 0 on")
	flags.StringVar(&f.scheduler, "scheduler", "", "use this scheduler alone: walk, timed or swarm")
	flags.BoolVar(&f.bytes, "bytes", false, "encode and decode every message and record, instead of in one schedule of sixteen")
	flags.StringVar(&f.script, "script", "", "play the schedule in this file")
	flags.StringVar(&f.level, "level", "core", "what is simulated: core, the machines of the protocol, or driver, whole nodes with their logs and disks")
	flags.BoolVar(&f.mutants, "mutants", false, "find the seeded bugs of this binary, and write the scoreboard")
	flags.IntVar(&f.jobs, "jobs", 0, "schedules at once; 0 = one per core")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.run(cmd) }
	return cmd
}

// jobsMax is far above the cores of any machine: each job keeps a world in memory.
const jobsMax = 4096

func (f *simFlags) run(cmd *cobra.Command) error {
	if err := errors.Join(f.out.check(), oneOf(cmd, "seed", "seeds", "schedules", "script", "mutants")); err != nil {
		return err
	}
	switch {
	case f.jobs < 0 || f.jobs > jobsMax:
		return configError{fmt.Errorf("--jobs %d: want 0 to %d", f.jobs, jobsMax)}
	case f.out.json() && (f.mutants || f.script != "" || cmd.Flags().Changed("seed")):
		return usageError{errors.New("-o json is for a set of schedules: a trace, and the scoreboard, are text")}
	case f.mutants:
		limits := sim.DefaultLimits
		limits.Jobs = f.jobs
		return sim.Scoreboard(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), limits)
	case f.script != "":
		return f.play(cmd.OutOrStdout())
	}
	set := sim.Set{Count: f.schedules, Bytes: f.bytes, Jobs: f.jobs}
	switch f.level {
	case "core":
	case "driver":
		set.Level = sim.Driver
	default:
		return usageError{fmt.Errorf("no level %q: want core or driver", f.level)}
	}
	if f.scheduler != "" {
		only, err := sim.SchedulerNamed(f.scheduler)
		if err != nil {
			return usageError{err}
		}
		set.Only = &only
	}
	if cmd.Flags().Changed("seed") {
		return f.trace(cmd.OutOrStdout(), set)
	}
	if f.seeds != "" {
		if err := parseSeeds(f.seeds, &set); err != nil {
			return err
		}
	}
	if set.Count == 0 {
		return configError{errors.New("--schedules 0: want 1 or more")}
	}
	began := time.Now()
	report := sim.Run(cmd.Context(), set)
	took := time.Since(began)
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if f.out.json() {
		if err := writeJSON(cmd.OutOrStdout(), report); err != nil {
			return err
		}
	} else if err := printSimulated(cmd.OutOrStdout(), report, took); err != nil {
		return err
	}
	return report.Err()
}

// trace shows one schedule.
func (f *simFlags) trace(w io.Writer, set sim.Set) error {
	failure, err := sim.Trace(w, set.Plan(f.seed))
	if err != nil || failure == nil {
		return err
	}
	return &sim.FailedError{Text: fmt.Sprintf("seed %d breaks %s: %s", failure.Seed, failure.Invariant, failure.Text)}
}

// play shows the schedule of a file.
func (f *simFlags) play(w io.Writer) error {
	text, err := os.ReadFile(f.script)
	if err != nil {
		return err
	}
	script, err := sim.ParseScript(string(text))
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", f.script, err)}
	}
	if v := script.Play(w); v != nil {
		return &sim.FailedError{Text: fmt.Sprintf("%s breaks %v", f.script, v)}
	}
	return nil
}

// parseSeeds reads FROM-TO.
func parseSeeds(text string, set *sim.Set) error {
	from, to, _ := strings.Cut(text, "-")
	first, err := strconv.ParseUint(from, 10, 64)
	last, err2 := strconv.ParseUint(to, 10, 64)
	if err != nil || err2 != nil || last < first || last-first == ^uint64(0) {
		return usageError{fmt.Errorf("--seeds %s: want FROM-TO, two numbers in order", text)}
	}
	set.From, set.Count = first, last-first+1
	return nil
}

func printSimulated(w io.Writer, r *sim.Report, took time.Duration) error {
	var b strings.Builder
	seconds := took.Seconds()
	fmt.Fprintf(&b, "schedules     %d of level %s from seed %d, %d events, %d ended in peace\n", r.Schedules, r.Level, r.From, r.Events, r.Liveness)
	fmt.Fprintf(&b, "pace          %.0f schedules/s, %.1f million events/s, %.1f s\n", float64(r.Schedules)/seconds, float64(r.Events)/seconds/1e6, seconds)
	fmt.Fprintf(&b, "hash          %s\n", r.Hash)
	for _, t := range r.Tallies {
		fmt.Fprintf(&b, "%-12s  %d schedules, %d events, %d of %d batches decided under fire\n", t.Scheduler, t.Schedules, t.Events, t.Decided, t.Proposed)
	}
	for _, c := range r.Reached.List() {
		if c.Driver && r.Level != sim.Driver.String() {
			continue
		}
		fmt.Fprintf(&b, "reached       %-24s %d\n", c.Name, c.N)
	}
	violations := "0"
	if f := r.Failure; f != nil {
		violations = fmt.Sprintf("seed %d (%s, %d events, %d after shrinking) breaks %s: %s", f.Seed, f.Scheduler, f.Events, len(f.Script), f.Invariant, f.Text)
		violations += "\n  " + f.Setup.String()
		for _, line := range f.Script {
			violations += "\n  " + line
		}
	}
	fmt.Fprintf(&b, "violations    %s\n", violations)
	_, err := io.WriteString(w, b.String())
	return err
}
