package ringbuf

// Wait says how a consumer waits: it looks Spins times, then looks after each of Yields yields of
// the processor, then parks until somebody rings. Without Park it begins again instead, and so
// takes a processor for itself.
//
// Which one is right depends on the cores, not on the work: spinning reaches the hand-over time of
// a cache line only if every spinner has a core of its own and the rest of the program has another;
// on fewer cores a spinner steals the time slice of the very goroutine it waits for.
type Wait struct {
	Spins  int
	Yields int
	Park   bool
}

// The usual policies.
var (
	// WaitSpin never gives up its core: for a stage that owns one.
	WaitSpin = Wait{Spins: 1024}
	// WaitAdaptive spins for about a microsecond, then makes room, then parks.
	WaitAdaptive = Wait{Spins: 256, Yields: 4, Park: true}
	// WaitPark parks at once: for stages that share cores, where the scheduler runs the woken
	// goroutine next, and for whatever is not on the path of an order.
	WaitPark = Wait{Park: true}
)
