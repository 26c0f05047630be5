package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// filling are options of a log whose filler is wanted behind 64 KiB.
var filling = Options{SegmentSize: 1 << 20, RecordMax: 64 << 10, Ahead: true}

// wantSpare writes so much that the next segment is wanted, and waits for it.
func wantSpare(t *testing.T, j *Journal) {
	t.Helper()
	for !j.asked {
		fill(t, j, 100)
		must(t, j.Flush())
	}
}

// TestSpare lets the filler make a segment, goes over to it early and when a segment is full, and reads everything
// again. A spare that is not used goes with the journal, and one that a process has left with the next.
func TestSpare(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, spareName)
	must(t, os.WriteFile(left, []byte("left"), 0o600))
	j := open(t, dir, filling)
	wantSpare(t, j)
	spare := <-j.spare.ready
	if size, err := spare.Size(); size != filling.SegmentSize || err != nil || spare.Name() != left {
		t.Fatalf("the spare %s has %d bytes, %v, want %d", spare.Name(), size, err, filling.SegmentSize)
	}
	at := j.LSN()
	must(t, j.roll(spare))
	fill(t, j, 1)
	must(t, errors.Join(j.Flush(), j.Sync()))
	im := capture(t, dir)
	if b := im[filepath.Base(segmentPath(dir, at+1))]; int64(len(b)) != filling.SegmentSize || used(b) == 0 || used(b) > 4096 {
		t.Fatalf("segments %v: the one after record %d has %d bytes up to %d", im.names(), at, len(b), used(b))
	}
	wantSpare(t, j)
	for len(im.names()) < 5 { // whether the filler keeps up or not
		fill(t, j, 500)
		must(t, errors.Join(j.Flush(), j.Sync()))
		im = capture(t, dir)
	}
	n := j.LSN()
	must(t, j.Close())
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the spare after Close: %v, want none", err)
	}
	if got, tail, err := reopen(t, dir, filling); got != n || tail.Torn || err != nil {
		t.Fatalf("%d records, %+v, %v, want %d", got, tail, err, n)
	}
}

// TestSpareRefused has the file system refuse each call in turn that a spare needs: the log goes on with a segment that is
// made in the ordinary way, at the second attempt at the latest, and nothing is lost.
func TestSpareRefused(t *testing.T) {
	for call := 0; ; call++ {
		p := &process{disk: simdisk.New(1), bodies: bodies{}}
		var err error
		p.journal, err = Open("log", p.options(), nil)
		must(t, err)
		calls := 0
		p.disk.SetFault(func(c simdisk.Call) error {
			if (filepath.Base(c.Path) != spareName || c.Op == simdisk.OpRemove) && c.Op != simdisk.OpOpenWrite {
				return nil
			}
			if calls++; calls != call+1 {
				return nil
			}
			return syscall.EIO
		})
		refused := p.spare()
		for range 3 {
			if err := p.do(opRoll); err != nil {
				refused = errors.Join(refused, err)
				if err := p.do(opRoll); err != nil {
					t.Fatalf("call %d: a second attempt: %v", call, err)
				}
			}
		}
		must(t, p.do(opSync))
		if (refused != nil) != (calls > call) {
			t.Fatalf("call %d of %d: %v", call, calls, refused)
		}
		p.disk.Crash(simdisk.Drop)
		check, seen := checkerOf(p.bodies.of)
		p.journal, err = Open("log", p.options(), check)
		if err != nil || *seen != 3 {
			t.Fatalf("call %d: %d records, %v, want 3", call, *seen, err)
		}
		must(t, p.journal.Close())
		if refused == nil {
			return
		}
	}
}

// TestFillingAllocatesByTheSegment fills small and large spares: what is allocated is for the file, and nothing for its pieces.
func TestFillingAllocatesByTheSegment(t *testing.T) {
	allocs := func(size int64) float64 {
		o := filling
		o.SegmentSize, o.Ahead = size, false // nobody else makes one
		j, err := Open(t.TempDir(), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		return testing.AllocsPerRun(5, func() {
			f, err := j.makeSpare(func(time.Duration) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			j.dropSpare(f)
		})
	}
	if small, large := allocs(1<<20), allocs(16<<20); large > small+10 {
		t.Errorf("%v allocations for a segment of 1 MiB, %v for one of 16", small, large)
	}
}
