package book

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
	if c := NewClock(); c.PerNs <= 0 {
		t.Errorf("calibrated to %+v", c)
	}
	if a, b := ticks(), ticks(); b < a {
		t.Errorf("from %d to %d", a, b)
	}
}

// The walk of the anchor must not fall into a short circle, or it would measure the first-level cache only.
func TestAnchorGoesAround(t *testing.T) {
	a := NewAnchor()
	lines := map[uint32]bool{}
	x := uint32(0)
	for i := range uint32(anchorSteps) {
		at := (x*0x9e3779b1 + i) >> 8 % anchorFar
		lines[at/16] = true
		x = a.near[a.far[at]*0x85ebca6b>>8%anchorNear]
	}
	if len(lines) < anchorFar/16*9/10 {
		t.Errorf("%d of %d cache lines", len(lines), anchorFar/16)
	}
	a.Measure()
	if a.at != x || a.BestNs() <= 0 {
		t.Errorf("measured another walk, to %d instead of %d, in %v ns a step", a.at, x, a.BestNs())
	}
}
