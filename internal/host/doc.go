// Package host says what machine this is, gives the busy stages their cores and the process its
// memory: affinity, the waiting that follows from it, locked pages, huge pages and the collector are
// decided here and nowhere else.
//
// Two thread profiles exist. Which one a run gets is decided once, at start, and printed:
//
//	pinned   cores ≥ busy stages + 1. Each busy stage spins on a core of its own; the core left over
//	         serves the kernel, the garbage collector and everything that is not busy.
//
//	         core 0   core 1    core 2   core 3   core 4       core 5
//	         rest     matcher   feeder   risk     settlement   market data
//
//	shared   fewer cores. Stages are plain goroutines that park, after a little spinning if there is a
//	         core for each; nothing is pinned, because two spinning threads on one core hand over at the
//	         kernel's tick, which is milliseconds.
//
// Memory is asked for by Memory.Apply: pages that stay (mlockall), and a collector that runs rarely
// or not before memory runs short. Huge pages are the kernel's to give; the large tables ask for
// them, and Apply says whether they are heard.
//
// What holds:
//
//	I1  A pinned profile never takes the last usable core, and never a core twice.
//	I2  Every core of a profile is in the affinity mask that this process was started with.
//	I3  What was asked for and could not be had is either an error or a line in Lines: nothing is
//	    scaled down in silence.
//	I4  A CPU quota (cgroup) below stages + 1 counts as too few cores: spinning burns quota, and a
//	    throttled spinner stops for tens of milliseconds.
//
// Affinity is Linux only. Elsewhere the same functions exist, only the shared profile can be had,
// and Lines says so.
package host
