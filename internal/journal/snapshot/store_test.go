package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

var id = Identity{Cluster: 7, Node: 3, Kind: Engine}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// state is the state behind record lsn in these tests.
func state(lsn uint64) []byte {
	return bytes.Repeat([]byte{byte(lsn), byte(lsn >> 8), 'x'}, int(lsn%700))
}

func at(lsn uint64) journal.Position { return journal.Position{LSN: lsn, Chain: uint32(lsn) * 3} }

func write(t testing.TB, s *Store, lsn uint64) {
	t.Helper()
	b := state(lsn)
	must(t, s.Write(at(lsn), b[:len(b)/2], nil, b[len(b)/2:]))
}

// wantLatest checks what Latest gives.
func wantLatest(t testing.TB, s *Store, lsn uint64, skipped int) {
	t.Helper()
	snap, bad, err := s.Latest()
	must(t, err)
	if want := at(lsn); lsn > 0 && (snap.At != want || !bytes.Equal(snap.Body, state(lsn))) || snap.At.LSN != lsn || len(bad) != skipped {
		t.Fatalf("latest %v with %d bytes, %d skipped, want %d (N3)", snap.At, len(snap.Body), len(bad), lsn)
	}
}

func simulated(t testing.TB) (*simdisk.Disk, *Store) {
	d := simdisk.New(1)
	must(t, errors.Join(d.MakeDir("log"), d.SyncDir(".")))
	return d, NewStore(d, "log", id)
}

func TestStore(t *testing.T) {
	simulatedDisk, onSim := simulated(t)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		fs  disk.FS
		dir string
		s   *Store
	}{
		"simulated": {simulatedDisk, "log", onSim},
		"real":      {disk.Real, dir, NewStore(disk.Real, dir, id)},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.s
			wantLatest(t, s, 0, 0)
			for i, lsn := range []uint64{5, 300, 300, 301, 500_000} {
				write(t, s, lsn)
				wantLatest(t, s, lsn, 0)
				oldest, err := s.Oldest()
				must(t, err)
				if want := []uint64{1, 5, 5, 300, 301}[i]; oldest != want {
					t.Fatalf("after %d: oldest %d, want %d", lsn, oldest, want)
				}
			}
			names, err := c.fs.List(c.dir)
			must(t, err)
			if want := "00000000000000000301.snapshot 00000000000000500000.snapshot"; strings.Join(names, " ") != want {
				t.Fatalf("files %q, want %s", names, want)
			}
			if err := s.Write(journal.Position{}, nil); err == nil {
				t.Error("a snapshot of nothing was written")
			}
		})
	}
}

// TestForeign: a snapshot of another cluster, node, kind or version, or under another name, is refused,
// although an older one would do.
func TestForeign(t *testing.T) {
	d, s := simulated(t)
	write(t, s, 5)
	write(t, s, 300)
	for what, c := range map[error]Identity{
		ErrCluster: {Cluster: 8, Node: 3, Kind: Engine}, ErrNode: {Cluster: 7, Node: 4, Kind: Engine}, ErrKind: {Cluster: 7, Node: 3, Kind: Participant},
	} {
		refused := new(FileError)
		if _, _, err := NewStore(d, "log", c).Latest(); !errors.Is(err, what) || !errors.As(err, &refused) || refused.Path != s.path(300) {
			t.Errorf("%v: got %v", what, err)
		}
	}
	must(t, d.Rename(s.path(300), s.path(301)))
	if _, _, err := s.Latest(); !errors.Is(err, ErrMisnamed) {
		t.Errorf("misnamed: %v", err)
	}
	must(t, d.Rename(s.path(301), s.path(300)))
	header := appendHeader(nil, id, at(300), nil)
	header[8]++
	reseal(header)
	must(t, d.Damage(s.path(300), 0, func(b []byte, _ int) { copy(b, header) }))
	if _, _, err := s.Latest(); !errors.Is(err, ErrVersion) {
		t.Errorf("version: %v", err)
	}
}

// TestDamage flips every bit and cuts at every length: the snapshot before is used, the damage told.
func TestDamage(t *testing.T) {
	whole := append(appendHeader(nil, id, at(300), [][]byte{state(300)}), state(300)...)
	check := func(what string, b []byte, want ...error) {
		t.Helper()
		d, s := simulated(t)
		write(t, s, 5)
		f, err := d.Create(s.path(300))
		must(t, err)
		_, err = f.WriteAt(b, 0)
		must(t, errors.Join(err, f.Close()))
		wantLatest(t, s, 5, 1)
		_, bad, _ := s.Latest()
		matches := false
		for _, w := range want {
			matches = matches || errors.Is(bad[0], w)
		}
		if !matches || bad[0].Path != s.path(300) || bad[0].Want == "" || bad[0].Got == "" {
			t.Fatalf("%s: %v, want %v", what, bad[0], want)
		}
		must(t, d.Remove(s.path(5)))
		if _, _, err := s.Latest(); !errors.Is(err, bad[0].Why) {
			t.Fatalf("%s, alone: %v", what, err)
		}
	}
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		check(fmt.Sprint("flip in byte ", i), b, ErrDamaged)
		check(fmt.Sprint("cut at ", i), whole[:i], ErrTruncated)
	}
	check("longer", append(bytes.Clone(whole), 0), ErrDamaged)
}

// TestDamagedOneDoesNotCount: the newest snapshot is found damaged, and the one before it is used. The next one takes the
// place of the damaged one and not of the whole one, so that there are two again, and the log keeps what both need.
func TestDamagedOneDoesNotCount(t *testing.T) {
	d, s := simulated(t)
	write(t, s, 10)
	write(t, s, 20)
	must(t, d.Flip(s.path(20), headerSize+5, 1))
	wantLatest(t, s, 10, 1)
	if oldest, err := s.Oldest(); oldest != 1 || err != nil {
		t.Errorf("with one whole snapshot all before %d may go, %v, want nothing", oldest, err)
	}
	write(t, s, 30)
	if oldest, err := s.Oldest(); oldest != 10 || err != nil {
		t.Errorf("all before %d may go, %v, want 10", oldest, err)
	}
	must(t, d.Flip(s.path(30), headerSize+5, 1))
	wantLatest(t, s, 10, 1)
	write(t, s, 30) // again
	wantLatest(t, s, 30, 0)
	write(t, s, 40)
	if names, err := d.List("log"); err != nil || len(names) != keepMax {
		t.Errorf("%v, %v, want two", names, err)
	}
	wantLatest(t, s, 40, 0)
}

// TestNoneIsWhole: the only snapshot is damaged. A log that has its beginning is read from there; a start was refused for the sake
// of a file that nobody needs. One that was truncated is not.
func TestNoneIsWhole(t *testing.T) {
	d, s := simulated(t)
	write(t, s, 300)
	must(t, d.Flip(s.path(300), 5, 1))
	for first, want := range map[uint64]error{1: nil, 200: ErrDamaged} {
		path := fmt.Sprintf("log/%020d%s", first, journal.SegmentSuffix)
		f, err := d.Create(path)
		must(t, errors.Join(err, f.Close()))
		snap, skipped, err := s.Latest()
		if snap.At.LSN != 0 || len(skipped) != 1 || !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("a log from record %d: snapshot %v, %d skipped, %v, want %v", first, snap.At, len(skipped), err, want)
		}
		must(t, d.Remove(path))
	}
}

// TestUnreadable: the disk cannot read the newest snapshot, as it tells of a sector that is bad. That is damage as any other: the
// one before it is used. A start was refused for it.
func TestUnreadable(t *testing.T) {
	d, s := simulated(t)
	write(t, s, 5)
	write(t, s, 300)
	d.SetFault(func(c simdisk.Call) error {
		if c.Op == simdisk.OpRead && c.Path == s.path(300) {
			return syscall.EIO
		}
		return nil
	})
	wantLatest(t, s, 5, 1)
	if _, bad, _ := s.Latest(); !errors.Is(bad[0], ErrDamaged) || bad[0].Path != s.path(300) {
		t.Errorf("%v, want %v", bad[0], ErrDamaged)
	}
	write(t, s, 400) // takes the place of the bad one
	if names, err := d.List("log"); err != nil || len(names) != keepMax {
		t.Errorf("%v, %v, want two", names, err)
	}
	wantLatest(t, s, 400, 0)
}

// TestCrashes dies at every call of a Write and has every pattern of what was pending survive: there is
// the old or the new snapshot, whole, and the next Write leaves no rest (N1, N2).
func TestCrashes(t *testing.T) {
	states, fresh := 0, 0
	for call := range 12 {
		for pattern := uint64(0); ; pattern++ {
			d, s := simulated(t)
			for _, lsn := range []uint64{5, 300} {
				write(t, s, lsn)
			}
			must(t, d.SyncDir("log"))
			d.SetFault(simdisk.DiesAt(call))
			err := s.Write(at(690), state(690))
			pending := d.Pending()
			if pending > 8 {
				t.Fatalf("%d things pending", pending)
			}
			d.Crash(simdisk.Bits(pattern))
			snap, skipped, lerr := s.Latest()
			must(t, lerr)
			if len(skipped) > 0 || snap.At.LSN != 300 && snap.At.LSN != 690 || err == nil && snap.At.LSN != 690 {
				t.Fatalf("call %d, pattern %b: latest %v, %d skipped, Write gave %v", call, pattern, snap.At, len(skipped), err)
			}
			if snap.At.LSN == 690 {
				fresh++
			}
			wantLatest(t, s, snap.At.LSN, 0)
			write(t, s, 700)
			if names, err := d.List("log"); len(names) != 2 || err != nil {
				t.Fatalf("call %d, pattern %b: %q is left, %v", call, pattern, names, err)
			}
			if states++; pattern+1 >= 1<<pending {
				break
			}
		}
	}
	if t.Logf("%d states, the new snapshot in %d", states, fresh); fresh == 0 || fresh == states {
		t.Fatal("the crashes prove nothing")
	}
}

// TestFailures has every call of Write and Latest fail once: an error that names the file, and the old
// snapshot is there. A full disk too.
func TestFailures(t *testing.T) {
	for call := 0; ; call++ {
		d, s := simulated(t)
		write(t, s, 300)
		left, failed := call, simdisk.Call{}
		d.SetFault(func(c simdisk.Call) error {
			if left--; left == -1 {
				failed = c
				return syscall.EIO
			}
			return nil
		})
		err := s.Write(at(690), state(690))
		if err == nil {
			_, _, err = s.Latest()
		}
		d.SetFault(nil)
		if failed.Op == 0 {
			must(t, err)
			break
		}
		if failed.Op == simdisk.OpRead { // by Latest: the one before will do
			must(t, err)
			continue
		}
		if !errors.Is(err, syscall.EIO) || !strings.HasPrefix(err.Error(), "snapshot: ") {
			t.Fatalf("%+v failed: %v", failed, err)
		}
		snap, _, err := s.Latest()
		if err != nil || snap.At.LSN != 300 && snap.At.LSN != 690 {
			t.Fatalf("%+v failed: latest %v, %v", failed, snap.At, err)
		}
	}
	d, s := simulated(t)
	write(t, s, 300)
	d.SetCapacity(d.Used() + 100)
	if err := s.Write(at(690), state(690)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("full disk: %v", err)
	}
	if names, _ := d.List("log"); len(names) != 1 {
		t.Fatalf("a full disk left %q", names)
	}
}
