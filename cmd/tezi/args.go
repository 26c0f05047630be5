package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// wantArgs checks that a command has exactly the arguments that are named.
func wantArgs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		want := "no arguments"
		switch len(names) {
		case 1:
			want = "one " + names[0]
		case 2:
			want = names[0] + " and " + names[1]
		}
		return usageError{fmt.Errorf("want %s, got %d", want, len(args))}
	}
}
