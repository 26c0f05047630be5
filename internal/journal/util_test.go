package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// small makes segments that a handful of records fill.
var small = Options{SegmentSize: 1024, RecordMax: 256}

// body returns the body that record n has in these tests: its length and bytes follow from n.
func body(n uint64) []byte {
	b := make([]byte, n*37%150)
	return pattern(n, b)
}

// wide is a body that mostly spans sectors of a disk.
func wide(n uint64) []byte { return pattern(n, make([]byte, n*397%1500)) }

func pattern(n uint64, b []byte) []byte {
	for i := range b {
		b[i] = byte(n) ^ byte(i*7)
	}
	return b
}

func kindOf(n uint64) uint8 { return uint8(n%250) + 1 }

// fill appends n records and returns the LSN of the last.
func fill(t testing.TB, j *Journal, n int) uint64 {
	t.Helper()
	for range n {
		next := j.LSN() + 1
		b := body(next)
		lsn, err := j.Append(kindOf(next), b[:len(b)/3], b[len(b)/3:])
		if err != nil {
			t.Fatal(err)
		}
		if lsn != next || j.LSN() != next {
			t.Fatalf("Append gave LSN %d and LSN() %d, want %d (I1)", lsn, j.LSN(), next)
		}
	}
	return j.LSN()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string, o Options) *Journal {
	t.Helper()
	j, err := Open(dir, o, nil)
	must(t, err)
	return j
}

// checker returns a replay that checks each record, and the number it has seen.
func checker() (func(Record) error, *uint64) { return checkerOf(body) }

func checkerOf(body func(uint64) []byte) (func(Record) error, *uint64) {
	seen := new(uint64)
	return func(r Record) error {
		*seen++
		if r.LSN != *seen || r.Kind != kindOf(r.LSN) || !slices.Equal(r.Body, body(r.LSN)) {
			return fmt.Errorf("record %d: got LSN %d, kind %d, body % x", *seen, r.LSN, r.Kind, r.Body)
		}
		return nil
	}, seen
}

// reopen opens, checks and closes the log and returns how many records it had and its tail.
func reopen(t testing.TB, dir string, o Options) (uint64, Tail, error) {
	t.Helper()
	check, seen := checker()
	j, err := Open(dir, o, check)
	if err != nil {
		return *seen, Tail{}, err
	}
	tail := j.Tail()
	must(t, j.Close())
	return *seen, tail, nil
}

// readAll reads the log without a lock and returns how many records it has.
func readAll(t testing.TB, dir string) (uint64, Tail, error) {
	t.Helper()
	return readAllOn(t, disk.Real, dir)
}

func readAllOn(t testing.TB, fs disk.FS, dir string) (uint64, Tail, error) {
	t.Helper()
	r, err := NewReaderOn(fs, dir, Position{})
	if err != nil {
		return 0, Tail{}, err
	}
	defer r.Close()
	check, seen := checker()
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return *seen, r.Tail(), nil
		}
		if err != nil {
			return *seen, r.Tail(), err
		}
		must(t, check(record))
	}
}

// image is the content of a directory of segments.
type image map[string][]byte

func capture(t testing.TB, dir string) image {
	t.Helper()
	return captureOn(t, disk.Real, dir)
}

func captureOn(t testing.TB, fs disk.FS, dir string) image {
	t.Helper()
	names, err := fs.List(dir)
	must(t, err)
	im := image{}
	for _, name := range names {
		if filepath.Ext(name) == SegmentSuffix {
			b, err := readFile(fs, filepath.Join(dir, name))
			must(t, err)
			im[name] = b
		}
	}
	return im
}

func (im image) names() []string {
	var names []string
	for name := range im {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// last returns the name of the last segment.
func (im image) last() string { return im.names()[len(im)-1] }

// restore makes dir hold exactly the image.
func (im image) restore(t testing.TB, dir string) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	now := capture(t, dir)
	for name := range now {
		if _, ok := im[name]; !ok {
			must(t, os.Remove(filepath.Join(dir, name)))
		}
	}
	for name, b := range im {
		if had, ok := now[name]; !ok || !slices.Equal(had, b) {
			must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		}
	}
}

// memoryDir is a directory in memory where there is such a file system: the tests of crashes make
// many small files and no use of a real disk.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tezi-journal-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (im image) clone() image {
	c := image{}
	for name, b := range im {
		c[name] = slices.Clone(b)
	}
	return c
}

// used is the length of b up to its last byte that is not zero, in whole words.
func used(b []byte) int {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return (n + 7) &^ 7
}
