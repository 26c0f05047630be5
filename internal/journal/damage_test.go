package journal

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// closedLog returns the image of a closed log of n records in several segments.
func closedLog(t *testing.T, n int) image {
	t.Helper()
	dir := memoryDir(t)
	j := open(t, dir, small)
	fill(t, j, n)
	must(t, j.Close())
	return capture(t, dir)
}

// wantDamage checks that both ways to read the log in dir find damage, with the place, and that
// Open has changed nothing.
func wantDamage(t *testing.T, im image, dir, what string) {
	t.Helper()
	im.restore(t, dir)
	for how, read := range map[string]func() (uint64, Tail, error){
		"Open":   func() (uint64, Tail, error) { return reopen(t, dir, small) },
		"Reader": func() (uint64, Tail, error) { return readAll(t, dir) },
	} {
		n, tail, err := read()
		damage := new(DamageError)
		if !errors.As(err, &damage) {
			t.Fatalf("%s: %s read %d records, tail %+v, error %v, want a DamageError (I4)", what, how, n, tail, err)
		}
		if damage.File == "" || damage.Want == "" || damage.Got == "" {
			t.Fatalf("%s: %s gave no place or reason: %v", what, how, err)
		}
	}
	for name, b := range capture(t, dir) {
		if !slices.Equal(b, im[name]) {
			t.Fatalf("%s: Open changed %s of a damaged log", what, name)
		}
	}
}

// TestBitFlips flips each bit of a closed log, one at a time. All records were promised, so a flip
// is damage; only in the closing mark and in the zeros behind it is it a tear, which loses nothing.
func TestBitFlips(t *testing.T) {
	const records = 20
	im := closedLog(t, records)
	if len(im) < 3 {
		t.Fatalf("%d segments, want several", len(im))
	}
	dir := memoryDir(t)
	for _, name := range im.names() {
		end := len(im[name])
		if name == im.last() {
			end = used(im[name]) - headerSize // where the closing mark starts
		}
		for at := range end {
			damaged := im.clone()
			damaged[name][at] ^= 1 << (at % 8)
			if testing.Short() && at%7 != 0 {
				continue
			}
			wantDamage(t, damaged, dir, name)
		}
		for at := end; at < len(im[name]); at += 3 {
			torn := im.clone()
			torn[name][at] ^= 1 << (at % 8)
			torn.restore(t, dir)
			n, tail, err := reopen(t, dir, small)
			if err != nil || n != records || !tail.Torn {
				t.Fatalf("flip at %d behind the records: %d records, %+v, %v, want all %d and torn", at, n, tail, err, records)
			}
			if n, tail, err := reopen(t, dir, small); err != nil || n != records || tail.Torn {
				t.Fatalf("flip at %d, second opening: %d records, %+v, %v", at, n, tail, err)
			}
		}
	}
}

// TestForgedMark gives the opening mark another body, sealed: this is no segment of a journal.
func TestForgedMark(t *testing.T) {
	im, dir := closedLog(t, 3), memoryDir(t)
	b := im[im.last()]
	b[headerSize] = 'T'
	seal(b[:openingSize])
	im.restore(t, dir)
	damage := new(DamageError)
	if _, err := Open(dir, small, nil); !errors.As(err, &damage) || damage.Offset != 0 {
		t.Fatalf("got %v, want damage at 0", err)
	}
}

// record is where a record lies in an image.
type record struct {
	name string
	at   int
	header
}

func recordsOf(im image) []record {
	var all []record
	for _, name := range im.names() {
		at := 0
		for b := im[name]; at+headerSize <= len(b) && !isZero(b[at:at+headerSize]); {
			h, _ := headerAt(b[at:])
			all = append(all, record{name, at, h})
			at += int(h.size())
		}
	}
	return all
}

// TestSplices edits logs so that every record is whole in itself, but they are not the log that was
// written (I1).
func TestSplices(t *testing.T) {
	im := closedLog(t, 30)
	dir := memoryDir(t)
	for _, r := range recordsOf(im) {
		if r.kind == kindMark {
			continue
		}
		size := int(r.size())

		cut := im.clone() // the record is gone, what follows moves up
		b := cut[r.name]
		copy(b[r.at:], b[r.at+size:])
		clear(b[len(b)-size:])
		wantDamage(t, cut, dir, "record cut out")

		again := im.clone() // the record is there twice
		b = again[r.name]
		if used(b)+size+headerSize <= len(b) {
			copy(b[r.at+size:], slices.Clone(b[r.at:len(b)-size]))
			wantDamage(t, again, dir, "record repeated")
		}

		lost := im.clone() // a lost page
		clear(lost[r.name][r.at : r.at+size])
		wantDamage(t, lost, dir, "record zeroed")

	}
}

// TestForgedRecord changes a record and seals it again: the next record shows that, or the record
// itself if it is not in its place any more (I1).
func TestForgedRecord(t *testing.T) {
	im, dir := closedLog(t, 30), memoryDir(t)
	for _, r := range recordsOf(im) {
		if r.kind == kindMark {
			continue
		}
		for field, found := range map[int]uint64{8: r.lsn - 1, 16: r.lsn, 20: r.lsn - 1} { // LSN, kind, prev
			forged := im.clone()
			b := forged[r.name][r.at : r.at+int(r.size())]
			b[field] ^= 64
			seal(b)
			forged.restore(t, dir)
			last := uint64(0)
			_, err := Open(dir, small, func(got Record) error { last = got.LSN; return nil })
			if !errors.As(err, new(*DamageError)) || last != found {
				t.Fatalf("record %d forged at %d: read up to %d, %v, want damage behind %d", r.lsn, field, last, err, found)
			}
		}
	}
}

// TestMovedSegments takes whole segments away, exchanges them, or takes them from another log.
func TestMovedSegments(t *testing.T) {
	im, dir := closedLog(t, 40), memoryDir(t)
	names := im.names()
	for i, name := range names[:len(names)-1] {
		gone := im.clone()
		delete(gone, name)
		wantDamage(t, gone, dir, "segment gone")

		if i > 0 {
			swapped := im.clone()
			swapped[name], swapped[names[i+1]] = im[names[i+1]], im[name]
			wantDamage(t, swapped, dir, "segments exchanged")
		}
	}
	otherDir := memoryDir(t)
	other := open(t, otherDir, small)
	if _, err := other.Append(9, []byte("another beginning")); err != nil {
		t.Fatal(err)
	}
	for other.LSN() < 40 {
		next := other.LSN() + 1
		if _, err := other.Append(kindOf(next), body(next)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, other.Close())
	for name, b := range capture(t, otherDir) {
		if _, same := im[name]; same && name != names[0] {
			mixed := im.clone()
			mixed[name] = b
			wantDamage(t, mixed, dir, "segment of another log")
			return
		}
	}
	t.Fatal("the two logs have no segment name in common")
}

// roomy holds the records of a test in one segment.
var roomy = Options{SegmentSize: 16 << 10, RecordMax: 256}

// TestPromiseDecides checks both readings of one and the same pattern, a bad record before good
// ones: torn if the log was never synced there, damage if it was (I4).
func TestPromiseDecides(t *testing.T) {
	dir := memoryDir(t)
	j := open(t, dir, roomy)
	fill(t, j, 10)
	must(t, errors.Join(j.Flush(), j.Sync()))
	fill(t, j, 10) // these promise the first ten
	must(t, j.Flush())
	im := capture(t, dir)
	must(t, j.Close())

	records := recordsOf(im)
	for _, r := range records[1:] {
		damaged := im.clone()
		damaged[r.name][r.at+8] ^= 1
		damaged.restore(t, dir)
		check, seen := checker()
		j, err := Open(dir, roomy, check)
		if r.lsn <= 10 {
			if damage := new(DamageError); !errors.As(err, &damage) || damage.Offset != int64(r.at) {
				t.Fatalf("record %d: %v, want damage at %d", r.lsn, err, r.at)
			}
			continue
		}
		must(t, err)
		tail := j.Tail()
		if *seen != r.lsn-1 || !tail.Torn || tail.Offset != int64(r.at) || tail.Records != int(20-r.lsn) {
			t.Fatalf("record %d: %d records and %+v, want a tear at %d with %d records behind it", r.lsn, *seen, tail, r.at, 20-r.lsn)
		}
		must(t, j.Close())
	}
}

// TestMissingFirstSegment checks that a log without its beginning is not taken for a whole one, not
// even if what is there is empty.
func TestMissingFirstSegment(t *testing.T) {
	im := closedLog(t, 40)
	delete(im, im.names()[0])
	empty := image{im.names()[0]: make([]byte, 1024)}
	for _, im := range []image{im, empty} {
		dir := memoryDir(t)
		im.restore(t, dir)
		if _, err := Open(dir, small, nil); !errors.As(err, new(*DamageError)) {
			t.Fatalf("got %v", err)
		}
	}
}

// TestEmptyLaterSegments has a crash lose the end of a segment while a later one exists that holds
// no record: it was made and perhaps opened. Nothing durable can have been lost, so the log goes on,
// and the later segment is gone (I4).
func TestEmptyLaterSegments(t *testing.T) {
	whole := closedLog(t, 40)
	names := whole.names()
	second := whole[names[1]]
	opened := append(slices.Clone(second[:openingSize]), make([]byte, len(second)-openingSize)...)
	for what, later := range map[string][]byte{"nothing": {}, "zeros": make([]byte, 1024), "a mark": opened} {
		for _, keep := range []int{300, 301, 1024} {
			im, dir := image{}, memoryDir(t)
			im[names[0]] = make([]byte, 1024)
			copy(im[names[0]], whole[names[0]][:keep])
			im[names[1]] = later
			if keep == 1024 { // all of the segment, but its last record is zero
				records := recordsOf(image{names[0]: whole[names[0]]})
				clear(im[names[0]][records[len(records)-1].at:])
			}
			im.restore(t, dir)
			check, seen := checker()
			j, err := Open(dir, small, check)
			must(t, err)
			if len(capture(t, dir)) != 1 || *seen == 0 {
				t.Fatalf("later segment with %s: %d segments, %d records", what, len(capture(t, dir)), *seen)
			}
			last := fill(t, j, 30)
			must(t, j.Close())
			if n, tail, err := reopen(t, dir, small); n != last || tail.Torn || err != nil {
				t.Fatalf("later segment with %s: %d records, %+v, %v, want %d", what, n, tail, err, last)
			}
		}
	}
}

// TestRecordIsFinishedMeanwhile has a writer finish a record between the two looks of a reader that
// has found it damaged: it was not.
func TestRecordIsFinishedMeanwhile(t *testing.T) {
	im, dir := closedLog(t, 5), memoryDir(t)
	name, second := im.names()[0], recordsOf(im)[2]
	half := im.clone()
	clear(half[name][second.at+headerSize+8 : second.at+int(second.size())])
	half.restore(t, dir)
	r, err := NewReader(dir)
	must(t, err)
	defer r.Close()
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	_, _, found, err := r.load()
	if err != nil || found == nil {
		t.Fatalf("half a record is not noticed: %v", err)
	}
	im.restore(t, dir)
	if err := r.stop(found); err != nil {
		t.Fatalf("got %v, want to go on", err)
	}
	if record, err := r.Next(); err != nil || record.LSN != second.lsn {
		t.Fatalf("LSN %d, %v, want %d", record.LSN, err, second.lsn)
	}
}

// TestPromiseIsBehind checks the promise in the records themselves: never more than was synced.
func TestPromiseIsBehind(t *testing.T) {
	dir := memoryDir(t)
	j := open(t, dir, roomy)
	synced := uint64(0)
	for i := range 20 {
		fill(t, j, 1)
		if i%3 == 0 {
			must(t, errors.Join(j.Flush(), j.Sync()))
			if j.Synced() != j.LSN() {
				t.Fatalf("Synced %d after a sync at %d", j.Synced(), j.LSN())
			}
		}
		must(t, j.Flush())
		all := recordsOf(capture(t, dir))
		if got := binary.LittleEndian.Uint64(capture(t, dir)[all[0].name][all[len(all)-1].at+24:]); got != synced {
			t.Fatalf("record %d promises %d, want %d", i+1, got, synced)
		}
		synced = j.Synced()
	}
	must(t, j.Close())
}
