package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// SegmentSuffix is how the names of segment files end.
const SegmentSuffix = ".journal"

// segmentPath is the file whose first record is first.
func segmentPath(dir string, first uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%020d%s", first, SegmentSuffix))
}

// listSegments returns the first LSN of each segment in dir, ascending. Other files are not the
// journal's business: a participant keeps its state files beside its log.
func listSegments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var firsts []uint64
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), SegmentSuffix)
		if !ok || len(digits) != 20 {
			continue
		}
		first, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			continue
		}
		firsts = append(firsts, first)
	}
	slices.Sort(firsts)
	return firsts, nil
}

// createSegment makes an empty segment with size reserved bytes. If the disk is full nothing
// stays behind.
func createSegment(sys *system, dir string, first uint64, size int64) (*os.File, error) {
	path := segmentPath(dir, first)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if err := sys.reserve(f, size); err != nil {
		f.Close()
		os.Remove(path) // the error that matters is the one above
		return nil, fmt.Errorf("journal: cannot reserve %d bytes: %w", size, &os.PathError{Op: "fallocate", Path: path, Err: err})
	}
	return f, nil
}
