package journal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

const lockName = "lock"

// Open opens the journal in dir for appending, and makes dir if it is not there. It calls replay
// (unless nil) with each record that is there, in order; a Body is valid during the call only. A
// torn tail is cut off, see Tail; damage is a *DamageError and changes nothing. What replay was
// given is durable when Open returns. Only one Journal at a time can have dir: ErrInUse.
func Open(dir string, o Options, replay func(Record) error) (*Journal, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := disk.MakeDirs(o.FS, dir); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j, err := lockLog(dir, o)
	if err != nil {
		return nil, err
	}
	if err := finishRepair(o.FS, dir); err != nil {
		return j.opened(err)
	}
	r, err := NewReaderOn(o.FS, dir, o.After)
	if err != nil {
		return j.opened(err)
	}
	return j.opened(j.recover(r, replay))
}

// lockLog returns a Journal that has the lock and nothing else.
func lockLog(dir string, o Options) (*Journal, error) {
	lock, err := o.FS.Lock(filepath.Join(dir, lockName))
	if errors.Is(err, disk.ErrLocked) {
		return nil, fmt.Errorf("%w: %w", ErrInUse, err)
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return &Journal{dir: dir, options: o, lock: lock}, nil
}

// opened returns j if err is nil, else it releases it.
func (j *Journal) opened(err error) (*Journal, error) {
	if err == nil {
		if j.options.Ahead {
			j.startFilling()
		}
		return j, nil
	}
	if j.segment != nil {
		_ = j.segment.Close()
	}
	_ = j.lock.Close()
	return nil, err
}

// recover reads what is there, repairs the end and gets ready to append. It closes r.
func (j *Journal) recover(r *Reader, replay func(Record) error) error {
	defer r.Close()                      //nolint:errcheck // read only
	if r.start > 1 && r.after.LSN == 0 { // what replay would get is not the whole of the owner's history; a follower may have read what is gone by now
		return r.misfit(ErrBeforeLog, "a log from LSN 1", fmt.Sprint("one from LSN ", r.start))
	}
	for {
		record, err := r.Next()
		if eof(err) {
			break
		}
		if err != nil {
			return err
		}
		if replay == nil {
			continue
		}
		if err := replay(record); err != nil {
			return fmt.Errorf("journal: replay of record %d of %s: %w", record.LSN, j.dir, err)
		}
	}
	// The buffer holds less than flushSize bytes when a record is put behind them, and never more
	// than a segment; the one that is there may be larger than new ones.
	j.buffer = make([]byte, 0, min(flushSize+headerSize+padded(int64(j.options.RecordMax)), max(j.options.SegmentSize, r.size))+pageSize)
	j.tail = r.tail
	j.lsn, j.record, j.chain, j.promised, j.flushed = r.lsn, r.record, r.chain, r.promised, r.lsn
	if r.first == 0 {
		return j.create()
	}
	return j.resume(r)
}

// create begins an empty log.
func (j *Journal) create() error {
	f, err := createSegment(j.options.FS, j.dir, 1, j.options.SegmentSize)
	if err != nil {
		return err
	}
	j.current, j.renamed = f, true
	j.begin(f, j.options.SegmentSize)
	return errors.Join(j.Flush(), j.sync())
}

// resume goes on behind the last whole record, in segment r.first. Later segments, if any, hold no
// record (invariant I4) and are removed.
func (j *Journal) resume(r *Reader) error {
	for _, first := range r.later() {
		if err := j.options.FS.Remove(segmentPath(j.dir, first)); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	f, err := j.options.FS.OpenWrite(segmentPath(j.dir, r.first))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.segment, j.first, j.current, j.renamed = f, r.first, f, true
	// Cutting before reserving leaves nothing but zeros behind the last record, so that what was
	// torn can never be taken for a record again.
	j.limit = max(r.size, j.options.SegmentSize)
	if j.tail.Torn && !mutant.Is(mutant.TailKept) {
		if err := f.Truncate(r.offset); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	if err := f.Reserve(j.limit); err != nil {
		return fmt.Errorf("journal: cannot reserve %d bytes: %w", j.limit, err)
	}
	j.offset = r.offset
	if r.offset == 0 {
		j.begin(f, j.limit)
		if err := j.Flush(); err != nil {
			return err
		}
	}
	return j.syncAll(r)
}

// syncAll makes durable what was read: a process that died had perhaps not synced it, and from now on
// its records are relied upon. If a sync had failed, the kernel may hold pages that it calls clean and
// that are not on the disk, and no sync will bring them there. So whatever no record proves to be
// durable is written again.
func (j *Journal) syncAll(r *Reader) error {
	if mutant.Is(mutant.OpenUnsynced) {
		j.synced.Store(j.lsn)
		return nil
	}
	for _, first := range r.firsts {
		if first < max(r.start, r.proven.first) || first >= r.first {
			continue
		}
		f, err := j.options.FS.OpenWrite(segmentPath(j.dir, first))
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		err = rewriteBehind(f, r.proven.in(first), -1)
		if err == nil {
			err = f.Sync()
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("journal: cannot sync %s: %w", f.Name(), err)
		}
	}
	if err := rewriteBehind(j.segment, r.proven.in(r.first), j.offset); err != nil {
		return fmt.Errorf("journal: cannot write %s again: %w", j.segment.Name(), err)
	}
	return j.sync()
}

// in is where in a segment the unproven part begins.
func (m *mark) in(first uint64) int64 {
	if m.first == first {
		return m.offset
	}
	return 0
}

// rewriteBehind writes [from, to) of f again as it is; to -1 is the end of f, but for its zeros.
func rewriteBehind(f disk.File, from, to int64) error {
	if mutant.Is(mutant.FailedSyncBelieved) {
		return nil
	}
	if to < 0 {
		size, err := f.Size()
		if err != nil {
			return err
		}
		to = size
	}
	b := make([]byte, min(readAhead, to-from))
	for ; from < to; from += int64(len(b)) {
		b = b[:min(int64(len(b)), to-from)]
		if _, err := f.ReadAt(b, from); err != nil && err != io.EOF {
			return err
		}
		if isZero(b) {
			continue
		}
		if _, err := f.WriteAt(b, from); err != nil {
			return err
		}
	}
	return nil
}
