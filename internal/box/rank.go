package box

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/internal/rundir"
)

// RankState is what an engine with a rank says of itself in the file of its rank, behind the number of its process.
// Of one whose process is gone, it is the last word.
type RankState string

// The states.
const (
	RankStarting RankState = "starting"    // it reads the command log, or lacks the link to a member
	RankStanding RankState = "standing by" // it takes over at once when the one that leads is gone
	RankLeading  RankState = "leading"
)

// rank is the place of an engine among those that stand by, and the file that says so, locked.
type rank struct {
	file  *os.File
	state atomic.Pointer[RankState]
	mu    sync.Mutex // of who writes
}

func rankPath(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("rank-%d", n)) }

// ReadRank reads what the engine of a rank says of itself in the command log's directory, and which process it was.
func ReadRank(dir string, n int) (pid int, state RankState, err error) {
	text, err := os.ReadFile(rankPath(dir, n))
	if err != nil {
		return 0, "", err
	}
	word, rest, _ := strings.Cut(string(text), " ")
	if _, err := fmt.Sscan(word, &pid); err != nil {
		return 0, "", fmt.Errorf("%s: want the number of a process and a state, got %q", rankPath(dir, n), text)
	}
	return pid, RankState(strings.TrimSpace(rest)), nil
}

// takeRank takes the place of an engine among those that stand by: a second one of the same rank would pass for the
// first at the participants, and take its links away. One that was just killed may have it for a moment yet.
func takeRank(dir string, n int) (*rank, error) {
	f, err := os.OpenFile(rankPath(dir, n), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(dyingMax); ; time.Sleep(10 * time.Millisecond) {
		taken, err := tryLock(f)
		if err == nil && !taken {
			r, starting := &rank{file: f}, RankStarting
			r.state.Store(&starting)
			if err = f.Truncate(0); err == nil {
				err = r.write()
			}
			return r, err
		}
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		if time.Now().After(end) {
			pid, _, _ := ReadRank(dir, n) // only decorates the error
			_ = f.Close()
			return nil, &rundir.RefusedError{Dir: filepath.Dir(dir), Why: fmt.Sprintf("process %d is the engine of rank %d: give another --rank", pid, n)}
		}
	}
}

// become says what the engine is now. Who takes over does not wait for that.
func (r *rank) become(s RankState) {
	r.state.Store(&s)
	go r.write() //nolint:errcheck // it is for people, and the next state is another try
}

// write writes the state, in one piece. Of several the last one is written last.
func (r *rank) write() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.file.WriteAt(fmt.Appendf(nil, "%d %-*s\n", os.Getpid(), len(RankStanding), *r.state.Load()), 0)
	return err
}

func (r *rank) close() error { return r.file.Close() }
