package system

import (
	"fmt"

	"github.com/tezi-exchange/tezi/internal/box"
)

// Sweep names what is varied around a case.
type Sweep string

// The sweeps.
const (
	SweepHeadline    Sweep = "headline"    // durable or not, as fast as it goes and at 500,000 trades/s
	SweepRate        Sweep = "rate"        // 100,000 to 1,000,000 trades/s
	SweepTrades      Sweep = "trades"      // batches of 100 to 10,000 trades
	SweepWindow      Sweep = "window"      // 1 to 64 batches in flight
	SweepInstruments Sweep = "instruments" // 1 to 2,000 books
	SweepMembers     Sweep = "members"     // 10 to 10,000, of 20 clients each
	SweepTransport   Sweep = "transport"   // all of them
)

// Sweeps lists them.
var Sweeps = []Sweep{SweepHeadline, SweepRate, SweepTrades, SweepWindow, SweepInstruments, SweepMembers, SweepTransport}

// Cases returns the cases of the sweep around c, the worst first.
func (s Sweep) Cases(c Case) ([]Case, error) {
	vary := func(set func(c *Case, v int), values ...int) (cases []Case) {
		for _, v := range values {
			one := c
			set(&one, v)
			cases = append(cases, one)
		}
		return cases
	}
	switch s {
	case SweepHeadline:
		var cases []Case
		for _, durable := range []bool{true, false} {
			for _, rate := range []float64{0, 500_000} {
				one := c
				one.Durable, one.Rate = durable, rate
				cases = append(cases, one)
			}
		}
		return cases, nil
	case SweepRate:
		return vary(func(c *Case, v int) { c.Rate = float64(v) }, 1_000_000, 700_000, 500_000, 300_000, 100_000), nil
	case SweepTrades:
		return vary(func(c *Case, v int) { c.Trades = v }, 100, 500, 1000, 2000, 5000, 10_000), nil
	case SweepWindow:
		return vary(func(c *Case, v int) { c.Window = v }, 1, 2, 4, 8, 16, 32, 64), nil
	case SweepInstruments:
		return vary(func(c *Case, v int) { c.Loop.Instruments = v }, 2000, 500, 200, 50, 10, 1), nil
	case SweepMembers:
		return vary(func(c *Case, v int) { c.Loop.Members = v }, 10_000, 1000, 100, 10), nil
	case SweepTransport:
		var cases []Case
		for _, t := range []string{box.TransportUDP, box.TransportTCP, box.TransportShm, TransportRings} {
			one := c
			one.Transport = t
			cases = append(cases, one)
		}
		return cases, nil
	}
	return nil, fmt.Errorf("%w: sweep %q, want one of %v", ErrCase, s, Sweeps)
}
