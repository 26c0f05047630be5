package simdisk_test

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(t testing.TB, d disk.FS, path string) string {
	t.Helper()
	f, err := d.Open(path)
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n != len(b) || err != nil && err != io.EOF {
		t.Fatalf("read %d of %d bytes of %s: %v", n, len(b), path, err)
	}
	return string(b)
}

// TestContract holds both file systems to what package disk says, as far as a process that lives can
// see it.
func TestContract(t *testing.T) {
	t.Run("real", func(t *testing.T) { contract(t, disk.Real, t.TempDir()) })
	t.Run("simulated", func(t *testing.T) { contract(t, simdisk.New(1), ".") })
}

func contract(t *testing.T, d disk.FS, root string) {
	dir := filepath.Join(root, "dir")
	path, other := filepath.Join(dir, "b"), filepath.Join(dir, "a")
	wantError := func(what string, err, want error) {
		t.Helper()
		if inner := new(fs.PathError); !errors.Is(err, want) || !errors.As(err, &inner) && want != disk.ErrLocked {
			t.Errorf("%s: %v, want %v with a path", what, err, want)
		}
	}
	_, err := d.Create(path)
	wantError("a file in nothing", err, fs.ErrNotExist)
	wantError("a directory in nothing", d.MakeDir(filepath.Join(dir, "deeper")), fs.ErrNotExist)
	must(t, d.MakeDir(dir))
	wantError("a directory twice", d.MakeDir(dir), fs.ErrExist)
	_, err = d.Open(path)
	wantError("no file", err, fs.ErrNotExist)
	_, err = d.OpenWrite(path)
	wantError("no file to write", err, fs.ErrNotExist)
	wantError("removing no file", d.Remove(path), fs.ErrNotExist)
	wantError("renaming no file", d.Rename(path, other), fs.ErrNotExist)
	_, err = d.List(path)
	wantError("listing nothing", err, fs.ErrNotExist)

	f, err := d.Create(path)
	must(t, err)
	_, err = d.Create(path)
	wantError("a file twice", err, fs.ErrExist)
	_, err = f.WriteAt([]byte("hello"), 510)
	must(t, errors.Join(err, f.Reserve(10), f.Sync(), d.SyncDir(dir)))
	if got, want := contents(t, d, path), string(make([]byte, 510))+"hello"; got != want {
		t.Errorf("got %q", got)
	}
	must(t, errors.Join(f.Truncate(512), f.Reserve(1024)))
	if got, want := contents(t, d, path), string(make([]byte, 510))+"he"+string(make([]byte, 512)); got != want {
		t.Errorf("cut and grown: %q", got)
	}
	if n, err := f.ReadAt(make([]byte, 10), 1020); n != 4 || err != io.EOF {
		t.Errorf("reading over the end: %d bytes, %v", n, err)
	}
	if size, err := f.Size(); size != 1024 || err != nil || f.Name() != path {
		t.Errorf("%s has %d bytes, %v", f.Name(), size, err)
	}

	g, err := d.Create(other)
	must(t, err)
	if names, err := d.List(dir); !slices.Equal(names, []string{"a", "b"}) || err != nil {
		t.Errorf("names %q, %v", names, err)
	}
	must(t, d.Rename(path, other))
	if names, err := d.List(dir); !slices.Equal(names, []string{"a"}) || err != nil {
		t.Errorf("after a rename onto the other: %q, %v", names, err)
	}
	if got := contents(t, d, other); len(got) != 1024 {
		t.Errorf("%d bytes, want those of the renamed file", len(got))
	}
	must(t, d.Remove(other))
	_, err = f.WriteAt([]byte("still here"), 0) // who has it open keeps it
	must(t, errors.Join(err, f.Close(), g.Close()))
	wantError("a closed file", f.Close(), fs.ErrClosed)
	if names, err := d.List(dir); len(names) != 0 || err != nil {
		t.Errorf("after removing it: %q, %v", names, err)
	}

	r, err := d.Create(path)
	must(t, errors.Join(err, r.Close()))
	r, err = d.Open(path)
	must(t, err)
	_, err = r.WriteAt([]byte("no"), 0)
	wantError("writing to a file opened for reading", err, syscall.EBADF)
	must(t, r.Close())
	fills(t, d, filepath.Join(dir, "filled"))
	locks(t, d, filepath.Join(dir, "lock"))
}

// fills fills a part of a file whose ends are no pages, and pages, and writes into it.
func fills(t *testing.T, d disk.FS, path string) {
	t.Helper()
	f, err := d.Create(path)
	must(t, err)
	const size = 16<<10 + 100
	must(t, f.Reserve(size))
	for _, part := range [][2]int64{{0, 4096}, {4096, 16 << 10}, {16 << 10, size}} {
		must(t, f.Fill(part[0], part[1]))
		_, err := f.WriteAt([]byte("hello"), part[1]-10)
		must(t, err)
	}
	must(t, errors.Join(f.Sync(), f.Close()))
	want := make([]byte, size)
	for _, at := range []int{4096, 16 << 10, size} {
		copy(want[at-10:], "hello")
	}
	if got := contents(t, d, path); got != string(want) {
		t.Errorf("a file that was filled and written to has %d bytes, and not those that were written", len(got))
	}
	must(t, d.Remove(path))
}

func locks(t *testing.T, d disk.FS, path string) {
	t.Helper()
	for range 2 {
		if held, err := d.Locked(path); held || err != nil {
			t.Errorf("nobody has locked: %v, %v", held, err)
		}
		l, err := d.Lock(path)
		must(t, err)
		if held, err := d.Locked(path); !held || err != nil {
			t.Errorf("locked: %v, %v", held, err)
		}
		if _, err := d.Lock(path); !errors.Is(err, disk.ErrLocked) {
			t.Errorf("a second lock: %v", err)
		}
		must(t, l.Close())
	}
}
