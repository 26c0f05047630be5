package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the commit and the machine",
		Example: "  tezi version",
		Args:    wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			version, commit := built()
			m := bench.MachineOf(host.Detect())
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tezi %s\ncommit %s\n%s %s/%s\n%s, %d cores, kernel %s\n",
				version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, m.CPU, m.Cores, m.Kernel)
			return err
		},
	}
}

// revision is what the Makefile has built: a commit, with a mark behind it if code differs. Empty in other builds,
// for which Go may have noted one.
var revision string

// built returns the version and the commit of this binary, as far as it knows them.
func built() (version, commit string) {
	version = "devel"
	settings := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	return version, cmp.Or(revision, settings["vcs.revision"], "unknown")
}
