package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroups are the headings under which the help of replay and up shows their flags, most used first.
var flagGroups = []struct{ title, flags string }{
	{"Run", "dir force resume rate orders duration verify backups in-process transport participants cluster restarts-max"},
	{"Flow", "expect-fills strict sessions symbol price-scale instruments members clients seed date layout"},
	{"Commit", "batch batch-age window durable deadlines deadline exclude-after halt-after halt-ends new-log"},
	{"Limits", "margin-bps client-exposure-max member-exposure-max trade-value-max holiday orders-max instruments-max positions-max"},
	{"Disk", "disk-reserve-mib checkpoint-every snapshot-every cut-logs"},
	{"Threads and memory", "profile cpus lock-memory gc"},
	{"Profiling", "pprof cpuprofile memprofile blockprofile trace"},
	{"Output", "output verbose help"},
}

// groupFlags puts headings into the help of a command whose flags are all defined and in flagGroups.
func groupFlags(cmd *cobra.Command) {
	const plain = "Flags:\n{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}"
	cmd.InitDefaultHelpFlag()
	before, after, ok := strings.Cut(cmd.UsageTemplate(), plain)
	if !ok {
		panic("the usage template of cobra has changed")
	}
	shown := map[string]bool{}
	var text []string
	for _, g := range flagGroups {
		group := pflag.NewFlagSet(g.title, pflag.ContinueOnError)
		group.SortFlags = false
		for name := range strings.FieldsSeq(g.flags) {
			if f := cmd.Flags().Lookup(name); f != nil {
				group.AddFlag(f)
				shown[name] = true
			}
		}
		text = append(text, g.title+":\n"+strings.TrimRight(group.FlagUsages(), "\n"))
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !shown[f.Name] && !f.Hidden {
			panic("flag --" + f.Name + " is in no group of the help")
		}
	})
	cmd.SetUsageTemplate(before + strings.Join(text, "\n\n") + after)
}
