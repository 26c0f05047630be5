package ringbuf

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var policies = map[string]Wait{
	"spin": WaitSpin, "adaptive": WaitAdaptive, "park": WaitPark,
	"yield": {Yields: 2}, "yield_park": {Yields: 1, Park: true}, "zero": {},
}

// TestBellPingPong passes a turn to and fro: one lost wake-up (I7) and it hangs.
func TestBellPingPong(t *testing.T) {
	for name, w := range policies {
		t.Run(name, func(t *testing.T) {
			rounds := uint64(20_000)
			if name == "spin" {
				rounds = 200 // a spinner on a shared core costs the other one a time slice
			}
			pingPong(NewBell(w), NewBell(w), rounds)
		})
	}
}

// pingPong lets two goroutines count to rounds in turns.
func pingPong(ping, pong *Bell, rounds uint64) {
	var turn atomic.Uint64
	var done sync.WaitGroup
	play := func(mine, theirs *Bell, first uint64) {
		for i := first; i < rounds; i += 2 {
			for turn.Load() != i {
				mine.Wait(func() bool { return turn.Load() == i })
			}
			turn.Store(i + 1)
			theirs.Ring()
		}
	}
	done.Go(func() { play(ping, pong, 0) })
	done.Go(func() { play(pong, ping, 1) })
	done.Wait()
}

// TestBellManyRingers lets several producers wake one consumer that waits for all of them. If a
// wake-up is lost (I7) the consumer sleeps for ever; if a token is left over (I8) a ringer would
// block in Ring, which the channel check at the end would show.
func TestBellManyRingers(t *testing.T) {
	const producers, items = 4, 5_000
	for name, w := range policies {
		if !w.Park {
			continue
		}
		t.Run(name, func(t *testing.T) {
			b := NewBell(w)
			var rings [producers]*SPSC[uint64]
			for i := range rings {
				rings[i] = NewSPSC[uint64](8)
				go func() {
					for v := range uint64(items) {
						until(func() bool { return rings[i].TryPush(v) })
						b.Ring()
					}
				}()
			}
			var next [producers]uint64
			for left := producers * items; left > 0; {
				b.Wait(func() bool { return anyReady(rings[:]) })
				for i, r := range rings {
					for v, ok := r.TryPop(); ok; v, ok = r.TryPop() {
						if v != next[i] {
							t.Fatalf("producer %d: got %d, want %d", i, v, next[i])
						}
						next[i]++
						left--
					}
				}
			}
			if len(b.token) != 0 || b.state.Load() != awake {
				t.Errorf("after the last wait: %d tokens, state %d", len(b.token), b.state.Load())
			}
		})
	}
}

func anyReady(rings []*SPSC[uint64]) bool {
	for _, r := range rings {
		if r.Peek(1) != nil {
			return true
		}
	}
	return false
}

// TestBellRingReturns: a ring ends the wait even if ready stays false, and only a parked consumer
// gets a token.
func TestBellRingReturns(t *testing.T) {
	b := NewBell(WaitPark)
	b.Ring() // awake: leaves no trace
	if len(b.token) != 0 {
		t.Fatal("a ring at an awake consumer left a token")
	}
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		b.Wait(func() bool { return false })
	}()
	until(func() bool { return b.Parks() == 1 })
	b.Ring()
	b.Ring() // the second finds it awake
	<-returned
	if len(b.token) != 0 {
		t.Error("two rings, one wake-up, but a token is left")
	}
}

// TestBellRingBetween rings at the worst moment, between the consumer's store of parked and its
// last look: that ring must not be lost, and its token must not be left for the next wait (I8).
func TestBellRingBetween(t *testing.T) {
	b := NewBell(WaitPark)
	if b.park(func() bool { b.Ring(); return true }) {
		t.Error("ready, but parked")
	}
	if len(b.token) != 0 || b.state.Load() != awake {
		t.Errorf("ready and rung: %d tokens left, state %d", len(b.token), b.state.Load())
	}
	if !b.park(func() bool { b.Ring(); return false }) {
		t.Error("not ready, but not parked")
	}
	<-b.token // hangs if the ring is lost
	if len(b.token) != 0 || b.state.Load() != awake {
		t.Errorf("rung: %d tokens left, state %d", len(b.token), b.state.Load())
	}
}

// TestBellRingAtTheSameTime has the ringer store and ring in the very moment in which the consumer parks: one of them
// must see the other (I7). Without the fence in Ring, both look before the store of the other one is there.
func TestBellRingAtTheSameTime(t *testing.T) {
	rounds := meetings()
	b := NewBell(WaitPark)
	var word, round, rung atomic.Uint64
	var done sync.WaitGroup
	done.Go(func() {
		for i := uint64(1); i <= rounds; i++ {
			soon(func() bool { return round.Load() == i })
			storeRelease(&word, i)
			b.Ring()
			rung.Store(i)
		}
	})
	for i := uint64(1); i <= rounds; i++ {
		round.Store(i)
		for range i % 1024 { // the ringer has to see it first, and nobody knows how long that takes
		}
		sleeping := b.park(func() bool { return word.Load() == i })
		soon(func() bool { return rung.Load() == i })
		if sleeping && b.state.Load() != awake {
			t.Errorf("round %d: parked, and the ring is lost", i)
			b.Ring()
		}
		if sleeping {
			<-b.token
		}
	}
	done.Wait()
}

// meetings is how often two goroutines are brought to the same moment: each time both need a core just then.
func meetings() uint64 {
	if testing.Short() {
		return 1_000
	}
	return 20_000
}

// soon is until, for what another core does at this moment.
func soon(ok func() bool) {
	for looks := 1; !ok(); looks++ {
		if looks%1000 == 0 {
			runtime.Gosched()
		}
	}
}

// TestBellWaitUntil runs in a bubble with a clock of its own, so the times are exact.
func TestBellWaitUntil(t *testing.T) {
	never := func() bool { return false }
	synctest.Test(t, func(t *testing.T) {
		b := NewBell(WaitPark)
		for range 3 { // the timer is used again
			began := time.Now()
			b.WaitUntil(never, 3*time.Second)
			if got := time.Since(began); got != 3*time.Second {
				t.Errorf("waited %v, want 3 s", got)
			}
		}
		began := time.Now()
		parks := b.Parks()
		b.WaitUntil(never, 0)
		b.WaitUntil(never, -time.Second)
		if b.Parks() != parks {
			t.Error("parked for no time at all")
		}
		b.WaitUntil(func() bool { return true }, time.Hour)
		b.WaitUntil(func() bool { return b.state.Load() == parked }, time.Hour) // ready at the last look
		go func() {
			time.Sleep(time.Second)
			b.Ring()
		}()
		b.WaitUntil(never, time.Hour)
		if got := time.Since(began); got != time.Second {
			t.Errorf("waited %v, want the 1 s until the ring", got)
		}
		b.WaitUntil(never, time.Second)
		if got := time.Since(began); got != 2*time.Second {
			t.Errorf("waited until %v, want 2 s: the timer of an earlier wait went off", got)
		}
	})
}

// TestBellWaitUntilAwake: a policy that never parks looks at its timer all the same, and goes on
// looking at ready until then.
func TestBellWaitUntilAwake(t *testing.T) {
	for name, w := range policies {
		if w.Park {
			continue
		}
		b := NewBell(w)
		b.WaitUntil(func() bool { return false }, time.Millisecond) // hangs if nobody looks at the timer
		looks := 0
		b.WaitUntil(func() bool { looks++; return looks > 5000 }, time.Hour)
		if looks != 5001 || b.Parks() != 0 {
			t.Errorf("%s: %d looks and %d parks, want 5001 and 0", name, looks, b.Parks())
		}
	}
}

// TestBellRingAndTimeout lets the ring and the timer race for the wake-up: whoever loses must leave
// the bell as it was (I8).
func TestBellRingAndTimeout(t *testing.T) {
	b := NewBell(WaitPark)
	var stop atomic.Bool
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for !stop.Load() {
			b.Ring()
			runtime.Gosched()
		}
	}()
	for i := range 3000 {
		b.WaitUntil(func() bool { return false }, time.Duration(1+i%50)*time.Microsecond)
		if len(b.token) != 0 || b.state.Load() != awake {
			t.Fatalf("wait %d: %d tokens left, state %d", i, len(b.token), b.state.Load())
		}
	}
	stop.Store(true)
	<-stopped
}

func TestBellAllocs(t *testing.T) {
	b := NewBell(WaitPark)
	r := NewSPSC[int](4)
	b.WaitUntil(func() bool { return r.Len() > 0 }, time.Microsecond) // makes the timer
	got := testing.AllocsPerRun(1000, func() {
		b.WaitUntil(func() bool { return r.Len() > 0 }, time.Microsecond)
		r.TryPush(1)
		b.Ring()
		b.Wait(func() bool { return r.Len() > 0 })
		r.TryPop()
	})
	if got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}
