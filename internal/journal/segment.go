package journal

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// SegmentSuffix is how the names of segment files end.
const SegmentSuffix = ".journal"

// SegmentLSN reads the name of a segment: the number of its first record.
func SegmentLSN(name string) (lsn uint64, ok bool) { return numbered(name, SegmentSuffix) }

// segmentPath is the file whose first record is first.
func segmentPath(dir string, first uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%020d%s", first, SegmentSuffix))
}

// listSegments returns the first LSN of each segment in dir, ascending. Other files are not the
// journal's business: a participant keeps its state files beside its log.
func listSegments(fs disk.FS, dir string) ([]uint64, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var firsts []uint64
	for _, name := range names {
		if first, ok := SegmentLSN(name); ok {
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

// createSegment makes an empty segment with size reserved bytes. If the disk is full nothing
// stays behind.
func createSegment(fs disk.FS, dir string, first uint64, size int64) (disk.File, error) {
	return createReserved(fs, segmentPath(dir, first), size)
}

// createReserved makes a file of size reserved bytes. The error is a *ReserveError: a full disk may have no room for
// the name either. Any other error: what was begun is still there, and has the name.
func createReserved(fs disk.FS, path string, size int64) (disk.File, error) {
	f, err := fs.Create(path)
	if err != nil {
		return nil, &ReserveError{Bytes: size, Err: err}
	}
	if err := f.Reserve(size); err != nil {
		_ = f.Close() // the error that matters is the one above
		return nil, undone(fs, path, &ReserveError{Bytes: size, Err: err})
	}
	return f, nil
}

// undone removes a file that was begun, and returns why it was not finished, or why it is still there.
func undone(fs disk.FS, path string, why *ReserveError) error {
	if err := fs.Remove(path); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return why
}

// newestSnapshot returns the LSN of the newest snapshot beside a log, 0 if there is none.
func newestSnapshot(fs disk.FS, dir string) (newest uint64, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	for _, name := range names {
		if lsn, ok := SnapshotLSN(name); ok {
			newest = max(newest, lsn)
		}
	}
	return newest, nil
}
