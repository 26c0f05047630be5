package clock

// Ticks reads the time-stamp counter when all that comes before is done, and before anything that follows
// begins.
//
//go:noescape
func Ticks() uint64

// After reads the time-stamp counter when all that comes before is done. What follows may begin meanwhile, so it costs a
// thread that looks at the clock on its way less than Ticks.
//
//go:noescape
func After() uint64
