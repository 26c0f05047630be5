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

// meter counts what is committed, on the engine's thread.
type meter struct {
	warmup, duration time.Duration
	recorder         *bench.Recorder
	parts            *bench.BudgetRecorder
	done             atomic.Bool // the feeder may stop

	first, begin, end time.Time // the first commit; from when on it counts; until when
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
	switch {
	case m.first.IsZero():
		m.first = now
	case m.begin.IsZero():
		if now.Sub(m.first) >= m.warmup {
			m.begin, m.from = now, m.to
			m.recorder.Reset()
			m.parts.Reset()
		}
	case now.Sub(m.begin) >= m.duration:
		m.end, m.snapshot = now, m.recorder.Snapshot()
		m.budget = m.parts.Budget(m.snapshot)
		m.done.Store(true)
	}
}

// source is a loop that ends when the meter has enough.
type source struct {
	loop   *workload.Loop
	opened int
	done   *atomic.Bool
}

// Next implements box.Source.
func (s *source) Next(c *codec.Command) error {
	if opening := s.loop.Opening(); s.opened < len(opening) {
		*c = opening[s.opened]
		s.opened++
		return nil
	}
	if s.done.Load() {
		return io.EOF
	}
	s.loop.Next(c)
	return nil
}
