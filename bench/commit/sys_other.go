//go:build !linux

package commit

import (
	"os"
	"time"
)

// startTicks calls tick at each interval, as exactly as timers are here, until stop is called.
func startTicks(intervalNs int64, tick func()) (stop func(), err error) {
	t := time.NewTicker(time.Duration(max(intervalNs, 1)))
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-t.C:
				tick()
			case <-quit:
				return
			}
		}
	}()
	return func() {
		t.Stop()
		close(quit)
		<-done
	}, nil
}

func fdatasync(f *os.File) error { return f.Sync() }
