package commit

import (
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/bench"
)

// Sweep names what is varied around a case.
type Sweep string

// The sweeps.
const (
	SweepHeadline     Sweep = "headline"     // durable or not, one batch in flight or a window of them
	SweepTrades       Sweep = "trades"       // batches of 1 to 10,000 trades
	SweepWindow       Sweep = "window"       // 1 to 64 batches in flight
	SweepParticipants Sweep = "participants" // 3 to 9
	SweepTransport    Sweep = "transport"    // all of them, with one batch in flight and with a window
	SweepProtocol     Sweep = "protocol"     // 2PC, 3PC and E3PC, with one batch in flight and with a window
	SweepCatchup      Sweep = "catchup"      // a participant comes back behind a million trades, over each transport between processes
)

// Sweeps lists them.
var Sweeps = []Sweep{SweepHeadline, SweepTrades, SweepWindow, SweepParticipants, SweepTransport, SweepProtocol, SweepCatchup}

// sweepDuration is how long a case of a sweep with many counts.
const sweepDuration = time.Second

// catchupBehind is how many trades are committed while a participant is away, and catchupRates are the trades/s
// offered all the time, unless the case says otherwise.
const catchupBehind = 1_000_000

var catchupRates = []float64{500_000, 250_000}

// Cases returns the cases of the sweep around c, the worst first.
func (s Sweep) Cases(c Case) ([]Case, error) {
	short := c
	short.Duration = min(c.Duration, sweepDuration)
	switch s {
	case SweepHeadline:
		var cases []Case
		for _, durable := range []bool{true, false} {
			cases = append(cases, bench.Vary(c, func(c *Case, v int) { c.Durable, c.Window = durable, v }, 1, c.Window)...)
		}
		return cases, nil
	case SweepTrades:
		return bench.Vary(short, func(c *Case, v int) { c.Trades = v }, 1, 10, 100, 500, 1000, 2000, 5000, 10_000), nil
	case SweepWindow:
		return bench.Vary(short, func(c *Case, v int) { c.Window = v }, 1, 2, 4, 8, 16, 32, 64), nil
	case SweepParticipants:
		return bench.Vary(short, func(c *Case, v int) { c.Participants = v }, 9, 7, 5, 3), nil
	case SweepTransport:
		var cases []Case
		for _, window := range []int{1, c.Window} {
			cases = append(cases, bench.Vary(short, func(c *Case, v string) { c.Window, c.Transport = window, v }, Transports...)...)
		}
		return cases, nil
	case SweepProtocol:
		var cases []Case
		for _, window := range []int{1, c.Window} {
			cases = append(cases, bench.Vary(short, func(c *Case, v string) { c.Window, c.Protocol = window, v }, Protocols...)...)
		}
		return cases, nil
	case SweepCatchup:
		rates := catchupRates
		if c.Rate > 0 {
			rates = []float64{c.Rate}
		}
		short.Behind = catchupBehind
		var cases []Case
		for _, transport := range []string{TransportTCP, TransportShm} {
			short.Transport = transport
			cases = append(cases, bench.Vary(short, func(c *Case, v float64) { c.Rate = v }, rates...)...)
		}
		return cases, nil
	}
	return nil, fmt.Errorf("%w: sweep %q, want one of %v", ErrCase, s, Sweeps)
}
