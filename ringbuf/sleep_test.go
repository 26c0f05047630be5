package ringbuf

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// dozer is a Sleeper that looks again and again; internal/transport has the real one.
type dozer struct{ roused atomic.Uint64 }

func (s *dozer) Rouse(*atomic.Uint32) { s.roused.Add(1) }

func (s *dozer) Sleep(words []*atomic.Uint32, value uint32, d time.Duration) {
	for end := time.Now().Add(d); d == 0 || time.Now().Before(end); runtime.Gosched() {
		for _, w := range words {
			if w.Load() != value {
				return
			}
		}
	}
}

// mirrored makes a bell and a word that mirrors it, and one that does not any more.
func mirrored(s Sleeper) (b *Bell, word *atomic.Uint32) {
	b, word = NewBell(WaitPark), new(atomic.Uint32)
	gone := new(atomic.Uint32)
	b.Mirror(gone, s)
	b.Mirror(word, s)
	b.Unmirror(gone)
	return b, word
}

// A word that mirrors a bell says how its consumer waits, and Wake ends that, or says that a message has to.
func TestMirror(t *testing.T) {
	for _, s := range []Sleeper{new(dozer), nil} {
		inKernel := s != nil
		b, word := mirrored(s)
		var work atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			for !work.Load() {
				b.Wait(work.Load)
			}
		}()
		until(func() bool { return word.Load() != awake })
		if s := word.Load(); (s == asleep) != inKernel {
			t.Errorf("the word is %d, in the kernel %t", s, inKernel)
		}
		work.Store(true)
		if Wake(word, s) {
			b.Ring()
		} else if !inKernel {
			t.Error("who is parked in the runtime needs a message, and Wake did not ask for it")
		}
		<-done
		if word.Load() != awake || b.state.Load() != awake {
			t.Errorf("word %d and state %d after the wait, want 0", word.Load(), b.state.Load())
		}
	}
}

// TestMirrorWithoutSleeper: one of two words has a sleeper, so that the consumer sleeps on both. Who has only the other one
// has to send a message.
func TestMirrorWithoutSleeper(t *testing.T) {
	b, slept, told := NewBell(WaitPark), new(atomic.Uint32), new(atomic.Uint32)
	b.Mirror(slept, new(dozer))
	b.Mirror(told, nil)
	var work atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !work.Load() {
			b.Wait(work.Load)
		}
	}()
	until(func() bool { return b.Parks() == 1 }) // after its last look
	work.Store(true)
	if Wake(told, nil) {
		b.Ring()
	} else {
		t.Error("who has no sleeper cannot wake it, and Wake did not ask for a message")
		b.Ring()
	}
	<-done
}

// Two consumers wake each other in turns by the words alone, as two processes do: one lost wake-up (I7) and it hangs.
func TestWakePingPong(t *testing.T) {
	const rounds = 20_000
	var turn atomic.Uint64
	s := new(dozer)
	ping, pingWord := mirrored(s)
	pong, pongWord := mirrored(s)
	var done sync.WaitGroup
	play := func(mine, theirs *Bell, word *atomic.Uint32, first uint64) {
		for i := first; i < rounds; i += 2 {
			for turn.Load() != i {
				mine.Wait(func() bool { return turn.Load() == i })
			}
			turn.Store(i + 1)
			if Wake(word, s) {
				theirs.Ring()
			}
		}
	}
	done.Go(func() { play(ping, pong, pongWord, 0) })
	done.Go(func() { play(pong, ping, pingWord, 1) })
	done.Wait()
}

// Ring, Wake and the end of the time race for one sleeper: whoever loses leaves nothing behind.
func TestWakeRingAndTimeout(t *testing.T) {
	s := new(dozer)
	b, word := mirrored(s)
	var stop atomic.Bool
	var done sync.WaitGroup
	for _, wake := range []func(){b.Ring, func() {
		if Wake(word, s) {
			b.Ring()
		}
	}} {
		done.Go(func() {
			for !stop.Load() {
				wake()
				runtime.Gosched()
			}
		})
	}
	for i := range 3000 {
		b.WaitUntil(func() bool { return false }, time.Duration(1+i%50)*time.Microsecond)
		if b.state.Load() != awake || word.Load() != awake || len(b.token) != 0 {
			t.Fatalf("wait %d: state %d, word %d, %d tokens", i, b.state.Load(), word.Load(), len(b.token))
		}
	}
	stop.Store(true)
	done.Wait()
}

// A sleep ends in time although nobody wakes it, and costs no allocation.
func TestSleepEnds(t *testing.T) {
	b, _ := mirrored(new(dozer))
	never := func() bool { return false }
	for _, d := range []time.Duration{time.Microsecond, 20 * time.Millisecond} {
		for began := time.Now(); time.Since(began) < d; { // it may end for no reason
			b.WaitUntil(never, d-time.Since(began))
		}
	}
	if b.Parks() == 0 {
		t.Error("it did not sleep at all")
	}
	if got := testing.AllocsPerRun(100, func() { b.WaitUntil(never, time.Microsecond) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

// A bell with more mirrors than a sleep has words parks in the runtime, and sleeps again when there are fewer.
func TestTooManyMirrors(t *testing.T) {
	b, words := NewBell(WaitPark), make([]atomic.Uint32, SleepWordsMax)
	for i := range words {
		b.Mirror(&words[i], new(dozer))
	}
	if b.sleeps() {
		t.Errorf("sleeps on %d words, at most %d", len(b.words), SleepWordsMax)
	}
	b.Unmirror(&words[3])
	if !b.sleeps() {
		t.Error("does not sleep although there are few enough words")
	}
}

// waker is a Sleeper whose sleep ends for no reason but the last time, when it does what there is to wait for.
type waker struct {
	sleeps int
	last   func()
}

func (s *waker) Rouse(*atomic.Uint32) {}

func (s *waker) Sleep([]*atomic.Uint32, uint32, time.Duration) {
	if s.sleeps--; s.sleeps == 0 {
		s.last()
	}
}

// A pop goes on waiting when a sleep ends for no reason, and ends with the ring, but not before what was published last.
func TestPopSleepsForNoReason(t *testing.T) {
	r := NewSPSC[uint64](4)
	s := &waker{3, func() { r.TryPush(7) }}
	b, _ := mirrored(s)
	r.Bells(nil, b)
	if v, ok := r.Pop(); v != 7 || !ok || s.sleeps != 0 {
		t.Errorf("pops %d, %t with %d sleeps left, want 7, true and none", v, ok, s.sleeps)
	}
	s.sleeps, s.last = 2, func() { r.TryPush(8); r.Close() }
	if v, ok := r.Pop(); v != 8 || !ok {
		t.Errorf("pops %d, %t, want 8 and true", v, ok)
	}
	if _, ok := r.Pop(); ok {
		t.Error("pops from a ring that is closed and drained")
	}
}
