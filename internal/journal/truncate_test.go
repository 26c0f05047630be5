package journal

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

func snapshotName(lsn uint64) string { return fmt.Sprintf("%020d%s", lsn, SnapshotSuffix) }

// putSnapshot leaves a file with the name of a snapshot, durably; the journal looks at no more.
func putSnapshot(t testing.TB, d *simdisk.Disk, lsn uint64) {
	t.Helper()
	f, err := d.Create("log/" + snapshotName(lsn))
	must(t, err)
	must(t, errors.Join(f.Sync(), f.Close(), d.SyncDir("log")))
}

// replayFrom checks that a log is the records behind a position, and returns how many it replays.
func replayFrom(t testing.TB, d *simdisk.Disk, after Position) (n uint64, err error) {
	t.Helper()
	o := on(d)
	o.After = after
	check, seen := checker()
	*seen = after.LSN
	j, err := Open("log", o, check)
	if err != nil {
		return 0, err
	}
	must(t, j.Close())
	return *seen - after.LSN, nil
}

// positions returns the position behind each record of a log that is written with them.
func positions(t testing.TB, j *Journal, n int) []Position {
	t.Helper()
	all := []Position{{}}
	for range n {
		fill(t, j, 1)
		all = append(all, j.Position())
	}
	return all
}

// TestAfter opens a log behind each of its records: the rest is replayed, and a position that is not
// in the log is refused with the reason.
func TestAfter(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	at := positions(t, j, 40)
	must(t, j.Close())
	for i, p := range at {
		if n, err := replayFrom(t, d, p); n != uint64(40-i) || err != nil {
			t.Fatalf("behind %v: %d records, %v, want %d", p, n, err, 40-i)
		}
		p.Chain++
		if _, err := replayFrom(t, d, p); i > 0 && !errors.Is(err, ErrOtherLog) {
			t.Fatalf("behind %v, which is another record: %v", p, err)
		}
	}
	refused := new(PositionError)
	if _, err := replayFrom(t, d, Position{41, 7}); !errors.Is(err, ErrBehindLog) || !errors.As(err, &refused) || refused.Dir != "log" {
		t.Fatalf("behind the end: %v", err)
	}
	if _, err := replayFrom(t, simdiskWith(t, 0), Position{1, 7}); !errors.Is(err, ErrBehindLog) {
		t.Fatalf("in an empty log: %v", err)
	}
}

// TestDamageBeforeAPosition: damage in front of a position that somebody has relied on is called that, although nothing
// behind it proves that it is more than a torn tail: for Open, and for Repair, which cannot help.
func TestDamageBeforeAPosition(t *testing.T) {
	d := simdisk.New(1)
	o := on(d)
	o.SegmentSize = 64 << 10 // one segment
	j := open(t, "log", o)
	at := positions(t, j, 40)
	must(t, j.Flush())
	must(t, j.Sync()) // no record says so yet
	last := at[40]
	offset := j.offset - 8
	d.Kill()
	must(t, d.Flip(segmentPath("log", 1), offset, 1))
	damage := new(DamageError)
	if _, err := replayFrom(t, d, last); !errors.As(err, &damage) || damage.File != segmentPath("log", 1) || damage.Offset > offset {
		t.Errorf("record 40 is damaged, and a snapshot is behind it: %v, want a DamageError", err)
	}
	o.After = last
	if _, err := Repair("log", o, 9); !errors.As(err, &damage) {
		t.Errorf("repaired: %v, want a DamageError", err)
	}
}

// simdiskWith returns a disk with a log of n records, closed.
func simdiskWith(t testing.TB, n int) *simdisk.Disk {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	fill(t, j, n)
	must(t, j.Close())
	return d
}

// TestAfterReadsNoEarlierSegment: what lies before the position may even be unreadable.
func TestAfterReadsNoEarlierSegment(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	at := positions(t, j, 40)
	must(t, j.Close())
	d.SetFault(func(c simdisk.Call) error {
		if c.Path == segmentPath("log", 1) {
			return errors.New("an earlier segment is touched")
		}
		return nil
	})
	if n, err := replayFrom(t, d, at[30]); n != 10 || err != nil {
		t.Fatalf("%d records, %v", n, err)
	}
}

// TestTruncateBefore truncates before every record and goes on: the record stays, what segment files
// lie before it go, and nothing goes that no snapshot covers.
func TestTruncateBefore(t *testing.T) {
	for keep := uint64(1); keep <= 40; keep++ {
		d := simdisk.New(1)
		j := open(t, "log", on(d))
		at := positions(t, j, 40)
		if err := j.TruncateBefore(keep); keep > 1 && !errors.Is(err, ErrNoSnapshot) {
			t.Fatalf("without a snapshot: %v", err)
		}
		putSnapshot(t, d, keep)
		if err := j.TruncateBefore(keep); keep > 1 && !errors.Is(err, ErrNoSnapshot) {
			t.Fatalf("what is not durable: %v", err)
		}
		must(t, errors.Join(j.Flush(), j.Sync(), j.TruncateBefore(keep)))
		if err := j.TruncateBefore(keep + 1); !errors.Is(err, ErrNoSnapshot) {
			t.Fatalf("behind the snapshot: %v", err)
		}
		first := firstOf(t, d)
		if first > keep || keep > 30 && first < 10 {
			t.Fatalf("truncated before %d, the log begins with %d", keep, first)
		}
		fill(t, j, 10)
		must(t, j.Close())
		if n, err := replayFrom(t, d, at[keep]); n != 50-keep || err != nil {
			t.Fatalf("behind %d: %d records, %v", keep, n, err)
		}
		if first == 1 {
			continue
		}
		if _, err := replayFrom(t, d, Position{}); !errors.Is(err, ErrBeforeLog) {
			t.Fatalf("from a beginning that is not there: %v", err)
		}
		if _, err := replayFrom(t, d, at[first-1]); !errors.Is(err, ErrBeforeLog) {
			t.Fatalf("behind a record that is not there: %v", err)
		}
		must(t, d.Remove("log/"+snapshotName(keep)))
		if _, err := replayFrom(t, d, at[keep]); !errors.As(err, new(*DamageError)) {
			t.Fatalf("without the snapshot: %v", err)
		}
	}
}

// firstOf returns the LSN of the first record that a Reader gets, and checks that it gets all others.
func firstOf(t testing.TB, d disk.FS) uint64 {
	t.Helper()
	r, err := NewReaderOn(d, "log", Position{})
	must(t, err)
	defer r.Close()
	check, seen := checker()
	*seen = r.First() - 1
	for {
		record, err := r.Next()
		if eof(err) {
			return r.First()
		}
		must(t, err)
		must(t, check(record))
	}
}

// TestTruncateCrashes has the process die at every call of a truncation, and the power go in every
// pattern: the log is whole from some record on, at most the one to be kept (I8).
func TestTruncateCrashes(t *testing.T) {
	states := 0
	for at := range 30 {
		for pattern := uint64(0); ; pattern++ {
			d := simdisk.New(1)
			j := open(t, "log", on(d))
			positions := positions(t, j, 40)
			putSnapshot(t, d, 35)
			must(t, errors.Join(j.Flush(), j.Sync()))
			d.SetFault(simdisk.DiesAt(at))
			_ = j.TruncateBefore(35)
			pending := d.Pending()
			d.Crash(simdisk.Bits(pattern))
			if first := firstOf(t, d); first > 35 {
				t.Fatalf("call %d, pattern %b: the log begins with %d", at, pattern, first)
			}
			if n, err := replayFrom(t, d, positions[35]); n != 5 || err != nil {
				t.Fatalf("call %d, pattern %b: %d records, %v", at, pattern, n, err)
			}
			if states++; pattern+1 >= 1<<pending {
				break
			}
		}
	}
	t.Logf("%d states", states)
}

// TestReaderIsOvertaken has the writer truncate what a reader has not read yet.
func TestReaderIsOvertaken(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	fill(t, j, 2)
	must(t, j.Flush())
	r, err := NewReaderOn(d, "log", Position{})
	must(t, err)
	for range 2 {
		_, err := r.Next()
		must(t, err)
	}
	fill(t, j, 38)
	putSnapshot(t, d, 35)
	must(t, errors.Join(j.Flush(), j.Sync(), j.TruncateBefore(35)))
	read := 2
	for err == nil {
		if _, err = r.Next(); err == nil {
			read++
		}
	}
	if !errors.Is(err, ErrBeforeLog) || read > 10 {
		t.Fatalf("%d records, then %v, want to be told that the log begins later", read, err)
	}
	must(t, errors.Join(r.Close(), j.Close()))
}

// TestAdoptedSegmentIsDamaged flips bits in the opening mark of the first segment of a truncated log: the mark was
// durable, so it is never torn. It lies before the position, so what is behind that is there, and nothing is cut.
func TestAdoptedSegmentIsDamaged(t *testing.T) {
	for bit := range openingSize * 8 {
		d := simdisk.New(1)
		j := open(t, "log", on(d))
		at := positions(t, j, 40)
		putSnapshot(t, d, 39)
		must(t, errors.Join(j.Flush(), j.Sync(), j.TruncateBefore(39), j.Close()))
		names := captureOn(t, d, "log").names()
		must(t, d.Flip("log/"+names[0], int64(bit/8), bit))
		if n, err := replayFrom(t, d, at[39]); (n != 1 || err != nil) && !errors.Is(err, ErrVersion) {
			t.Fatalf("bit %d: %d records, %v, want 1", bit, n, err)
		}
		r, err := NewReaderOn(d, "log", Position{})
		must(t, err)
		if _, err := r.Next(); !errors.As(err, new(*DamageError)) && !errors.Is(err, ErrVersion) {
			t.Fatalf("bit %d: a reader without a position: %v", bit, err)
		}
		must(t, r.Close())
	}
}
