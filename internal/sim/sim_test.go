package sim

import (
	"bytes"
	"context"
	"testing"
)

// TestPortfolio runs the portfolio as every commit has to pass it, and demands that it reached the
// hard cases (I12).
func TestPortfolio(t *testing.T) {
	n := uint64(20_000)
	if testing.Short() {
		n = 10_000
	}
	report := Run(context.Background(), Set{Count: n})
	t.Logf("%d schedules, %d events, hash %s, %+v", report.Schedules, report.Events, report.Hash, report.Reached)
	for _, tally := range report.Tallies {
		t.Logf("%+v", tally)
	}
	if err := report.Err(); err != nil {
		if f := report.Failure; f != nil {
			t.Logf("%v %+v %q", f.Scheduler, f.Setup, f.Script)
		}
		t.Fatal(err)
	}
}

// One seed is one trace, whatever ran before it in the same memory.
func TestSeedsRepeat(t *testing.T) {
	hashes := make([]uint64, 1000)
	first, second := NewRunner(), NewRunner()
	for seed := range hashes {
		hashes[seed] = first.Run(PlanOf(uint64(seed), false), nil).Hash
	}
	for seed := len(hashes) - 1; seed >= 0; seed-- {
		if got := second.Run(PlanOf(uint64(seed), false), nil).Hash; got != hashes[seed] {
			t.Fatalf("seed %d: hash %016x, then %016x", seed, hashes[seed], got)
		}
	}
}

// The hash of a set does not depend on how many run at once.
func TestJobsChangeNothing(t *testing.T) {
	one := Run(context.Background(), Set{Count: 2_000, Jobs: 1})
	three := Run(context.Background(), Set{Count: 2_000, Jobs: 3})
	if one.Hash != three.Hash || one.Events != three.Events || one.Reached != three.Reached {
		t.Errorf("one job: %+v, three: %+v", one, three)
	}
}

// The dice are SplitMix64, on every machine: these are its published first numbers for seed 1234567.
func TestDiceArePortable(t *testing.T) {
	d := dice{1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := d.next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
}

// A recorded schedule replays to the same trace without its scheduler, and a trace can be watched
// without changing it.
func TestReplayIsTheSchedule(t *testing.T) {
	runner, other := NewRunner(), NewRunner()
	for seed := range uint64(500) {
		o := runner.Run(PlanOf(seed, seed%2 == 0), nil)
		v, hash := other.Replay(o.Plan.Setup, o.Actions, nil)
		if v != nil || hash != o.Hash {
			t.Fatalf("seed %d: replayed to %016x %v, want %016x", seed, hash, v, o.Hash)
		}
	}
	var text bytes.Buffer
	plan := PlanOf(7, false)
	if _, err := Trace(&text, plan); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Count(text.Bytes(), []byte("\n"))
	if events := len(runner.Run(plan, nil).Actions); lines < events {
		t.Fatalf("%d lines for %d events", lines, events)
	}
}

// Bytes change nothing: a schedule goes the same way with and without them.
func TestBytesChangeNothing(t *testing.T) {
	runner := NewRunner()
	for seed := range uint64(500) {
		plan := PlanOf(seed, true)
		wire := runner.Run(plan, nil).Hash
		plan.Setup.Wire = false
		if values := runner.Run(plan, nil).Hash; wire != values {
			t.Fatalf("seed %d: hash %016x with bytes, %016x without", seed, wire, values)
		}
	}
}

// BenchmarkSchedules is the pace of the portfolio on one core.
func BenchmarkSchedules(b *testing.B) {
	for _, bytes := range []bool{false, true} {
		name := "bytes=sixteenth"
		if bytes {
			name = "bytes=all"
		}
		b.Run(name, func(b *testing.B) {
			runner := NewRunner()
			events := 0
			seed := uint64(0)
			for b.Loop() {
				events += len(runner.Run(PlanOf(seed, bytes), nil).Actions)
				seed++
			}
			b.ReportMetric(float64(seed)/b.Elapsed().Seconds(), "schedules/s")
			b.ReportMetric(float64(events)/float64(seed), "events/schedule")
		})
	}
}
