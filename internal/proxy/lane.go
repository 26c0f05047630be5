package proxy

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// Counts are what has passed in one direction, and what has happened to it.
type Counts struct {
	Pieces     uint64 `json:"pieces"`
	Bytes      uint64 `json:"bytes"`
	Dropped    uint64 `json:"dropped"`
	Duplicated uint64 `json:"duplicated"`
	Flipped    uint64 `json:"flipped"`
	Held       uint64 `json:"held"` // times that a message has held the link
}

// lane is one direction: its rules, its dice and its counters. All connections share it.
type lane struct {
	mu      sync.Mutex
	rules   Rules
	held    bool          // the message of rules.Hold has come
	onHeld  func(Mark)    // called when it comes, with the mark as it was set
	set     Mark          // likewise
	changed chan struct{} // closed when rules or held change
	dice    *rand.Rand
	free    time.Time // when the rate lets the next piece begin
	counted Counts
}

func newLane(r Rules, seed, stream uint64, onHeld func(Mark)) *lane {
	l := &lane{onHeld: onHeld, changed: make(chan struct{}), dice: rand.New(rand.NewPCG(seed, stream))}
	l.rules, l.set = r, r.Hold
	return l
}

// change replaces the rules. A hold begins anew.
func (l *lane) change(r Rules) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replace(r)
}

// release ends a hold, which does not come again.
func (l *lane) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rules
	r.Hold = Mark{}
	l.replace(r)
}

// replace is change for who has the lock.
func (l *lane) replace(r Rules) {
	l.rules, l.set, l.held = r, r.Hold, false
	close(l.changed)
	l.changed = make(chan struct{})
}

// counts is what has been counted. A piece is there with its fate, or not yet.
func (l *lane) counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counted
}

// drop counts a piece that is lost for another reason than chance.
func (l *lane) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counted.Dropped++
}

// wait returns when nothing stops the direction. It reports false when ctx has ended before.
func (l *lane) wait(ctx context.Context) bool {
	for {
		l.mu.Lock()
		stopped, changed := l.rules.Cut || l.held, l.changed
		l.mu.Unlock()
		if !stopped {
			return ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// stopped reports whether nothing passes.
func (l *lane) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rules.Cut || l.held
}

// sees looks at the head of a frame, before it passes and after. At the message of a mark the link is held.
func (l *lane) sees(head []byte, after bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mark := &l.rules.Hold
	if l.held || mark.Kind == "" || mark.After != after {
		return
	}
	if s, ok := codec.LookAt(head); ok && mark.meets(s) {
		l.held = true
		l.counted.Held++
		l.onHeld(l.set)
	}
}

// fate is what becomes of one piece.
type fate struct {
	due   time.Time
	times int // it is sent
}

// decide draws the fate of b, and spoils it if that is part of it. What is not for chance is only delayed. A stream says
// nothing twice: the system below would see to that.
func (l *lane) decide(b []byte, now time.Time, chance, stream bool) fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.rules
	l.counted.Pieces++
	l.counted.Bytes += uint64(len(b))
	if chance && l.dice.Float64() < r.Drop {
		l.counted.Dropped++
		return fate{}
	}
	f := fate{due: now.Add(r.Delay), times: 1}
	if r.Jitter > 0 {
		f.due = f.due.Add(time.Duration(l.dice.Int64N(int64(r.Jitter))))
	}
	if r.Rate > 0 {
		if l.free.Before(now) {
			l.free = now
		}
		l.free = l.free.Add(time.Duration(float64(len(b)) / float64(r.Rate) * 1e9))
		if f.due.Before(l.free) {
			f.due = l.free
		}
	}
	if !chance {
		return f
	}
	if len(b) > 0 && l.dice.Float64() < r.Flip {
		b[l.dice.IntN(len(b))] ^= 1 << l.dice.IntN(8)
		l.counted.Flipped++
	}
	if l.dice.Float64() < r.Dup && !stream {
		f.times = 2
		l.counted.Duplicated++
	}
	return f
}
