package proxy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rules are what happens in one direction to each piece: a datagram, a frame, or what one read of a
// stream gives.
type Rules struct {
	Drop   float64       // probability: the datagram is lost, the connection breaks
	Dup    float64       // probability: the datagram is sent twice
	Flip   float64       // probability: one bit is inverted
	Delay  time.Duration // of each piece
	Jitter time.Duration // at most so much more; datagrams overtake one another, streams do not
	Rate   int64         // bytes a second; 0 = no limit
	Cut    bool          // nothing passes
	Hold   Mark          // nothing passes from that message on; zero: never
}

// rulesWanted is what a rule may be, for people.
const rulesWanted = "want drop, dup, flip, delay, jitter, rate, cut, hold or pass"

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		err = errors.New("want a time such as 5ms")
	}
	return d, err
}

// ParseRules reads "drop=0.01,dup=0.05,flip=0.001,delay=5ms,jitter=2ms,rate=1000000,cut,hold=PreCommit@10";
// "" is none.
func ParseRules(s string) (r Rules, err error) {
	if s == "" {
		return r, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, value, valued := strings.Cut(part, "=")
		switch name {
		case "drop", "dup", "flip":
			p, perr := strconv.ParseFloat(value, 64)
			if perr != nil || !(p >= 0 && p <= 1) {
				err = errors.New("want a probability, 0 to 1")
			}
			*map[string]*float64{"drop": &r.Drop, "dup": &r.Dup, "flip": &r.Flip}[name] = p
		case "delay":
			r.Delay, err = duration(value)
		case "jitter":
			r.Jitter, err = duration(value)
		case "rate":
			if r.Rate, err = strconv.ParseInt(value, 10, 64); err != nil {
				err = errors.New("want whole bytes a second")
			}
		case "cut":
			r.Cut = true
			if valued {
				err = errors.New("want it without a value")
			}
		case "hold", "pass":
			r.Hold, err = parseMark(value)
			r.Hold.After = name == "pass"
		default:
			err = errors.New(rulesWanted)
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
