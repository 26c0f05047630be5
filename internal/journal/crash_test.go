package journal

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

const sectorSize = 64 // smaller than a real one, so that records of the tests span several

var errPower = errors.New("power cut")

// disk is a system whose power can be cut: it knows what was made durable, and from what was not
// it builds any mixture. It counts operations, and fails them all when none are left: the process
// that asks for them is dead.
type disk struct {
	mutex   sync.Mutex
	dir     string
	left    int               // operations until the process dies
	durable image             // content by last sync; a name is here only after a sync of the directory
	synced  map[string][]byte // contents synced before their name was
}

func newDisk(t testing.TB, dir string, operations int) *disk {
	d := &disk{dir: dir, left: operations, durable: image{}, synced: map[string][]byte{}}
	if _, err := os.Stat(dir); err == nil {
		d.durable = capture(t, dir)
	}
	return d
}

func (d *disk) powered() error {
	if d.left--; d.left < 0 {
		return errPower
	}
	return nil
}

func (d *disk) system() *system {
	guard := func(op func() error) error {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		if err := d.powered(); err != nil {
			return err
		}
		return op()
	}
	return &system{
		write: func(f *os.File, b []byte, off int64) error {
			return guard(func() error { return realSystem.write(f, b, off) })
		},
		reserve: func(f *os.File, size int64) error {
			return guard(func() error { return f.Truncate(size) })
		},
		sync: func(f *os.File) error {
			return guard(func() error {
				b, err := os.ReadFile(f.Name())
				if _, named := d.durable[filepath.Base(f.Name())]; named {
					d.durable[filepath.Base(f.Name())] = b
				} else {
					d.synced[filepath.Base(f.Name())] = b
				}
				return err
			})
		},
		syncDir: func(dir string) error {
			return guard(func() error {
				for _, name := range segmentNames(dir) {
					if _, named := d.durable[name]; !named {
						d.durable[name] = d.synced[name] // nil: an empty file
					}
				}
				return nil
			})
		},
	}
}

func segmentNames(dir string) []string {
	paths, _ := filepath.Glob(filepath.Join(dir, "*"+SegmentSuffix))
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}

// crash leaves in the directory what a power cut may leave. inverted says that a segment lost
// something while a later one has content, which no file system in use does but none rules out.
func (d *disk) crash(t testing.TB, r *rand.Rand) (inverted bool) {
	live, after := capture(t, d.dir), image{}
	keep := r.IntN(4) // 0: nothing unsynced survives, 3: all of it, else sector by sector
	lost := false
	for _, name := range live.names() {
		b, named := d.durable[name]
		if !named && (keep == 0 || r.IntN(3) == 0) {
			lost = true
			continue // the name was never synced and is gone
		}
		if !named {
			b = d.synced[name]
		}
		mixed := make([]byte, len(live[name]))
		copy(mixed, b)
		whole := true
		for at := 0; at < len(mixed); at += sectorSize {
			sector := live[name][at:min(at+sectorSize, len(mixed))]
			if keep == 3 || keep != 0 && r.IntN(2) == 0 {
				copy(mixed[at:], sector)
			}
			whole = whole && slices.Equal(mixed[at:at+len(sector)], sector)
		}
		if len(b) < len(mixed) && keep != 3 { // the size was not synced either
			mixed = mixed[:max(len(b), r.IntN(len(mixed)+1)&^7)]
			whole = whole && isZero(live[name][len(mixed):])
		}
		inverted = inverted || lost && !isZero(mixed)
		lost = lost || !whole
		after[name] = mixed
	}
	after.restore(t, d.dir)
	return inverted
}

// TestPowerCuts cuts the power after any operation, several times in the life of one log, and lets
// any mixture of what was not synced survive. Nothing synced is ever lost, nothing is invented, and
// every log opens again (I2, I3, I4).
func TestPowerCuts(t *testing.T) {
	seeds := 1000
	if testing.Short() {
		seeds = 100
	}
	root := memoryDir(t)
	opened, torn, refused := 0, 0, 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		dir := filepath.Join(root, strconv.Itoa(seed))
		floor := uint64(0) // what was reported durable
		for range 4 {
			d := newDisk(t, dir, 0)
			for range 1 + r.IntN(3) { // processes between two power cuts: what one wrote, the next one reads
				d.left = 1 + r.IntN(40)
				check, seen := checker()
				j, err := Open(dir, Options{SegmentSize: 1024, RecordMax: 256, system: d.system()}, check)
				if errors.Is(err, errPower) {
					continue
				}
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				opened++
				if j.Tail().Torn {
					torn++
				}
				if *seen < floor {
					t.Fatalf("seed %d: %d records, but %d were durable (I2)", seed, *seen, floor)
				}
				floor = live(t, r, j)
			}
			if d.crash(t, r) {
				if _, _, err := readAll(t, dir); err != nil && !errors.As(err, new(*DamageError)) {
					t.Fatalf("seed %d: %v", seed, err)
				}
				refused++
				break
			}
		}
	}
	t.Logf("%d openings, %d with a torn tail, %d logs given up because a later segment overtook an earlier one", opened, torn, refused)
	if torn == 0 || refused == opened {
		t.Fatal("the power cuts never tore a tail")
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
			_, err = j.Append(kindOf(next), body(next))
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
			if !errors.Is(err, errPower) {
				t.Fatal(err)
			}
			j.Close() // releases the lock as the death of the process does, and writes nothing
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
