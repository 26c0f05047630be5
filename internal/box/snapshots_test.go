package box

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// counted is a source that tells how many commands it has given before the next one.
type counted struct {
	Source
	read   int
	before func(read int) error
}

func (s *counted) Next(c *codec.Command) error {
	if err := s.before(s.read); err != nil {
		return err
	}
	s.read++
	return s.Source.Next(c)
}

// TestStartKeepsWhatItMatched: the snapshot behind a start is that of what it had to match, not one for which everything is
// matched once more. An engine that dies before such a one is done would leave the next one as much to match, and more.
// And a log with a snapshot can be taken up by an engine that is a process of its own, as with backups.
func TestStartKeepsWhatItMatched(t *testing.T) {
	o := filesOptions(t, largeFiles)
	interrupted := func(at int, until func() bool) {
		t.Helper()
		day, err := workload.New(workload.Config{Seed: 5, Orders: 8000, Instruments: 5})
		if err != nil {
			t.Fatal(err)
		}
		defer day.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stuck := make(chan struct{})
		defer close(stuck)
		_, err = Execute(ctx, o, &counted{Source: day, before: func(read int) error {
			if read < at {
				return nil
			}
			for end := waitEnd(t); !until() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			cancel()
			<-stuck
			return errors.New("nobody reads this")
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	var kept uint64
	written := func() bool {
		kept, _ = newestSnapshot(o.Dir) // 0 if it is just written
		return kept != 0
	}
	interrupted(6000, func() bool { return true })
	matched := endOfLog(t, engineDir(o.Dir))
	if written() {
		t.Fatalf("a snapshot of record %d", kept)
	}
	o.Resume, o.Snapshot = true, 4000
	interrupted(7000, written)
	if kept != matched.LSN {
		t.Errorf("the first snapshot is of record %d, the start had matched the log up to %d", kept, matched.LSN)
	}
	if report, err := verify.Run(o.Dir); err != nil || report.Snapshots == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	b, s := box{o: o}, supervisor{o: o}
	o.Snapshot = 1
	err := s.layOut(t.Context(), &b)
	if err := errors.Join(err, b.close()); err != nil || s.before.Commands < 6000 {
		t.Errorf("taken up behind %d commands: %v", s.before.Commands, err)
	}
	if written(); kept <= matched.LSN {
		t.Errorf("what was matched to see whether the run can be taken up is no snapshot: the newest is of record %d", kept)
	}
}

// TestSnapshotOfCommandsThatNobodyAsksFor: every command of the log counts for the next snapshot, whatever it is.
func TestSnapshotOfCommandsThatNobodyAsksFor(t *testing.T) {
	o := filesOptions(t, largeFiles)
	o.Snapshot = 100
	phases := make(told, 4*feedChunk)
	written := uint64(0)
	source := &hooked{&phases, len(phases) + 1, func() error {
		for end := waitEnd(t); written == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
			written, _ = newestSnapshot(o.Dir) // 0 if it is just written
		}
		return nil
	}}
	if _, err := Execute(t.Context(), o, source); err != nil || written == 0 {
		t.Errorf("a snapshot of record %d, want one: %v", written, err)
	}
}

// told is a source of phases.
type told []struct{}

func (s *told) Next(c *codec.Command) error {
	if len(*s) == 0 {
		return io.EOF
	}
	*s = (*s)[1:]
	p := codec.PhaseChange{Kind: codec.KindPhase, Instrument: 1}
	*c = *p.AsCommand()
	return nil
}

// TestSnapshotWaitsForTheDisk: what is due by what is logged is not written while the disk has less than half of it.
func TestSnapshotWaitsForTheDisk(t *testing.T) {
	dir := cutRun(t, largeFiles, false)
	run, err := rundir.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	log := rundir.NewCommandLog(dir, run.Cluster)
	j, err := journal.Open(log.Dir, journal.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // nothing was written
	stats := new(engine.Stats)
	stats.Logged.Store(1 << 40)
	s := snapshots{log: log, limits: run.Limits, stats: stats, warn: func(err error) { t.Error(err) }}
	before, _ := newestSnapshot(dir)
	for _, c := range []struct {
		every uint64
		want  bool
	}{{1 << 30, false}, {2, true}} {
		s.every = c.every
		if err := s.take(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		if after, _ := newestSnapshot(dir); (after > before) != c.want {
			t.Errorf("every %d: the newest snapshot is of record %d, it was of %d", c.every, after, before)
		}
	}
}

// endOfLog is the place behind the last record of a log.
func endOfLog(t *testing.T, dir string) journal.Position {
	t.Helper()
	f, err := journal.Follow(disk.Real, dir, journal.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	for err == nil {
		_, err = f.Next()
	}
	return f.Position()
}
