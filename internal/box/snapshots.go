package box

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// SnapshotCommands is after how many commands the command log gets a snapshot, unless configured: what
// a start has to match again then takes a fraction of a second.
const SnapshotCommands = 1_000_000

// snapshots writes a snapshot of the command log after so many commands, from which a start goes on, and, if
// it is told to, cuts the log behind the one before.
//
// The matcher has no part in it. A snapshot is made as a start is: from the last one and what the log has
// grown by since, on a core of its own that matches again what is decided. So each batch is matched a
// second time, before its commands may go, and its chain compared; a difference ends the run (I10). What
// it costs is spread in time, and the memory of the second core is given back.
//
// An engine that dies before it has done that leaves more to the next one. So what a start has matched, if that was so much, is
// the next snapshot as it stands: else engines that die often would take ever longer to start.
type snapshots struct {
	log     rundir.CommandLog
	limits  engine.Limits
	every   uint64 // commands; 0: never
	cut     bool   // the log keeps only what is behind them
	stats   *engine.Stats
	last    uint64 // command of the last snapshot
	from    uint64 // its record, when this engine started
	kept    atomic.Pointer[keptSnapshot]
	journal atomic.Pointer[journal.Journal]
	warn    func(error)
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// keptSnapshot is one that is not written yet.
type keptSnapshot struct {
	at       journal.Position
	commands uint64 // up to there
	body     []byte
}

// The pace of a snapshot: after a few records, which take some 100 µs, it makes room for those that match
// and commit, if all cores are busy.
const (
	snapshotLook  = 50 * time.Millisecond
	snapshotSlice = 16 // records
	snapshotPause = 250 * time.Microsecond
)

// lead says that the log may be cut: this engine writes it.
func (s *snapshots) lead(j *journal.Journal) { s.journal.Store(j) }

// keep has what a start has matched up to a place in the log be the next snapshot, if one is due. It is written when this
// engine leads, unless another one has written one by then.
func (s *snapshots) keep(r *engine.Replica, at journal.Position) {
	if s.every != 0 && r.Commands() >= s.last+s.every {
		s.kept.Store(&keptSnapshot{at, r.Commands(), r.AppendSnapshot(nil)})
	}
}

// start begins to make snapshots until stop. fail is told of a log that contradicts itself.
func (s *snapshots) start(fail func(error)) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	if s.every == 0 {
		return
	}
	s.done.Go(func() {
		look := time.NewTicker(snapshotLook)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			j := s.journal.Load()
			if ctx.Err() != nil || j == nil || s.kept.Load() == nil && s.stats.Logged.Load() < s.last+s.every {
				continue
			}
			if err := s.take(ctx, j); err != nil && ctx.Err() == nil {
				fail(err)
				return
			}
		}
	})
}

func (s *snapshots) stop() {
	s.cancel()
	s.done.Wait()
}

// take makes a snapshot of what is durable of the log, in the memory of the last one, or takes the one that was kept.
func (s *snapshots) take(ctx context.Context, j *journal.Journal) error {
	durable := j.Synced()
	latest, _, err := s.log.Snapshots.Latest()
	if err != nil {
		return err
	}
	if latest.At.LSN == s.from && s.kept.Load() != nil {
		return s.writeKept(j)
	}
	s.kept.Store(nil)
	if latest.At.LSN >= durable {
		return nil
	}
	var r *engine.Replica
	if latest.At.LSN == 0 {
		r, err = engine.NewReplica(s.limits)
	} else {
		r, err = engine.RestoreReplica(s.limits, latest.Body)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.log.Dir, err)
	}
	defer r.Close()
	if s.stats.Logged.Load() < r.Commands()+s.every { // another engine wrote it, before this one led
		s.last = r.Commands()
		return nil
	}
	at, err := s.follow(ctx, r, latest.At, durable)
	if err != nil {
		return err
	}
	if r.Commands() < s.last+s.every/2 {
		return nil // the disk is behind: what it has so far is not worth a snapshot
	}
	return s.write(j, &keptSnapshot{at, r.Commands(), r.AppendSnapshot(latest.Body[:0])})
}

// writeKept writes what was kept, if anything was.
func (s *snapshots) writeKept(j *journal.Journal) error {
	if kept := s.kept.Swap(nil); kept != nil {
		return s.write(j, kept)
	}
	return nil
}

// write makes a snapshot durable, and cuts the log. A disk that does not take the snapshot is a warning: the log has
// everything, and the next try comes.
func (s *snapshots) write(j *journal.Journal, k *keptSnapshot) error {
	s.last = k.commands
	if err := s.log.Snapshots.Write(k.at, k.body); err != nil {
		s.warn(err)
		return nil
	}
	if !s.cut {
		return nil
	}
	oldest, err := s.log.Snapshots.Oldest()
	if err != nil {
		return err
	}
	return j.TruncateBefore(oldest)
}

// follow lets r take the records behind after, up to number durable.
func (s *snapshots) follow(ctx context.Context, r *engine.Replica, after journal.Position, durable uint64) (journal.Position, error) {
	reader, err := journal.NewReaderOn(disk.Real, s.log.Dir, after)
	if err != nil {
		return after, err
	}
	defer reader.Close() //nolint:errcheck // read only
	for n := 1; after.LSN < durable; n++ {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%s: the log ends at record %d, %d were durable", s.log.Dir, after.LSN, durable)
		}
		if err == nil {
			err = r.Take(rec.Kind, rec.Body)
		}
		if err != nil {
			return after, err
		}
		after = reader.Position()
		if n%snapshotSlice == 0 {
			if ctx.Err() != nil {
				return after, ctx.Err()
			}
			time.Sleep(snapshotPause)
		}
	}
	return after, nil
}
