package disk

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// TestLockOutlivesQuestions: somebody who asks whether a lock is held loses his processor while he shares it. Nobody owns the
// lock, so whoever wants it gets it; a second one is refused at once. The first one was refused if that took two milliseconds.
func TestLockOutlivesQuestions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	synctest.Test(t, func(t *testing.T) {
		question, err := os.Create(path)
		if err == nil {
			err = flock(question, unix.LOCK_SH)
		}
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(100 * time.Millisecond) // of the bubble's clock
			question.Close()
		}()
		owner, err := Real.Lock(path)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := Real.Lock(path); !errors.Is(err, ErrLocked) || time.Since(began) > 0 {
			t.Errorf("a second owner: %v after %v, want ErrLocked at once", err, time.Since(began))
		}
		if err := owner.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLockOnAFullDisk: a file system without room for a byte. The lock is taken all the same, because the number in it is for a
// message only: a node whose log has its room reserved once could not start there.
func TestLockOnAFullDisk(t *testing.T) {
	unlimit := limitFiles(t, 0)
	path := filepath.Join(t.TempDir(), "lock")
	owner, err := Real.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Real.Lock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second owner: %v, want %v", err, ErrLocked)
	}
	unlimit()
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
}

// limitFiles has each write behind so many bytes of a file fail, until the returned function is called.
func limitFiles(t *testing.T, bytes uint64) (unlimit func()) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Skip(err)
	}
	signal.Ignore(unix.SIGXFSZ)
	unlimit = func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
			t.Error(err)
		}
		signal.Reset(unix.SIGXFSZ)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: was.Max}); err != nil {
		t.Skip(err)
	}
	t.Cleanup(unlimit)
	return unlimit
}
