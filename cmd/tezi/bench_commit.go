package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench/commit"
)

// benchCommitFlags are the flags of `tezi bench commit`.
type benchCommitFlags struct {
	benchFlags
	c      commit.Case
	o      commit.Options
	dir    string
	rate   string
	sweeps []string
	floor  bool
}

// nodeCommand is the hidden command that the processes of a case are started with.
const nodeCommand = "node"

func newBenchCommit() *cobra.Command {
	var b benchCommitFlags
	cmd := &cobra.Command{
		Use:   "commit",
		Short: "Measure the commit protocol with its participants, fed with batches that are built before",
		Long: `Measure the commit subsystem alone: a coordinator, and risk, settlement and market
data with their production roles, journals and transports, each in a process of
its own. Batches of trades of a synthetic day are built before the clock starts.

Each case is measured together with its floor: the same bytes, processes and files,
over TCP, without protocol, roles and checksums, for a second before the case and a
second after it. Only the ratio to the floor can be compared between days and
machines. Latency runs from the moment when a batch was due until its decision is
known; the warm-up does not count.

Without --sweep, the case that the flags describe is measured. Sweeps vary it: ` + fmt.Sprint(commit.Sweeps) + `.
In JSON, times are microseconds and rates trades a second.`,
		Example: `  tezi bench commit --sweep headline
  tezi bench commit --window 1 --durable=false
  tezi bench commit --rate 1M --duration 10s -o json
  tezi bench commit --sweep trades,window,participants,transport --out results
  tezi bench commit --profile cpu,block --out profiles`,
		Args: wantArgs(),
	}
	b.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return b.run(cmd) }
	cmd.AddCommand(newBenchNode())
	return cmd
}

func (b *benchCommitFlags) flags(cmd *cobra.Command) {
	b.benchFlags.flags(cmd)
	b.c = commit.Default()
	f := cmd.Flags()
	f.IntVar(&b.c.Trades, "trades", b.c.Trades, "trades in a batch")
	f.IntVar(&b.c.Window, "window", b.c.Window, "undecided batches in flight")
	f.IntVar(&b.c.Participants, "participants", b.c.Participants, "participants: risk, settlement and market data in turn")
	f.BoolVar(&b.c.Durable, "durable", b.c.Durable, "wait for the disk before PRE-COMMIT is acknowledged")
	f.StringVar(&b.c.Transport, "transport", b.c.Transport, "between coordinator and participants: "+strings.Join(commit.Transports, ", "))
	f.StringVar(&b.c.Protocol, "protocol", b.c.Protocol, "to measure: e3pc, or to compare it with, unsafe: "+strings.Join(commit.Protocols[:2], ", "))
	f.StringVar(&b.rate, "rate", "max", "open loop: trades a second such as 500k; max = as fast as the window allows")
	f.IntVar(&b.c.Behind, "behind", b.c.Behind, "trades for which market data is away before it comes back and catches up; 0 = it stays")
	f.DurationVar(&b.c.Warmup, "warmup", b.c.Warmup, "not counted, before each case; up to four times as long, until each trade was committed once")
	f.DurationVar(&b.c.Duration, "duration", b.c.Duration, "counted, of each case; a sweep takes at most a second")
	f.StringSliceVar(&b.sweeps, "sweep", nil, fmt.Sprintf("vary the case: %v", commit.Sweeps))
	f.BoolVar(&b.floor, "floor", true, "measure the floor beside each case")
	f.StringVar(&b.dir, "dir", ".", "directory on the disk to measure")
}

func (b *benchCommitFlags) run(cmd *cobra.Command) error {
	if err := b.check(); err != nil {
		return err
	}
	cases, err := b.cases()
	if err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	parent, err := scratch("--dir", b.dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(parent) //nolint:errcheck // what is left is in the way of nothing
	b.o.Dir, b.o.Command, b.o.NoFloor = filepath.Join(parent, "case"), []string{exe, "bench", "commit", nodeCommand}, !b.floor
	if err := b.profiles(len(cases)); err != nil {
		return err
	}
	b.o.Profile = b.set
	if b.profiled() {
		b.o.NoFloor = true // what is watched is not compared
	}
	record := b.record("commit", "Commit subsystem")
	err = measure(record, cases, func(c commit.Case) (*commit.Result, error) { return commit.Measure(cmd.Context(), &b.o, c) })
	return errors.Join(err, b.report(cmd, record))
}

// cases returns what the flags describe.
func (b *benchCommitFlags) cases() (cases []commit.Case, err error) {
	b.c.Rate, err = rateOf(b.rate)
	err = errors.Join(err, wantWord("transport", b.c.Transport, commit.Transports), wantWord("protocol", b.c.Protocol, commit.Protocols))
	if err != nil {
		return nil, err
	}
	if err := b.c.Validate(); err != nil {
		return nil, benchCase(err)
	}
	return casesOf(b.c, b.sweeps, commit.Sweeps)
}

// newBenchNode is one process of a case.
func newBenchNode() *cobra.Command {
	return &cobra.Command{
		Use:    nodeCommand + " SPEC",
		Short:  "Serve a case of the benchmark that has started this process",
		Hidden: true,
		Args:   wantArgs("SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return commit.RunNode(cmd.Context(), args[0], os.Stdin, cmd.OutOrStdout())
		},
	}
}
