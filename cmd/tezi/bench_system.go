package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench/system"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
)

// benchSystemFlags are the flags of `tezi bench system`.
type benchSystemFlags struct {
	benchFlags
	c       system.Case
	o       system.Options
	flow    string
	dir     string
	rate    string
	verbose bool
	sweeps  []string
}

func newBenchSystem() *cobra.Command {
	var b benchSystemFlags
	cmd := &cobra.Command{
		Use:   "system",
		Short: "Measure engine and participants together, as up runs them, fed from memory",
		Long: `Measure the whole system on this machine: the engine with its command log, and risk,
settlement and market data, each a process of its own as "tezi up" runs them, fed from
memory with a flow that is rich in trades: three for four commands. Afterwards all
four must have the same trades.

Without --rate, the system runs as fast as it commits. With --rate, the flow is open
loop: latency runs from the moment when an order was due until its trade is committed.
The warm-up does not count. The report gives each process's CPU time per trade and, for a
single case, where the time of a trade went, from the input ring to its commit.

With --shards, so many engines run side by side, each with instruments and participants of its
own, and the figures are those of all together. The sweep cores measures with the first core
that this process may use, the first two, and so on, for all processes together.

Sweeps: ` + fmt.Sprint(system.Sweeps) + `. In JSON, times are microseconds.`,
		Example: `  tezi bench system --sweep headline
  tezi bench system --rate 500k --duration 10s
  tezi bench system --sweep trades,window,instruments,members,transport,shards,cores --out results
  tezi bench system --profile cpu --out results`,
		Args: wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	b.benchFlags.flags(cmd)
	b.c = system.Default()
	f := cmd.Flags()
	loopFlags(cmd, &b.c.Loop, &b.flow)
	f.IntVar(&b.c.Trades, "trades", b.c.Trades, "trades in a batch")
	f.IntVar(&b.c.Window, "window", b.c.Window, "undecided batches in flight")
	f.BoolVar(&b.c.Durable, "durable", b.c.Durable, "wait for the disks before a trade is committed")
	f.StringVar(&b.c.Transport, "transport", b.c.Transport, "between engine and participants: "+strings.Join(system.Transports, ", "))
	f.StringVar(&b.rate, "rate", "max", "open loop: trades a second of all shards, such as 500k; max = as many as are committed")
	f.IntVar(&b.c.Shards, "shards", b.c.Shards, "engines side by side, each with participants of its own")
	f.IntVar(&b.c.Cores, "cores", 0, "the first ones that this process may use, for all processes; 0 = all")
	f.DurationVar(&b.c.Warmup, "warmup", b.c.Warmup, "not counted, before each case")
	f.DurationVar(&b.c.Duration, "duration", b.c.Duration, "counted, of each case")
	f.StringSliceVar(&b.sweeps, "sweep", nil, fmt.Sprintf("vary the case: %v", system.Sweeps))
	f.StringVar(&b.dir, "dir", ".", "directory on the disk to measure")
	f.BoolVarP(&b.verbose, "verbose", "v", false, "log more to standard error")
	return cmd
}

// cases returns what the flags describe.
func (b *benchSystemFlags) cases() (cases []system.Case, err error) {
	b.c.Loop.Flow = workload.Flow(b.flow)
	b.c.Rate, err = rateOf(b.rate)
	err = errors.Join(err, wantWord("flow", b.c.Loop.Flow, workload.Flows), wantWord("transport", b.c.Transport, system.Transports))
	if err != nil {
		return nil, err
	}
	if err := b.c.Validate(); err != nil {
		return nil, benchCase(err)
	}
	return casesOf(b.c, b.sweeps, system.Sweeps)
}

func (b *benchSystemFlags) run(cmd *cobra.Command) error {
	if err := b.check(); err != nil {
		return err
	}
	cases, err := b.cases()
	if err != nil {
		return err
	}
	if b.o.Profile, err = host.Choose(host.Auto, box.BusyStages, ""); err != nil {
		return err
	}
	if b.o.Executable, err = os.Executable(); err != nil {
		return err
	}
	parent, err := scratch("--dir", b.dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(parent) //nolint:errcheck // what is left is in the way of nothing
	b.o.Dir, b.o.Log = filepath.Join(parent, "run"), newLog(cmd.ErrOrStderr(), b.verbose)
	if err := b.profiles(len(cases)); err != nil {
		return err
	}
	b.o.Profiles = b.set
	record := b.record("system", "Whole system")
	record.Profile = b.o.Profile.Name
	err = measure(record, cases, func(c system.Case) (*system.Result, error) { return system.Measure(cmd.Context(), &b.o, c) })
	return errors.Join(err, b.report(cmd, record))
}
