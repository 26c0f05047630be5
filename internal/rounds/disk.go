package rounds

import (
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/mutant"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Disk is a Log in a directory, with a goroutine that calls fdatasync beside the owner's loop. What
// was flushed before a sync begins is covered by it, so records that pile up while the disk works
// share the next one (group commit). An owner with nothing else to do syncs itself (WantNow). All methods but
// Syncs belong to the owner.
type Disk struct {
	dir     string
	files   Files
	journal *journal.Journal
	trail   trail
	marks   *snapshot.Store       // where the log may be read from; nil: it is never cut
	damaged []*snapshot.FileError // newer marks than the one in use
	owner   *ringbuf.Bell         // rung when a sync ended
	bell    *ringbuf.Bell         // wakes the goroutine
	wanted  atomic.Uint64
	durable atomic.Uint64
	syncs   atomic.Uint64
	stopped atomic.Bool
	failed  atomic.Pointer[error]
	started bool
	done    sync.WaitGroup
}

// OpenDisk opens the log in dir, which is made if it is not there, and calls replay with each
// record, in order. The owner's bell is rung whenever a sync ended. ErrInUse: another process, or
// another part of this one, has the directory.
func OpenDisk(dir string, owner *ringbuf.Bell, replay func(kind uint8, body []byte) error) (*Disk, error) {
	return Files{}.OpenDisk(dir, owner, replay)
}

// OpenDecided implements Archive.
func (d *Disk) OpenDecided(behind batch3pc.Seq) (DecidedReader, error) {
	if place, ok := d.trail.before(behind); ok {
		if r, err := journal.NewReaderAt(d.files.fs(), d.dir, place); err == nil { // else its segment may be gone
			return &Decided{reader: r}, nil
		}
	}
	return newDecidedNear(d.files.fs(), d.dir, behind)
}

// Passed implements Archive.
func (d *Disk) Passed(at batch3pc.Seq) { d.trail.passed(at, d.journal.Place) }

// Append adds a record whose body is head and then payload. Both are copied.
func (d *Disk) Append(kind uint8, head, payload []byte) error {
	_, err := d.journal.Append(kind, head, payload)
	return err
}

// Flush hands what was appended to the operating system.
func (d *Disk) Flush() error { return d.journal.Flush() }

// LSN is the number of the last record appended.
func (d *Disk) LSN() uint64 { return d.journal.LSN() }

// Want asks for durability up to lsn, which must be flushed.
func (d *Disk) Want(lsn uint64) {
	if d.wanted.Load() < lsn {
		d.wanted.Store(lsn)
		d.bell.Ring()
	}
}

// WantNow is Want by an owner who has nothing else to do before: if no sync runs, it does the work itself, which
// takes one wake-up less each way than to have it done.
func (d *Disk) WantNow(lsn uint64) {
	durable := d.durable.Load()
	if mutant.Enabled && d.waitsBadly(lsn) {
		return
	}
	switch {
	case !d.started || d.wanted.Load() > durable || d.failed.Load() != nil:
		d.Want(lsn)
	case lsn > durable && d.sync(lsn):
		d.wanted.Store(lsn) // after durable: the syncer finds nothing to do
	}
}

// Synced is the number of the last record known to be durable, and the error that ended syncing.
func (d *Disk) Synced() (uint64, error) {
	if p := d.failed.Load(); p != nil {
		return d.durable.Load(), *p
	}
	return d.durable.Load(), nil
}

// Syncs counts the syncs that Want has led to.
func (d *Disk) Syncs() uint64 { return d.syncs.Load() }

// Start begins syncing; before it, nothing becomes durable but by Settle.
func (d *Disk) Start() {
	if d.started {
		return
	}
	d.started = true
	d.done.Go(d.run)
}

// Stepped is Start by an owner who steps the syncer himself (SyncWanted).
func (d *Disk) Stepped() { d.started = true }

func (d *Disk) run() {
	moved := func() bool { return d.stopped.Load() || d.wanted.Load() > d.durable.Load() }
	for !d.stopped.Load() && d.failed.Load() == nil {
		if !d.SyncWanted() {
			d.bell.Wait(moved)
		}
	}
}

// SyncWanted makes durable what Want has asked for, once, and reports whether there was anything to do.
// It is the work of the goroutine that Start starts, for an owner who steps the syncer himself.
func (d *Disk) SyncWanted() bool {
	lsn := d.wanted.Load()
	if lsn <= d.durable.Load() || d.failed.Load() != nil {
		return false
	}
	d.sync(lsn)
	d.owner.Ring()
	return true
}

// sync makes everything up to lsn durable, which is flushed. It belongs to the syncer while something is wanted,
// else to the owner.
func (d *Disk) sync(lsn uint64) (ok bool) {
	if err := d.journal.Sync(); err != nil && !mutant.Is(mutant.SyncErrorIgnored) {
		failed := err // a copy: err itself would be on the heap at every sync
		d.failed.Store(&failed)
		return false
	}
	d.syncs.Add(1)
	if mutant.Is(mutant.NextGroupAcked) {
		lsn = d.journal.LSN()
	}
	d.durable.Store(lsn)
	return true
}

// Settle makes everything durable before it returns.
func (d *Disk) Settle() error {
	if err := d.journal.Flush(); err != nil {
		return err
	}
	return d.journal.Sync()
}

// Close ends the goroutine, makes everything durable and releases the directory. A Disk whose sync
// has failed is only released.
func (d *Disk) Close() error {
	d.stopped.Store(true)
	d.bell.Ring()
	d.done.Wait()
	return d.journal.Close()
}
