package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// Repairing tells how many segments the next Open puts in place of older ones, because a repair was cut short
// behind its point of no return; 0: none. Readers see the log as it will be then.
func Repairing(files disk.FS, dir string) (segments int, err error) {
	list, err := rewritten(files, dir)
	return len(list), err
}

// pending is a file system in which a repair that has come to the point of no return is finished, whoever
// finishes it, and when. It is for reading.
type pending struct {
	disk.FS
	list []uint64 // the rewritten segments, ascending
}

// repaired returns files as those who only read the log in dir have to see them.
func repaired(files disk.FS, dir string) (disk.FS, error) {
	list, err := rewritten(files, dir)
	if err != nil || len(list) == 0 {
		return files, err
	}
	return pending{files, list}, nil
}

// Open opens the rewritten segment instead of the old one. Where there is none it has got the name already.
func (p pending) Open(path string) (disk.File, error) {
	if first, ok := numbered(filepath.Base(path), SegmentSuffix); ok && slices.Contains(p.list, first) {
		f, err := p.FS.Open(strings.TrimSuffix(path, SegmentSuffix) + rewrittenSuffix)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return p.FS.Open(path)
}

// List leaves out the segments that go, as long as the repair is not finished.
func (p pending) List(dir string) ([]string, error) {
	all, err := p.FS.List(dir)
	if err != nil || !slices.Contains(all, repairName) {
		return all, err
	}
	var names []string
	for _, name := range all {
		if first, ok := numbered(name, SegmentSuffix); !ok || first < p.list[0] {
			names = append(names, name)
		}
	}
	for _, first := range p.list {
		names = append(names, fmt.Sprintf("%020d%s", first, SegmentSuffix))
	}
	slices.Sort(names)
	return names, nil
}
