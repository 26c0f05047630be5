package sim

import (
	"path"
	"strings"
	"syscall"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/check"
	fs "github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// logDir is where a node's log lies on its own disk.
const logDir = "/log"

// computer is where a node lives at the driver level: a disk whose power can be cut, with faults that
// are armed and come once. It is the fs.FS of the process that runs there, and sees from below which
// records of the log are on the disk for good: it believes nothing that the journal says of that.
type computer struct {
	*simdisk.Disk
	id        batch3pc.NodeID
	watch     *check.Watch
	process   *process // nil while the node is down or starts
	segments  []segment
	records   []batch3pc.Record // appended in this life; the first has number first+1
	first     uint64
	written   []uint64 // hashes of the records, by number; 0: not known
	durable   uint64   // last record that survives whatever comes
	failSync  bool     // the next sync fails
	failWrite bool     // the next write fails
	full      bool
	failed    bool          // one of them came in this life
	effects   int           // that the process still has before it dies in the middle of a step; negative: it does not
	damaged   bool          // something on the disk was spoiled, and the node has not got over it
	strange   bool          // and holds what belongs into another log
	old       *simdisk.Disk // of a coordinator: a copy that was made at its first start
	empty     bool          // the disk was lost, and no generation names the new log
}

// segment is a file of the log as it is seen from below.
type segment struct {
	path    string
	written uint64 // last record that was handed to the operating system in it
	synced  uint64 // last record that a sync of it has covered
	named   bool   // its name is durable
	gone    bool   // a sync of it has failed: what was written may never become durable
}

// alive is the value of effects of a process that does not die by itself.
const alive = -1

func newComputer(id batch3pc.NodeID, watch *check.Watch, seed uint64) *computer {
	return &computer{Disk: simdisk.New(seed), id: id, watch: watch, effects: alive}
}

// refuse sees every call of the disk before it is made.
func (c *computer) refuse(call simdisk.Call) error {
	if call.Op.Changes() {
		if c.effects == 0 {
			return simdisk.ErrDead
		}
		c.effects--
	}
	switch {
	case c.failSync && (call.Op == simdisk.OpSync || call.Op == simdisk.OpSyncDir):
		c.failSync, c.failed = false, true
		// What a failed sync gives up of a segment that was left looks like damage when a power cut has taken it from
		// memory too: see rolled. It is made good in the same way.
		c.damaged = c.damaged || c.rolled()
		return syscall.EIO
	case c.failWrite && call.Op == simdisk.OpWrite:
		c.failWrite, c.failed = false, true
		return syscall.EIO
	}
	return nil
}

// opened says that a log was opened whose last record is lsn, all of it durable.
func (c *computer) opened(lsn uint64) error {
	c.records, c.first, c.durable = c.records[:0], lsn, lsn
	names, err := c.List(logDir)
	c.segments = c.segments[:0]
	for _, name := range names {
		if strings.HasSuffix(name, ".journal") {
			c.segments = append(c.segments[:0], segment{path: path.Join(logDir, name), written: lsn, synced: lsn, named: true})
		}
	}
	return err
}

// appended is the number of the last record that the journal has taken.
func (c *computer) appended() uint64 { return c.first + uint64(len(c.records)) }

// note remembers what was written as record lsn.
func (c *computer) note(lsn uint64, kind uint8, body []byte) {
	for uint64(len(c.written)) <= lsn {
		c.written = append(c.written, 0)
	}
	c.written[lsn] = hashOf(kind, body)
}

func hashOf(kind uint8, body []byte) uint64 { return xxhash.Sum64(body) ^ mix(uint64(kind)) | 1 }

// readsBack compares the records that were replayed, of which last is the last one, with what was written.
func (c *computer) readsBack(read []batch3pc.Record, last uint64) {
	var body []byte
	for i := range read {
		r := &read[i]
		lsn := last - uint64(len(read)-1-i)
		body = codec.AppendRecord(body[:0], r)
		if lsn < uint64(len(c.written)) && c.written[lsn] != 0 && c.written[lsn] != hashOf(uint8(r.Kind), body) {
			c.watch.Fail("I4", "participant %d reads record %d (%v %d), which is not what it wrote", c.id, lsn, r.Kind, r.Seq)
		}
	}
}

func (c *computer) segment(path string) *segment {
	for i := range c.segments {
		if c.segments[i].path == path {
			return &c.segments[i]
		}
	}
	return nil
}

// harden tells the Watch which records have become durable: those up to the first one that no sync of
// its file has covered, or whose file a power cut would leave without a name.
func (c *computer) harden() {
	high := c.durable
	for i := range c.segments {
		s := &c.segments[i]
		if !s.named {
			break
		}
		high = max(high, s.synced)
		if s.synced < s.written {
			break
		}
	}
	for ; c.durable < high; c.durable++ {
		c.watch.Durable(c.id, &c.records[c.durable-c.first])
	}
}

// rolled reports whether a segment was left that is not durable yet. The journal takes it for damage if a
// later segment is there and the end of this one is not, which no file system is known to leave
// (docs/formats/journal.md, rule 2): so what was written first survives first.
func (c *computer) rolled() bool {
	for i := range c.segments {
		if s := &c.segments[i]; i+1 < len(c.segments) && (s.synced < s.written || s.gone) {
			return true
		}
	}
	return false
}

// wait lets time pass in a call of the syncer, and reports whether the process has survived it. The
// owner's calls take no time, not even a sync that he makes himself.
func (c *computer) wait() bool {
	return c.process == nil || !c.process.stepping || c.process.yield(true)
}

// Create implements fs.FS.
func (c *computer) Create(path string) (fs.File, error) {
	f, err := c.Disk.Create(path)
	if err != nil {
		return nil, err
	}
	if c.process != nil && strings.HasSuffix(path, ".journal") {
		c.segments = append(c.segments, segment{path: path, written: c.appended(), synced: c.appended()})
	}
	return &file{f, c}, nil
}

// OpenWrite implements fs.FS.
func (c *computer) OpenWrite(path string) (fs.File, error) {
	f, err := c.Disk.OpenWrite(path)
	if err != nil {
		return nil, err
	}
	return &file{f, c}, nil
}

// Remove implements fs.FS.
func (c *computer) Remove(path string) error {
	if c.process != nil && strings.HasSuffix(path, ".journal") {
		c.watch.Count.Truncation++
	}
	return c.Disk.Remove(path)
}

// SyncDir implements fs.FS.
func (c *computer) SyncDir(dir string) error {
	covered := len(c.segments)
	if !c.wait() {
		return simdisk.ErrDead
	}
	if err := c.Disk.SyncDir(dir); err != nil {
		return err
	}
	for i := range covered {
		c.segments[i].named = true
	}
	c.harden()
	return nil
}

// file is an open file of a computer.
type file struct {
	fs.File
	computer *computer
}

// WriteAt implements fs.File. The journal writes whatever it has taken, and nothing else.
func (f *file) WriteAt(b []byte, offset int64) (int, error) {
	n, err := f.File.WriteAt(b, offset)
	if s := f.computer.segment(f.Name()); s != nil && err == nil {
		s.written = f.computer.appended()
	}
	return n, err
}

// Sync implements fs.File. It covers what was written when it began.
func (f *file) Sync() error {
	c := f.computer
	covered := uint64(0)
	if s := c.segment(f.Name()); s != nil {
		covered = s.written
		if c.process != nil && !c.process.stepping {
			c.watch.Count.OwnSync++
		}
	}
	if !c.wait() {
		return simdisk.ErrDead
	}
	err := f.File.Sync()
	if s := c.segment(f.Name()); s != nil {
		s.gone = s.gone || err != nil
		if !s.gone {
			s.synced = max(s.synced, covered)
			c.harden()
		}
	}
	return err
}
