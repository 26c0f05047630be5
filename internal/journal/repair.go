package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Files of a repair. Segments are rewritten beside the old ones; the list of them is the point of no
// return: once it has its name, they are the log.
const (
	rewrittenSuffix = ".rewritten"
	repairName      = "repair"
	repairEnd       = "end"
)

// Repair makes a log with holes whole again: records of the given kind take the place of the holes, and what follows
// is numbered anew. It returns the holes, with their old numbers; none, and nothing is changed, if the log has no
// damage. What is in the holes is not brought back: the owner has to know from the records of this kind that its log
// is not its whole history. The log must not be open: ErrInUse. A torn tail is cut off on the way. Of the options,
// After works as in Open: what lies before it is neither read nor repaired.
//
// A crash leaves the old log, or the new one for the next Open or Repair to put in its place. A log
// whose beginning is gone cannot be made whole: its *DamageError comes back.
func Repair(dir string, o Options, kind uint8) (holes []*Hole, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return nil, err
	}
	if kind == kindMark {
		return nil, ErrKind
	}
	o.Ahead = false // a spare would get its name among the old segments
	held, err := lockLog(dir, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, held.lock.Close()) }()
	if err := finishRepair(o.FS, dir); err != nil {
		return nil, err
	}
	r, err := NewSalvager(o.FS, dir, o.After)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	for {
		_, err := r.Next()
		hole := new(Hole)
		if eof(err) {
			return nil, nil
		}
		if errors.As(err, &hole) {
			return rewrite(dir, o, kind, r, hole)
		}
		if err != nil {
			return nil, err
		}
	}
}

// rewrite writes the segments anew from the one on in which the first hole begins, and puts them in
// the place of the old ones.
func rewrite(dir string, o Options, kind uint8, r *Reader, hole *Hole) (holes []*Hole, err error) {
	before := r.beforeHole
	if before.first == 0 || before.offset == 0 {
		return nil, hole.Damage
	}
	over := &overlay{FS: o.FS, from: before.first}
	if err := over.clear(dir); err != nil {
		return nil, err
	}
	if err := over.copyUpTo(dir, before, max(o.SegmentSize, before.offset)); err != nil {
		return nil, err
	}
	o.FS = over
	j, err := lockLog(dir, o)
	if err != nil {
		return nil, err
	}
	old, err := NewReaderOn(over, dir, o.After)
	if err == nil {
		err = j.recover(old, nil)
	}
	if j, err = j.opened(err); err != nil {
		return nil, err
	}
	for next := error(hole); err == nil && !eof(next); {
		var record Record
		if found := new(Hole); errors.As(next, &found) {
			holes = append(holes, found)
			if !mutant.Is(mutant.HoleClosed) {
				_, err = j.Append(kind, found.body())
			}
		} else if next != nil {
			err = next
		}
		if err == nil {
			if record, next = r.Next(); next == nil {
				_, err = j.Append(record.Kind, record.Body)
			}
		}
	}
	if err = errors.Join(err, j.Close()); err != nil {
		return nil, err
	}
	if err := over.commit(dir); err != nil {
		return nil, err
	}
	return holes, finishRepair(over.FS, dir)
}

// body is that of the record which takes the place of the hole, little endian:
//
//	0  u64  the last record before it, as numbered in the damaged log
//	8  u64  the first record behind it, as numbered there; 0: there was none
func (h *Hole) body() []byte {
	b := binary.LittleEndian.AppendUint64(nil, h.After)
	return binary.LittleEndian.AppendUint64(b, h.Next)
}

// overlay is a file system in which the segments of a log from one on are the rewritten ones.
type overlay struct {
	disk.FS
	from uint64
}

func (o *overlay) path(path string) string {
	dir, name := filepath.Split(path)
	if first, ok := numbered(name, SegmentSuffix); ok && first >= o.from {
		return dir + strings.TrimSuffix(name, SegmentSuffix) + rewrittenSuffix
	}
	return path
}

func (o *overlay) Create(path string) (disk.File, error)    { return o.FS.Create(o.path(path)) }
func (o *overlay) Open(path string) (disk.File, error)      { return o.FS.Open(o.path(path)) }
func (o *overlay) OpenWrite(path string) (disk.File, error) { return o.FS.OpenWrite(o.path(path)) }
func (o *overlay) Remove(path string) error                 { return o.FS.Remove(o.path(path)) }

// Lock is free: the repair has the lock already.
func (o *overlay) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (o *overlay) List(dir string) ([]string, error) {
	all, err := o.FS.List(dir)
	var names []string
	for _, name := range all {
		if first, ok := numbered(name, rewrittenSuffix); ok {
			names = append(names, fmt.Sprintf("%020d%s", first, SegmentSuffix))
		} else if first, ok := numbered(name, SegmentSuffix); !ok || first < o.from {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}

// clear removes what a repair has left that did not come to its end.
func (o *overlay) clear(dir string) error {
	names, err := o.FS.List(dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	for _, name := range names {
		if _, ok := numbered(name, rewrittenSuffix); ok || name == repairName+rewrittenSuffix {
			if err := o.FS.Remove(filepath.Join(dir, name)); err != nil {
				return fmt.Errorf("journal: %w", err)
			}
		}
	}
	return nil
}

// copyUpTo makes the first rewritten segment, with what the old one holds up to an end.
func (o *overlay) copyUpTo(dir string, e end, size int64) error {
	path := segmentPath(dir, e.first)
	b, err := readFile(o.FS, path)
	if err != nil {
		return err
	}
	f, err := o.Create(path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err = f.Reserve(size); err == nil {
		_, err = f.WriteAt(b[:e.offset], 0)
	}
	if err = errors.Join(err, f.Close()); err != nil { // the journal that goes on with it syncs it
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// commit makes the list of the rewritten segments durable.
func (o *overlay) commit(dir string) error {
	names, err := o.FS.List(dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	var list strings.Builder
	for _, name := range names {
		if first, ok := numbered(name, rewrittenSuffix); ok {
			fmt.Fprintln(&list, first)
		}
	}
	list.WriteString(repairEnd)
	temp, path := filepath.Join(dir, repairName+rewrittenSuffix), filepath.Join(dir, repairName)
	f, err := o.FS.Create(temp)
	if err == nil {
		_, err = f.WriteAt([]byte(list.String()), 0)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = errors.Join(o.FS.Rename(temp, path), o.FS.SyncDir(dir))
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// finishRepair puts rewritten segments in the place of the old ones, if a repair has come to the point
// of no return. Every step may be done again.
func finishRepair(files disk.FS, dir string) error {
	list, err := rewritten(files, dir)
	if err != nil || len(list) == 0 {
		return err
	}
	firsts, err := listSegments(files, dir)
	if err != nil {
		return err
	}
	for _, first := range firsts {
		if first >= list[0] && !slices.Contains(list, first) {
			if err := files.Remove(segmentPath(dir, first)); err != nil {
				return fmt.Errorf("journal: %w", err)
			}
		}
	}
	over := overlay{files, list[0]}
	names, err := files.List(dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	for _, first := range list {
		path := segmentPath(dir, first)
		if slices.Contains(names, filepath.Base(over.path(path))) {
			if err := files.Rename(over.path(path), path); err != nil {
				return fmt.Errorf("journal: %w", err)
			}
		}
	}
	err = files.SyncDir(dir)
	if err == nil {
		err = errors.Join(files.Remove(filepath.Join(dir, repairName)), files.SyncDir(dir))
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// rewritten reads the list of a repair that has come to the point of no return; nil: there is none.
func rewritten(files disk.FS, dir string) (list []uint64, err error) {
	names, err := files.List(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if !slices.Contains(names, repairName) {
		return nil, nil
	}
	path := filepath.Join(dir, repairName)
	b, err := readFile(files, path)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(b), "\n")
	for _, line := range lines[:len(lines)-1] {
		first, err := strconv.ParseUint(line, 10, 64)
		if err != nil {
			return nil, &DamageError{File: path, Want: "a number of a segment in each line", Got: fmt.Sprintf("%q", line)}
		}
		list = append(list, first)
	}
	if len(list) == 0 || lines[len(lines)-1] != repairEnd {
		return nil, &DamageError{File: path, Want: "numbers of segments and " + repairEnd, Got: fmt.Sprintf("%q", b[:min(len(b), 100)])}
	}
	return list, nil
}
