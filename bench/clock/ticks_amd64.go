package clock

// Ticks reads the time-stamp counter when all that comes before is done, and before anything that follows
// begins.
//
//go:noescape
func Ticks() uint64
