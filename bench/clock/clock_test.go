package clock

import (
	"math"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	c := Clock{PerNs: 2.5, Empty: 50}
	for _, test := range []struct {
		ticks uint32
		ns    int64
	}{{0, 0}, {50, 0}, {52, 0}, {53, 1}, {300, 100}} {
		if got := c.Ns(test.ticks); got != test.ns {
			t.Errorf("%d ticks: %d ns, want %d", test.ticks, got, test.ns)
		}
	}
	if c := New(); c.PerNs <= 0 {
		t.Errorf("calibrated to %+v", c)
	}
	if a, b := Ticks(), Ticks(); b < a {
		t.Errorf("from %d to %d", a, b)
	}
}

// What lasts longer than 32 bits hold does not count as short.
func TestLongTimes(t *testing.T) {
	for ticks, want := range map[uint64]uint32{0: 0, 300: 300, math.MaxUint32: math.MaxUint32, 1<<32 + 10: math.MaxUint32, 1 << 40: math.MaxUint32} {
		if got := most(ticks); got != want {
			t.Errorf("%d ticks: %d, want %d", ticks, got, want)
		}
	}
}

// A thread that loses its core between the two clocks does not spoil the calibration.
func TestPairIsUndisturbed(t *testing.T) {
	begin := time.Now()
	tick, read := uint64(0), 0
	ticks := func() uint64 { tick += 10; return tick }
	system := func() time.Time {
		if read++; read < looks {
			tick += 1000 * uint64(read) // gone for so long, but for the last look
		}
		return begin.Add(time.Duration(tick))
	}
	if at, got := pair(ticks, system); uint64(at.Sub(begin)) != tick-10 || got != tick-5 {
		t.Errorf("%v and %d ticks, want those of the last look, %d and %d", at.Sub(begin), got, tick-10, tick-5)
	}
}
