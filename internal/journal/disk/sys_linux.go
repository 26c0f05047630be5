package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// fdatasync makes the contents of f durable, and of its metadata only what reading them back needs.
func fdatasync(f *os.File) error {
	return retry(func() error { return unix.Fdatasync(int(f.Fd())) })
}

// reserve gives f size bytes on the disk that read as zero. File systems that cannot reserve get
// a sparse file: the log works, but a full disk is only met at a write.
func reserve(f *os.File, size int64) error {
	err := retry(func() error { return unix.Fallocate(int(f.Fd()), 0, 0, size) })
	if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
		return extend(f, size)
	}
	return err
}

// openDirect opens a file for writing past the page cache.
func openDirect(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|unix.O_DIRECT, 0)
}

// leave lets [from, to) of f, which is durable, out of the page cache. It is advice: what becomes of it
// makes no difference to anybody who reads.
func leave(f *os.File, from, to int64) {
	_ = unix.Fadvise(int(f.Fd()), from, to-from, unix.FADV_DONTNEED)
}
