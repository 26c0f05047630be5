package box

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// leaderLock is the file that the engine which leads holds locked. The kernel gives it to the next
// one that waits, in the moment in which the process that had it is gone.
const leaderLock = "leader"

// followed is the command log as a backup engine has it: to read while another engine leads, and to
// write when that one is gone.
type followed struct {
	commands rundir.CommandLog
	caughtUp func(journal.Position) // the log was read to its end for the first time
	leading  func(*journal.Journal)
	follower *journal.Follower
	lock     *os.File
	bell     *ringbuf.Bell
	waits    bool        // for the lock
	ours     atomic.Bool // the leader's lock is ours
	failed   atomic.Pointer[error]
	log      *journal.Journal
}

// leads takes the leader's lock for an engine that does not stand by.
func leads(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, leaderLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	taken, err := tryLock(f)
	if taken {
		err = &rundir.RefusedError{Dir: filepath.Dir(dir), Why: "another engine leads it"}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// follow begins to read the log behind a position. The goroutine that takes the records tells caughtUp where they ended for the
// first time, before it stands by; leading is told of the log when it is ours.
func follow(log rundir.CommandLog, after journal.Position, bell *ringbuf.Bell, caughtUp func(journal.Position), leading func(*journal.Journal)) (*followed, error) {
	lock, err := os.OpenFile(filepath.Join(log.Dir, leaderLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	follower, err := journal.Follow(disk.Real, log.Dir, after)
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	return &followed{commands: log, caughtUp: caughtUp, leading: leading, follower: follower, lock: lock, bell: bell}, nil
}

// wait waits, beside, for the right to lead, which rings the bell. The kernel wakes everybody who waits for it, and who
// is first has it: so nobody does who would have to read the log then, while others have.
func (f *followed) wait() {
	f.waits = true
	fd := int(f.lock.Fd()) // here, because who stands by may close it
	go func() {            // it ends with the process, or with the lock
		err := syscall.EINTR
		for err == syscall.EINTR {
			err, _ = syscall.Flock(fd, syscall.LOCK_EX).(syscall.Errno)
		}
		if err != 0 {
			cause := fmt.Errorf("%s: %w", f.lock.Name(), err)
			f.failed.Store(&cause)
		}
		f.ours.Store(err == 0)
		f.bell.Ring()
	}()
}

// followChunk bounds the records that are taken between two looks at the participants.
const followChunk = 256

// Follow implements engine.FollowedLog.
func (f *followed) Follow(take func(kind uint8, body []byte) error) (grown bool, err error) {
	for range followChunk {
		r, err := f.follower.Next()
		if errors.Is(err, io.EOF) {
			if !f.waits {
				f.caughtUp(f.follower.Position())
				f.wait()
			}
			return grown, nil
		}
		if err == nil {
			err = take(r.Kind, r.Body)
		}
		if err != nil {
			return grown, err
		}
		grown = true
	}
	return grown, nil
}

// Settled implements engine.FollowedLog.
func (f *followed) Settled() bool { return f.waits && f.follower.Settled() }

// Lead implements engine.FollowedLog.
func (f *followed) Lead(take func(kind uint8, body []byte) error) (engine.Log, error) {
	if cause := f.failed.Load(); cause != nil {
		return nil, *cause
	}
	if !f.ours.Load() {
		return nil, nil
	}
	j, err := f.follower.Open(journal.Options{Ahead: true}, func(r journal.Record) error { return take(r.Kind, r.Body) })
	if errors.Is(err, journal.ErrInUse) {
		return nil, nil // somebody looks at it, or its last process is not quite dead
	}
	if err != nil {
		return nil, err
	}
	f.log = j
	f.leading(j)
	return &commandLog{j, f.commands}, nil
}

func (f *followed) close() error {
	var err error
	if f.log != nil {
		err = f.log.Close()
	} else {
		err = f.follower.Close()
	}
	return errors.Join(err, f.lock.Close())
}

// engineDir is where the engines of a run keep the command log.
func engineDir(dir string) string { return filepath.Join(dir, rundir.EngineDir) }
