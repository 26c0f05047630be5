package journal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// A workload is a word of these letters.
const (
	opSmall    = 's' // append a record within a sector
	opWide     = 'w' // append one that spans four
	opRoll     = 'r' // append one that needs a new segment
	opFlush    = 'f'
	opSync     = 'y' // flush and sync
	opReopen   = 'c' // close and open
	opKill     = 'k' // the process dies and the next one opens
	opTruncate = 't' // keep a snapshot of what is durable and truncate before it
	opSpare    = 'p' // the next segment is filled, if none is
	operations = "swrfyckt"
	withSpares = "prykc"
)

// words calls use with each word of at most n of the letters.
func words(operations string, n int, use func(word string)) {
	use("")
	var extend func(word string)
	extend = func(word string) {
		for _, letter := range operations {
			next := word + string(letter)
			if use(next); len(next) < n {
				extend(next)
			}
		}
	}
	extend("")
}

// sizes of the bodies by LSN: a record has to be known again by its number alone.
type bodies map[uint64]int

func (b bodies) of(lsn uint64) []byte { return pattern(lsn, make([]byte, b[lsn])) }

// process is a journal at work on a simulated disk, which dies somewhere.
type process struct {
	disk    *simdisk.Disk
	journal *Journal
	bodies  bodies
	durable uint64   // what was called durable
	snap    Position // of the newest snapshot
}

func (p *process) options() Options {
	return Options{SegmentSize: 4096, RecordMax: 3500, FS: p.disk, After: p.snap}
}

// do carries out one operation.
func (p *process) do(op rune) (err error) {
	defer func() {
		if p.journal != nil {
			p.durable = max(p.durable, p.journal.Synced())
		}
	}()
	j := p.journal
	switch op {
	case opSmall, opWide, opRoll:
		next := j.LSN() + 1
		p.bodies[next] = map[rune]int{opSmall: 40, opWide: 1800, opRoll: 3500}[op]
		_, err = j.Append(kindOf(next), p.bodies.of(next))
		return err
	case opFlush:
		return j.Flush()
	case opSync:
		return errors.Join(j.Flush(), j.Sync())
	case opReopen:
		if err := j.Close(); err != nil {
			return err
		}
		p.durable = max(p.durable, j.LSN())
	case opKill:
		p.disk.Kill()
	case opTruncate:
		return p.truncate()
	case opSpare:
		return p.spare()
	}
	p.journal, err = Open("log", p.options(), nil)
	return err
}

// spare does what the filler's goroutine does. The segment that Open has made is left at the next record, and a later one
// when it is full.
func (p *process) spare() error {
	j := p.journal
	if j.spare.ready == nil {
		j.spare.ready, j.found, j.asked = make(chan disk.File, 1), true, j.offset > int64(openingSize)
		if err := p.disk.Remove("log/" + spareName); errors.Is(err, simdisk.ErrDead) {
			return err
		}
	}
	if len(j.spare.ready) > 0 {
		return nil
	}
	f, err := j.makeSpare(func(time.Duration) bool { return true })
	if err == nil {
		j.spare.ready <- f
	}
	return err
}

// truncate does by hand what package snapshot does.
func (p *process) truncate() error {
	if err := errors.Join(p.journal.Flush(), p.journal.Sync()); err != nil || p.journal.LSN() == 0 {
		return err
	}
	at := p.journal.Position()
	path := "log/" + snapshotName(at.LSN)
	f, err := p.disk.Create(path + ".temp")
	if err != nil {
		return nil // there is one already
	}
	if err := errors.Join(f.Sync(), p.disk.Rename(path+".temp", path), p.disk.SyncDir("log")); err != nil {
		return err
	}
	p.snap = at
	return p.journal.TruncateBefore(at.LSN)
}

// patterns calls use with ways for a crash to treat n pending things: all 2^n if n is small, else those
// that lose nothing, everything, a beginning, an end, one thing, and all but one.
func patterns(n int, use func(keep func(i, n int) bool)) {
	if n <= 5 {
		for pattern := range uint64(1) << n {
			use(simdisk.Bits(pattern))
		}
		return
	}
	use(simdisk.Drop)
	use(simdisk.Keep)
	for k := 1; k < n; k++ {
		use(simdisk.First(k))
		use(simdisk.Last(k))
	}
	for k := range n {
		use(func(i, _ int) bool { return i == k })
		use(func(i, _ int) bool { return i != k })
	}
}

// TestEveryCrashPoint enumerates the crashes of all short workloads: the process dies before each call
// that changes the disk, or the power goes behind the last one, and what was not synced survives in
// every pattern of sectors, sizes and names (all of them up to five things, else lost, kept, torn and
// reordered). Each log recovers, goes on and reads the same again, with all that was called durable; or
// is refused, if a later segment overtook an earlier one. A crash in the recovery is tried as well.
func TestEveryCrashPoint(t *testing.T) {
	length := 4
	if testing.Short() {
		length = 2
	}
	var c crashCount
	crash := func(word string) {
		c.workloads++
		for call := 0; ; call++ {
			p := start(t, word, call)
			n := p.disk.Pending()
			patterns(n, func(keep func(i, n int) bool) { c.crash(t, p, word, call, keep) })
			c.points++
			if p.journal != nil {
				break // the last operation was done without dying: this was the crash behind it
			}
		}
	}
	words(operations, length, crash)
	words(withSpares, length, func(word string) {
		if strings.ContainsRune(word, opSpare) {
			crash(word)
		}
	})
	t.Logf("%d workloads of up to %d operations, %d crash points, %d states: %d recovered (%d of them with a torn tail), %d refused; %d crashes in a recovery",
		c.workloads, length, c.points, c.recovered+c.refused, c.recovered, c.torn, c.refused, c.again)
	if c.torn == 0 || c.refused*10 > c.recovered {
		t.Fatal("no tail was torn, or too many logs were refused")
	}
}

// start runs a workload that dies at a call of its last operation. If it does not, p.journal is there.
func start(t *testing.T, word string, call int) *process {
	p := &process{disk: simdisk.New(1), bodies: bodies{}}
	ops := "c" + word // the first operation is to open
	for i, op := range ops {
		if i == len(ops)-1 {
			p.disk.SetFault(simdisk.DiesAt(call))
		}
		var err error
		if i == 0 {
			p.journal, err = Open("log", p.options(), nil)
		} else {
			err = p.do(op)
		}
		if err == nil {
			continue
		}
		if i < len(ops)-1 || !errors.Is(err, simdisk.ErrDead) {
			t.Fatalf("workload %q, call %d: %v", word, call, err)
		}
		p.journal = nil
	}
	return p
}

type crashCount struct{ workloads, points, recovered, torn, refused, again int }

// crash cuts the power on a copy of the disk and checks what it leaves.
func (c *crashCount) crash(t *testing.T, p *process, word string, call int, keep func(i, n int) bool) {
	q := *p
	q.disk = p.disk.Clone()
	before := segmentsOn(t, q.disk)
	q.disk.Crash(keep)
	recovered, torn := q.recovers(t, overtaken(before, segmentsOn(t, q.disk)), word, call)
	if torn {
		c.torn++
	}
	if !recovered {
		c.refused++
		return
	}
	c.recovered++
	if len(word) > 3 { // recoveries are much alike
		return
	}
	for die := 0; ; die++ {
		r := *p
		r.disk = p.disk.Clone()
		r.disk.Crash(keep)
		r.disk.SetFault(simdisk.DiesAt(die))
		before := segmentsOn(t, r.disk)
		j, err := Open("log", r.options(), nil)
		if err == nil {
			_ = j.Close()
			return
		}
		r.disk.Crash([]func(i, n int) bool{simdisk.Drop, simdisk.Keep, r.disk.Some()}[die%3])
		r.recovers(t, overtaken(before, segmentsOn(t, r.disk)), word, call)
		c.again++
	}
}

// recovers opens the log, checks it, goes on with it and checks it again.
func (p *process) recovers(t *testing.T, mayRefuse bool, word string, call int) (recovered, torn bool) {
	t.Helper()
	check, seen := checkerOf(p.bodies.of)
	*seen = p.snap.LSN
	j, err := Open("log", p.options(), check)
	if errors.As(err, new(*DamageError)) && mayRefuse {
		return false, false
	}
	if err != nil || *seen < p.durable {
		t.Fatalf("workload %q, call %d: %d records, %d were durable, %v", word, call, *seen, p.durable, err)
	}
	torn = j.Tail().Torn
	last := j.LSN() + 1
	more := bodies{last: 700}
	if _, err := j.Append(kindOf(last), more.of(last)); err != nil {
		t.Fatalf("workload %q, call %d: going on: %v", word, call, err)
	}
	must(t, j.Close())
	check, seen = checkerOf(func(lsn uint64) []byte {
		if lsn == last {
			return more.of(lsn)
		}
		return p.bodies.of(lsn)
	})
	*seen = p.snap.LSN
	if j, err = Open("log", p.options(), check); err != nil || *seen != last || j.Tail().Torn {
		t.Fatalf("workload %q, call %d: after going on %d records, want %d, %v", word, call, *seen, last, err)
	}
	must(t, j.Close())
	return true, torn
}

func segmentsOn(t testing.TB, d *simdisk.Disk) image {
	if _, err := d.List("log"); err != nil {
		return image{}
	}
	return captureOn(t, d, "log")
}
