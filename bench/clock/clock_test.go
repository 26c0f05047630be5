package clock

import "testing"

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
