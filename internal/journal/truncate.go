package journal

import (
	"fmt"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// TruncateBefore drops the segments that hold only records below lsn, which a snapshot beside the log
// must cover: one whose name has at least this number, else ErrNoSnapshot. Whole segments go, so
// records below lsn may stay. It may be called beside the owner and the syncer, by one goroutine at a
// time, and costs two calls of the file system for each segment.
//
// The oldest goes first, and the next one when that is durable: what a crash leaves is the log without
// some of its beginning, and never one with a hole (I8).
func (j *Journal) TruncateBefore(lsn uint64) error {
	if cause := j.broken.Load(); cause != nil {
		return fmt.Errorf("%w: %w", ErrFailed, *cause)
	}
	newest, err := newestSnapshot(j.options.FS, j.dir)
	if err != nil {
		return err
	}
	if lsn > newest && lsn > 1 {
		return fmt.Errorf("%w: %s before record %d, the newest snapshot is of %d", ErrNoSnapshot, j.dir, lsn, newest)
	}
	if synced := j.synced.Load(); lsn > synced && lsn > 1 {
		return fmt.Errorf("%w: %s before record %d, only %d are durable", ErrNoSnapshot, j.dir, lsn, synced)
	}
	firsts, err := listSegments(j.options.FS, j.dir)
	if err != nil {
		return err
	}
	if mutant.Is(mutant.CutOneMore) && len(firsts) > 2 && firsts[1] <= lsn {
		lsn = max(lsn, firsts[2])
	}
	for ; len(firsts) > 1 && firsts[1] <= lsn; firsts = firsts[1:] {
		if err := j.options.FS.Remove(segmentPath(j.dir, firsts[0])); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		if err := j.options.FS.SyncDir(j.dir); err != nil {
			return j.fail("fsync", j.dir, err)
		}
	}
	return nil
}
