package box

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// dyingMax is how long the processes of a run that was just killed may take to give up its logs.
const dyingMax = 2 * time.Second

// Free waits until no process works in the run directory's logs, but not for long: one that is not
// about to die is a *rundir.RefusedError. Replacing the run, or taking it up, would pull the logs from
// under it.
func Free(dir string) error {
	for end := time.Now().Add(dyingMax); ; time.Sleep(10 * time.Millisecond) {
		err := inUse(dir)
		var refused *rundir.RefusedError
		if !errors.As(err, &refused) || time.Now().After(end) {
			return err
		}
	}
}

// claim makes a run directory this process's, until the file is closed. Of two that begin a run there at the same time,
// for both of which it is free, one is refused before it touches what the other has made. nil: there is no directory,
// which whoever wants one will tell, or its file system has no such locks.
func claim(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, nil
	}
	if taken, _ := tryLock(f); taken {
		_ = f.Close()
		return nil, &rundir.RefusedError{Dir: dir, Why: "in use: another process has just begun a run there"}
	}
	return f, nil
}

// tryLock locks f, which closing it undoes. taken: another one has it. Any other refusal, as by a file system that has no such
// locks, is the error.
func tryLock(f *os.File) (taken bool, err error) {
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil || err == syscall.EWOULDBLOCK {
		return err != nil, nil
	}
	return false, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
}

// inUse returns a *rundir.RefusedError if a process works in one of the run directory's logs.
func inUse(dir string) error {
	for _, name := range append([]string{rundir.EngineDir}, rundir.RoleNames...) {
		path := filepath.Join(dir, name, "lock")
		locked, err := disk.Real.Locked(path)
		if err != nil && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
		if locked {
			owner, _ := os.ReadFile(path) // only decorates the error
			return &rundir.RefusedError{Dir: dir, Why: fmt.Sprintf("in use by process %s (%s)", strings.TrimSpace(string(owner)), name)}
		}
	}
	return nil
}
