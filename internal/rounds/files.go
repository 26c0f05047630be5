package rounds

import (
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Files are where logs lie, and how large their segments are there. The zero value is the operating
// system's and what suits it; a simulator has a disk of its own.
type Files struct {
	FS          disk.FS // nil: disk.Real
	SegmentSize int64   // of journal.Options
	RecordMax   int     // of journal.Options
	Async       bool    // nobody waits for what becomes durable: segments are not filled ahead
}

func (f Files) fs() disk.FS {
	if f.FS == nil {
		return disk.Real
	}
	return f.FS
}

func (f Files) options(after journal.Position) journal.Options {
	return journal.Options{SegmentSize: f.SegmentSize, RecordMax: f.RecordMax, FS: f.FS, After: after, Ahead: f.FS == nil && !f.Async}
}

// OpenDisk is the function of this name, in these files.
func (f Files) OpenDisk(dir string, owner *ringbuf.Bell, replay func(kind uint8, body []byte) error) (*Disk, error) {
	return f.openDisk(dir, journal.Position{}, owner, new(uint64), replay)
}
