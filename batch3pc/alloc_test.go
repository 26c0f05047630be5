package batch3pc_test

import "testing"

// In steady state neither machine allocates: not to propose, vote, pre-commit, commit or apply, nor
// to tick.
func TestNoAllocationInSteadyState(t *testing.T) {
	r := newRig(t, 8, 1024)
	step := func() {
		r.commit(5)
		r.take(r.coordinator.Tick())
		r.take(r.coordinator.Tick())
		r.run()
	}
	for range 100 {
		step() // every buffer comes to its size
	}
	before := r.coordinator.Status().Committed
	if allocs := testing.AllocsPerRun(200, step); allocs != 0 {
		t.Fatalf("%v allocations for 5 batches and 2 ticks, want 0", allocs)
	}
	if s := r.coordinator.Status(); s.Committed != before+201*5 || r.apps[0].applied != int(s.Committed) {
		t.Fatalf("committed %d, applied %d: the steady state was none", s.Committed, r.apps[0].applied)
	}
}
