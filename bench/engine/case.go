package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/engine"
)

// Case is one thing to measure.
type Case struct {
	Loop     workload.LoopConfig
	Trades   int           // of a batch, after which it is encoded
	Rate     float64       // commands/s, open loop; 0: as fast as they are taken
	Warmup   time.Duration // not counted
	Duration time.Duration // counted
}

// Default is the case that the others vary.
func Default() Case {
	return Case{Loop: workload.LoopDefault(workload.FlowOverlap), Trades: 1000, Warmup: 500 * time.Millisecond, Duration: 2 * time.Second}
}

// ErrCase is wrapped by the error about a Case that cannot be measured.
var ErrCase = errors.New("bench engine")

// rateMax is more than any ring takes.
const rateMax = 1e9

// Validate reports what cannot be measured; the error wraps ErrCase.
func (c *Case) Validate() error {
	if err := c.Loop.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrCase, err)
	}
	switch {
	case c.Trades < 1 || c.Trades > batchMax:
		return fmt.Errorf("%w: batch of %d trades, want 1 to %d", ErrCase, c.Trades, batchMax)
	case c.Rate < 0 || c.Rate > rateMax:
		return fmt.Errorf("%w: rate %v, want 0 to %v", ErrCase, c.Rate, rateMax)
	}
	if err := bench.CheckTimes(c.Warmup, c.Duration, bench.DurationMin, c.Rate, 1); err != nil {
		return fmt.Errorf("%w: %w", ErrCase, err)
	}
	return nil
}

// batchMax bounds a batch, far below what a payload holds: the last command may pass it.
const batchMax = 10_000

// limits of the core for a loop.
func (c *Case) limits(l *workload.Loop) engine.Limits {
	return engine.Limits{
		OrdersMax: l.Len() + 1, InstrumentsMax: c.Loop.Instruments, BatchTarget: c.Trades,
		ClientsMax: min(c.Loop.Members*c.Loop.Clients, l.Len()) + 1, PositionsMax: l.Config.PositionsMax(),
		ClientMargin: marginMax, MemberMargin: marginMax,
	}
}

// marginMax is a limit that is asked for by each order and reached by none.
const marginMax = 1 << 60

// String names the case as benchmarks do: /key=value.
func (c Case) String() string {
	s := fmt.Sprintf("flow=%s/instruments=%d/members=%d", c.Loop.Flow, c.Loop.Instruments, c.Loop.Members)
	if c.Trades != Default().Trades {
		s += fmt.Sprintf("/trades=%d", c.Trades)
	}
	if c.Rate > 0 {
		s += "/rate=" + bench.RateText(c.Rate)
	}
	return s
}

// Sweep names what is varied around a case.
type Sweep string

// The sweeps.
const (
	SweepHeadline    Sweep = "headline"    // each flow, as fast as it goes and at 1 M and 5 M commands/s
	SweepInstruments Sweep = "instruments" // 1 to 2,000 books
	SweepMembers     Sweep = "members"     // 10 to 10,000, of 20 clients each
	SweepTrades      Sweep = "trades"      // batches of 100 to 10,000 trades
	SweepRate        Sweep = "rate"        // 0.5 to 8 M commands/s
)

// Sweeps lists them.
var Sweeps = []Sweep{SweepHeadline, SweepInstruments, SweepMembers, SweepTrades, SweepRate}

// Cases returns the cases of the sweep around c.
func (s Sweep) Cases(c Case) ([]Case, error) {
	switch s {
	case SweepHeadline:
		var cases []Case
		for _, flow := range []workload.Flow{workload.FlowTrades, workload.FlowOverlap, workload.FlowReferee} {
			cases = append(cases, bench.Vary(c, func(c *Case, v float64) { c.Loop.Flow, c.Rate = flow, v }, 0, 1e6, 5e6)...)
		}
		return cases, nil
	case SweepInstruments:
		return bench.Vary(c, func(c *Case, v int) { c.Loop.Instruments = v }, 2000, 500, 200, 50, 10, 1), nil
	case SweepMembers:
		return bench.Vary(c, func(c *Case, v int) { c.Loop.Members = v }, 10_000, 1000, 100, 10), nil
	case SweepTrades:
		return bench.Vary(c, func(c *Case, v int) { c.Trades = v }, 100, 500, 1000, 2000, 5000, 10_000), nil
	case SweepRate:
		return bench.Vary(c, func(c *Case, v float64) { c.Rate = v }, 8_000_000, 5_000_000, 2_000_000, 1_000_000, 500_000), nil
	}
	return nil, fmt.Errorf("%w: sweep %q, want one of %v", ErrCase, s, Sweeps)
}
