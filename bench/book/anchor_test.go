package book

import "testing"

// The walk of the anchor must not fall into a short circle, or it would measure the first-level cache only.
func TestAnchorGoesAround(t *testing.T) {
	a := NewAnchor()
	lines := map[uint32]bool{}
	x := uint32(0)
	for i := range uint32(anchorPieces * anchorSteps) {
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
