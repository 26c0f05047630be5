package disk

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Real is the file system of the operating system.
var Real FS = realFS{}

type realFS struct{}

func (realFS) MakeDir(dir string) error       { return os.Mkdir(dir, 0o755) }
func (realFS) Remove(path string) error       { return os.Remove(path) }
func (realFS) Open(path string) (File, error) { return open(path, os.O_RDONLY) }
func (realFS) Create(path string) (File, error) {
	return open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}
func (realFS) OpenWrite(path string) (File, error) { return open(path, os.O_RDWR) }

func open(path string, flags int) (File, error) {
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err // not a File that holds a nil *os.File
	}
	return &realFile{File: f}, nil
}

func (realFS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (realFS) Rename(from, to string) error {
	err := os.Rename(from, to)
	if link := new(os.LinkError); errors.As(err, &link) {
		return &os.PathError{Op: link.Op, Path: from, Err: link.Err}
	}
	return err
}

func (realFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// realFile is a file of the operating system; what it has beyond os.File is in sys_*.go.
type realFile struct {
	*os.File
	written atomic.Int64 // end of what was written furthest
	left    int64        // Sync: what is below was let out of the page cache
	filler  *os.File     // Fill: the same file, past the page cache; nil: not yet, or not possible
}

// WriteAt notes how far the file is written, for Sync.
func (f *realFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	if end := at + int64(n); end > f.written.Load() {
		f.written.Store(end)
	}
	return n, err
}

func (f *realFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// leaveSize is how much leaves the page cache at a time: enough that most syncs, which somebody waits for, have
// nothing to do with it, and little beside the memory of any machine. The pages of every machine divide it.
const leaveSize = 1 << 20

// Sync lets what it has made durable out of the page cache, a leaveSize at a time: a log is not read again, and a
// page cache that grows with it takes memory that has to be found anew, page by page, on a virtual machine
// even at the host. Without it the writes of four processes that commit took 16 and 28 % of a machine's time, with it
// 4 and 9 % (perf of tezi bench commit, alternating).
func (f *realFile) Sync() error {
	written := f.written.Load()
	if err := fdatasync(f.File); err != nil {
		return f.failed("fdatasync", err)
	}
	if to := written &^ (leaveSize - 1); to > f.left {
		leave(f.File, f.left, to)
		f.left = to
	}
	return nil
}

func (f *realFile) Reserve(size int64) error {
	return f.failed("fallocate", reserve(f.File, size))
}

// Fill writes past the page cache where it can: through it, filling costs as much as what is saved.
func (f *realFile) Fill(from, to int64) error {
	w := f.File
	if (from|to)%pageSize == 0 {
		if f.filler == nil {
			f.filler, _ = openDirect(f.Name()) // not every file system can
		}
		if f.filler != nil {
			w = f.filler
		}
	}
	for at := from; at < to; at += fillMax {
		if _, err := w.WriteAt(zeros()[:min(fillMax, to-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file, and what has filled it.
func (f *realFile) Close() error {
	if f.filler != nil {
		_ = f.filler.Close() // each of its writes was waited for
	}
	return f.File.Close()
}

// fillMax is how much Fill writes at a time.
const fillMax = 512 << 10

// zeros are fillMax of them, as aligned as a page.
var zeros = sync.OnceValue(func() []byte {
	b := make([]byte, fillMax+pageSize)
	skip := -int(uintptr(unsafe.Pointer(&b[0]))) & (pageSize - 1)
	return b[skip : skip+fillMax]
})

const pageSize = 4096

// extend makes f size bytes long if it is shorter.
func extend(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() >= size {
		return err
	}
	return f.Truncate(size)
}

// failed gives the error of a system call what package os gives to its own.
func (f *realFile) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: f.Name(), Err: err}
}

// retry repeats a system call that a signal has interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
