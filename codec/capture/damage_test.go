package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// T4: cut anywhere, the file is not complete; what was read before is right.
func TestTruncated(t *testing.T) {
	want, file := small(t)
	for cut := range len(file) {
		got, err := read(file[:cut])
		var de *DamageError
		var fe *FormatError
		if !errors.As(err, &de) && (cut >= len(Magic) || !errors.As(err, &fe)) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		equal(t, got, want[:len(got)])
	}
	for _, tail := range []string{"\x00", "x", string(file)} {
		got, err := read(append(bytes.Clone(file), tail...))
		var de *DamageError
		if !errors.As(err, &de) || de.Offset != int64(len(file)) || de.Want != "nothing behind the end block" || len(got) != len(want) {
			t.Errorf("%d bytes behind the end: %v", len(tail), err)
		}
	}
}

// T3: a byte changed anywhere is found, and no wrong command is given out.
func TestCorrupted(t *testing.T) {
	want, file := small(t)
	for i := range file {
		for _, flip := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(file)
			bad[i] ^= flip
			got, err := read(bad)
			if err == nil {
				t.Fatalf("byte %d changed by %#x: not noticed", i, flip)
			}
			equal(t, got, want[:len(got)])
		}
	}
}

// forge makes a file of one block with the given payload, all checksums right.
func forge(version byte, count int, payload []byte) []byte {
	block := append(make([]byte, blockHeaderSize), payload...)
	crc := sealBlock(block, blockCommands, count)
	var sum totals
	sum.add(count, crc)
	end := sum.append(make([]byte, blockHeaderSize))
	sealBlock(end, blockEnd, 0)
	header := appendHeader(nil, Options{64, 512})
	header[8] = version
	binary.LittleEndian.PutUint32(header[headerSize-4:], crc32.Checksum(header[:headerSize-4], castagnoli))
	return bytes.Join([][]byte{header, block, end}, nil)
}

// T5: payloads that pass every checksum and are no records.
func TestForged(t *testing.T) {
	shape := []byte{literalShape, 1, 1, 0, 0, 3, 1}
	rec := func(mask byte, fields ...byte) []byte { return append(append([]byte{mask}, shape...), fields...) }
	const records, rest = "want records of the format, got other bytes", "bytes behind its last record"
	for _, tc := range []struct {
		name    string
		count   int
		payload []byte
		want    string // "" for a good one
	}{
		{"a record", 1, rec(0, 0), ""},
		{"two, the second of the shape of the first", 2, append(rec(0, 0), 0, 0, 0), ""},
		{"a shape that was not seen", 1, []byte{0, 0, 0}, records},
		{"a shape behind the last", 2, append(rec(0, 0), 0, 1, 0), records},
		{"fewer records than counted", 2, rec(0, 0), records},
		{"more bytes than records", 1, append(rec(0, 0), 7), rest},
		{"a shape that was cut", 1, []byte{0, literalShape, 1, 1}, records},
		{"a varint that was cut", 1, rec(0, 0x80), records},
		{"a varint of 11 bytes", 1, rec(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), records},
		{"a quantity of 33 bits", 1, rec(hasQty, 0, 0x80, 0x80, 0x80, 0x80, 0x10), records},
		{"a quantity of 32 bits", 1, rec(hasQty, 0, 0xff, 0xff, 0xff, 0xff, 0x0f), ""},
		{"a member of 17 bits", 1, rec(hasOwner, 0, 0x80, 0x80, 0x04, 0), records},
		{"a trigger", 1, rec(hasRest, 0, hasTrigger, 9), ""},
		{"all that few orders have", 1, rec(hasRest, 0, hasTrigger|hasDisclosed|hasPAN, 9, 9, 9), ""},
		{"a second mask that was cut", 1, rec(hasRest, 0), records},
		{"a second mask of nothing", 1, rec(hasRest, 0, 0), records},
		{"a second mask with an unknown bit", 1, rec(hasRest, 0, hasPAN<<1, 9), records},
		{"a PAN that was cut", 1, rec(hasRest, 0, hasPAN), records},
		{"a PAN of 33 bits", 1, rec(hasRest, 0, hasPAN, 0x80, 0x80, 0x80, 0x80, 0x10), records},
		{"no records", 0, rec(0, 0), "want a block header, got impossible sizes"},
		{"more records than a block holds", BlockMax + 1, make([]byte, 3*(BlockMax+1)), "want a block header, got impossible sizes"},
		{"more records than bytes", 4, rec(0, 0), "want a block header, got impossible sizes"},
	} {
		_, err := read(forge(Version, tc.count, tc.payload))
		if (err == nil) != (tc.want == "") || err != nil && !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.want)
		}
	}
	for fields, want := range map[string]bool{"\x09\x09": true, "\x09": false, "\x01\x09": true} { // trigger and disclosed quantity, without a mask
		if _, err := read(forge(versionFirst, 1, rec(hasRest, append([]byte{0}, fields...)...))); (err == nil) != want {
			t.Errorf("version 1, fields % x: %v", fields, err)
		}
	}
	file := forge(Version, 1, rec(0, 0))
	block := file[headerSize : len(file)-blockHeaderSize-endSize]
	block[11] = 1 // reserved
	binary.LittleEndian.PutUint32(block, crc32.Checksum(block[4:], castagnoli))
	if _, err := read(file); err == nil || !strings.HasSuffix(err.Error(), "impossible sizes") {
		t.Errorf("a reserved byte: %v", err)
	}
}

// T4: blocks that are whole but not the ones that were written.
func TestBlocksMoved(t *testing.T) {
	_, file := small(t)
	size := func(at int) int { return blockHeaderSize + parseBlockHeader(file[at:]).size }
	first := headerSize
	second := first + size(first)
	end := second + size(second)
	join := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{file[:headerSize]}, parts...), nil) }
	one, two, last := file[first:second], file[second:end], file[end:]
	for name, bad := range map[string][]byte{
		"missing": join(one, last), "doubled": join(one, one, two, last), "exchanged": join(two, one, last), "none": join(last), "none at all": join(),
	} {
		var de *DamageError
		if _, err := read(bad); !errors.As(err, &de) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := read(join(one, two, last)); err != nil {
		t.Errorf("the test's own cuts are wrong: %v", err)
	}
}

// T5: any payload, with the checksums put right, gives commands that survive a round trip, or damage.
func FuzzReader(f *testing.F) {
	_, file := small(f)
	n := parseBlockHeader(file[headerSize:]).size
	f.Add(false, uint16(8), file[headerSize+blockHeaderSize:headerSize+blockHeaderSize+n])
	f.Add(true, uint16(1), []byte{0x7f, 0xff, 1, 2, 3, 4, 5, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	f.Add(false, uint16(1), []byte{0xff, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	all := write(f, Options{64, 512}, market())
	f.Add(false, uint16(len(market())), all[headerSize+blockHeaderSize:headerSize+blockHeaderSize+parseBlockHeader(all[headerSize:]).size])
	f.Fuzz(func(t *testing.T, first bool, count uint16, payload []byte) {
		version := byte(Version)
		if first {
			version = versionFirst
		}
		_, _ = read(payload) // as a whole file
		if len(payload) > payloadMax {
			t.Skip()
		}
		got, err := read(forge(version, int(count), payload))
		var de *DamageError
		if err != nil && !errors.As(err, &de) {
			t.Fatal(err)
		}
		if err == nil && len(got) != int(count) {
			t.Fatalf("%d commands, want %d", len(got), count)
		}
		again, err := read(write(t, Options{64, 512}, got))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, again, got)
	})
}

// TestCloseTwice: who closes a capture in the end and once more by a defer has a whole one, and nothing goes behind its end.
func TestCloseTwice(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := codec.Command{Seq: 1, Kind: codec.KindNew}
	if err := w.Write(&c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(&c); !errors.Is(err, ErrClosed) {
		t.Errorf("a write behind the end: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := read(out.Bytes()); err != nil || len(got) != 1 {
		t.Errorf("%d commands, %v", len(got), err)
	}
}
