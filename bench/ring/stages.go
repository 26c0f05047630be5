package ring

import (
	"runtime"
	"slices"
	"sync"
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

// run starts all functions at once and returns how long it took until the last one was through. What
// pinning costs is not in it. It panics if a core that was there is refused.
func (t team) run(work ...func()) time.Duration {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
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
			f()
		})
	}
	ready.Wait()
	runtime.GC() // not in the middle of it
	begin := time.Now()
	close(start)
	done.Wait()
	return time.Since(begin)
}

// median of a few figures; it sorts them.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
