package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/internal/box"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the whole system or one part of it",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchCommit(), newBenchEngine(), newBenchSystem())
	return cmd
}

// benchFlags are what all benchmarks have in common: how they report, and what of.
type benchFlags struct {
	output
	out   string
	kinds []string
	set   profile.Set // of kinds, after profiles
}

func (b *benchFlags) flags(cmd *cobra.Command) {
	b.output.flags(cmd)
	cmd.Flags().StringSliceVar(&b.kinds, "profile", nil, "write profiles of every process into --out: cpu, mem, trace, block")
	cmd.Flags().StringVar(&b.out, "out", "", "also write table, JSON, benchstat lines, .hgrm files and SVG charts into this directory")
}

// profiled tells whether the figures are those of a run that was watched.
func (b *benchFlags) profiled() bool { return len(b.kinds) > 0 }

// profiles reads what is to be written into b.set, for so many cases, and sees to a directory that takes it: not after
// minutes of measuring.
func (b *benchFlags) profiles(cases int) (err error) {
	if b.set, err = profile.NewSet(b.kinds, b.out); err != nil {
		return usageError{fmt.Errorf("--profile: %w", err)}
	}
	switch {
	case !b.profiled():
	case b.out == "":
		return usageError{errors.New("--profile: want a directory for the files too: --out DIR")}
	case cases > 1:
		return usageError{fmt.Errorf("--profile: want one case, not the %d of a sweep: a profile of many shows none", cases)}
	}
	if b.out == "" {
		return nil
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	probe, err := scratch("--out", b.out) // one that was there may be of a disk that is only read
	if err != nil {
		return err
	}
	return os.Remove(probe)
}

// scratch makes a directory below that of a flag: of --dir, for the logs of the cases, which measure the disk there.
func scratch(flag, dir string) (string, error) {
	path, err := os.MkdirTemp(dir, "tezi-bench-")
	if inner := new(fs.PathError); errors.As(err, &inner) { // the name that was tried says nothing
		return "", fmt.Errorf("%s %s: no directory can be made there: %w", flag, dir, inner.Err)
	}
	return path, err
}

// benchCase is the error about a case that cannot be measured, in the words of the command line.
func benchCase(err error) error { return configError{errors.New(caseNames.Replace(err.Error()))} }

// caseNames turns the names of the settings of a workload, and of an engine, into those of the flags.
var caseNames = strings.NewReplacer("workload: config: ", "", "system: engine: ", "system: ", "Commands is", "--round is", "Instruments is", "--instruments is",
	"Members is", "--members is", "Clients is", "--clients is", "Date is", "--date is", "BatchTarget", "--trades", "WindowMax", "--window")

// record begins what a benchmark reports. The name goes into the names of files.
func (b *benchFlags) record(name, title string) *bench.Record {
	r := bench.NewRecord(name, title, commandLine(measuring(append([]string{"tezi"}, os.Args[1:]...))))
	version, commit := built()
	r.Build = fmt.Sprintf("tezi %s, commit %s", version, commit)
	return r
}

// measuring leaves out of a command what only says where the figures go.
func measuring(args []string) (kept []string) {
	for i := 0; i < len(args); i++ {
		switch name, _, joined := strings.Cut(args[i], "="); {
		case name == "--out" || name == "-o" || name == "--output":
			if !joined {
				i++
			}
		default:
			kept = append(kept, args[i])
		}
	}
	return kept
}

// plainWord is what a shell takes as it stands.
var plainWord = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// commandLine writes a command as a shell takes it.
func commandLine(args []string) string {
	var words []string
	for _, arg := range args {
		if !plainWord.MatchString(arg) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
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

// sweep is the name of a way to vary cases of a benchmark.
type sweep[C any] interface {
	~string
	Cases(around C) ([]C, error)
}

// casesOf returns c alone, or the cases of the sweeps around it, which are some of known: once those in which the sweeps cross.
func casesOf[S sweep[C], C comparable](c C, names []string, known []S) (cases []C, err error) {
	if len(names) == 0 {
		return []C{c}, nil
	}
	for _, name := range names {
		if err := wantWord("sweep", S(name), known); err != nil {
			return nil, err
		}
		more, err := S(name).Cases(c)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if !slices.Contains(cases, c) {
				cases = append(cases, c)
			}
		}
	}
	return cases, nil
}

// measure adds the results of the cases to the record, up to the first that cannot be measured.
func measure[C any, R interface{ AddTo(r *bench.Record) }](record *bench.Record, cases []C, one func(c C) (R, error)) error {
	for _, c := range cases {
		r, err := one(c)
		if err != nil {
			return fmt.Errorf("%v: %w", c, err)
		}
		r.AddTo(record)
	}
	return nil
}

// rateOf reads a rate without a time table: max is 0.
func rateOf(s string) (float64, error) {
	pace, err := box.ParsePace(s)
	if err != nil || pace.Realtime {
		return 0, usageError{fmt.Errorf("--rate %q: want max or a number a second such as 250000, 250k or 1.5m", s)}
	}
	return pace.PerSecond, nil
}
