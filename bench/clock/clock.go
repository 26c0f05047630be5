package clock

import (
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

// New calibrates the clock. It takes some 20 ms.
func New() Clock {
	begin, from := time.Now(), Ticks()
	for time.Since(begin) < calibration {
	}
	to, elapsed := Ticks(), time.Since(begin)
	var empty [1001]uint32
	for i := range empty {
		t := Ticks()
		empty[i] = uint32(Ticks() - t)
	}
	slices.Sort(empty[:])
	return Clock{PerNs: float64(to-from) / float64(elapsed.Nanoseconds()), Empty: empty[len(empty)/2]}
}

// Ns returns nanoseconds for what was measured in ticks, without the cost of measuring.
func (c Clock) Ns(measured uint32) int64 {
	return int64(float64(max(measured, c.Empty)-c.Empty) / c.PerNs)
}
