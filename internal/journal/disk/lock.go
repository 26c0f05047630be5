package disk

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A question whether a lock is held (Locked) has to share it for a moment, which is long if the one who asks loses its
// processor then. Whoever is refused the lock for that can share it too, and tries again; beside an owner he cannot.
const (
	lockTriesMax = 1000
	lockPause    = time.Millisecond
)

// Lock takes path with flock. The kernel releases it when the process dies, so there is never a stale
// lock; the process id in the file is for the message only.
func (realFS) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = flock(f, unix.LOCK_EX)
	for try := 1; err == unix.EWOULDBLOCK && try < lockTriesMax && onlyAsked(f); try++ {
		time.Sleep(lockPause)
		err = flock(f, unix.LOCK_EX)
	}
	if err == unix.EWOULDBLOCK {
		owner, _ := io.ReadAll(io.LimitReader(f, 32)) // only decorates the error
		f.Close()
		return nil, fmt.Errorf("%w: %s is held by process %s", ErrLocked, path, bytes.TrimSpace(owner))
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	if err := f.Truncate(0); err == nil { // a full disk may have no room for the number, which only decorates an error
		_, _ = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	}
	return f, nil
}

// onlyAsked reports whether nobody owns the lock of f: who has it for the moment only asks.
func onlyAsked(f *os.File) bool {
	return flock(f, unix.LOCK_SH) == nil && flock(f, unix.LOCK_UN) == nil
}

// Locked tries to share the lock, which closing the file gives back.
func (realFS) Locked(path string) (bool, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = flock(f, unix.LOCK_SH)
	f.Close()
	if err == unix.EWOULDBLOCK {
		return true, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "flock", Path: path, Err: err}
	}
	return false, nil
}

func flock(f *os.File, how int) error {
	return retry(func() error { return unix.Flock(int(f.Fd()), how|unix.LOCK_NB) })
}
