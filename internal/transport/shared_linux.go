package transport

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// sharedDir is where shared memory has names, for the moment in which it needs one.
const sharedDir = "/dev/shm"

// create makes the memory that o describes, under a name that it fills in.
func (o *offer) create(dir, owner string) (*shared, error) {
	removeStale(dir, owner)
	o.name = fmt.Sprintf("%s%d-%016x", owner, os.Getpid(), o.token)
	f, err := os.OpenFile(filepath.Join(dir, o.name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	memory, err := reserveAndMap(f, o.size())
	if err != nil {
		o.remove(dir)
		return nil, err
	}
	return o.split(memory)
}

// reserveAndMap takes the pages first: a page that is not there when it is written to would be the end of
// the process.
func reserveAndMap(f *os.File, size int) ([]byte, error) {
	if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(size)); err != nil {
		return nil, fmt.Errorf("%s: no room for %d bytes: %w", f.Name(), size, err)
	}
	return mapFile(f, size)
}

func mapFile(f *os.File, size int) ([]byte, error) {
	memory, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot map %d bytes: %w", f.Name(), size, err)
	}
	return memory, nil
}

// open maps the memory that a peer offers. The name is a plain one in dir.
func (o *offer) open(dir string) (*shared, error) {
	if o.name != filepath.Base(o.name) || !strings.HasPrefix(o.name, "tezi-") {
		return nil, fmt.Errorf("%w: name %q", errOffer, o.name)
	}
	f, err := os.OpenFile(filepath.Join(dir, o.name), os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := o.check(f); err != nil {
		return nil, err
	}
	memory, err := mapFile(f, o.size())
	if err != nil {
		return nil, err
	}
	s, err := o.join(memory)
	if err != nil {
		unmap(memory)
	}
	return s, err
}

// check lets only a file of our own user pass: whoever may write to it can cut it short, and a page that is gone ends the
// process that touches it. Of our own user's processes each could end us anyway.
func (o *offer) check(f *os.File) error {
	var info unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &info); err != nil {
		return fmt.Errorf("%w: %w", errMemory, err)
	}
	if us := os.Geteuid(); info.Uid != uint32(us) || info.Mode&0o022 != 0 {
		return fmt.Errorf("%w: user %d with mode %o, want user %d and nobody else to write", errMemory, info.Uid, info.Mode&0o777, us)
	}
	if info.Mode&unix.S_IFMT != unix.S_IFREG || info.Size != int64(o.size()) {
		return fmt.Errorf("%w: want a file of %d bytes", errMemory, o.size())
	}
	return nil
}

// remove takes the name away: who has mapped the memory keeps it, and it is gone when they are.
func (o *offer) remove(dir string) { _ = os.Remove(filepath.Join(dir, o.name)) }

// removeStale removes what an owner has left whose process died between making the memory and taking the
// name away.
func removeStale(dir, owner string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the file cannot be made either, and that says why
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), owner)
		if !ok {
			continue
		}
		pid, err := strconv.Atoi(strings.SplitN(rest, "-", 2)[0])
		if err == nil && unix.Kill(pid, 0) == unix.ESRCH {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// sendByte wakes the peer's keeper, and does not wait for room (I4): bytes that the peer has not read yet wake it as well, and
// a connection that is over needs none.
func (s *shared) sendByte() {
	if raw, err := s.conn.SyscallConn(); err == nil {
		_ = raw.Write(func(fd uintptr) bool {
			_, _ = unix.Write(int(fd), []byte{0})
			return true
		})
	}
}

func unmap(memory []byte) {
	if memory != nil {
		_ = unix.Munmap(memory) // fails only if it is not mapped
	}
}
