package system

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
)

// TransportRings is that of participants inside the engine's process; the others are package box's.
const TransportRings = "rings"

// Transports lists them, those between processes first.
var Transports = []string{box.TransportTCP, box.TransportUDP, box.TransportShm, TransportRings}

// Case is one thing to measure.
type Case struct {
	Loop      workload.LoopConfig
	Trades    int           // of a batch
	Window    int           // undecided batches in flight
	Durable   bool          // PRE-COMMIT waits for the disks
	Transport string        //
	Rate      float64       // trades/s of all shards, open loop; 0: as many as are committed
	Shards    int           // engines, each with its stream of batches, its instruments and participants of its own
	Cores     int           // the first ones of those that this process may use, for all processes; 0: all
	Warmup    time.Duration // not counted
	Duration  time.Duration // counted
}

// Default is the case that the others vary.
func Default() Case {
	d := engine.DefaultConfig()
	return Case{
		Loop: workload.LoopDefault(workload.FlowTrades), Trades: d.BatchTarget, Window: d.WindowMax, Durable: true,
		Transport: box.TransportTCP, Shards: 1, Warmup: time.Second, Duration: 3 * time.Second,
	}
}

// ErrCase is wrapped by the error about a Case that cannot be measured.
var ErrCase = errors.New("bench system")

// Validate reports what cannot be measured; the error wraps ErrCase.
func (c *Case) Validate() error {
	if err := c.Loop.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrCase, err)
	}
	switch {
	case !slices.Contains(Transports, c.Transport):
		return fmt.Errorf("%w: transport %s, want one of %v", ErrCase, c.Transport, Transports)
	case c.Rate < 0 || c.Rate > rateMax:
		return fmt.Errorf("%w: rate %v, want 0 to %v", ErrCase, c.Rate, rateMax)
	case c.Shards < 1 || c.Shards > shardsMax:
		return fmt.Errorf("%w: %d shards, want 1 to %d", ErrCase, c.Shards, shardsMax)
	case c.Cores < 0 || c.Cores > len(host.Detect().Cores):
		return fmt.Errorf("%w: %d cores, want 0 to %d", ErrCase, c.Cores, len(host.Detect().Cores))
	}
	if err := bench.CheckTimes(c.Warmup, c.Duration, bench.DurationMin, c.Rate, 1); err != nil {
		return fmt.Errorf("%w: %w", ErrCase, err)
	}
	probe := c.config()
	probe.Participants = make([]engine.Peer, 3)
	if err := probe.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrCase, err)
	}
	return nil
}

const (
	rateMax   = 1e9
	shardsMax = 64
)

// config is the engine's.
func (c *Case) config() engine.Config {
	e := engine.DefaultConfig()
	e.BatchTarget, e.WindowMax, e.Durable = c.Trades, c.Window, c.Durable
	e.RetainMax = max(e.RetainMax, e.WindowMax)
	e.InstrumentsMax = max(c.Loop.Instruments, 1)
	e.PositionsMax = c.Loop.PositionsMax()
	return e
}

// String names the case as benchmarks do: /key=value.
func (c Case) String() string {
	s := fmt.Sprintf("transport=%s/durable=%t/instruments=%d/members=%d/window=%d/trades=%d/rate=%s/shards=%d",
		c.Transport, c.Durable, c.Loop.Instruments, c.Loop.Members, c.Window, c.Trades, bench.RateText(c.Rate), c.Shards)
	if c.Cores > 0 {
		s += fmt.Sprintf("/cores=%d", c.Cores)
	}
	return s
}
