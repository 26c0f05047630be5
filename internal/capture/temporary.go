package capture

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const tempSuffix = ".tmp"

// temporary makes the file that grows beside the one of that name in dir until it is complete. It is locked as long as somebody
// writes it: what is like it and not locked was left by one who was killed, and goes.
func temporary(dir, name string) (*os.File, error) {
	prefix := "." + name + "."
	removeLeft(dir, prefix)
	for {
		file, err := os.CreateTemp(dir, prefix+"*"+tempSuffix)
		if err != nil {
			return nil, err
		}
		err = lock(file)
		if err == nil {
			_, err = os.Lstat(file.Name())
		}
		if err == nil || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) {
			return file, nil // a file system without locks leaves what it leaves
		}
		_ = file.Close()
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EWOULDBLOCK) { // else somebody took it for left, before it was locked
			_ = os.Remove(file.Name())
			return nil, err
		}
	}
}

// removeLeft removes the temporary files that nobody writes any more. What it cannot remove is no fault of the new one.
func removeLeft(dir, prefix string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		number, ours := strings.CutPrefix(strings.TrimSuffix(e.Name(), tempSuffix), prefix)
		if !ours || !strings.HasSuffix(e.Name(), tempSuffix) || strings.Trim(number, "0123456789") != "" {
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		if lock(f) == nil {
			_ = os.Remove(path)
		}
		_ = f.Close()
	}
}

// lock takes the lock of a file, and does not wait for it.
func lock(f *os.File) (err error) {
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	return err
}
