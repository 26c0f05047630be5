package main

import (
	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/demo"
)

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show what a fault does under 2PC, textbook 3PC and E3PC",
		Long: `Show the same fault, at the same moment, under two-phase commit, textbook three-phase
commit, and E3PC, which tezi runs: the first blocks, the second splits, the third
decides. The machines and drivers are the real ones, on a simulated clock, network
and disks.`,
		Example: "  tezi demo coordinator-crash\n  tezi demo partition --seed 7 -o json",
		Args:    knownCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, name := range demo.Scenarios() {
		cmd.AddCommand(newScenario(name))
	}
	return cmd
}

func newScenario(name string) *cobra.Command {
	var (
		out  output
		seed uint64
	)
	title, about := demo.About(name)
	cmd := &cobra.Command{
		Use:     name,
		Short:   "See what happens when " + title,
		Long:    about,
		Example: "  tezi demo " + name,
		Args:    wantArgs(),
	}
	out.flags(cmd)
	cmd.Flags().Uint64Var(&seed, "seed", 1, "draws the delays of messages and disks; the verdicts do not depend on it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		report, err := demo.Run(name, seed)
		if err != nil {
			return err
		}
		if out.json() {
			return writeJSON(cmd.OutOrStdout(), report)
		}
		return report.Write(cmd.OutOrStdout(), bench.Coloured(cmd.OutOrStdout()))
	}
	return cmd
}
