package rounds

import (
	"errors"
	"io/fs"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// OpenCutDisk opens the log of a participant: it is replayed from the mark of its last Cut on, and repaired
// if it has holes. The errors are those of openParticipantDisk, and *snapshot.FileError for the marks of another node.
func OpenCutDisk(dir string, cluster uint32, node batch3pc.NodeID, owner *ringbuf.Bell, machine Repairer) (*Disk, []*journal.Hole, error) {
	return Files{}.OpenCutDisk(dir, cluster, node, owner, machine)
}

// OpenCutDisk is the function of this name, in these files.
func (f Files) OpenCutDisk(dir string, cluster uint32, node batch3pc.NodeID, owner *ringbuf.Bell, machine Repairer) (*Disk, []*journal.Hole, error) {
	marks := snapshot.NewStore(f.fs(), dir, snapshot.Identity{Cluster: cluster, Node: uint32(node), Kind: snapshot.Participant})
	last, damaged, err := marks.Latest()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	d, holes, err := f.openParticipantDisk(dir, last.At, owner, machine)
	if err != nil {
		return nil, holes, err
	}
	d.marks, d.damaged = marks, damaged
	return d, holes, nil
}

// DamagedMarks are newer marks than that from which the log was replayed, which could not be used.
func (d *Disk) DamagedMarks() []*snapshot.FileError { return d.damaged }

// Mark is the place behind the last record appended.
func (d *Disk) Mark() Mark { return Mark(d.journal.Position()) }

// Remember remembers the mark, from which the next start replays, and keeps what lies before.
func (d *Disk) Remember(m Mark) error {
	if d.marks == nil {
		return nil
	}
	return d.marks.Write(journal.Position(m))
}

// Cut remembers the mark, from which the next start replays, and gives segments back that lie before
// the mark of the Cut before: should this one's file be damaged, that one is used.
func (d *Disk) Cut(m Mark) error {
	if err := d.Remember(m); err != nil || d.marks == nil {
		return err
	}
	oldest, err := d.marks.Oldest()
	if err != nil {
		return err
	}
	return d.journal.TruncateBefore(oldest)
}
