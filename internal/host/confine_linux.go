package host

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Confine has this process, and those that it starts from now on, run on these cores alone, with as many goroutines
// at a time as there are cores. undo takes that back. It is for measurements: threads that are pinned lose
// their core, so there must be none.
func Confine(cores []int) (undo func() error, err error) {
	var before, mask unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("host: affinity of this thread: %w", err)
	}
	for _, core := range cores {
		mask.Set(core)
	}
	if err := confineThreads(&mask); err != nil {
		return nil, errors.Join(fmt.Errorf("host: cores %s: %w", FormatCores(cores), err), confineThreads(&before))
	}
	procs := runtime.GOMAXPROCS(len(cores))
	return func() error {
		runtime.GOMAXPROCS(procs)
		return confineThreads(&before)
	}, nil
}

// confineThreads gives each thread of the process a mask. A new one has that of the thread that made it, so it goes
// round until it has met no other.
func confineThreads(mask *unix.CPUSet) error {
	for changed := true; changed; {
		changed = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			var has unix.CPUSet
			id, err := strconv.Atoi(t.Name())
			if err == nil {
				err = unix.SchedGetaffinity(id, &has)
			}
			if err == nil && has != *mask {
				changed = true
				err = unix.SchedSetaffinity(id, mask)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) { // it has ended meanwhile
				return err
			}
		}
	}
	return nil
}
