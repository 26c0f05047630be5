package engine

import (
	"context"
	"time"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/engine"
)

// feed is the feeder's thread: it fills the ring until the time is over. Commands lie in their slots before they are
// due; then they are handed over. Between warm-up and what counts it lets the matcher catch up.
func (r *rig) feed(ctx context.Context) {
	defer r.ring.Close()
	s := schedule{interval: r.interval()}
	ready := r.supply(ctx, &s, r.prepare(&s), r.c.Warmup)
	for r.warm.Store(true); !r.counting.Load(); {
		if ctx.Err() != nil {
			return
		}
	}
	r.supply(ctx, &s, ready, r.c.Duration)
}

// supply hands over what is due for so long. What was due by then and waits for room is handed over too, if it takes no
// longer than as long again: a stall at the end is not forgiven either. ready are the commands that lie in their slots; it
// returns those that do so afterwards.
func (r *rig) supply(ctx context.Context, s *schedule, ready []engine.Entry, d time.Duration) []engine.Entry {
	now := clock.Ticks()
	ticks := uint64(float64(d) * r.clock.PerNs)
	end := now + ticks
	s.begin, s.made = now, 0
	s.date(ready)
	r.feeder.begin(now)
	for round := 0; now < end || now < end+ticks && s.interval > 0 && s.due(ready[:1], end) > 0; round++ {
		if round&1023 == 0 && ctx.Err() != nil {
			return ready
		}
		now = clock.After()
		n := s.due(ready, now)
		if s.interval > 0 {
			r.feeder.looked(now, n > 0)
		}
		if n == 0 {
			continue
		}
		if r.feeder.behind {
			for i := range ready[:n] {
				ready[i].ArrivalNs = -ready[i].ArrivalNs
			}
		}
		r.ring.Publish(n)
		if ready = ready[n:]; len(ready) == 0 {
			ready = r.prepare(s)
			r.feeder.worked(clock.Ticks())
		}
	}
	return ready
}

// prepare fills the next slots of the ring.
func (r *rig) prepare(s *schedule) []engine.Entry {
	slots := r.ring.ClaimWait(chunkMax)
	for i := range slots {
		r.loop.Next(&slots[i].Command)
	}
	s.date(slots)
	return slots
}

// interval is how many ticks lie between two commands; 0: as fast as they are taken.
func (r *rig) interval() float64 {
	if r.c.Rate == 0 {
		return 0
	}
	return 1e9 * r.clock.PerNs / r.c.Rate
}

// schedule says when commands are due, in ticks. It counts intervals and adds none up: after a year a machine's counter is so
// high that a float64 of it has steps of several ticks.
type schedule struct {
	interval float64 // 0: at once
	begin    uint64
	made     uint64 // commands that have a date
}

// date gives commands the moments when they are due; 0: whenever there is room.
func (s *schedule) date(slots []engine.Entry) {
	for i := range slots {
		slots[i].ArrivalNs = 0
		if s.interval > 0 {
			s.made++
			slots[i].ArrivalNs = int64(s.begin) + int64(float64(s.made)*s.interval)
		}
	}
}

// due is how many of these commands are due.
func (s *schedule) due(ready []engine.Entry, now uint64) int {
	n := 0
	for n < len(ready) && ready[n].ArrivalNs <= int64(now) {
		n++
	}
	return n
}
