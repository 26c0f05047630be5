package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// system is what the journal asks of the operating system on its writing side. Tests put a disk
// under it that fails, or that forgets what was not synced.
type system struct {
	write   func(f *os.File, b []byte, off int64) error
	sync    func(f *os.File) error
	reserve func(f *os.File, size int64) error
	syncDir func(dir string) error
}

var realSystem = system{
	write: func(f *os.File, b []byte, off int64) error {
		_, err := f.WriteAt(b, off)
		return err
	},
	sync:    fdatasync,
	reserve: reserve,
	syncDir: syncDir,
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
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

// retry repeats a system call that a signal has interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
