package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench/workload"
)

// loopFlags are the flags that describe the flow of a benchmark.
func loopFlags(cmd *cobra.Command, c *workload.LoopConfig, flow *string) {
	f := cmd.Flags()
	f.StringVar(flow, "flow", string(c.Flow), fmt.Sprintf("flow of commands: one of %v", workload.Flows))
	f.IntVar(&c.Instruments, "instruments", c.Instruments, "books that the flow goes to")
	f.IntVar(&c.Members, "members", c.Members, "members that trade")
	f.IntVar(&c.Clients, "clients", c.Clients, "clients of each member")
	f.IntVar(&c.Commands, "round", c.Commands, "commands of a round, which is repeated under new order numbers")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of the flow")
}
