package box

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// TestStagesHaveCoresOfTheirOwn: no two threads that spin are given one core, whatever process of the run they are in.
func TestStagesHaveCoresOfTheirOwn(t *testing.T) {
	for backups := range BackupsMax + 1 {
		p := host.Profile{Name: host.Pinned}
		for core := range Stages(backups) {
			p.Cores = append(p.Cores, core)
		}
		used := map[int]string{}
		use := func(who string, core int) {
			if other := used[core]; other != "" {
				t.Errorf("%d backups: core %d is for %s and for %s", backups, core, other, who)
			}
			used[core] = who
		}
		for i, name := range rundir.RoleNames {
			use(name, p.Cores[stageParticipants+i])
		}
		use("the first engine's matcher", p.Cores[stageMatcher])
		use("its feeder", p.Cores[stageFeeder])
		for rank := 1; rank <= backups; rank++ {
			own := p.From(StandbyStage(rank))
			use(fmt.Sprintf("the matcher of rank %d", rank), own.Cores[stageMatcher])
			use(fmt.Sprintf("the feeder of rank %d", rank), own.Cores[stageFeeder])
		}
		if len(used) != Stages(backups) {
			t.Errorf("%d backups: %d cores are used, want %d", backups, len(used), Stages(backups))
		}
	}
}

// TestPinnedProfile runs with every stage pinned and spinning. The machine may have too few cores
// for that to be fast, and host.Choose would refuse it there; it must still be right.
func TestPinnedProfile(t *testing.T) {
	m := host.Detect()
	p := host.Profile{Name: host.Pinned, GomaxprocsMin: BusyStages + 1}
	for i := range BusyStages {
		p.Cores = append(p.Cores, m.Cores[i%len(m.Cores)])
	}
	if _, err := host.Choose(host.Pinned, 1, ""); err != nil {
		t.Skip("no thread can be pinned here: ", err)
	}
	day, err := workload.New(workload.Config{Seed: 6, Orders: 300, Instruments: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer day.Close()
	o := &Options{
		Dir: filepath.Join(t.TempDir(), "run"), InProcess: true, Engine: engine.DefaultConfig(), Roles: rundir.DefaultRoles(),
		Profile: p, Verify: true, Log: slog.New(slog.DiscardHandler), SourceName: "test",
	}
	report, err := Execute(t.Context(), o, day)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Verified || report.Profile != host.Pinned || report.Trades == 0 {
		t.Errorf("verified %v, profile %s, %d trades", report.Verified, report.Profile, report.Trades)
	}
}
