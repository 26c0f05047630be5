package system

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// shard is an engine with its stream and its participants.
type shard struct {
	number int // from 0
	loop   *workload.Loop
	meter  *meter
	mu     sync.Mutex               // participants end side by side
	cpu    map[string]time.Duration // of the participants
	report *bench.Report
}

// newShards makes what the shards of a case are fed with, and what measures them.
func newShards(ctx context.Context, c *Case) ([]*shard, error) {
	crowd := newCrowd(c.Shards)
	var shards []*shard
	for i := range c.Shards {
		loop, err := workload.NewLoop(ctx, c.Loop)
		if err != nil {
			return nil, err
		}
		m := &meter{crowd: crowd, warmup: c.Warmup, duration: c.Duration, open: c.Rate > 0, recorder: bench.NewRecorder(), parts: bench.NewBudgetRecorder(rundir.RoleNames)}
		shards = append(shards, &shard{number: i, loop: loop, meter: m, cpu: map[string]time.Duration{}})
	}
	return shards, nil
}

// runShards runs them side by side. When one fails the others are stopped.
func runShards(ctx context.Context, o *Options, c *Case, profile host.Profile, shards []*shard) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(shards))
	var all sync.WaitGroup
	for i, s := range shards {
		all.Go(func() {
			if errs[i] = s.execute(ctx, o, c, profile.Part(i, len(shards))); errs[i] != nil {
				cancel()
			}
		})
	}
	all.Wait()
	return firstCause(errs)
}

// firstCause leaves out that the others were stopped for it.
func firstCause(errs []error) error {
	var causes []error
	var stopped error
	for _, err := range errs {
		if errors.Is(err, context.Canceled) {
			stopped = err
		} else {
			causes = append(causes, err)
		}
	}
	if err := errors.Join(causes...); err != nil {
		return err
	}
	return stopped
}

// execute runs the shard to its end.
func (s *shard) execute(ctx context.Context, o *Options, c *Case, p host.Profile) error {
	run := s.run(o, c)
	run.Profile = p
	if len(run.Profiles.Kinds) > 0 { // its participants do not make directories
		if err := os.MkdirAll(run.Profiles.Dir, 0o755); err != nil {
			return err
		}
	}
	report, err := box.Execute(ctx, run, &source{loop: s.loop, crowd: s.meter.crowd})
	if err == nil {
		err = judge(report)
	}
	if err == nil && s.meter.snapshot == nil {
		err = errShort
	}
	s.report = report
	if err != nil && c.Shards > 1 && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("shard %d: %w", s.number, err)
	}
	return err
}

// run are the options of the run behind a shard.
func (s *shard) run(o *Options, c *Case) *box.Options {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ended := func(role string, cpu time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cpu[role] += cpu
	}
	dir, profiles := o.Dir, o.Profiles
	if c.Shards > 1 { // files of the same names
		name := fmt.Sprintf("shard-%d", s.number)
		dir, profiles = filepath.Join(dir, name), profile.Set{Kinds: profiles.Kinds, Dir: filepath.Join(profiles.Dir, name)}
	}
	run := &box.Options{
		Dir: dir, Force: true, InProcess: c.Transport == TransportRings, Transport: c.Transport, Executable: o.Executable,
		Engine: c.config(), Roles: rundir.DefaultRoles(), Log: log, Profiles: profiles,
		Recorder: s.meter.recorder, Budget: s.meter.parts, Committed: s.meter.committed, Ended: ended,
		SourceName: "loop", SourceFormat: "workload",
	}
	run.Engine.Shard = uint16(s.number)
	if c.Rate > 0 {
		run.Pace.PerSecond = c.Rate / float64(c.Shards) * float64(s.loop.Len()) / float64(s.loop.Trades)
	}
	return run
}
