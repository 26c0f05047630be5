package transport

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// needSleeper skips a test where the kernel has no futex_waitv.
func needSleeper(t *testing.T) ringbuf.Sleeper {
	t.Helper()
	s := sleeper()
	if s == nil {
		t.Skip("this kernel has no sleep on several words")
	}
	return s
}

func mirrored(s ringbuf.Sleeper) (*ringbuf.Bell, *atomic.Uint32) {
	b, word := ringbuf.NewBell(ringbuf.WaitPark), new(atomic.Uint32)
	b.Mirror(new(atomic.Uint32), s)
	b.Mirror(word, s)
	return b, word
}

// Two users wake each other in turns by the words alone: one lost wake-up and it hangs.
func TestFutexPingPong(t *testing.T) {
	s := needSleeper(t)
	const rounds = 20_000
	var turn atomic.Uint64
	ping, pingWord := mirrored(s)
	pong, pongWord := mirrored(s)
	var done sync.WaitGroup
	play := func(mine *ringbuf.Bell, theirs *atomic.Uint32, first uint64) {
		for i := first; i < rounds; i += 2 {
			for turn.Load() != i {
				mine.Wait(func() bool { return turn.Load() == i })
			}
			turn.Store(i + 1)
			if ringbuf.Wake(theirs, s) {
				t.Error("a message is wanted although the user can sleep in the kernel")
			}
		}
	}
	done.Go(func() { play(ping, pongWord, 0) })
	done.Go(func() { play(pong, pingWord, 1) })
	done.Wait()
	if ping.Parks()+pong.Parks() == 0 {
		t.Error("nobody has slept")
	}
}

// Ring, Wake and the end of the time race for one sleeper, which allocates nothing.
func TestFutexRingAndTimeout(t *testing.T) {
	s := needSleeper(t)
	b, word := mirrored(s)
	never := func() bool { return false }
	if got := testing.AllocsPerRun(100, func() { b.WaitUntil(never, time.Microsecond) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
	for began := time.Now(); time.Since(began) < 20*time.Millisecond; { // it may end for no reason
		b.WaitUntil(never, 20*time.Millisecond-time.Since(began))
	}
	var stop atomic.Bool
	var done sync.WaitGroup
	for _, wake := range []func(){b.Ring, func() { ringbuf.Wake(word, s) }} {
		done.Go(func() {
			for !stop.Load() {
				wake()
				runtime.Gosched()
			}
		})
	}
	for i := range 3000 {
		b.WaitUntil(never, time.Duration(1+i%50)*time.Microsecond)
		if word.Load() != 0 {
			t.Fatalf("wait %d: the word says %d", i, word.Load())
		}
	}
	stop.Store(true)
	done.Wait()
}
