package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// What a log is, as docs/formats/journal.md says it.
const (
	isClean = iota
	isTorn
	isDamaged
	verdicts
)

// twin reads segments in memory as the page of the format says it, with no thought of speed, of a writer at work or of a
// position: how many records there are, and what the log is.
func twin(im image) (records uint64, verdict int) {
	lsn, chain := uint64(0), uint32(0)
	names := im.names()
	for i, name := range names {
		b := im[name]
		for at := 0; ; {
			if rest := b[at:]; isZero(rest[:min(len(rest), headerSize)]) {
				last := i == len(names)-1
				if whole := isZero(rest); whole && last {
					return lsn, isClean
				} else if first := uint64(0); whole {
					if first, _ = SegmentLSN(names[i+1]); first == lsn+1 {
						break
					}
				}
				return lsn, twinJudges(im, names[i:], at, lsn)
			}
			size, ok := twinWhole(b[at:])
			if !ok {
				return lsn, twinJudges(im, names[i:], at, lsn)
			}
			le, r := binary.LittleEndian, b[at:at+size]
			want, mark := lsn+1, r[16] == 0
			if mark {
				want = lsn
			}
			if opening := mark && string(r[headerSize:]) == openingBody; le.Uint64(r[8:]) != want || le.Uint32(r[20:]) != chain || opening != (at == 0) {
				return lsn, isDamaged // whole, and not the next one of this log (3)
			}
			lsn, chain, at = want, le.Uint32(r), at+size
		}
	}
	return lsn, isClean
}

// twinWhole reports how long the record at the start of b is, if that is one and whole in itself.
func twinWhole(b []byte) (size int, ok bool) {
	if le := binary.LittleEndian; len(b) >= headerSize && b[17] == 0 && le.Uint16(b[18:]) == recordMagic {
		size = headerSize + (int(le.Uint32(b[4:]))+7)/8*8
		ok = size <= len(b) && crc32.Checksum(b[4:size], castagnoli) == le.Uint32(b)
	}
	return size, ok
}

// twinJudges says what it means that behind record lsn, in the first of some segments, the next one is not.
func twinJudges(im image, names []string, at int, lsn uint64) int {
	for i, name := range names {
		first, _ := SegmentLSN(name)
		for b := im[name]; at < len(b); at += 8 {
			if _, ok := twinWhole(b[at:]); !ok {
				continue
			}
			number, synced := binary.LittleEndian.Uint64(b[at+8:]), binary.LittleEndian.Uint64(b[at+24:])
			if i == 0 && number > lsn && synced > lsn || i > 0 && number >= first { // proofs 1 and 2
				return isDamaged
			}
		}
		at = 0
	}
	return isTorn
}

// dieWith writes a log with syncs here and there, and has the process die.
func dieWith(t *testing.T, d *simdisk.Disk, dice *rand.Rand) {
	t.Helper()
	j := open(t, "log", on(d))
	for range 1 + dice.IntN(30) {
		fill(t, j, 1)
		if dice.IntN(3) == 0 {
			must(t, j.Flush())
		}
		if dice.IntN(6) == 0 {
			must(t, j.Sync())
		}
	}
	must(t, j.Flush())
	if dice.IntN(4) == 0 {
		must(t, j.Close())
	}
	d.Kill()
}

// maul damages segments somewhere: a bit, a beginning, a sector, an end.
func maul(im image, dice *rand.Rand) {
	names := im.names()
	name := names[dice.IntN(len(names))]
	b := im[name]
	if len(b) == 0 {
		return
	}
	at := dice.IntN(min(max(used(b), 1), len(b)))
	switch dice.IntN(7) {
	case 0, 1:
		b[at] ^= 1 << dice.IntN(8)
	case 2:
		im[name] = b[:at]
	case 3:
		clear(b[at:])
	case 4:
		at &^= 511
		clear(b[at:min(at+512, len(b))])
	case 5:
		if len(im) > 1 {
			delete(im, name)
		}
	case 6:
		copy(b[at&^7:], b[:min(len(b), 8*dice.IntN(60))])
	}
}

// TestTwin: what Reader and Open make of logs that were damaged at random is what the format's page makes of them. A log that
// is damaged stays as it is.
func TestTwin(t *testing.T) {
	const seed = 7
	dice, counts := rand.New(rand.NewPCG(seed, 0)), [verdicts]int{}
	for round := range 2000 {
		d := simdisk.New(uint64(round))
		dieWith(t, d, dice)
		im := captureOn(t, d, "log")
		for range dice.IntN(3) {
			maul(im, dice)
		}
		d = simdisk.New(1)
		must(t, d.MakeDir("log"))
		for name, b := range im {
			f, err := d.Create("log/" + name)
			must(t, err)
			if len(b) > 0 {
				_, err = f.WriteAt(b, 0)
			}
			must(t, errors.Join(err, f.Close()))
		}
		records, verdict := twin(im)
		if first, _ := SegmentLSN(im.names()[0]); first != 1 {
			records, verdict = 0, isDamaged // the log has no beginning
		}
		counts[verdict]++
		n, tail, err := readAllOn(t, d, "log")
		damaged := errors.As(err, new(*DamageError))
		if err != nil && !damaged || n != records || damaged != (verdict == isDamaged) || tail.Torn != (verdict == isTorn) {
			t.Fatalf("seed %d, round %d: %d records, %+v, %v; the page has %d, and %d", seed, round, n, tail, err, records, verdict)
		}
		n, tail, err = reopen(t, "log", on(d))
		if n != records || errors.As(err, new(*DamageError)) != damaged || tail.Torn != (verdict == isTorn) {
			t.Fatalf("seed %d, round %d: opened with %d records, %+v, %v", seed, round, n, tail, err)
		}
		for name, b := range captureOn(t, d, "log") {
			if damaged && !slices.Equal(b, im[name]) {
				t.Fatalf("seed %d, round %d: %s of a damaged log was changed", seed, round, name)
			}
		}
		if again, tail, err := readAllOn(t, d, "log"); !damaged && (again != records || tail.Torn || err != nil) {
			t.Fatalf("seed %d, round %d: %d records again, %+v, %v, want %d", seed, round, again, tail, err, records)
		}
	}
	t.Logf("clean, torn, damaged: %v", counts)
	if slices.Min(counts[:]) < 100 {
		t.Errorf("clean, torn, damaged: %v, which proves little", counts)
	}
}
