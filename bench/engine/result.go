package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

// Result is what a case came to.
type Result struct {
	Case
	Commands    uint64         `json:"commands"`
	Trades      uint64         `json:"trades_made"`
	Rejects     uint64         `json:"rejects"` // of the flow itself: cancels of orders that have traded meanwhile
	Batches     uint64         `json:"batches"`
	ElapsedS    float64        `json:"elapsed_s"`
	CommandsPer float64        `json:"commands_per_s"`
	TradesPerS  float64        `json:"trades_per_s"`
	Latency     *bench.Latency `json:"latency_us,omitempty"` // due → in the batch; open loop only
	Mallocs     uint64         `json:"mallocs"`              // heap allocations of the process, warm-up included
	Collections uint32         `json:"gc_cycles"`            // likewise
	Pinned      bool           `json:"pinned"`
}

// Measure runs a case: feeder and matcher, each on a core of its own.
func Measure(ctx context.Context, c Case) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r, err := newRig(&c)
	if err != nil {
		return nil, err
	}
	defer r.close()
	runtime.GC() // not in the middle of it
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pinned := r.run(ctx)
	runtime.ReadMemStats(&after)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	elapsed := r.end.Sub(r.begin).Seconds()
	res := &Result{
		Case: c, Commands: r.done.commands, Trades: r.done.trades, Rejects: r.done.rejects, Batches: r.done.batches, ElapsedS: elapsed,
		CommandsPer: float64(r.done.commands) / elapsed, TradesPerS: float64(r.done.trades) / elapsed,
		Mallocs: after.Mallocs - before.Mallocs, Collections: after.NumGC - before.NumGC, Pinned: pinned,
	}
	if c.Rate > 0 {
		at := func(q float64) bench.Micros {
			return bench.Micros(float64(r.latency.ValueAtPercentile(q)) / r.clock.PerNs)
		}
		res.Latency = &bench.Latency{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: at(100), Count: r.latency.TotalCount()}
	}
	return res, nil
}

// run runs both threads to their end. It reports whether each had a core of its own.
func (r *rig) run(ctx context.Context) (pinned bool) {
	cores := host.Detect().Cores
	pinned = len(cores) >= 2
	if n := runtime.GOMAXPROCS(0); n < 4 { // each of the two holds one for good
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	}
	var mu sync.Mutex
	var done sync.WaitGroup
	thread := func(i int, f func()) {
		done.Go(func() {
			if pinned {
				unpin, perr := host.Pin(cores[i])
				if perr != nil {
					mu.Lock()
					pinned = false
					mu.Unlock()
				} else {
					defer unpin()
				}
			}
			f()
		})
	}
	thread(0, func() { r.feed(ctx) })
	thread(1, r.match)
	done.Wait()
	return pinned
}

// Report is all that a call of `tezi bench engine` has measured.
type Report struct {
	Machine bench.Machine `json:"machine"`
	Results []*Result     `json:"results"`
}

// WriteTable writes the report for people, a line for each case.
func (r *Report) WriteTable(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "machine      %s, %d cores, %s, %s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.Go)
	const line = "%-8s %6s %7s %6s %9s %11s %10s %7s %8s %8s %8s %8s %8s %7s %3s %6s\n"
	fmt.Fprintf(b, "\n"+line, "flow", "books", "members", "trades", "offered/s", "commands/s", "trades/s", "ns", "p50 ns", "p90 ns", "p99 ns", "p99.9", "max", "mallocs", "gc", "pinned")
	fmt.Fprintf(b, line, "", "", "", "/batch", "", "", "", "/cmd", "", "", "", "", "", "", "", "")
	for _, c := range r.Results {
		offered := "max"
		lat := [5]string{"-", "-", "-", "-", "-"}
		if l := c.Latency; l != nil {
			offered = fmt.Sprintf("%.0f", c.Rate)
			for i, v := range [5]bench.Micros{l.P50, l.P90, l.P99, l.P999, l.Max} {
				lat[i] = fmt.Sprint(int64(v))
			}
		}
		fmt.Fprintf(b, line, string(c.Loop.Flow), fmt.Sprint(c.Loop.Instruments), fmt.Sprint(c.Loop.Members), fmt.Sprint(c.Case.Trades), offered,
			fmt.Sprintf("%.0f", c.CommandsPer), fmt.Sprintf("%.0f", c.TradesPerS), fmt.Sprintf("%.1f", 1e9/c.CommandsPer),
			lat[0], lat[1], lat[2], lat[3], lat[4], fmt.Sprint(c.Mallocs), fmt.Sprint(c.Collections), fmt.Sprint(c.Pinned))
	}
	return b.Flush()
}
