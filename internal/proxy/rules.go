package proxy

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Rules are what happens in one direction to each piece: a datagram, or what one read of a stream gives.
type Rules struct {
	Drop   float64       // probability: the datagram is lost, the connection breaks
	Dup    float64       // probability: the datagram is sent twice
	Flip   float64       // probability: one bit is inverted
	Delay  time.Duration // of each piece
	Jitter time.Duration // at most so much more; datagrams overtake one another, streams do not
	Rate   int64         // bytes a second; 0 = no limit
	Cut    bool          // nothing passes
}

// ParseRules reads "drop=0.01,dup=0.05,flip=0.001,delay=5ms,jitter=2ms,rate=1000000,cut"; "" is none.
func ParseRules(s string) (r Rules, err error) {
	if s == "" {
		return r, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "drop", "dup", "flip":
			p, perr := strconv.ParseFloat(value, 64)
			if err = perr; err == nil && !(p >= 0 && p <= 1) {
				err = fmt.Errorf("want a probability")
			}
			*map[string]*float64{"drop": &r.Drop, "dup": &r.Dup, "flip": &r.Flip}[name] = p
		case "delay":
			r.Delay, err = time.ParseDuration(value)
		case "jitter":
			r.Jitter, err = time.ParseDuration(value)
		case "rate":
			r.Rate, err = strconv.ParseInt(value, 10, 64)
		case "cut":
			r.Cut = true
		default:
			err = fmt.Errorf("want drop, dup, flip, delay, jitter, rate or cut")
		}
		if err == nil && (r.Delay < 0 || r.Jitter < 0 || r.Rate < 0) {
			err = fmt.Errorf("want 0 or more")
		}
		if err != nil {
			return r, fmt.Errorf("rule %q: %w", part, err)
		}
	}
	return r, nil
}

// Counts are what has passed in one direction, and what has happened to it.
type Counts struct {
	Pieces     uint64 `json:"pieces"`
	Bytes      uint64 `json:"bytes"`
	Dropped    uint64 `json:"dropped"`
	Duplicated uint64 `json:"duplicated"`
	Flipped    uint64 `json:"flipped"`
}

// lane is one direction: its rules, its dice and its counters. All connections share it.
type lane struct {
	rules                                       Rules
	mu                                          sync.Mutex
	dice                                        *rand.Rand
	free                                        time.Time // when the rate lets the next piece begin
	pieces, bytes, dropped, duplicated, flipped atomic.Uint64
}

func newLane(r Rules, seed, stream uint64) *lane {
	return &lane{rules: r, dice: rand.New(rand.NewPCG(seed, stream))}
}

func (l *lane) counts() Counts {
	return Counts{l.pieces.Load(), l.bytes.Load(), l.dropped.Load(), l.duplicated.Load(), l.flipped.Load()}
}

// fate is what becomes of one piece.
type fate struct {
	due   time.Time
	times int // it is sent
}

// decide draws the fate of b, and spoils it if that is part of it.
func (l *lane) decide(b []byte, now time.Time) fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.rules
	l.pieces.Add(1)
	l.bytes.Add(uint64(len(b)))
	if l.dice.Float64() < r.Drop {
		l.dropped.Add(1)
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
	if len(b) > 0 && l.dice.Float64() < r.Flip {
		b[l.dice.IntN(len(b))] ^= 1 << l.dice.IntN(8)
		l.flipped.Add(1)
	}
	if l.dice.Float64() < r.Dup {
		f.times = 2
		l.duplicated.Add(1)
	}
	return f
}
