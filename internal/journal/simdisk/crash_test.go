package simdisk_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

func block(c byte, sectors int) []byte {
	return []byte(strings.Repeat(string(c), sectors*disk.SectorSize))
}

// firsts returns the first byte of each sector.
func firsts(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += disk.SectorSize {
		if s[i] == 0 {
			b.WriteByte('.')
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// TestCrash writes four sectors over synced ones and has any pattern of them survive (D1, D2).
func TestCrash(t *testing.T) {
	for pattern := range uint64(16) {
		d := simdisk.New(1)
		f, err := d.Create("f")
		must(t, err)
		_, err = f.WriteAt(block('a', 3), 0)
		must(t, errors.Join(err, f.Reserve(4*disk.SectorSize), f.Sync(), d.SyncDir(".")))
		_, err = f.WriteAt(block('b', 4), 0)
		must(t, err)
		if n := d.Pending(); n != 4 {
			t.Fatalf("%d things pending, want 4 sectors", n)
		}
		d.Crash(simdisk.Bits(pattern))
		want := []byte("aaa.")
		for i := range want {
			if pattern>>i&1 == 1 {
				want[i] = 'b'
			}
		}
		if got := firsts(contents(t, d, "f")); got != string(want) {
			t.Errorf("pattern %04b left %s, want %s", pattern, got, want)
		}
		if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, simdisk.ErrDead) {
			t.Errorf("a handle from before the crash: %v (D4)", err)
		}
	}
}

// TestNamesCrash: what was synced without its name is gone with it; a rename happens or does not (D3).
func TestNamesCrash(t *testing.T) {
	for pattern := range uint64(8) {
		d := simdisk.New(1)
		write := func(path, text string) {
			f, err := d.Create(path)
			must(t, err)
			_, err = f.WriteAt([]byte(text), 0)
			must(t, errors.Join(err, f.Sync(), f.Close()))
		}
		must(t, d.MakeDir("d"))
		write("d/a", "old")
		must(t, errors.Join(d.SyncDir("."), d.SyncDir("d")))
		write("d/temp", "new")
		must(t, d.Rename("d/temp", "d/a"))
		write("d/b", "more")
		if n := d.Pending(); n != 3 {
			t.Fatalf("%d names pending, want 3", n)
		}
		d.Crash(simdisk.Bits(pattern))
		var want []string
		text := "old"
		switch pattern & 3 {
		case 3:
			want, text = []string{"a"}, "new"
		case 1:
			want = []string{"a", "temp"}
		default: // without the name that it renames, a rename is nothing
			want = []string{"a"}
		}
		if pattern&4 != 0 {
			want = slices.Insert(want, 1, "b")
		}
		if names, err := d.List("d"); !slices.Equal(names, want) || err != nil || contents(t, d, "d/a") != text {
			t.Errorf("pattern %03b left %q with %q in a, %v, want %q with %q", pattern, names, contents(t, d, "d/a"), err, want, text)
		}
	}
	d := simdisk.New(1)
	must(t, errors.Join(d.MakeDir("d"), d.MakeDir("d/e"), d.SyncDir("d")))
	d.Crash(simdisk.Drop)
	if names, err := d.List("."); len(names) != 0 || err != nil {
		t.Errorf("a directory whose name was lost left %q, %v", names, err)
	}
}

// TestSyncFails: a sync that fails gives up what was pending, and a later one does not bring it back.
func TestSyncFails(t *testing.T) {
	d := simdisk.New(1)
	f, err := d.Create("f")
	must(t, err)
	must(t, errors.Join(f.Reserve(512), f.Sync(), d.SyncDir(".")))
	_, err = f.WriteAt(block('a', 1), 0)
	must(t, err)
	d.SetFault(func(c simdisk.Call) error {
		if c.Op == simdisk.OpSync {
			return syscall.EIO
		}
		return nil
	})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	d.SetFault(nil)
	must(t, f.Sync())
	if got := firsts(contents(t, d, "f")); got != "a" || d.Pending() != 0 {
		t.Errorf("%s is read before the crash, %d pending", got, d.Pending())
	}
	d.Crash(simdisk.Keep)
	if got := firsts(contents(t, d, "f")); got != "." {
		t.Errorf("%s after a sync that failed and one that did not", got)
	}
}

// TestCapacity: a full disk refuses what exceeds it and has room again when a file is gone.
func TestCapacity(t *testing.T) {
	d := simdisk.New(1)
	d.SetCapacity(2000)
	f, err := d.Create("f")
	must(t, err)
	must(t, f.Reserve(1500))
	g, err := d.Create("g")
	must(t, err)
	if err := g.Reserve(501); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("501 bytes more: %v", err)
	}
	if _, err := g.WriteAt(make([]byte, 501), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("writing 501 bytes more: %v", err)
	}
	must(t, errors.Join(g.Reserve(500), f.Truncate(1400), g.Reserve(600), d.Remove("f")))
	if err := g.Reserve(700); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a file without a name that is open takes no room: %v", err)
	}
	must(t, errors.Join(f.Close(), g.Reserve(2000)))
	if d.Used() != 2000 {
		t.Errorf("%d bytes in use", d.Used())
	}
	d.Crash(simdisk.Drop)
	if d.Used() != 0 {
		t.Errorf("%d bytes in use by files that the crash has taken", d.Used())
	}
}

// TestDamage changes what is durable, and nobody notices.
func TestDamage(t *testing.T) {
	d := simdisk.New(1)
	f, err := d.Create("f")
	must(t, err)
	_, err = f.WriteAt(block('a', 2), 0)
	must(t, errors.Join(err, f.Sync(), d.SyncDir("."), d.Flip("f", 513, 1)))
	for range 2 {
		if got := contents(t, d, "f"); got[513] != 'a'^2 || strings.Count(got, "a") != 1023 {
			t.Errorf("got %q", got[512:520])
		}
		d.Crash(simdisk.Drop)
	}
}

// TestSameSeed runs one random program twice, crashes and faults included, and a third time with
// another seed (D5).
func TestSameSeed(t *testing.T) {
	if a, b, c := trace(7), trace(7), trace(8); a != b || a == c {
		t.Errorf("traces %x, %x, and %x of another seed", a, b, c)
	}
}

func trace(seed uint64) uint64 {
	d, r, sum := simdisk.New(seed), rand.New(rand.NewPCG(99, 0)), fnv.New64()
	for i := range 2000 {
		name := fmt.Sprint("f", r.IntN(4))
		f, err := d.OpenWrite(name)
		if err != nil {
			f, err = d.Create(name)
		}
		if err != nil {
			panic(err)
		}
		switch r.IntN(6) {
		case 0, 1:
			_, err = f.WriteAt(block(byte(i), 1+r.IntN(4)), int64(r.IntN(4000)))
		case 2:
			err = f.Sync()
		case 3:
			err = d.SyncDir(".")
		case 4:
			err = d.Rename(name, fmt.Sprint("f", r.IntN(4)))
		case 5:
			d.SetFault(func(c simdisk.Call) error {
				if c.Op == simdisk.OpWrite {
					return syscall.EIO
				}
				return nil
			})
			if r.IntN(3) == 0 {
				d.Crash(d.Some())
			}
		}
		fmt.Fprintln(sum, err, d.Pending())
		names, _ := d.List(".")
		for _, name := range names {
			g, err := d.Open(name)
			if err != nil {
				panic(err)
			}
			size, _ := g.Size()
			b := make([]byte, size)
			_, _ = g.ReadAt(b, 0)
			sum.Write(b)
			_ = g.Close()
		}
		_ = f.Close()
	}
	return sum.Sum64()
}
