package disk

import (
	"errors"
	"os"
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
