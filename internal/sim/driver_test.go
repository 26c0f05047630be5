package sim

import (
	"context"
	"runtime"
	"testing"
)

// TestDriverPortfolio is TestPortfolio for whole nodes.
func TestDriverPortfolio(t *testing.T) {
	n := uint64(3_000)
	if testing.Short() {
		n = 500
	}
	report := Run(context.Background(), Set{Count: n, Level: Driver})
	t.Logf("%d schedules, %d events, hash %s, %+v", report.Schedules, report.Events, report.Hash, report.Reached)
	for _, tally := range report.Tallies {
		t.Logf("%+v", tally)
	}
	if f := report.Failure; f != nil {
		t.Fatalf("seed %d breaks %s: %s\n%v %q", f.Seed, f.Invariant, f.Text, f.Setup, f.Script)
	}
	if err := report.Err(); err != nil && !testing.Short() {
		t.Fatal(err)
	}
}

// One seed is one trace at the driver level too, whatever ran before, with any number of jobs and threads.
func TestDriverSeedsRepeat(t *testing.T) {
	var hash string
	for _, jobs := range []int{1, 3} {
		threads := runtime.GOMAXPROCS(jobs)
		report := Run(context.Background(), Set{Count: 300, Level: Driver, Jobs: jobs})
		runtime.GOMAXPROCS(threads)
		if hash != "" && report.Hash != hash || report.Failure != nil {
			t.Errorf("%d jobs: hash %s, before %s; %+v", jobs, report.Hash, hash, report.Failure)
		}
		hash = report.Hash
	}
	set, first, second := Set{Level: Driver}, NewRunner(), NewRunner()
	hashes := make([]uint64, 100)
	for seed := range hashes {
		hashes[seed] = first.Run(set.Plan(uint64(seed)), nil).Hash
	}
	for seed := len(hashes) - 1; seed >= 0; seed-- {
		o := second.Run(set.Plan(uint64(seed)), nil)
		if o.Hash != hashes[seed] {
			t.Fatalf("seed %d: hash %016x, then %016x", seed, hashes[seed], o.Hash)
		}
		if _, hash := first.Replay(o.Plan.Setup, o.Actions, nil); hash != o.Hash {
			t.Fatalf("seed %d: replayed to %016x, want %016x", seed, hash, o.Hash)
		}
	}
}

// BenchmarkDriverSchedules is the pace of the driver level on one core.
func BenchmarkDriverSchedules(b *testing.B) {
	runner, set := NewRunner(), Set{Level: Driver}
	events, seed := 0, uint64(0)
	for b.Loop() {
		events += len(runner.Run(set.Plan(seed), nil).Actions)
		seed++
	}
	b.ReportMetric(float64(seed)/b.Elapsed().Seconds(), "schedules/s")
	b.ReportMetric(float64(events)/float64(seed), "events/schedule")
}
