package box

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// SourceError says that a source is not the one that a run was begun with.
type SourceError struct {
	Source string
	Why    string
}

func (e *SourceError) Error() string {
	return fmt.Sprintf("%s: not the source of this run: %s", e.Source, e.Why)
}

// reopen reads what the run in the directory was begun with and takes its settings, on which its
// results depend. Nothing is changed.
func (b *box) reopen() error {
	run, err := rundir.Read(b.o.Dir)
	if err != nil {
		return err
	}
	o := b.o
	b.run = run
	o.Engine.Limits, o.Roles, o.Engine.Durable = run.Limits, run.Roles, run.Durable
	if o.Participants != nil && o.Cluster != run.Cluster {
		return &rundir.RefusedError{Dir: o.Dir, Why: fmt.Sprintf("its cluster is %d, not %d", run.Cluster, o.Cluster)}
	}
	return nil
}

// takeUp opens the command log and reads the source as far as the log holds it: side by side, as each takes its time. Neither
// is finished when ctx ends.
func (b *box) takeUp(ctx context.Context, source Source) error {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	f := feed{source: source, strict: b.o.Strict}
	logged, kept := make(chan engine.Source, 1), make(chan error, 1)
	go func() { kept <- f.keepUp(reading, &b.read, func(uint64) {}, logged, b.o.SourceName) }()
	err := b.openLog(ctx)
	if err == nil {
		logged <- b.replica.Source()
		select {
		case err = <-kept:
			b.feed.some, b.feed.lastNs = f.some, f.lastNs
			if err == nil {
				err = context.Cause(ctx) // it may have stopped for that
			}
			return err
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	cancel()
	select {
	case <-kept:
	case <-time.After(keptGrace): // it is stuck in its source, of which nothing is wanted any more
	}
	return err
}

// keptGrace is how long whoever reads the source may take to see that it is not wanted. It is longer than feederGrace: the source is
// closed at once.
const keptGrace = 10 * feederGrace

// openLog opens the command log and reads it, if there is anything in it, until ctx ends.
func (b *box) openLog(ctx context.Context) (err error) {
	if b.leader, err = leads(engineDir(b.o.Dir)); err != nil {
		return err
	}
	at, err := b.openSnapshot()
	if err != nil {
		return err
	}
	options := journal.Options{After: at, Ahead: b.o.Engine.Durable, SegmentSize: b.o.Files.SegmentSize, RecordMax: b.o.Files.RecordMax}
	b.log, err = journal.Open(engineDir(b.o.Dir), options, func(r journal.Record) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := b.replica.Take(r.Kind, r.Body)
		b.read.Store(b.replica.SourceCommands())
		return err
	})
	if err != nil {
		return err
	}
	b.snapshots.lead(b.log)
	if b.replica.Ended() {
		return &rundir.RefusedError{Dir: b.o.Dir, Why: "its run is finished, there is nothing to take up"}
	}
	b.snapshots.keep(b.replica, b.log.Position())
	if t := b.log.Tail(); t.Torn {
		b.o.Log.Warn("the command log ends in the middle of a record, as after a crash", "file", t.File, "offset", t.Offset)
	}
	return nil
}

// openSnapshot makes the replica of the newest snapshot of the command log, behind which the log is to be
// read, or that of an empty log.
func (b *box) openSnapshot() (at journal.Position, err error) {
	b.commandLog = rundir.NewCommandLog(b.o.Dir, b.run.Cluster)
	b.snapshots = &snapshots{log: b.commandLog, cut: b.o.CutLogs, limits: b.o.Engine.Limits, warn: func(err error) {
		b.o.Log.Warn("cannot write a snapshot of the command log: the next start will take longer", "because", err)
	}}
	if b.o.Engine.Durable {
		b.snapshots.every = b.o.Snapshot
	}
	latest, damaged, err := b.commandLog.Snapshots.Latest()
	for _, d := range damaged {
		instead := "the one before it"
		if latest.At.LSN == 0 {
			instead = "the log from its beginning"
		}
		b.o.Log.Warn("damaged snapshot of the command log: using "+instead, "damage", d)
	}
	if err != nil {
		return at, err
	}
	if latest.At.LSN == 0 {
		b.replica, err = engine.NewReplica(b.o.Engine.Limits)
		return at, err
	}
	b.replica, err = engine.RestoreReplica(b.o.Engine.Limits, latest.Body)
	if err != nil {
		return at, fmt.Errorf("%s: %w", engineDir(b.o.Dir), err)
	}
	b.snapshots.last, b.snapshots.from = b.replica.Commands(), latest.At.LSN
	return latest.At, nil
}

// unfinish takes back what the participants say of the end of the stream: it goes on.
func unfinish(dir string) error {
	for _, name := range rundir.RoleNames {
		if err := participant.Unfinish(rundir.RoleDir(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// skipped is how far a source was read to find the place where the command log ends.
type skipped struct {
	feed *feed
	name string
	read engine.Source
}

// skippedUnasked is how many commands are read between two looks at whether they are still wanted.
const skippedUnasked = 1024

// to reads on until so many commands were read, or ctx ends: the source is closed then, and nobody may be reading it.
func (s *skipped) to(ctx context.Context, commands uint64) error {
	var c codec.Command
	for s.read.Commands < commands {
		if s.read.Commands%skippedUnasked == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := s.feed.next(&c)
		if errors.Is(err, io.EOF) {
			return &SourceError{s.name, fmt.Sprintf("it ends after %d commands, the command log holds %d", s.read.Commands, commands)}
		}
		if err != nil {
			return err
		}
		s.read.Add(&c)
	}
	return nil
}

// same reads on to where the log ends, and compares the two.
func (s *skipped) same(ctx context.Context, logged engine.Source) error {
	if err := s.to(ctx, logged.Commands); err != nil {
		return err
	}
	if got, want := s.read.Digest(), logged.Digest(); got != want {
		return &SourceError{s.name, fmt.Sprintf("its first %d commands have digest %016x, those in the command log %016x", s.read.Commands, got, want)}
	}
	return nil
}

// keepUpPause is how far in time the source of a standby may be behind the log.
const keepUpPause = 5 * time.Millisecond

// keepUp reads the source as far as the log that is followed, until this engine leads; then the
// source stands where the log ends. read is told again and again how many commands were read.
func (f *feed) keepUp(ctx context.Context, followed *atomic.Uint64, read func(commands uint64), leading <-chan engine.Source, name string) error {
	s := skipped{feed: f, name: name, read: engine.NewSource()}
	again := time.NewTicker(keepUpPause)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case logged := <-leading:
			return s.same(ctx, logged)
		case <-again.C:
			if err := s.to(ctx, followed.Load()); ctx.Err() != nil {
				return nil
			} else if err != nil {
				return err
			}
			read(s.read.Commands)
		}
	}
}
