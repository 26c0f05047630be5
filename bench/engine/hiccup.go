package engine

import (
	"time"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/internal/host"
)

// A thread that waits reads the clock some 30 ns apart; a gap of more than idleGap is time that it did not have: an
// interrupt, another process, the hypervisor, a signal of the Go runtime. While it works a gap may be its work, so one of
// more than workGap is counted only if the kernel says that it gave the core to somebody else meanwhile.
const (
	idleGap = time.Microsecond
	workGap = 10 * time.Microsecond
)

// lateMin is what a command may wait for although both threads have caught up: as long as more commands wait, what a
// hiccup has left is not done, be it in the ring or with the feeder, which has no room.
const lateMin = int64(10 * time.Microsecond)

// hiccups are the times that one thread was kept from its core. What was in its way of work while it happened is not
// in it, but for the gaps that the kernel owns up to: it is a lower bound.
type hiccups struct {
	idleGap, workGap uint64 // in ticks

	last     uint64 // look at the clock
	switches int64  // that the kernel has told of
	behind   bool   // something has waited since a hiccup
	late     bool   // what was done last had waited for longer than lateMin

	count, ticks, longest uint64
}

func (h *hiccups) init(c clock.Clock) {
	h.idleGap, h.workGap = uint64(float64(idleGap)*c.PerNs), uint64(float64(workGap)*c.PerNs)
}

// begin forgets what has been.
func (h *hiccups) begin(now uint64) {
	h.last, h.switches, h.behind = now, host.Preemptions(), false
	h.count, h.ticks, h.longest = 0, 0, 0
}

// looked is told of each look for work, and whether there was some. If there was no gap, no work, and the last of it was
// in time, the thread has caught up.
func (h *hiccups) looked(now uint64, found bool) {
	gap := now - h.last
	h.last = now
	if int64(gap) > int64(h.idleGap) {
		if gap > h.workGap {
			h.switches = host.Preemptions()
		}
		h.note(gap)
	} else if !found && !h.late {
		h.behind = false
	}
}

// worked is told when a piece of work is done.
func (h *hiccups) worked(now uint64) {
	gap := now - h.last
	h.last = now
	if int64(gap) <= int64(h.workGap) {
		return
	}
	if n := host.Preemptions(); n != h.switches {
		h.switches = n
		h.note(gap)
	}
}

func (h *hiccups) note(gap uint64) {
	h.behind = true
	h.count++
	h.ticks += gap
	h.longest = max(h.longest, gap)
}

func (h *hiccups) result(nsPerTick float64) Hiccups {
	ns := func(ticks uint64) int64 { return int64(float64(ticks) * nsPerTick) }
	return Hiccups{h.count, ns(h.ticks), ns(h.longest)}
}
