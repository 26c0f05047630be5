package host

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// TestConfine: every thread is on the cores that were given, one that is made later too, and undo gives all of them back.
func TestConfine(t *testing.T) {
	all := allowedCores()
	for n := 1; n <= min(len(all), 2); n++ {
		undo, err := Confine(all[:n])
		if err != nil {
			t.Skip(err) // a container may refuse it
		}
		later := make(chan []int)
		go func() {
			runtime.LockOSThread() // not unlocked: the thread ends with this goroutine
			later <- allowedCores()
		}()
		if got := <-later; !slices.Equal(got, all[:n]) || runtime.GOMAXPROCS(0) != n {
			t.Errorf("a thread has cores %v and there are %d at a time, want %v", got, runtime.GOMAXPROCS(0), all[:n])
		}
		everyThread(t, all[:n])
		if err := undo(); err != nil {
			t.Error(err)
		}
		everyThread(t, all)
	}
	if _, err := Confine([]int{coreMax - 1}); err == nil && !slices.Contains(all, coreMax-1) {
		t.Error("confined to a core that is not there")
	}
	everyThread(t, all)
}

func everyThread(t *testing.T, want []int) {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		var mask unix.CPUSet
		id, _ := strconv.Atoi(thread.Name())
		if unix.SchedGetaffinity(id, &mask) != nil {
			continue // it has ended
		}
		if mask.Count() != len(want) || slices.ContainsFunc(want, func(core int) bool { return !mask.IsSet(core) }) {
			t.Errorf("thread %d has %d cores, want %v", id, mask.Count(), want)
		}
	}
}
