package bench

import (
	"fmt"
	"strconv"
	"time"
)

// RateText writes the rate of an open loop as the command line takes it: "max" is none, for 0, and nothing is rounded.
func RateText(perSecond float64) string {
	if perSecond == 0 {
		return "max"
	}
	return strconv.FormatFloat(perSecond, 'f', -1, 64)
}

// CheckTimes reports a warm-up, or a time that counts, in which nothing can be measured. The engine takes commands by the chunk and
// commits by the batch, and threads that share cores take turns of milliseconds: what happens in less time than that is
// one of them, and no rate. perSecond is the rate of an open loop, of which so many make one sample; 0 is none.
func CheckTimes(warmup, duration, shortest time.Duration, perSecond float64, sample int) error {
	switch {
	case warmup < 0:
		return fmt.Errorf("warm-up %v, want 0 or more", warmup)
	case duration < shortest:
		return fmt.Errorf("duration %v, want %v or more", duration, shortest)
	case perSecond > 0 && perSecond*duration.Seconds() < float64(sample):
		return fmt.Errorf("rate %s for %v, want one at which %d or more are due in that time", RateText(perSecond), duration, sample)
	}
	return nil
}

// DurationMin is the least that a time that counts lasts where a chunk or a batch would do for a figure.
const DurationMin = 10 * time.Millisecond
