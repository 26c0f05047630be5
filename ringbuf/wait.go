package ringbuf

// Wait says how somebody waits: it looks Spins times, with Pauses rests of the processor after each
// look, then looks after each of Yields yields to other goroutines, then parks until somebody rings.
// Without Park it begins again instead, and so takes a processor for itself.
//
// Which one is right depends on the cores, not on the work: spinning reaches the hand-over time of
// a cache line only if every spinner has a core of its own and the rest of the program has another;
// on fewer cores a spinner steals the time slice of the very goroutine it waits for. The figures are
// in docs/RINGS.md; internal/host chooses.
type Wait struct {
	Spins  int
	Pauses int // after each spin: 1 leaves the core's other thread and the memory bus in peace, more lets items pile up
	Yields int
	Park   bool
}

// The usual policies.
var (
	// WaitSpin never gives up its core: for a stage that owns one.
	WaitSpin = Wait{Spins: 1024, Pauses: 1}
	// WaitAdaptive spins for about as long as a sleeping core takes to wake up, so that waiting costs
	// at most twice what it would for somebody who knew the future; then it makes room, then it
	// parks. For stages that have a core each most of the time.
	WaitAdaptive = Wait{Spins: 512, Pauses: 1, Yields: 4, Park: true}
	// WaitPark parks at once: for stages that share cores, where the scheduler runs the woken
	// goroutine next, and for whatever is not on the path of an order.
	WaitPark = Wait{Park: true}
)
