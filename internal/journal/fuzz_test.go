package journal

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// FuzzReader edits a log of two segments, reads it and opens it. Whatever it holds, reading ends, gives dense LSNs, and
// either fails or leaves a log that reads the same when it is opened again.
//
// An input is a few edits and not the segments: the fuzzer shortens each one that is new, by as many attempts as the square
// of its length. The disk is simulated for the same reason: an attempt takes microseconds.
func FuzzReader(f *testing.F) {
	d := simdisk.New(1)
	j := open(f, "log", on(d))
	fill(f, j, 12)
	must(f, errors.Join(j.Flush(), j.Sync()))
	fill(f, j, 5)
	must(f, j.Close())
	im := captureOn(f, d, "log")
	whole, second := [2][]byte{im[im.names()[0]], im[im.names()[1]]}, im.second()
	f.Add([]byte{}, true)
	f.Add([]byte{editFlip, 0, 60, 0, 1}, false)
	f.Add([]byte{editSet, 0, 52, 0, 9, editSet, 4, 56, 1, 0}, true)
	f.Add([]byte{editCut, 0, 200, 0, 0, editCut, 4, 0, 0, 0}, false)
	f.Add([]byte{editClear, 0, 0, 0, 128}, false)
	f.Add([]byte{editCopy, 0, 48, 4, 48}, true)
	f.Fuzz(func(t *testing.T, edits []byte, sealed bool) {
		if len(edits) > editsMax {
			return
		}
		segments := edit(whole, edits)
		d := simdisk.New(1)
		must(t, d.MakeDir("log"))
		for i, b := range segments {
			if sealed {
				sealAll(b)
			}
			if i == 0 || len(b) > 0 {
				put(t, d, segmentPath("log", [...]uint64{1, second}[i]), b)
			}
		}
		n, err := countDense(t, d, "log")
		salvaged, holes, end := countSalvaged(t, d)
		if salvaged < n || eof(end) && holes > 0 != errors.As(err, new(*DamageError)) || !eof(end) && !errors.Is(end, ErrVersion) {
			t.Fatalf("Reader: %d records, %v; salvage: %d records and %d holes, %v", n, err, salvaged, holes, end)
		}
		j, openErr := Open("log", on(d), nil)
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
		if again, err := countDense(t, d, "log"); again != n+1 || err != nil {
			t.Fatalf("%d records after appending to %d, %v", again, n, err)
		}
	})
}

// What an edit does, in five bytes: one of these, a place in the two segments, one behind the other, and an argument.
const (
	editFlip  byte = iota // changes bits of a byte
	editSet               // sets four bytes, as the fields of a header, to a small number, also a negative one
	editCut               // ends a segment
	editClear             // zeros, as many as the argument says
	editCopy              // copies 64 bytes to where the argument says
	editKinds

	editsMax = 8 * 5
)

// edit returns the segments with the edits made.
func edit(segments [2][]byte, edits []byte) [2][]byte {
	b, size := slices.Concat(segments[0], segments[1]), len(segments[0])
	cut := [2]int{size, len(segments[1])}
	for ; len(edits) >= 5; edits = edits[5:] {
		at, arg := int(binary.BigEndian.Uint16(edits[1:]))%len(b), int(binary.BigEndian.Uint16(edits[3:]))
		switch edits[0] % editKinds {
		case editFlip:
			b[at] ^= byte(arg)
		case editSet:
			binary.LittleEndian.PutUint32(b[at&^3:], uint32(int16(arg)))
		case editCut:
			cut[at/size] = at % size
		case editClear:
			clear(b[at:min(at+arg, len(b))])
		case editCopy:
			copy(b[arg%len(b):], b[at:min(at+64, len(b))])
		}
	}
	return [2][]byte{b[:cut[0]], b[size : size+cut[1]]}
}

// put makes a file.
func put(t testing.TB, d *simdisk.Disk, path string, b []byte) {
	f, err := d.Create(path)
	must(t, err)
	_, err = f.WriteAt(b, 0)
	must(t, errors.Join(err, f.Close()))
}

// sealAll gives every record of a segment a checksum that fits, so that what the fuzzer has changed
// is met by the checks behind the checksum.
func sealAll(b []byte) {
	for at := 0; at+headerSize <= len(b); {
		h, _ := headerAt(b[at:])
		if h.size() > int64(len(b)-at) || isZero(b[at:at+headerSize]) {
			break
		}
		seal(b[at : at+int(h.size())])
		at += int(h.size())
	}
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
func countSalvaged(t testing.TB, d *simdisk.Disk) (n uint64, holes int, end error) {
	t.Helper()
	r, err := NewSalvager(d, "log", Position{})
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
func countDense(t testing.TB, files disk.FS, dir string) (uint64, error) {
	t.Helper()
	r, err := NewReaderOn(files, dir, Position{})
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
