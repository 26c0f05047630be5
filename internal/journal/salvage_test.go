package journal

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

const holeKind = 255 // no record of these tests has it

// salvage reads a damaged log and checks that what it gives are records that were written, in order.
// It returns which, and the holes.
func salvage(t testing.TB, d *simdisk.Disk, after Position) (lsns []uint64, holes []*Hole) {
	t.Helper()
	r, err := NewSalvager(d, "log", after)
	must(t, err)
	defer r.Close()
	last := after.LSN
	for {
		record, err := r.Next()
		hole := new(Hole)
		switch {
		case eof(err):
			return lsns, holes
		case errors.As(err, &hole):
			if hole.After != last || hole.Next != 0 && hole.Next <= last || hole.Damage == nil {
				t.Fatalf("behind record %d: %v", last, hole)
			}
			holes = append(holes, hole)
			continue
		}
		must(t, err)
		if record.LSN <= last || record.LSN != last+1 && (len(holes) == 0 || holes[len(holes)-1].Next != record.LSN) {
			t.Fatalf("record %d after %d, holes %v", record.LSN, last, holes)
		}
		last = record.LSN
		check, seen := checker()
		*seen = last - 1
		must(t, check(record))
		lsns = append(lsns, last)
	}
}

// TestSalvageFlips flips each bit of a log: everything but the damaged record, or the one it is in, is
// found, and the hole tells its neighbours.
func TestSalvageFlips(t *testing.T) {
	const n = 20
	d := simdiskWith(t, n)
	im := captureOn(t, d, "log")
	for _, r := range recordsOf(im) {
		for at := 0; at < int(r.size()); at += 3 {
			c := d.Clone()
			must(t, c.Flip("log/"+r.name, int64(r.at+at), at))
			lsns, holes := salvage(t, c, Position{})
			switch last := r.name == im.last() && r.lsn == n; {
			case r.kind != kindMark:
				if len(lsns) != n-1 || len(holes) != 1 || holes[0].After != r.lsn-1 || !last && holes[0].Next != r.lsn+1 || last && holes[0].Next != 0 {
					t.Fatalf("record %d: %d records, holes %v", r.lsn, len(lsns), holes)
				}
			case r.at == 0: // an opening mark: nothing is lost but the proof that nothing is
				if len(lsns) != n || len(holes) != 1 || holes[0].After != r.lsn || holes[0].Next != r.lsn+1 {
					t.Fatalf("opening mark at %d: %d records, holes %v", r.lsn, len(lsns), holes)
				}
			case len(lsns) != n || len(holes) != 0: // the closing mark: torn
				t.Fatalf("closing mark: %d records, holes %v", len(lsns), holes)
			}
		}
	}
}

// hurt damages a log at random: flips, lost sectors, sectors that went elsewhere, lost segments.
func hurt(t testing.TB, d *simdisk.Disk, r *rand.Rand) {
	im := captureOn(t, d, "log")
	for range 1 + r.IntN(3) {
		name := im.names()[r.IntN(len(im))]
		path, at := "log/"+name, int64(r.IntN(max(1, used(im[name]))))
		switch r.IntN(4) {
		case 0:
			must(t, d.Flip(path, at, r.IntN(8)))
		case 1:
			must(t, d.Damage(path, at, func(s []byte, _ int) { clear(s) }))
		case 2:
			var other []byte
			must(t, d.Damage(path, at, func(s []byte, _ int) { other = append(other, s...) }))
			must(t, d.Damage("log/"+im.names()[r.IntN(len(im))], int64(r.IntN(1024)), func(s []byte, _ int) { copy(s, other) }))
		case 3:
			if r.IntN(4) == 0 {
				must(t, d.Remove(path))
				if im = captureOn(t, d, "log"); len(im) == 0 {
					return
				}
			}
		}
	}
	must(t, d.SyncDir("log"))
}

// TestSalvageDamage damages logs at random and salvages them: what comes is right, all records of
// segments that were not touched come, and there is a hole if and only if a Reader finds damage.
func TestSalvageDamage(t *testing.T) {
	whole := simdiskWith(t, 60)
	holes, lost := 0, 0
	for seed := range uint64(2000) {
		d := whole.Clone()
		hurt(t, d, rand.New(rand.NewPCG(seed, 3)))
		_, _, err := readAllOn(t, d, "log")
		lsns, found := salvage(t, d, Position{})
		if errors.As(err, new(*DamageError)) != (len(found) > 0) {
			t.Fatalf("seed %d: a reader gives %v, salvage %v", seed, err, found)
		}
		now := captureOn(t, d, "log")
		for _, name := range now.names() {
			if string(now[name]) != string(captureOn(t, whole, "log")[name]) {
				continue
			}
			for _, r := range recordsOf(image{name: now[name]}) {
				if r.kind != kindMark && !contains(lsns, r.lsn) {
					t.Fatalf("seed %d: record %d of %s, which is whole, is missing from %v", seed, r.lsn, name, lsns)
				}
			}
		}
		holes += len(found)
		lost += 60 - len(lsns)
	}
	t.Logf("%d holes, %d records lost", holes, lost)
}

func contains(lsns []uint64, lsn uint64) bool {
	for _, l := range lsns {
		if l == lsn {
			return true
		}
	}
	return false
}

// TestSalvageAfter begins behind a position: a hole before it is no concern, also where the position's
// record itself is lost.
func TestSalvageAfter(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", Options{SegmentSize: 16 << 10, RecordMax: 256, FS: d})
	at := positions(t, j, 30)
	must(t, j.Close())
	all := recordsOf(captureOn(t, d, "log"))
	for lost := uint64(1); lost <= 29; lost++ {
		c := d.Clone()
		for _, r := range all {
			if r.lsn == lost && r.kind != kindMark {
				must(t, c.Flip("log/"+r.name, int64(r.at)+headerSize-1, 1))
			}
		}
		for after := uint64(1); after <= 30; after++ {
			lsns, holes := salvage(t, c, at[after])
			want := 30 - after
			if lost > after {
				want--
			}
			if uint64(len(lsns)) != want || len(holes) > 0 != (lost > after) {
				t.Fatalf("lost %d, behind %d: %d records, holes %v", lost, after, len(lsns), holes)
			}
		}
	}
}

// TestOpenAfterDamage opens a log behind a position: damage before it, in the same segment, is no concern, as that in
// segments before is none. Where it is met, at the position or behind it, Open goes on only if the log still
// says that the position is its own.
func TestOpenAfterDamage(t *testing.T) {
	whole := simdisk.New(1)
	o := Options{SegmentSize: 16 << 10, RecordMax: 256, FS: whole}
	j := open(t, "log", o)
	at := positions(t, j, 30)
	must(t, j.Close())
	all := recordsOf(captureOn(t, whole, "log"))
	for lost := uint64(1); lost <= 29; lost++ {
		for after := uint64(1); after < 30; after++ {
			d := whole.Clone()
			for _, r := range all {
				if r.lsn == lost && r.kind != kindMark {
					must(t, d.Flip("log/"+r.name, int64(r.at)+headerSize-1, 1))
				}
			}
			o.FS, o.After = d, at[after]
			check, seen := checker()
			*seen = after
			j, err := Open("log", o, check)
			if lost > after {
				if !errors.As(err, new(*DamageError)) {
					t.Fatalf("record %d is lost, behind %d: %v, want damage", lost, after, err)
				}
				continue
			}
			if err != nil || *seen != 30 {
				t.Fatalf("record %d is lost, behind %d: %d records, %v, want 30", lost, after, *seen, err)
			}
			must(t, j.Close())
			o.After.Chain++
			if _, err := Open("log", o, nil); err == nil {
				t.Fatalf("record %d is lost: a position of another log behind %d was taken", lost, after)
			}
		}
	}
}

// TestRepair repairs random damage, with a crash at a random call of some repairs: then there is the
// old log or the new one. The new one is whole, goes on, and has what could be read, with a record for
// each hole. If it is the new one, a reader sees it so before it is in its place.
func TestRepair(t *testing.T) {
	whole := simdiskWith(t, 60)
	repaired, crashed, cutShort, beyond := 0, 0, 0, 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 4))
		d := whole.Clone()
		hurt(t, d, r)
		lsns, found := salvage(t, d, Position{})
		if r.IntN(2) == 0 {
			d.SetFault(simdisk.DiesAt(r.IntN(40)))
		}
		holes, err := Repair("log", on(d), holeKind)
		if errors.Is(err, simdisk.ErrDead) {
			crashed++
			d.Crash(d.Some())
			segments, seen := Repairing(d, "log")
			must(t, seen)
			before, _, seen := readKinds(d)
			holes, err = Repair("log", on(d), holeKind)
			if segments > 0 {
				cutShort++
				if after, _, err := readKinds(d); err != nil || seen != nil || !slices.Equal(before, after) {
					t.Fatalf("seed %d: a reader saw %d records, %v, in the place that a repair has cut short; then %d, %v",
						seed, len(before), seen, len(after), err)
				}
			}
			if err == nil && len(holes) == 0 { // the repair before it had come to the point of no return
				holes = found
			}
		}
		if errors.As(err, new(*DamageError)) {
			if len(found) == 0 || found[0].After != 0 {
				t.Fatalf("seed %d: %v", seed, err)
			}
			beyond++
			continue
		}
		must(t, err)
		if len(holes) != len(found) {
			t.Fatalf("seed %d: %d holes, want %d", seed, len(holes), len(found))
		}
		if len(holes) > 0 {
			repaired++
		}
		d.SetFault(nil)
		checkRepaired(t, d, seed, lsns, found)
	}
	t.Logf("%d logs repaired, %d of the repairs crashed, %d of them at the end, %d logs beyond repair", repaired, crashed, cutShort, beyond)
	if repaired == 0 || crashed == 0 || cutShort == 0 || beyond == 0 {
		t.Fatal("a case was never met")
	}
}

func checkRepaired(t *testing.T, d *simdisk.Disk, seed uint64, lsns []uint64, found []*Hole) {
	t.Helper()
	i, h := 0, 0
	j, err := Open("log", on(d), func(r Record) error {
		if r.Kind == holeKind {
			if before, next := binary.LittleEndian.Uint64(r.Body), binary.LittleEndian.Uint64(r.Body[8:]); len(r.Body) != 16 || before != found[h].After || next != found[h].Next {
				t.Fatalf("seed %d: hole %d says %x, want %v", seed, h, r.Body, found[h])
			}
			h++
			return nil
		}
		if r.Kind != kindOf(lsns[i]) || string(r.Body) != string(body(lsns[i])) {
			t.Fatalf("seed %d: record %d is not the old one with number %d", seed, r.LSN, lsns[i])
		}
		i++
		return nil
	})
	must(t, err)
	if i != len(lsns) || h != len(found) {
		t.Fatalf("seed %d: %d records and %d holes, want %d and %d", seed, i, h, len(lsns), len(found))
	}
	_, err = j.Append(1, []byte("it goes on"))
	must(t, errors.Join(err, j.Close()))
	names, err := d.List("log")
	must(t, err)
	for _, name := range names {
		if _, ok := numbered(name, SegmentSuffix); !ok {
			t.Fatalf("seed %d: %s is left", seed, name)
		}
	}
	if _, _, err := readKinds(d); err != nil {
		t.Fatalf("seed %d: read again: %v", seed, err)
	}
}

// readKinds reads a log whatever it holds.
func readKinds(d *simdisk.Disk) (kinds []uint8, last uint64, err error) {
	r, err := NewReaderOn(d, "log", Position{})
	if err != nil {
		return nil, 0, err
	}
	for {
		record, err := r.Next()
		if eof(err) {
			return kinds, last, nil
		}
		if err != nil {
			return kinds, last, err
		}
		kinds, last = append(kinds, record.Kind), record.LSN
	}
}

// TestRepairMakesNoSpare repairs with the options of a journal that has a filler. What it makes would get its
// name among the old segments, which are the log until the repair is at its end.
func TestRepairMakesNoSpare(t *testing.T) {
	d := simdisk.New(1)
	o := on(d)
	j := open(t, "log", o)
	fill(t, j, 2000)
	must(t, j.Close())
	im := captureOn(t, d, "log")
	must(t, d.Flip("log/"+im.names()[0], 200, 1))
	d.SetFault(func(c simdisk.Call) error {
		if filepath.Base(c.Path) == spareName {
			t.Errorf("%v of %s", c.Op, c.Path)
		}
		return nil
	})
	o.Ahead = true
	holes, err := Repair("log", o, holeKind)
	d.SetFault(nil)
	if err != nil || len(holes) != 1 {
		t.Fatalf("holes %v, %v, want one", holes, err)
	}
	if kinds, _, err := readKinds(d); err != nil || len(kinds) < 1990 {
		t.Fatalf("%d records, %v", len(kinds), err)
	}
}
