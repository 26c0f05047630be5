package engine

import "testing"

// TestBatchGrowsWhileInputWaits: an open batch comes of age later while there is input, and not never.
func TestBatchGrowsWhileInputWaits(t *testing.T) {
	e := newTestBox(t, nil).engine
	defer e.core.Close()
	defer e.log.ring.Close()
	age := e.sealAgeNs()
	for _, c := range []struct {
		afterNs int64
		waiting bool
		old     bool
	}{
		{age - 1, false, false}, {age, false, true}, {age, true, false}, {busyAges*age - 1, true, false}, {busyAges * age, true, true},
	} {
		e.openNs, e.nowNs = 1_000, 1_000+c.afterNs
		if c.waiting && e.input.Len() == 0 {
			e.input.TryPush(Entry{})
		}
		if got := e.old(); got != c.old {
			t.Errorf("after %d ns, input waiting %v: old %v, want %v", c.afterNs, c.waiting, got, c.old)
		}
	}
}
