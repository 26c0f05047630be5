package ringbuf

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Bell wakes one consumer, which may wait for several rings at once. Wait and WaitUntil belong to
// the consumer; Ring to anyone.
//
// The state word says who may touch the channel. The consumer stores parked; whoever swaps parked
// for awake, one ringer or the consumer itself, owns the wake-up: a ringer then sends exactly one
// token, which the consumer takes before it waits again (I8). So the channel of capacity 1 never
// blocks a ringer.
type Bell struct {
	_     padding
	state atomic.Uint32 // read by every Ring; changes only when the consumer parks
	wait  Wait          // never changes
	_     padding
	token chan struct{}
	timer *time.Timer // made by the first WaitUntil that needs it

	// words is the state and its mirrors, outside of this process's own memory, that show it while the
	// consumer waits; empty if there was never a mirror.
	words   []*atomic.Uint32
	sleeper Sleeper // nil: there was never one
	parks   atomic.Uint64
	_       padding
}

// What a state word says. A consumer that other processes may have to wake sleeps in the kernel if it can, so
// that they wake it themselves; any other parks in the runtime, which wakes goroutines for a tenth of that.
const (
	awake  = 0
	parked = 1 // in the runtime: a token wakes it
	asleep = 2 // in the kernel, on the word itself
)

// NewBell makes a bell whose consumer waits as w says.
func NewBell(w Wait) *Bell { return &Bell{wait: w, token: make(chan struct{}, 1)} }

// Ring wakes the consumer if it is parked or asleep. Call it after the store that the consumer waits for; if
// the consumer is awake, which is the rule under load, it costs a barrier and a load, and without a
// policy that parks, nothing.
//
// No ring is lost (I7). The consumer stores parked and then looks at what it waits for; the ringer
// stores that and then loads the state. The first store is a full barrier, and a fence stands
// between the second one and the load, because a ring hands over with less than a barrier. So at
// least one of the two sees the other's store: the consumer finds the work, or the ringer finds it
// parked. Where a load before the fence finds it parked already, the swap is the barrier.
func (b *Bell) Ring() {
	if !b.wait.Park {
		return
	}
	state := b.state.Load()
	if state == awake {
		fence()
		state = b.state.Load()
	}
	for state != awake {
		if b.state.CompareAndSwap(state, awake) {
			b.rouse(state)
			return
		}
		state = b.state.Load() // behind the barrier of the swap: the consumer waits in another way now, or not
	}
}

// rouse wakes the consumer, which waited as state says and was swapped to awake by the caller.
func (b *Bell) rouse(state uint32) {
	if state == parked {
		b.token <- struct{}{}
		return
	}
	b.sleeper.Rouse(&b.state)
}

// ifParks is the bell, or nil if nobody has to ring it.
func (b *Bell) ifParks() *Bell {
	if b == nil || !b.wait.Park {
		return nil
	}
	return b
}

// Wait returns when ready returns true, when it was woken by Ring, or, if the bell has a mirror, for
// no reason. A Ring that finds the consumer awake leaves no trace, so whatever a ring announces must
// show in ready. Ready is called by the consumer's goroutine, many times; it should be a few loads.
func (b *Bell) Wait(ready func() bool) {
	if token := b.doze(ready); token != nil {
		<-token
		b.mirror(awake)
	}
}

// doze is Wait but for its last step: it returns the channel to receive from, after which the mirrors are awake, or nil if the
// wait is over. Who is woken returns through all that called it, and the processor, which has run others meanwhile, foretells none of
// these returns: each costs some 6 ns. So who waits often receives by itself.
func (b *Bell) doze(ready func() bool) <-chan struct{} {
	if b == nil {
		panic("ringbuf: a side without a bell cannot wait; see Bells")
	}
	for !b.poll(ready) {
		if !b.wait.Park {
			continue
		}
		if b.sleeps() {
			b.sleep(ready, 0)
			return nil
		}
		if b.park(ready) {
			return b.token
		}
		return nil
	}
	return nil
}

// WaitUntil is Wait for at most d. It may return late by what the timer of the operating system
// gives (about a millisecond), and returns at once if d is not positive.
func (b *Bell) WaitUntil(ready func() bool, d time.Duration) {
	if d <= 0 || b.poll(ready) {
		return
	}
	if b.wait.Park && b.sleeps() {
		b.sleep(ready, d)
		return
	}
	if b.timer == nil {
		b.timer = time.NewTimer(d)
	} else {
		b.timer.Reset(d)
	}
	defer b.timer.Stop() // and nothing is left in its channel
	if b.wait.Park {
		if b.park(ready) {
			select {
			case <-b.token:
			case <-b.timer.C:
				b.unpark()
			}
			b.mirror(awake)
		}
		return
	}
	for !b.poll(ready) {
		select {
		case <-b.timer.C:
			return
		default:
		}
	}
}

// poll is the part of waiting before the park; true if ready was.
func (b *Bell) poll(ready func() bool) bool {
	for range max(b.wait.Spins, 1) {
		if ready() {
			return true
		}
		if b.wait.Pauses > 0 {
			pause(b.wait.Pauses)
		}
	}
	for range b.wait.Yields {
		runtime.Gosched()
		if ready() {
			return true
		}
	}
	return false
}

// park shows the consumer parked, and returns false if ready is true, after all.
func (b *Bell) park(ready func() bool) bool {
	b.show(parked)
	if ready() {
		b.unpark()
		b.mirror(awake)
		return false
	}
	bump(&b.parks)
	return true
}

// unpark takes the consumer's own parked state back. If a ringer was faster, its token is in the
// channel or about to be, and must be taken out before the next park.
func (b *Bell) unpark() {
	if !b.state.CompareAndSwap(parked, awake) {
		<-b.token
	}
}

// Parks is how often the consumer went to sleep; 0 for no bell. Any goroutine may ask.
func (b *Bell) Parks() uint64 {
	if b == nil {
		return 0
	}
	return b.parks.Load()
}
