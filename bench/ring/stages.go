package ring

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/internal/host"
)

// team runs functions side by side, each on a thread and a core of its own while there are cores.
type team struct {
	cores []int // allowed to this process; empty: nobody is pinned
}

// newTeam looks for cores for n threads. With fewer cores than threads nobody is pinned: two spinners
// on one core would hand over at the kernel's tick.
func newTeam(n int) team {
	if m := host.Detect(); len(m.Cores) >= n {
		return team{m.Cores[:n]}
	}
	return team{}
}

// pinned is 1 if the team's threads have cores of their own.
func (t team) pinned() float64 {
	if t.cores == nil {
		return 0
	}
	return 1
}

// run lets all functions begin when each has its thread and is awake, and returns how long it took from there until the
// last one was through: to wake a thread up takes some 50 µs, as long as 40,000 items of a fast ring, and to unpin it some
// more. It panics if a core that was there is refused.
func (t team) run(work ...func()) time.Duration {
	var ready, done sync.WaitGroup
	var awake atomic.Int64
	start := make(chan struct{})
	begins, ends := make([]time.Time, len(work)), make([]time.Time, len(work))
	for i, f := range work {
		ready.Add(1)
		done.Go(func() {
			if t.cores != nil {
				unpin, err := host.Pin(t.cores[i])
				if err != nil {
					panic(err)
				}
				defer unpin()
			}
			ready.Done()
			<-start
			awake.Add(1)
			for awake.Load() < int64(len(work)) {
				if t.cores == nil {
					runtime.Gosched()
				}
			}
			begins[i] = time.Now()
			f()
			ends[i] = time.Now()
		})
	}
	ready.Wait()
	runtime.GC() // not in the middle of it
	close(start)
	done.Wait()
	return slices.MaxFunc(ends, time.Time.Compare).Sub(slices.MinFunc(begins, time.Time.Compare))
}

// median of a few figures; it sorts them.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
