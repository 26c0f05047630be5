package host

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

const canPin = true

// Pin ties the calling goroutine to its thread and the thread to one core. The same goroutine calls
// unpin. Profile.Pin is for the stages of a run; this is for whoever knows the core.
func Pin(core int) (unpin func(), err error) {
	runtime.LockOSThread()
	var before, mask unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("host: affinity of this thread: %w", err)
	}
	mask.Set(core)
	if err := unix.SchedSetaffinity(0, &mask); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("host: pin to core %d: %w", core, err)
	}
	return func() {
		// If the old mask cannot be had back the thread must not serve other goroutines: it stays
		// locked and dies with this one.
		if unix.SchedSetaffinity(0, &before) == nil {
			runtime.UnlockOSThread()
		}
	}, nil
}
