package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

// TestRoundTrip appends over many segments and several openings and reads everything back.
func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "log")
	total := uint64(0)
	for round := range 5 {
		check, seen := checker()
		j, err := Open(dir, small, check)
		must(t, err)
		if *seen != total || j.LSN() != total || j.Tail().Torn {
			t.Fatalf("round %d: replayed %d, LSN %d, tail %+v, want %d and clean", round, *seen, j.LSN(), j.Tail(), total)
		}
		total = fill(t, j, 1+round*20)
		must(t, j.Close())
	}
	n, tail, err := readAll(t, dir)
	must(t, err)
	if n != total || tail.Torn || len(capture(t, dir)) < 10 {
		t.Fatalf("read %d records of %d in %d segments, tail %+v", n, total, len(capture(t, dir)), tail)
	}
}

// TestIdleReopen checks that opening and closing alone does not make the log grow.
func TestIdleReopen(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small)
	fill(t, j, 3)
	must(t, j.Close())
	before := capture(t, dir)
	for range 3 {
		must(t, open(t, dir, small).Close())
	}
	after := capture(t, dir)
	if name := before.last(); len(after) != len(before) || string(after[name]) != string(before[name]) {
		t.Fatal("the log changed by opening and closing it")
	}
}

// TestAlignment checks that bodies are aligned in memory, as casts of payloads need.
func TestAlignment(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	fill(t, j, 1000)
	must(t, j.Close())
	must(t, open(t, dir, Options{}).Close())
	_, err := Open(dir, Options{}, func(r Record) error {
		if len(r.Body) > 0 && uintptr(unsafe.Pointer(&r.Body[0]))%8 != 0 {
			return errors.New("misaligned")
		}
		return nil
	})
	must(t, err)
}

func TestAppendRefuses(t *testing.T) {
	j := open(t, t.TempDir(), small)
	if _, err := j.Append(0, nil); !errors.Is(err, ErrKind) {
		t.Errorf("kind 0: %v, want ErrKind", err)
	}
	if _, err := j.Append(1, make([]byte, 200), make([]byte, 57)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("257 bytes: %v, want ErrTooLarge", err)
	}
	if lsn, err := j.Append(1, make([]byte, 256)); lsn != 1 || err != nil {
		t.Errorf("256 bytes: LSN %d, %v", lsn, err)
	}
	must(t, j.Close())
	must(t, j.Close())
	for name, err := range map[string]error{"Flush": j.Flush(), "Sync": j.Sync()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
}

// TestFullSegment fills segments in small steps up to the very end and closes the journal at each:
// the closing mark always has room, and no segment outgrows its size.
func TestFullSegment(t *testing.T) {
	dir := memoryDir(t)
	for n := range 300 {
		j := open(t, dir, small)
		for i := range n % 4 {
			if _, err := j.Append(1, make([]byte, 8*((n/7+i)%3))); err != nil {
				t.Fatal(err)
			}
		}
		must(t, j.Close())
	}
	im := capture(t, dir)
	for _, name := range im.names() {
		if len(im[name]) != 1024 {
			t.Fatalf("%s has %d bytes", name, len(im[name]))
		}
	}
}

// TestSyncs checks that a sync without anything to do is none.
func TestSyncs(t *testing.T) {
	j := open(t, t.TempDir(), small)
	fill(t, j, 1)
	must(t, j.Flush())
	before := j.Syncs()
	for range 3 {
		must(t, j.Sync())
	}
	if got := j.Syncs() - before; got != 1 || j.Synced() != 1 {
		t.Fatalf("%d syncs, synced up to %d, want 1 and 1", got, j.Synced())
	}
	must(t, j.Close())
}

func TestOptions(t *testing.T) {
	const least = 48 + 32 + 256 + 32 // opening mark, record, closing mark
	j := open(t, t.TempDir(), Options{SegmentSize: least, RecordMax: 256})
	if _, err := j.Append(1, make([]byte, 256)); err != nil {
		t.Fatal(err)
	}
	must(t, j.Close())
	if _, err := Open(t.TempDir(), Options{SegmentSize: least - 8, RecordMax: 256}, nil); !errors.Is(err, ErrOptions) {
		t.Errorf("one word less than a record needs: %v, want ErrOptions", err)
	}
	for _, o := range []Options{
		{SegmentSize: 1024, RecordMax: 1024},
		{SegmentSize: 4096 + 4},
		{RecordMax: -1},
		{SegmentSize: -8},
		{RecordMax: 64 << 20},
		{SegmentSize: 8 << 30, RecordMax: 2 << 30},
	} {
		if _, err := Open(t.TempDir(), o, nil); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v, want ErrOptions", o, err)
		}
	}
}

// TestSegmentSizeChanges checks that a log may be continued with other options.
func TestSegmentSizeChanges(t *testing.T) {
	dir := t.TempDir()
	total := uint64(0)
	for _, size := range []int64{2048, 1024, 4096} {
		j := open(t, dir, Options{SegmentSize: size, RecordMax: 256})
		total = fill(t, j, 25)
		must(t, j.Close())
	}
	if n, _, err := reopen(t, dir, small); err != nil || n != total {
		t.Fatalf("%d records, %v, want %d", n, err, total)
	}
}

// TestLargeSegmentGoesOn opens a log whose last segment is larger than the options say and fills it
// without a flush: the buffer has room for all that goes there.
func TestLargeSegmentGoesOn(t *testing.T) {
	dir := t.TempDir()
	must(t, open(t, dir, Options{SegmentSize: 8192, RecordMax: 256}).Close())
	j := open(t, dir, small)
	last := fill(t, j, 100)
	must(t, j.Close())
	if n, _, err := reopen(t, dir, small); err != nil || n != last {
		t.Fatalf("%d records, %v, want %d", n, err, last)
	}
}

// TestInUse checks that a second journal is refused, and that Reader reads beside the first.
func TestInUse(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small)
	fill(t, j, 4)
	must(t, j.Flush())
	_, err := Open(dir, small, nil)
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("second Open: %v, want ErrInUse with the path", err)
	}
	if n, _, err := readAll(t, dir); n != 4 || err != nil {
		t.Fatalf("reading beside it: %d records, %v", n, err)
	}
	must(t, j.Close())
	must(t, open(t, dir, small).Close())
}

// TestReplayError checks that an error of the replay stops Open, unlocks and names the record.
func TestReplayError(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small)
	fill(t, j, 4)
	must(t, j.Close())
	stop := errors.New("no more")
	_, err := Open(dir, small, func(r Record) error {
		if r.LSN == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || !strings.Contains(err.Error(), "record 3") {
		t.Fatalf("got %v", err)
	}
	must(t, open(t, dir, small).Close())
}

// TestVersion checks that a log of another version is neither read nor called damaged.
func TestVersion(t *testing.T) {
	dir := t.TempDir()
	must(t, open(t, dir, small).Close())
	path := segmentPath(dir, 1)
	b, err := os.ReadFile(path)
	must(t, err)
	b[headerSize+8] = 2
	seal(b[:openingSize])
	must(t, os.WriteFile(path, b, 0o600))
	if _, err := Open(dir, small, nil); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), path) {
		t.Fatalf("got %v, want ErrVersion with the path", err)
	}
}

// TestTailing checks that a reader goes on where it had met the end, across segments.
func TestTailing(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small)
	r, err := NewReader(dir)
	must(t, err)
	defer r.Close()
	check, seen := checker()
	for round := range 30 {
		last := fill(t, j, round%4)
		must(t, j.Flush())
		for {
			record, err := r.Next()
			if eof(err) {
				break
			}
			must(t, err)
			must(t, check(record))
		}
		if *seen != last || r.Tail().Torn {
			t.Fatalf("round %d: read %d of %d, tail %+v", round, *seen, last, r.Tail())
		}
	}
	must(t, j.Close())
}

// TestTailingFromNothing opens a reader on a segment that is not even reserved yet.
func TestTailingFromNothing(t *testing.T) {
	im, dir := closedLog(t, 5), t.TempDir()
	first := im.names()[0]
	image{first: {}}.restore(t, dir)
	r, err := NewReader(dir)
	must(t, err)
	defer r.Close()
	if _, err := r.Next(); !eof(err) {
		t.Fatalf("got %v, want the end", err)
	}
	im.restore(t, dir)
	if record, err := r.Next(); err != nil || record.LSN != 1 {
		t.Fatalf("got LSN %d, %v, want 1", record.LSN, err)
	}
}

// TestEmptyDirectory checks that a reader of nothing finds a clean end.
func TestEmptyDirectory(t *testing.T) {
	if n, tail, err := readAll(t, t.TempDir()); n != 0 || tail.Torn || err != nil {
		t.Fatalf("%d records, %+v, %v", n, tail, err)
	}
	if _, err := NewReader(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}

// TestNoAllocation guards invariant I7.
func TestNoAllocation(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	a, b := make([]byte, 80), make([]byte, 5000)
	allocs := testing.AllocsPerRun(200, func() {
		if _, err := j.Append(1, a, b); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(j.Flush(), j.Sync()); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Fatalf("%v allocations for Append, Flush and Sync", allocs)
	}
	must(t, j.Close())
}

// TestStrayNumber: records are numbered from 1, so a file with the number 0 is none of the log's. It once made a log look empty.
func TestStrayNumber(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small)
	want := fill(t, j, 10)
	must(t, j.Close())
	must(t, os.WriteFile(segmentPath(dir, 0), nil, 0o600))
	if n, _, err := readAll(t, dir); n != want || err != nil {
		t.Errorf("read %d of %d, %v", n, want, err)
	}
	if n, _, err := reopen(t, dir, small); n != want || err != nil {
		t.Errorf("replayed %d of %d, %v", n, want, err)
	}
}

// TestBodyHasAnEnd: who appends to the body of a record, say zeros to a full page, does not end the log that was read ahead.
func TestBodyHasAnEnd(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small)
	fill(t, j, 2)
	must(t, j.Close())
	r, err := NewReader(dir)
	must(t, err)
	defer r.Close()
	check, _ := checker()
	for range 2 {
		record, err := r.Next()
		must(t, err)
		must(t, check(record))
		_ = append(record.Body, make([]byte, 900)...)
	}
}
