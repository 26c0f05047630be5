package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure a part of the exchange by itself",
		Args:  wantArgs(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchCommit(), newBenchEngine())
	return cmd
}

// benchFlags are what all benchmarks have in common: how they report, and what of.
type benchFlags struct {
	output
	profiling
	out string
}

func (b *benchFlags) flags(cmd *cobra.Command) {
	b.output.flags(cmd)
	b.profiling.flags(cmd)
	cmd.Flags().StringVar(&b.out, "out", "", "also write table, JSON, benchstat lines, .hgrm files and SVG charts into this directory")
}

// record begins what a benchmark reports. The name goes into the names of files.
func (b *benchFlags) record(name, title string) *bench.Record {
	r := bench.NewRecord(name, title, strings.Join(append([]string{"tezi"}, os.Args[1:]...), " "))
	version, commit := built()
	r.Build = fmt.Sprintf("tezi %s, commit %s", version, commit)
	return r
}

// report writes the record, if something was measured, as the flags say.
func (b *benchFlags) report(cmd *cobra.Command, r *bench.Record) error {
	if len(r.Results) == 0 {
		return nil
	}
	write := r.WriteTable
	if b.json() {
		write = r.WriteJSON
	}
	err := write(cmd.OutOrStdout())
	if b.out != "" {
		err = errors.Join(err, r.WriteFiles(b.out))
	}
	return err
}
