package journal

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const lockName = "lock"

// lock takes the directory for this journal alone. The kernel releases it when the process dies,
// so there is never a stale lock; the process id in the file is for the message only.
func lock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	err = retry(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	if err == unix.EWOULDBLOCK {
		owner, _ := io.ReadAll(io.LimitReader(f, 32)) // only decorates the error
		f.Close()
		return nil, fmt.Errorf("%w: %s is held by process %s", ErrInUse, path, bytes.TrimSpace(owner))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("journal: cannot lock %s: %w", path, err)
	}
	return f, nil
}
