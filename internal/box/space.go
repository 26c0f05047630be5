package box

import (
	"context"
	"log/slog"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/participant"
)

// DiskReserve is the room that a disk keeps by default: a segment of 64 MiB for each of the five logs of a run,
// all of which may need their next one at the same time, and as much for the state files.
const DiskReserve = 384 << 20

// space asks how much room a disk has, before it is full: what is in doubt can be decided and everything saved
// with what is kept in reserve, but nothing new is taken before there is more again. One goroutine uses it.
type space struct {
	dir     string
	reserve uint64                           // bytes; 0: never asked
	free    func(dir string) (uint64, error) // host.Free, but for tests
	log     *slog.Logger
	looked  time.Time
	low     bool
	spent   bool // half of the reserve is gone, too: so much of it is for rejects, which are in the log as everything else
}

func newSpace(dir string, reserve uint64, log *slog.Logger) *space {
	return &space{dir: dir, reserve: reserve, free: host.Free, log: log}
}

// spaceEvery is how long an answer is good for: a disk that takes 1 GB/s has not used up the reserve by then.
const spaceEvery = 100 * time.Millisecond

// isLow reports whether the disk has less room than the reserve. A disk that does not say has enough.
func (s *space) isLow() bool {
	if s.reserve == 0 || time.Since(s.looked) < spaceEvery {
		return s.low
	}
	s.looked = time.Now()
	free, err := s.free(s.dir)
	low := err == nil && free < s.reserve
	s.spent = err == nil && free < s.reserve/2
	if low != s.low {
		text := "disk has room again"
		if low {
			text = "disk nearly full: nothing new is accepted until there is room"
		}
		s.log.Warn(text, "dir", s.dir, "free_mib", free>>20, "reserve_mib", s.reserve>>20)
	}
	s.low = low
	return low
}

// wait waits until there is room, as not says, or ctx ends.
func (s *space) wait(ctx context.Context, not func() bool) {
	again := time.NewTicker(spaceEvery)
	defer again.Stop()
	for not() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// tellFull tells people that a log, or the tape, waits for room on its disk, and that it has it.
func tellFull(log *slog.Logger, dir string) func(what string, full bool) {
	return func(what string, full bool) {
		if full {
			log.Error("disk full: the "+what+" waits for room", "dir", dir)
			return
		}
		log.Warn("disk has room: the "+what+" continues", "dir", dir)
	}
}

// careful is a role that says "not now" to a batch while its disk is nearly full. What is decided it takes.
type careful struct {
	participant.Role
	space *space
	live  bool // false while the log is replayed, in which its votes are
}

func (c *careful) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	if c.live && !decided && c.space.isLow() {
		return batch3pc.Vote{Reason: batch3pc.ReasonInfra}
	}
	return c.Role.Vote(b, decided)
}
