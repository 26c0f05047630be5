package host

import "golang.org/x/sys/unix"

// Free is how many bytes a process without privileges may still write to the file system of dir.
func Free(dir string) (uint64, error) {
	var s unix.Statfs_t
	for {
		err := unix.Statfs(dir, &s)
		if err == nil {
			return s.Bavail * uint64(s.Bsize), nil
		}
		if err != unix.EINTR {
			return 0, err
		}
	}
}
