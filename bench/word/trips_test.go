package word

import (
	"runtime"
	"testing"

	"github.com/tezi-exchange/tezi/bench/clock"
)

// TestTripsAreMeasured: each trip is in the histogram, and takes some time; on a busy machine there may be fewer of them.
func TestTripsAreMeasured(t *testing.T) {
	const n = 20
	h := Trips(clock.New(), n)
	if h == nil {
		t.Skip("two cores are wanted, and that threads can be pinned to them")
	}
	if h.TotalCount() < 1 || h.TotalCount() > n || h.Min() < 1 {
		t.Errorf("%d trips, the fastest in %d ns, want 1 to %d of more than 0", h.TotalCount(), h.Min(), n)
	}
}

// TestOneProcessor: where Go runs one thread at a time, two that spin would wait for its scheduler at each step.
func TestOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if h := Trips(clock.New(), 1); h != nil {
		t.Errorf("%d trips, want none", h.TotalCount())
	}
}
