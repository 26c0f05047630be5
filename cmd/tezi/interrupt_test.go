package main

import (
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestSignalledTwice: a signal that comes twice at once, as timeout(1) sends it, is one; a later one is another.
func TestSignalledTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal, 2)
		var ended atomic.Bool
		go func() {
			again(signals)
			ended.Store(true)
		}()
		for range 2 {
			signals <- syscall.SIGTERM
			time.Sleep(interruptOnce / 3)
			synctest.Wait()
			if ended.Load() {
				t.Fatal("what one press has sent counts twice")
			}
		}
		time.Sleep(interruptOnce)
		signals <- syscall.SIGTERM
		synctest.Wait()
		if !ended.Load() {
			t.Error("the second press does not count")
		}
	})
}
