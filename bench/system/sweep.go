package system

import (
	"fmt"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
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
	SweepShards      Sweep = "shards"      // 1 to 4 engines, each with participants of its own
	SweepCores       Sweep = "cores"       // 1 to as many as there are
)

// Sweeps lists them.
var Sweeps = []Sweep{SweepHeadline, SweepRate, SweepTrades, SweepWindow, SweepInstruments, SweepMembers, SweepTransport, SweepShards, SweepCores}

// Cases returns the cases of the sweep around c, the worst first.
func (s Sweep) Cases(c Case) ([]Case, error) {
	switch s {
	case SweepHeadline:
		var cases []Case
		for _, durable := range []bool{true, false} {
			cases = append(cases, bench.Vary(c, func(c *Case, v float64) { c.Durable, c.Rate = durable, v }, 0, 500_000)...)
		}
		return cases, nil
	case SweepRate:
		return bench.Vary(c, func(c *Case, v float64) { c.Rate = v }, 1_000_000, 700_000, 500_000, 300_000, 100_000), nil
	case SweepTrades:
		return bench.Vary(c, func(c *Case, v int) { c.Trades = v }, 100, 500, 1000, 2000, 5000, 10_000), nil
	case SweepWindow:
		return bench.Vary(c, func(c *Case, v int) { c.Window = v }, 1, 2, 4, 8, 16, 32, 64), nil
	case SweepInstruments:
		return bench.Vary(c, func(c *Case, v int) { c.Loop.Instruments = v }, 2000, 500, 200, 50, 10, 1), nil
	case SweepMembers:
		return bench.Vary(c, func(c *Case, v int) { c.Loop.Members = v }, 10_000, 1000, 100, 10), nil
	case SweepTransport:
		return bench.Vary(c, func(c *Case, v string) { c.Transport = v },
			box.TransportUDP, box.TransportTCP, box.TransportShm, TransportRings), nil
	case SweepShards:
		return bench.Vary(c, func(c *Case, v int) { c.Shards = v }, 4, 2, 1), nil
	case SweepCores:
		var counts []int
		for i := range host.Detect().Cores {
			counts = append(counts, i+1)
		}
		return bench.Vary(c, func(c *Case, v int) { c.Cores = v }, counts...), nil
	}
	return nil, fmt.Errorf("%w: sweep %q, want one of %v", ErrCase, s, Sweeps)
}
