package commit

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
)

// Sweeps lists them.
var Sweeps = []Sweep{SweepHeadline, SweepTrades, SweepWindow, SweepParticipants, SweepTransport, SweepProtocol}

// sweepDuration is how long a case of a sweep with many counts.
const sweepDuration = time.Second

// Cases returns the cases of the sweep around c, the worst first.
func (s Sweep) Cases(c Case) ([]Case, error) {
	vary := func(set func(c *Case, v int), values ...int) (cases []Case) {
		for _, v := range values {
			one := c
			one.Duration = min(one.Duration, sweepDuration)
			set(&one, v)
			cases = append(cases, one)
		}
		return cases
	}
	switch s {
	case SweepHeadline:
		var cases []Case
		for _, durable := range []bool{true, false} {
			for _, window := range []int{1, c.Window} {
				one := c
				one.Durable, one.Window = durable, window
				cases = append(cases, one)
			}
		}
		return cases, nil
	case SweepTrades:
		return vary(func(c *Case, v int) { c.Trades = v }, 1, 10, 100, 500, 1000, 2000, 5000, 10_000), nil
	case SweepWindow:
		return vary(func(c *Case, v int) { c.Window = v }, 1, 2, 4, 8, 16, 32, 64), nil
	case SweepParticipants:
		return vary(func(c *Case, v int) { c.Participants = v }, 9, 7, 5, 3), nil
	case SweepTransport:
		var cases []Case
		for _, window := range []int{1, c.Window} {
			cases = append(cases, vary(func(c *Case, v int) { c.Window, c.Transport = window, Transports[v] }, indexes(Transports)...)...)
		}
		return cases, nil
	case SweepProtocol:
		var cases []Case
		for _, window := range []int{1, c.Window} {
			cases = append(cases, vary(func(c *Case, v int) { c.Window, c.Protocol = window, Protocols[v] }, indexes(Protocols)...)...)
		}
		return cases, nil
	}
	return nil, fmt.Errorf("%w: sweep %q, want one of %s", ErrCase, s, strings.Join(sweepNames(), ", "))
}

func indexes[T any](s []T) (all []int) {
	for i := range s {
		all = append(all, i)
	}
	return all
}

func sweepNames() []string {
	var names []string
	for _, s := range Sweeps {
		names = append(names, string(s))
	}
	slices.Sort(names)
	return names
}
