package clock

import (
	"math"
	"slices"
	"time"
)

// Clock reads time stamps for single messages. It has to be cheaper than what it measures, so on amd64 it is
// the processor's time-stamp counter, elsewhere the system's clock.
type Clock struct {
	PerNs float64 // ticks a nanosecond
	Empty uint32  // ticks between two readings with nothing between: the cost of measuring, median
}

// calibration is how long New compares the counter with the system's clock.
const calibration = 20 * time.Millisecond

// looks are how often both clocks are read for one pair: a thread that loses its core between the two is late in one
// of them, and would be for the whole life of the Clock.
const looks = 16

// pair reads both clocks at one moment: of several looks, that at which least has passed around the system's clock.
func pair(ticks func() uint64, system func() time.Time) (at time.Time, tick uint64) {
	least := ^uint64(0)
	for range looks {
		before, now := ticks(), system()
		if took := ticks() - before; took < least {
			least, at, tick = took, now, before+took/2
		}
	}
	return at, tick
}

// New calibrates the clock. It takes some 20 ms.
func New() Clock {
	begin, from := pair(Ticks, time.Now)
	for time.Since(begin) < calibration {
	}
	end, to := pair(Ticks, time.Now)
	elapsed := end.Sub(begin)
	var empty [1001]uint32
	for i := range empty {
		t := Ticks()
		empty[i] = uint32(Ticks() - t)
	}
	slices.Sort(empty[:])
	return Clock{PerNs: float64(to-from) / float64(elapsed.Nanoseconds()), Empty: empty[len(empty)/2]}
}

// Since returns the ticks from begin until now.
func Since(begin uint64) uint32 { return most(Ticks() - begin) }

// most is what of the ticks fits into 32 bits, which may be a second: a thread that was away for longer is still the slowest
// so, and not among the fastest.
func most(ticks uint64) uint32 { return uint32(min(ticks, math.MaxUint32)) }

// Ns returns nanoseconds for what was measured in ticks, without the cost of measuring.
func (c Clock) Ns(measured uint32) int64 {
	return int64(float64(max(measured, c.Empty)-c.Empty) / c.PerNs)
}
