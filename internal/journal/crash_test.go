package journal

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// wideOptions give segments of eight sectors, for records that mostly span some.
func wideOptions(d *simdisk.Disk) Options {
	return Options{SegmentSize: 4096, RecordMax: 1500, FS: d}
}

// overtaken reports whether a crash, from before to after, has a later segment in use while an
// earlier one lost something. No file system is known that does it, but none rules it out, and a log
// is refused then.
func overtaken(before, after image) bool {
	lost := false
	for _, name := range before.names() {
		if lost && !isZero(after[name]) {
			return true
		}
		b, a := before[name], after[name]
		n := used(b)
		lost = lost || len(a) < n || !slices.Equal(a[:n], b[:n])
	}
	return false
}

// cutPower crashes the disk and checks the log that it leaves: nothing synced is lost, nothing is
// invented, and it opens again (I2, I3, I4). It returns the records that are there and whether the log
// was torn, or was refused, which only a later segment that overtook an earlier one justifies.
func cutPower(t testing.TB, d *simdisk.Disk, keep func(i, n int) bool, durable uint64) (records uint64, torn, refused bool) {
	t.Helper()
	before := image{}
	if _, err := d.List("log"); err == nil {
		before = captureOn(t, d, "log")
	}
	d.Crash(keep)
	after := image{}
	if _, err := d.List("log"); err == nil {
		after = captureOn(t, d, "log")
	}
	check, seen := checkerOf(wide)
	j, err := Open("log", wideOptions(d), check)
	if errors.As(err, new(*DamageError)) && overtaken(before, after) {
		return *seen, false, true
	}
	must(t, err)
	if *seen < durable {
		t.Fatalf("%d records, but %d were durable (I2)", *seen, durable)
	}
	torn = j.Tail().Torn
	must(t, j.Close())
	return *seen, torn, false
}

// TestPowerCuts cuts the power after any operation, several times in the life of one log, and lets
// any mixture of what was not synced survive. Nothing synced is ever lost, nothing is invented, and
// every log opens again (I2, I3, I4).
func TestPowerCuts(t *testing.T) {
	seeds := 2000
	if testing.Short() {
		seeds = 200
	}
	cuts, tears, refusals := 0, 0, 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		d := simdisk.New(uint64(seed))
		floor := uint64(0) // what was reported durable
		for range 4 {
			for range 1 + r.IntN(3) { // processes between two power cuts: what one wrote, the next one reads
				d.SetFault(simdisk.DiesAt(1 + r.IntN(40)))
				check, seen := checkerOf(wide)
				j, err := Open("log", wideOptions(d), check)
				if err == nil {
					if *seen < floor {
						t.Fatalf("seed %d: %d records, but %d were durable (I2)", seed, *seen, floor)
					}
					floor = live(t, r, j)
				} else if !errors.Is(err, simdisk.ErrDead) {
					t.Fatalf("seed %d: %v", seed, err)
				}
				d.Kill()
			}
			keep := []func(i, n int) bool{simdisk.Drop, simdisk.Keep, d.Some(), d.Some(), simdisk.First(r.IntN(20)), simdisk.Last(r.IntN(20))}[r.IntN(6)]
			n, torn, refused := cutPower(t, d, keep, floor)
			cuts++
			if torn {
				tears++
			}
			if refused {
				refusals++
				break
			}
			floor = n
		}
	}
	t.Logf("%d power cuts, %d torn tails, %d logs refused because a later segment overtook an earlier one", cuts, tears, refusals)
	if tears == 0 || refusals*10 > cuts {
		t.Fatal("the power cuts tore no tail, or left too few logs")
	}
}

// live appends, flushes, syncs and closes at random until the process dies, which is when the disk
// takes nothing more, or the log is closed. It returns what the log last said to be durable.
func live(t testing.TB, r *rand.Rand, j *Journal) uint64 {
	for {
		var err error
		switch r.IntN(8) {
		case 0, 1, 2, 3:
			next := j.LSN() + 1
			_, err = j.Append(kindOf(next), wide(next))
		case 4, 5:
			err = j.Flush()
		case 6:
			err = j.Sync()
		case 7:
			if r.IntN(5) == 0 {
				err = j.Close()
				if err == nil {
					return j.Synced()
				}
			}
		}
		if err != nil {
			if !errors.Is(err, simdisk.ErrDead) {
				t.Fatal(err)
			}
			return j.Synced()
		}
	}
}

// TestCutAtEveryByte keeps the first n bytes of the last segment, for every n, with zeros or with
// nothing behind them: what is whole is read, and the log goes on from there.
func TestCutAtEveryByte(t *testing.T) {
	dir := memoryDir(t)
	j := open(t, dir, small)
	fill(t, j, 12)
	must(t, j.Flush())
	im := capture(t, dir)
	must(t, j.Close())
	last := im.last()
	full := im[last]
	before := uint64(0)
	var ends []int // of the records of the last segment
	for _, r := range recordsOf(im) {
		if r.name != last && r.kind != kindMark {
			before++
		}
		if r.name == last && r.kind != kindMark {
			ends = append(ends, r.at+headerSize+int(r.length))
		}
	}
	for n := range used(full) + 1 {
		want := before
		for _, end := range ends {
			if end <= n {
				want++
			}
		}
		for _, padded := range []bool{true, false} {
			cut := im.clone()
			cut[last] = slices.Clone(full[:n])
			if padded {
				cut[last] = append(cut[last], make([]byte, len(full)-n)...)
			}
			cut.restore(t, dir)
			if got, _, err := readAll(t, dir); err != nil || got > want {
				t.Fatalf("cut at %d: Reader gave %d records, %v, want at most %d", n, got, err, want)
			}
			check, seen := checker()
			j, err := Open(dir, small, check)
			if err != nil || *seen > want || *seen+1 < want {
				t.Fatalf("cut at %d (padded %v): %d records, %v, want %d", n, padded, *seen, err, want)
			}
			total := fill(t, j, 5)
			must(t, j.Close())
			if got, tail, err := reopen(t, dir, small); err != nil || got != total || tail.Torn {
				t.Fatalf("cut at %d: after going on %d records, %+v, %v, want %d", n, got, tail, err, total)
			}
		}
	}
}
