package system

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
)

// crowd is what the shards of a case know of each other, so that they count over the same time: from when all commit
// (I3), and each goes on until all have enough.
type crowd struct {
	idle  atomic.Int32 // shards that have not committed yet
	short atomic.Int32 // shards that have not enough yet
}

func newCrowd(shards int) *crowd {
	c := new(crowd)
	c.idle.Store(int32(shards))
	c.short.Store(int32(shards))
	return c
}

// meter counts what a shard commits, on its engine's thread.
type meter struct {
	crowd            *crowd
	warmup, duration time.Duration
	open             bool // loop: at a rate
	recorder         *bench.Recorder
	parts            *bench.BudgetRecorder

	commits           bool      // has committed something
	first, begin, end time.Time // the first commit since all shards commit; from when on it counts; until when
	from, to          mark
	snapshot          *bench.Snapshot // of what counted
	budget            *bench.Budget   // of the same
}

// mark is how far the stream has come.
type mark struct{ trades, commands, batches uint64 }

// committed takes a decided batch.
func (m *meter) committed(c *engine.Committed) {
	if m.snapshot != nil {
		return
	}
	now := time.Now()
	m.to.batches++
	m.to.trades += uint64(len(c.Payload.Trades))
	m.to.commands = c.Payload.LastCommand
	if !m.commits {
		m.commits = true
		m.crowd.idle.Add(-1)
	}
	switch {
	case m.crowd.idle.Load() > 0: // the warm-up begins when all do
	case m.first.IsZero():
		m.first = now
	case m.begin.IsZero():
		if now.Sub(m.first) >= m.warmup {
			m.begin, m.from = now, m.to
			m.recorder.Reset()
			m.parts.Reset()
		}
	case now.Sub(m.begin) >= m.duration && !m.owes(now):
		m.end, m.snapshot = now, m.recorder.Snapshot()
		m.budget = m.parts.Budget(m.snapshot)
		m.crowd.short.Add(-1)
	}
}

// owes reports whether what was due in the time that counts may still be under way: the trade that was committed last
// was due in it. A stall at the end is not forgiven to those behind it; as long again is enough, if the rate cannot be kept.
func (m *meter) owes(now time.Time) bool {
	due := now.Add(-time.Duration(m.recorder.Last(bench.OrderToCommit)))
	return m.open && now.Sub(m.begin) < 2*m.duration && due.Sub(m.begin) < m.duration
}

// source is a loop that ends when the meters of all shards have enough.
type source struct {
	loop   *workload.Loop
	opened int
	crowd  *crowd
}

// Next implements box.Source.
func (s *source) Next(c *codec.Command) error {
	if opening := s.loop.Opening(); s.opened < len(opening) {
		*c = opening[s.opened]
		s.opened++
		return nil
	}
	if s.crowd.short.Load() == 0 {
		return io.EOF
	}
	s.loop.Next(c)
	return nil
}
