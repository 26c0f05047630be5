package engine

import "testing"

// TestStallsToldNowAndThen: of many short stalls people are told every stallSayNs at most; one that lasts is told when that is
// over. All are counted.
func TestStallsToldNowAndThen(t *testing.T) {
	const s = 1_000_000_000
	var w stall
	for _, step := range []struct {
		atS   int64
		ends  bool // instead of a look at a stall
		told  bool
		count uint64
	}{
		{atS: 5, told: true, count: 1},
		{atS: 6, count: 1},
		{atS: 30, count: 1}, // it lasts, and was told
		{atS: 31, ends: true, count: 1},
		{atS: 40, told: true, count: 2},
		{atS: 41, ends: true, count: 2},
		{atS: 42, count: 3},
		{atS: 43, ends: true, count: 3},
		{atS: 44, count: 4},
		{atS: 49, count: 4},
		{atS: 50, told: true, count: 4},
		{atS: 51, count: 4},
	} {
		if step.ends {
			w.on = false
		} else if told := w.notice(step.atS * s); told != step.told {
			t.Errorf("after %d s told %v, want %v", step.atS, told, step.told)
		}
		if w.count != step.count {
			t.Errorf("after %d s %d stalls, want %d", step.atS, w.count, step.count)
		}
	}
}
