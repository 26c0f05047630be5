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

// A question whether a lock is held (Locked) has to hold it for a moment, so a refusal counts only if
// it is repeated.
const (
	lockTriesMax = 3
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
	for try := 1; err == unix.EWOULDBLOCK && try < lockTriesMax; try++ {
		time.Sleep(lockPause)
		err = flock(f, unix.LOCK_EX)
	}
	if err == unix.EWOULDBLOCK {
		owner, _ := io.ReadAll(io.LimitReader(f, 32)) // only decorates the error
		f.Close()
		return nil, fmt.Errorf("%w: %s is held by process %s", ErrLocked, path, bytes.TrimSpace(owner))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
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
