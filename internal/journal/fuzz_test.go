package journal

import (
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// FuzzReader reads and opens a directory whose segments hold anything. Whatever they hold, reading
// ends, gives dense LSNs, and either fails or leaves a log that reads the same when it is opened
// again.
func FuzzReader(f *testing.F) {
	dir := memoryDir(f)
	j, err := Open(dir, small, nil)
	must(f, err)
	fill(f, j, 12)
	must(f, errors.Join(j.Flush(), j.Sync()))
	fill(f, j, 5)
	must(f, j.Close())
	whole := capture(f, dir)
	names := whole.names()
	f.Add(whole[names[0]], whole[names[1]], false)
	f.Add(whole[names[0]], whole[names[1]], true)
	f.Add(whole[names[0]][:200], []byte{}, false)
	f.Add([]byte{}, whole[names[1]], false)
	f.Fuzz(func(t *testing.T, first, second []byte, sealed bool) {
		if sealed {
			first, second = sealAll(first), sealAll(second)
		}
		dir := memoryDir(t)
		must(t, os.WriteFile(segmentPath(dir, 1), first, 0o600))
		if len(second) > 0 {
			must(t, os.WriteFile(segmentPath(dir, whole.second()), second, 0o600))
		}
		n, err := countDense(t, dir)
		salvaged, holes, end := countSalvaged(t, dir)
		if salvaged < n || eof(end) && holes > 0 != errors.As(err, new(*DamageError)) || !eof(end) && !errors.Is(end, ErrVersion) {
			t.Fatalf("Reader: %d records, %v; salvage: %d records and %d holes, %v", n, err, salvaged, holes, end)
		}
		j, openErr := Open(dir, small, nil)
		if (err == nil) != (openErr == nil) {
			t.Fatalf("Reader: %v, Open: %v", err, openErr)
		}
		if err != nil {
			return
		}
		if j.LSN() != n {
			t.Fatalf("Reader gave %d records, Open %d", n, j.LSN())
		}
		if _, err := j.Append(7, []byte("behind")); err != nil {
			t.Fatal(err)
		}
		must(t, j.Close())
		if again, err := countDense(t, dir); again != n+1 || err != nil {
			t.Fatalf("%d records after appending to %d, %v", again, n, err)
		}
	})
}

// sealAll gives every record of a segment a checksum that fits, so that what the fuzzer has changed
// is met by the checks behind the checksum.
func sealAll(segment []byte) []byte {
	b := slices.Clone(segment)
	for at := 0; at+headerSize <= len(b); {
		h, _ := headerAt(b[at:])
		if h.size() > int64(len(b)-at) || isZero(b[at:at+headerSize]) {
			break
		}
		seal(b[at : at+int(h.size())])
		at += int(h.size())
	}
	return b
}

// second is the first LSN of the second segment.
func (im image) second() uint64 {
	records := recordsOf(im)
	for _, r := range records {
		if r.name == im.names()[1] {
			return r.lsn + 1
		}
	}
	panic("no second segment")
}

// countSalvaged reads everything that can be read and checks that LSNs ascend.
func countSalvaged(t testing.TB, dir string) (n uint64, holes int, end error) {
	t.Helper()
	r, err := NewSalvager(disk.Real, dir, Position{})
	must(t, err)
	defer r.Close()
	for last := uint64(0); ; {
		record, err := r.Next()
		switch {
		case errors.As(err, new(*Hole)):
			if holes++; holes > 1000 {
				t.Fatal("no end of holes")
			}
			continue
		case err != nil:
			return n, holes, err
		case record.LSN <= last:
			t.Fatalf("LSN %d after %d", record.LSN, last)
		}
		last = record.LSN
		n++
	}
}

// countDense reads everything and checks that LSNs are dense.
func countDense(t testing.TB, dir string) (uint64, error) {
	t.Helper()
	r, err := NewReader(dir)
	must(t, err)
	defer r.Close()
	for n := uint64(0); ; n++ {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if record.LSN != n+1 {
			t.Fatalf("LSN %d after %d (I1)", record.LSN, n)
		}
	}
}
