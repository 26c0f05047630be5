package box

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// TestStandSavesAReport: an engine that has taken over and ends early, whatever for, leaves a report of what it has led, as one
// does that has led from the beginning.
func TestStandSavesAReport(t *testing.T) {
	damage := &capture.DamageError{File: "day.tzc", Offset: 9, Want: "a block", Got: "the end"}
	fault := errors.New("something broke")
	o := filesOptions(t, smallFiles)
	o.Engine.BatchTarget = 20
	nodes := t.TempDir()
	stop := participants(t, o, nodes, rundir.RoleNames...)
	part(t, o, 1000, nil)
	stop()
	for _, c := range []struct {
		name string
		at   int // command
		with func(context.CancelCauseFunc) error
		want error
	}{
		{"a fault", 2000, func(end context.CancelCauseFunc) error { end(fault); return nil }, fault},
		{"damaged source", 5000, func(context.CancelCauseFunc) error { return damage }, damage},
	} {
		stop := participants(t, o, nodes, rundir.RoleNames...)
		run, err := rundir.Read(o.Dir)
		if err != nil {
			t.Fatal(err)
		}
		run.Participants = o.Participants // their ports are others
		if err := rundir.Write(o.Dir, &run); err != nil {
			t.Fatal(err)
		}
		day, err := workload.New(workload.Config{Seed: 5, Orders: 8_000, Instruments: 5})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		report, err := Stand(ctx, o, &hooked{day, c.at, func() error { return c.with(cancel) }}, 1)
		if report == nil || !errors.Is(err, c.want) || err.Error() != c.want.Error() {
			t.Errorf("%s: report %v, %v", c.name, report, err)
		}
		saved, err := readReport(o.Dir)
		if err != nil || report != nil && saved.Commands != report.Commands {
			t.Errorf("%s: saved %+v, %v, want %+v", c.name, saved, err, report)
		}
		cancel(nil)
		day.Close()
		stop()
	}
}

// TestReadyWhenTheSourceIsReadToo: an engine that has read the log and not yet the source would take over late: it is not
// said to be ready before it has, nor once it leads.
func TestReadyWhenTheSourceIsReadToo(t *testing.T) {
	var said strings.Builder
	dir := t.TempDir()
	r, err := takeRank(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{o: &Options{Log: slog.New(slog.NewTextHandler(&said, nil))}, rank: r}
	check := func(when string, want RankState, times int) {
		t.Helper()
		if got := *r.state.Load(); got != want || strings.Count(said.String(), "backup engine is ready") != times {
			t.Errorf("%s: %s, and said %q", when, got, said.String())
		}
	}
	b.sourceRead(0)
	check("before the log is read", RankStarting, 0)
	b.standing(7, 100)
	b.sourceRead(99)
	check("a command before the log's last", RankStarting, 0)
	b.sourceRead(100)
	b.sourceRead(101)
	check("as far as the log", RankStanding, 1)
	if !b.unready() || b.unready() {
		t.Error("it was said to be ready once")
	}
	b.sourceRead(102)
	check("without its links", RankStanding, 1) // who says so changes the state
	b.standing(8, 200)
	b.sourceRead(150)
	check("back, and behind", RankStanding, 1)
	b.sourceRead(200)
	check("back", RankStanding, 2)
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
}
