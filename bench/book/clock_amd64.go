package book

// ticks reads the time-stamp counter when all that comes before is done, and before anything that follows
// begins.
//
//go:noescape
func ticks() uint64
