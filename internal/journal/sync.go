package journal

import "github.com/tezi-exchange/tezi/internal/mutant"

// Sync makes everything durable that was flushed before the call: one fdatasync, and one more for
// each segment that was rolled since the last call. All records that were flushed while an earlier
// Sync ran share it: that is the group commit.
func (j *Journal) Sync() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if err := j.refusal(); err != nil { // closed is read under the lock that Close sets it under
		return err
	}
	j.mutex.Lock()
	idle := j.flushed == j.synced.Load()
	j.mutex.Unlock()
	if idle {
		return nil
	}
	return j.sync()
}

// sync does the work of Sync; the caller sees to it that nobody else does.
func (j *Journal) sync() error {
	j.mutex.Lock()
	flushed, current, renamed := j.flushed, j.current, j.renamed
	j.pending = append(j.pending[:0], j.rolled...)
	j.mutex.Unlock()

	for _, f := range j.pending {
		if mutant.Is(mutant.RolledUnsynced) {
			continue
		}
		if err := f.Sync(); err != nil {
			return j.fail("fdatasync", f.Name(), err)
		}
	}
	if err := current.Sync(); err != nil {
		return j.fail("fdatasync", current.Name(), err)
	}
	if renamed && !mutant.Is(mutant.NameUnsynced) {
		if err := j.syncName(); err != nil {
			return err
		}
	}
	j.syncs.Add(1)
	j.synced.Store(flushed)
	return j.retire(len(j.pending))
}

// syncName makes the names of the segments durable.
func (j *Journal) syncName() error {
	j.mutex.Lock()
	j.renamed = false // a roll from here on sets it again and the next call sees to it
	j.mutex.Unlock()
	if err := j.options.FS.SyncDir(j.dir); err != nil {
		return j.fail("fsync", j.dir, err)
	}
	return nil
}

// retire closes the first n rolled segments, which are durable now.
func (j *Journal) retire(n int) error {
	j.mutex.Lock()
	j.rolled = append(j.rolled[:0], j.rolled[n:]...)
	j.mutex.Unlock()
	for _, f := range j.pending[:n] {
		if err := f.Close(); err != nil {
			return j.fail("close", f.Name(), err)
		}
	}
	return nil
}
