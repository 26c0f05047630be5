package commit

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// startTicks calls tick at each interval, to within some ten microseconds, from a goroutine of its
// own that waits in the poller of the runtime, until stop is called.
func startTicks(intervalNs int64, tick func()) (stop func(), err error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("commit: timerfd: %w", err)
	}
	f := os.NewFile(uintptr(fd), "timerfd")
	every := unix.NsecToTimespec(max(intervalNs, 1))
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
		f.Close()
		return nil, fmt.Errorf("commit: timerfd: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var count [8]byte
		for {
			if _, err := f.Read(count[:]); err != nil {
				return // closed
			}
			tick()
		}
	}()
	return func() {
		f.Close()
		<-done
	}, nil
}

func fdatasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
