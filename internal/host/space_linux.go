package host

import "golang.org/x/sys/unix"

// Free is how many bytes a process without privileges may still write to the file system of dir.
func Free(dir string) (uint64, error) {
	s, err := statfs(dir)
	return s.Bavail * uint64(s.Bsize), err
}

// inMemory names the file system of dir if it is one that lies in memory, where a sync makes nothing durable.
func inMemory(dir string) string {
	s, err := statfs(dir)
	switch {
	case err != nil:
		return ""
	case s.Type == unix.TMPFS_MAGIC:
		return "tmpfs"
	case s.Type == unix.RAMFS_MAGIC:
		return "ramfs"
	}
	return ""
}

func statfs(dir string) (s unix.Statfs_t, err error) {
	for {
		if err = unix.Statfs(dir, &s); err != unix.EINTR {
			return s, err
		}
	}
}
