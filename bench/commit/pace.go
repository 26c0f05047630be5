package commit

import (
	"sync/atomic"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// pace says when batches are due. At a rate, batch i is due at begin + i intervals, whatever became
// of those before it; a clock rings the bell at each interval, because waiting with a timer is no more
// exact than a millisecond.
type pace struct {
	intervalNs float64 // 0: as fast as the window allows
	beginNs    int64
	ticks      atomic.Uint64
	seen       uint64
	stop       func()
}

// newPace makes a pace of so many batches a second; 0 is as fast as possible.
func newPace(perSecond float64, bell *ringbuf.Bell) (*pace, error) {
	p := &pace{stop: func() {}}
	if perSecond == 0 {
		return p, nil
	}
	p.intervalNs = 1e9 / perSecond
	stop, err := startTicks(int64(p.intervalNs), func() {
		p.ticks.Add(1)
		bell.Ring()
	})
	if err == nil {
		p.stop = stop
	}
	return p, err
}

func (p *pace) begin(now int64) { p.beginNs = now }
func (p *pace) end()            { p.stop() }

// dueAt is when batch i is due, counted from 0.
func (p *pace) dueAt(i uint64, now int64) int64 {
	if p.intervalNs == 0 {
		return now
	}
	return p.beginNs + int64(float64(i)*p.intervalNs)
}

func (p *pace) due(i uint64, now int64) bool { return p.dueAt(i, now) <= now }

// owes reports whether batch i, which is not proposed yet, was due by end.
func (p *pace) owes(i uint64, end int64) bool { return p.intervalNs > 0 && p.due(i, end) }

// ticked reports whether the clock has ticked since it was last asked.
func (p *pace) ticked() bool {
	t := p.ticks.Load()
	fresh := t != p.seen
	p.seen = t
	return fresh
}
