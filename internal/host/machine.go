package host

import "runtime"

// Machine is what this process runs on and how much of it it may use.
type Machine struct {
	CPU         string  // model name; "" if unknown
	Cores       []int   // cores that the affinity mask allows, ascending
	QuotaCores  float64 // CPU quota of the cgroup, in cores; 0 = none
	MemoryBytes uint64  // the machine's memory or the cgroup's limit, whichever is less; 0 = unknown
	Kernel      string  // "Linux 6.18.0"
	Go          string  // "go1.26.8 linux/amd64"
	Gomaxprocs  int     // threads that run Go code at the same time

	hugePages string      // always, madvise, never, or hugePagesOff; "" if unknown
	siblings  map[int]int // core → the lowest core on the same physical core; nil if unknown
}

// Detect looks at the machine. What cannot be found out stays zero: a missing file is no failure.
func Detect() Machine {
	m := Machine{
		Go:         runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
		Gomaxprocs: runtime.GOMAXPROCS(0),
	}
	m.detect()
	return m
}

// Usable is how many cores spinning threads may count on: the allowed cores, or the whole cores of
// a smaller quota (I4), and one where the quota is a part of it.
func (m *Machine) Usable() int {
	if m.QuotaCores > 0 {
		return min(len(m.Cores), max(1, int(m.QuotaCores)))
	}
	return len(m.Cores)
}
