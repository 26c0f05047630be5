package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench/engine"
	"github.com/tezi-exchange/tezi/bench/workload"
)

// benchEngineFlags are the flags of `tezi bench engine`.
type benchEngineFlags struct {
	benchFlags
	c      engine.Case
	flow   string
	rate   string
	sweeps []string
}

func newBenchEngine() *cobra.Command {
	var b benchEngineFlags
	cmd := &cobra.Command{
		Use:   "engine",
		Short: "Measure the engine's core behind a ring: order in, trades in the open batch",
		Long: `Measure the engine's core by itself, on one core, with its feeder on another: a
command comes out of the input ring, is sequenced into the memory of the log, passes
phase, rules and margin, is matched, and its trades are in the open batch, which is
encoded when it is full. Disk and participants are left out: see "tezi bench commit"
and "tezi bench system".

Without --rate, commands are fed as fast as they are taken. With --rate, the flow is open
loop: latency runs from the moment when a command was due until its trades are in the
batch. The warm-up does not count. The "undisturbed" figures leave out commands that
waited because the kernel, another process or the hypervisor kept a thread from its core
("taken", in per cent of the time); "x-word" has them as multiples of what a bare word
takes from one of the two cores to the other, in the same run.

Flows: referee and overlap are those of the public matching-engine benchmark, in which
95 % of the resting orders are cancelled; in referee one order lives at a time, in overlap
1,500 do. The flow trades has three trades for every four commands.

Sweeps: ` + fmt.Sprint(engine.Sweeps) + `. In JSON, times are microseconds.`,
		Example: `  tezi bench engine --sweep headline
  tezi bench engine --flow trades --rate 1M --duration 60s
  tezi bench engine --sweep instruments,members -o json`,
		Args: wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	b.benchFlags.flags(cmd)
	b.c = engine.Default()
	f := cmd.Flags()
	loopFlags(cmd, &b.c.Loop, &b.flow)
	f.IntVar(&b.c.Trades, "trades", b.c.Trades, "trades in a batch")
	f.StringVar(&b.rate, "rate", "max", "open loop: commands a second such as 1M; max = as fast as they are taken")
	f.DurationVar(&b.c.Warmup, "warmup", b.c.Warmup, "not counted, before each case")
	f.DurationVar(&b.c.Duration, "duration", b.c.Duration, "counted, of each case")
	f.StringSliceVar(&b.sweeps, "sweep", nil, fmt.Sprintf("vary the case: %v", engine.Sweeps))
	return cmd
}

// cases returns what the flags describe.
func (b *benchEngineFlags) cases() (cases []engine.Case, err error) {
	b.c.Loop.Flow = workload.Flow(b.flow)
	b.c.Rate, err = rateOf(b.rate)
	if err = errors.Join(err, wantWord("flow", b.c.Loop.Flow, workload.Flows)); err != nil {
		return nil, err
	}
	if err := b.c.Validate(); err != nil {
		return nil, benchCase(err)
	}
	return casesOf(b.c, b.sweeps, engine.Sweeps)
}

func (b *benchEngineFlags) run(cmd *cobra.Command) error {
	if err := b.check(); err != nil {
		return err
	}
	cases, err := b.cases()
	if err != nil {
		return err
	}
	if err := b.profiles(len(cases)); err != nil {
		return err
	}
	record := b.record("engine", "Engine core")
	err = measure(record, cases, func(c engine.Case) (*engine.Result, error) { return engine.Measure(cmd.Context(), b.set, c) })
	return errors.Join(err, b.report(cmd, record))
}
