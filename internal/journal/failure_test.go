package journal

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// failing returns the real system with one operation that fails from the moment that *on is set.
func failing(operation string, cause error, on *bool) *system {
	s := realSystem
	fail := func() error {
		if *on {
			return cause
		}
		return nil
	}
	switch operation {
	case "write":
		s.write = func(f *os.File, b []byte, off int64) error {
			if err := fail(); err != nil {
				return &os.PathError{Op: "pwrite", Path: f.Name(), Err: err}
			}
			return realSystem.write(f, b, off)
		}
	case "fdatasync":
		s.sync = func(f *os.File) error { return errors.Join(fail(), realSystem.sync(f)) }
	case "fsync":
		s.syncDir = func(dir string) error { return errors.Join(fail(), realSystem.syncDir(dir)) }
	case "fallocate":
		s.reserve = func(f *os.File, size int64) error { return errors.Join(fail(), realSystem.reserve(f, size)) }
	}
	return &s
}

// TestStickyFailure lets a write or sync fail once and checks that the journal never recovers by
// itself, not even when the disk does (I6), and that the error names operation and file.
func TestStickyFailure(t *testing.T) {
	for _, operation := range []string{"write", "fdatasync", "fsync"} {
		t.Run(operation, func(t *testing.T) {
			dir, on := t.TempDir(), false
			j := open(t, dir, Options{SegmentSize: 1024, RecordMax: 256, system: failing(operation, syscall.EIO, &on)})
			durable := fill(t, j, 3)
			must(t, errors.Join(j.Flush(), j.Sync()))
			fill(t, j, 3)
			if operation == "fsync" { // a directory is only synced behind a new segment
				fill(t, j, 10)
			}
			on = true
			err := j.Flush()
			if err == nil {
				err = j.Sync()
			}
			if path := new(os.PathError); !errors.Is(err, syscall.EIO) || !errors.As(err, &path) || path.Op != operation || !strings.HasPrefix(path.Path, dir) {
				t.Fatalf("got %v, want EIO of %s with a path below %s", err, operation, dir)
			}
			on = false
			_, appendErr := j.Append(1, nil)
			for name, err := range map[string]error{"Append": appendErr, "Flush": j.Flush(), "Sync": j.Sync()} {
				if !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EIO) {
					t.Errorf("%s after the failure: %v, want ErrFailed and the cause", name, err)
				}
			}
			if j.Synced() != durable {
				t.Errorf("Synced %d after the failure, want %d (I2)", j.Synced(), durable)
			}
			must(t, j.Close())
			if n, _, err := reopen(t, dir, small); err != nil || n < durable {
				t.Errorf("reopened: %d records, %v, want at least %d", n, err, durable)
			}
		})
	}
}

// TestDiskFull checks that a full disk is one clear line at a roll, loses nothing, leaves no
// half-made segment, and that the log goes on when there is room again.
func TestDiskFull(t *testing.T) {
	dir, full := t.TempDir(), false
	j := open(t, dir, Options{SegmentSize: 1024, RecordMax: 256, system: failing("fallocate", syscall.ENOSPC, &full)})
	full = true
	var err error
	for err == nil {
		next := j.LSN() + 1
		_, err = j.Append(kindOf(next), body(next))
	}
	line := err.Error()
	if path := new(os.PathError); !errors.Is(err, syscall.ENOSPC) || !errors.As(err, &path) || !strings.Contains(line, segmentPath(dir, j.LSN()+1)) || strings.Contains(line, "\n") {
		t.Fatalf("got %q, want one line with ENOSPC and the path", line)
	}
	must(t, errors.Join(j.Flush(), j.Sync()))
	if got := len(capture(t, dir)); got != 1 {
		t.Fatalf("%d segments, want 1", got)
	}
	full = false
	last := fill(t, j, 20)
	must(t, j.Close())
	if n, tail, err := reopen(t, dir, small); n != last || tail.Torn || err != nil {
		t.Fatalf("%d records, %+v, %v, want %d", n, tail, err, last)
	}
}

// TestOpenFails checks that Open reports each operation that fails, and leaves the log openable.
func TestOpenFails(t *testing.T) {
	for _, operation := range []string{"write", "fdatasync", "fsync", "fallocate"} {
		dir, on := t.TempDir()+"/log", true
		if _, err := Open(dir, Options{system: failing(operation, syscall.EIO, &on)}, nil); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want EIO with the path", operation, err)
		}
		if n, _, err := reopen(t, dir, small); n != 0 || err != nil {
			t.Errorf("%s: reopened with %d records, %v", operation, n, err)
		}
	}
}
