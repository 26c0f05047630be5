package box

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Pace says when a command is due: open loop, whatever the engine does with the ones before.
type Pace struct {
	PerSecond float64 // commands a second; 0: as fast as the engine takes them
	Realtime  bool    // by the time stamps of the source
}

// ParsePace reads "max", "realtime", or a number of commands a second ("250000", "250k", "1.5m").
func ParsePace(s string) (Pace, error) {
	switch s {
	case "max":
		return Pace{}, nil
	case "realtime":
		return Pace{Realtime: true}, nil
	}
	num, unit := s, 1.0
	if n := len(s); n > 1 {
		switch s[n-1] {
		case 'k', 'K':
			num, unit = s[:n-1], 1e3
		case 'm', 'M':
			num, unit = s[:n-1], 1e6
		}
	}
	v, err := strconv.ParseFloat(num, 64)
	if err != nil || !(v*unit >= 0.001 && v*unit <= 1e9) {
		return Pace{}, fmt.Errorf("rate %q: want max, realtime, or commands a second such as 250000, 250k or 1.5m", s)
	}
	return Pace{PerSecond: v * unit}, nil
}

// pacer turns a Pace into due times on the run's clock.
type pacer struct {
	Pace
	n       int64 // commands so far
	startNs int64 // clock at the first command
	baseNs  int64 // realtime: stamp that startNs stands for
	lastNs  int64 // realtime: the previous stamp
}

// due returns when the next command, stamped stampNs by its source, should arrive. A stamp that
// goes back (NSE's files hold one symbol's day after another's) starts the clock again there.
func (p *pacer) due(nowNs, stampNs int64) int64 {
	defer func() { p.n++; p.lastNs = stampNs }()
	switch {
	case p.n == 0 || p.Realtime && stampNs < p.lastNs:
		p.startNs, p.baseNs = nowNs, stampNs
		if !p.Realtime {
			return nowNs
		}
	case !p.Realtime:
		return p.next()
	}
	return p.startNs + stampNs - p.baseNs
}

// next returns when the command behind the last one is due if it can be told without its stamp; otherwise the end
// of time.
func (p *pacer) next() int64 {
	if p.n == 0 || p.Realtime {
		return math.MaxInt64
	}
	return p.startNs + int64(float64(p.n)*1e9/p.PerSecond)
}

func (p *pacer) free() bool { return p.PerSecond == 0 && !p.Realtime }

// napMin is the shortest sleep that is worth it: below, a sleeping thread wakes later than asked.
const napMin = 100 * time.Microsecond
