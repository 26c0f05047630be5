package journal

import (
	"bufio"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// drain returns how many records a follower gives until it meets the end, and checks them.
func drain(t testing.TB, f *Follower, check func(Record) error) (n int) {
	t.Helper()
	for {
		r, err := f.Next()
		if eof(err) {
			return n
		}
		must(t, err)
		must(t, check(r))
		n++
	}
}

// TestFollow runs random writers, which flush, sync, roll, close, die and come back, beside a follower
// that polls at random: after a flush it has everything, it never sees what was not flushed, and what
// it calls durable survives the power cut at the end.
func TestFollow(t *testing.T) {
	seeds := 300
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		d := simdisk.New(uint64(seed))
		must(t, errors.Join(d.MakeDir("log"), d.SyncDir(".")))
		f, err := Follow(d, "log", Position{})
		must(t, err)
		check, seen := checkerOf(wide)
		var j *Journal
		flushed := uint64(0)
		for range 150 {
			if j == nil {
				o := wideOptions(d)
				o.SegmentSize <<= r.IntN(2) // a segment may grow when it is opened again
				j, err = Open("log", o, nil)
				must(t, err)
			}
			switch r.IntN(16) {
			default:
				next := j.LSN() + 1
				_, err := j.Append(kindOf(next), wide(next))
				must(t, err)
			case 0, 1, 2:
				must(t, j.Flush())
			case 3, 4:
				must(t, j.Sync())
			case 5, 6, 7, 8:
				drain(t, f, check)
				if *seen > j.LSN() || f.Position().LSN != *seen || f.Synced() > j.Synced() {
					t.Fatalf("seed %d: followed to %d, durable to %d; the writer is at %d, %d durable", seed, *seen, f.Synced(), j.LSN(), j.Synced())
				}
			case 9:
				if r.IntN(3) == 0 {
					must(t, j.Close())
					j = nil
				}
			}
			if j == nil {
				continue
			}
			if flushed = flushedOf(j); r.IntN(4) == 0 {
				if drain(t, f, check); *seen != flushed {
					t.Fatalf("seed %d: followed to %d, flushed %d", seed, *seen, flushed)
				}
			}
		}
		durable := f.Synced()
		must(t, f.Close())
		if n, _, refused := cutPower(t, d, d.Some(), durable); n < durable && !refused {
			t.Fatalf("seed %d: %d records after a power cut, the follower was told of %d", seed, n, durable)
		}
	}
}

func flushedOf(j *Journal) uint64 {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.flushed
}

// TestTakeOver lets the writer die at every call of a small life, in the middle of a write too, and has
// the follower take the log over: nothing is replayed twice, nothing flushed is missing, and it goes on.
func TestTakeOver(t *testing.T) {
	for at := range 60 {
		for followed := range 4 {
			takeOver(t, uint64(at), at, followed)
		}
	}
}

func takeOver(t *testing.T, seed uint64, at, followed int) {
	d := simdisk.New(seed)
	j, err := Open("log", wideOptions(d), nil)
	must(t, err)
	f, err := Follow(d, "log", Position{})
	must(t, err)
	check, seen := checkerOf(wide)
	d.SetFault(func(c simdisk.Call) error {
		if c.Op == simdisk.OpWrite || c.Op == simdisk.OpSync {
			if at--; at == 0 && c.Op == simdisk.OpWrite {
				return errors.New("the process died in this write, which is done in part")
			}
			if at < 0 {
				return simdisk.ErrDead
			}
		}
		return nil
	})
	for i := 0; err == nil; i++ {
		next := j.LSN() + 1
		if _, err = j.Append(kindOf(next), wide(next)); err == nil && i%2 == 0 {
			if err = j.Flush(); err == nil && i%4 == 0 {
				err = j.Sync()
			}
		}
		if followed == 3 && err == nil && *seen < flushedOf(j) { // one at a time: what it reads ahead gets old
			r, err := f.Next()
			must(t, errors.Join(err, check(r)))
		} else if followed > 0 && i%(3*followed) == 0 {
			drain(t, f, check)
		}
	}
	if _, err := f.Open(wideOptions(d), check); !errors.Is(err, ErrInUse) {
		t.Fatalf("taking over from a writer that lives: %v", err)
	}
	flushed := flushedOf(j)
	d.SetFault(nil)
	must(t, j.Close()) // it has failed, so this only gives the lock back
	k, err := f.Open(wideOptions(d), check)
	must(t, err)
	if *seen < flushed || k.LSN() != *seen || k.Synced() != *seen {
		t.Fatalf("call %d: took over %d records, %d durable, %d were flushed", at, *seen, k.Synced(), flushed)
	}
	next := k.LSN() + 1
	_, err = k.Append(kindOf(next), wide(next))
	must(t, errors.Join(err, k.Flush(), k.Sync()))
	if n, _, _ := cutPower(t, d, simdisk.Drop, next); n != next {
		t.Fatalf("call %d: %d records after going on, want %d", at, n, next)
	}
}

// append3 appends three wide records, and makes them durable.
func append3(t *testing.T, j *Journal) {
	t.Helper()
	for range 3 {
		next := j.LSN() + 1
		_, err := j.Append(kindOf(next), wide(next))
		must(t, err)
	}
	must(t, errors.Join(j.Flush(), j.Sync()))
}

// TestTakeOverReadsLittle: a follower that was at the end of the log, and has looked at the rest of the segment while the
// writer went on, reads nothing but what was written since when it takes the log over, however much room is left.
func TestTakeOverReadsLittle(t *testing.T) {
	d := simdisk.New(1)
	o := Options{SegmentSize: 1 << 20, RecordMax: 1500, FS: d}
	j, err := Open("log", o, nil)
	must(t, err)
	append3(t, j)
	f, err := Follow(d, "log", Position{})
	must(t, err)
	check, seen := checkerOf(wide)
	polls := int64(0)
	for ; !f.Settled(); polls++ {
		drain(t, f, check)
		append3(t, j) // beside the look
	}
	if most := o.SegmentSize/lookPiece + 2; polls > most {
		t.Errorf("settled after %d polls, want at most %d", polls, most)
	}
	drain(t, f, check)
	append3(t, j)
	want := j.LSN()
	must(t, j.Close())
	read := int64(0)
	d.SetFault(func(c simdisk.Call) error {
		if c.Op == simdisk.OpRead {
			read += c.Size
		}
		return nil
	})
	k, err := f.Open(o, check)
	must(t, err)
	if *seen != want || k.LSN() != want {
		t.Errorf("took over %d records of %d, and goes on at %d", *seen, want, k.LSN())
	}
	if most := int64(2 * followAhead); read > most {
		t.Errorf("read %d bytes to take over, want at most %d", read, most)
	}
}

// TestReadBesideWriter: a reader has read ahead where nothing was yet, and the writer goes on. The reader looks there again, and
// does not search the rest of the segment for an explanation of the zeros.
func TestReadBesideWriter(t *testing.T) {
	d := simdisk.New(1)
	j, err := Open("log", Options{SegmentSize: 8 * readAhead, RecordMax: 1500, FS: d}, nil)
	must(t, err)
	append3(t, j)
	r, err := NewReaderOn(d, "log", Position{})
	must(t, err)
	read := int64(0)
	d.SetFault(func(c simdisk.Call) error {
		if c.Op == simdisk.OpRead {
			read += c.Size
		}
		return nil
	})
	const rounds = 4
	check, seen := checkerOf(wide)
	for round := range rounds {
		for *seen < uint64(3*(round+1)) {
			rec, err := r.Next()
			must(t, err)
			must(t, check(rec))
		}
		append3(t, j)
	}
	if most := int64((2*rounds + 1) * readAhead); read > most {
		t.Errorf("read %d bytes for %d records, want at most %d", read, *seen, most)
	}
	must(t, errors.Join(r.Close(), j.Close()))
}

// TestFollowHalf: a record is being written while a follower reads ahead, so that it has the half of it behind a whole one. It
// waits for the rest, and does not read the segment to its end to find out what that means.
func TestFollowHalf(t *testing.T) {
	halves := 0
	for seed := range uint64(20) {
		d := simdisk.New(seed)
		j, err := Open("log", Options{SegmentSize: 1 << 20, RecordMax: 1500, FS: d}, nil)
		must(t, err)
		f, err := Follow(d, "log", Position{})
		must(t, err)
		drain(t, f, func(Record) error { return nil })
		most := int64(0)
		d.SetFault(func(c simdisk.Call) error {
			if c.Op == simdisk.OpWrite {
				return errors.New("the process died in this write, which is done in part")
			}
			if c.Op == simdisk.OpRead {
				most = max(most, c.Size)
			}
			return nil
		})
		for next := uint64(1); next <= 2; next++ {
			_, err := j.Append(kindOf(next), pattern(next, make([]byte, 1400)))
			must(t, err)
		}
		if j.Flush() == nil {
			t.Fatal("the write did not fail")
		}
		n := drain(t, f, func(Record) error { return nil })
		drain(t, f, func(Record) error { return nil })
		if n == 1 && f.stuck > 0 {
			halves++
		}
		if most > lookPiece {
			t.Errorf("seed %d: after %d records it read %d bytes at once, want at most %d", seed, n, most, lookPiece)
		}
		must(t, errors.Join(f.Close(), j.Close()))
	}
	if halves == 0 {
		t.Error("no follower has met half of a record")
	}
}

// TestUnsettled: something lies far behind the end of the log. A follower does not take that for nothing.
func TestUnsettled(t *testing.T) {
	d := simdisk.New(1)
	o := Options{SegmentSize: 1 << 20, RecordMax: 1500, FS: d}
	j, err := Open("log", o, nil)
	must(t, err)
	fill(t, j, 3)
	must(t, errors.Join(j.Flush(), j.Sync(), d.Flip(segmentPath("log", 1), o.SegmentSize/2, 3)))
	f, err := Follow(d, "log", Position{})
	must(t, err)
	check, _ := checker()
	for range 2 * o.SegmentSize / lookPiece {
		drain(t, f, check)
	}
	if f.Settled() {
		t.Error("settled, although the rest of the segment is not zeros")
	}
	must(t, j.Close())
	k, err := f.Open(o, check)
	must(t, err)
	if !k.Tail().Torn {
		t.Errorf("the tail is %+v, want a torn one", k.Tail())
	}
	must(t, k.Close())
}

// TestFollowTruncated: a follower that is overtaken by a truncation is told; one that begins behind a
// snapshot is not bothered.
func TestFollowTruncated(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	at := positions(t, j, 40)
	must(t, errors.Join(j.Flush(), j.Sync()))
	slow, err := Follow(d, "log", Position{})
	must(t, err)
	_, err = slow.Next()
	must(t, err)
	putSnapshot(t, d, 35)
	must(t, j.TruncateBefore(35))
	for polls := 0; polls < 2*stuckMax && (err == nil || eof(err)); polls++ {
		_, err = slow.Next()
	}
	if !errors.Is(err, ErrBeforeLog) {
		t.Errorf("overtaken: %v", err)
	}
	quick, err := Follow(d, "log", at[35])
	must(t, err)
	check, seen := checker()
	*seen = 35
	if n := drain(t, quick, check); n != 5 {
		t.Errorf("%d records behind the snapshot", n)
	}
	_, err = Follow(d, "log", at[1])
	if !errors.Is(err, ErrBeforeLog) {
		t.Errorf("from what is not there any more: %v", err)
	}
	must(t, errors.Join(slow.Close(), quick.Close(), j.Close()))
}

// TestFollowDamage: a record is damaged that a follower had not read ahead. It takes it for one that is
// being written, for a while, and then says what it is, although a writer lives.
func TestFollowDamage(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	f, err := Follow(d, "log", Position{})
	must(t, err)
	check, seen := checker()
	fill(t, j, 1)
	must(t, j.Flush())
	drain(t, f, check)
	at := j.offset
	fill(t, j, 1)
	must(t, errors.Join(j.Flush(), j.Sync()))
	fill(t, j, 1)
	must(t, j.Flush())
	must(t, d.Flip(segmentPath("log", 1), at+headerSize+3, 3))
	polls := 0
	for ; polls < 2*stuckMax && (err == nil || eof(err)); polls++ {
		_, err = f.Next()
	}
	damage := new(DamageError)
	if !errors.As(err, &damage) || damage.Offset != at || *seen != 1 || polls < stuckMax/2 {
		t.Fatalf("after %d polls, %v", polls, err)
	}
	must(t, errors.Join(f.Close(), j.Close()))
}

// TestFollowProcess follows a process that is killed, and takes its log over.
func TestFollowProcess(t *testing.T) {
	dir := t.TempDir()
	f, err := Follow(disk.Real, dir, Position{})
	must(t, err)
	check, seen := checker()
	for round := range 3 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), childDir+"="+dir)
		out, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		bufio.NewScanner(out).Scan() // it has written
		for target := *seen + 200; *seen < target; {
			drain(t, f, check)
		}
		if _, err := f.Open(small, nil); !errors.Is(err, ErrInUse) {
			t.Fatalf("taking over from a process that lives: %v", err)
		}
		must(t, c.Process.Kill())
		c.Wait() // the error says that it was killed
		if drain(t, f, check); round == 2 {
			break
		}
	}
	j, err := f.Open(small, check)
	must(t, err)
	if j.LSN() != *seen || j.Synced() != *seen {
		t.Fatalf("took over at %d, followed to %d", j.LSN(), *seen)
	}
	last := fill(t, j, 10)
	must(t, j.Close())
	if n, tail, err := reopen(t, dir, small); n != last || tail.Torn || err != nil {
		t.Fatalf("%d records, %+v, %v, want %d", n, tail, err, last)
	}
}

// BenchmarkFollow is a poll that finds nothing, and one that finds a record of 64 bytes.
func BenchmarkFollow(b *testing.B) {
	dir := b.TempDir()
	j := open(b, dir, Options{})
	_, err := j.Append(1, make([]byte, 64))
	must(b, errors.Join(err, j.Flush()))
	f, err := Follow(disk.Real, dir, Position{})
	must(b, err)
	_, err = f.Next()
	must(b, err)
	b.Run("poll=nothing", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.Next(); !eof(err) {
				b.Fatal(err)
			}
		}
	})
	b.Run("poll=record", func(b *testing.B) {
		body := make([]byte, 64)
		for b.Loop() {
			_, err := j.Append(1, body)
			if err := errors.Join(err, j.Flush()); err != nil {
				b.Fatal(err)
			}
			if _, err := f.Next(); err != nil {
				b.Fatal(err)
			}
		}
	})
	must(b, errors.Join(f.Close(), j.Close()))
}

// TestTakeOverBehindATruncation: a follower has read the log from its first record on, and the writer has truncated since what
// it had read. It takes over all the same: it has the whole history. Who begins to follow then has not.
func TestTakeOverBehindATruncation(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	f, err := Follow(d, "log", Position{})
	must(t, err)
	check, seen := checker()
	fill(t, j, 40)
	must(t, errors.Join(j.Flush(), j.Sync()))
	drain(t, f, check)
	putSnapshot(t, d, 35)
	must(t, j.TruncateBefore(35))
	fill(t, j, 40) // into the next segments, on the way to which the follower sees which there are
	must(t, errors.Join(j.Flush(), j.Sync()))
	drain(t, f, check)
	late, err := Follow(d, "log", Position{})
	must(t, err)
	must(t, j.Close())
	if _, err := late.Open(on(d), nil); !errors.Is(err, ErrBeforeLog) {
		t.Errorf("taking over with a part of the history: %v", err)
	}
	k, err := f.Open(on(d), check)
	if err != nil {
		t.Fatalf("taking over behind record %d: %v", *seen, err)
	}
	if k.LSN() != 80 || *seen != 80 {
		t.Errorf("it goes on behind record %d, having seen %d, want 80", k.LSN(), *seen)
	}
	must(t, k.Close())
}
