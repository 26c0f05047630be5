package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

var errWorse = errors.New("something got worse")

func main() {
	path := flag.String("baseline", "bench/baseline.json", "`file` to compare with")
	write := flag.Bool("write", false, "write the baseline, from the spread of several files")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: benchcheck [-baseline file] output-of-go-test...\n       benchcheck [-baseline file] -write output-of-go-test...")
		os.Exit(2)
	}
	run := check
	if *write {
		run = rewrite
	}
	if err := run(*path, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchcheck:", err)
		os.Exit(1)
	}
}

// check compares the best of some files with the baseline.
func check(path string, from []string, w io.Writer) error {
	b, err := readBaseline(path)
	if err != nil {
		return err
	}
	now := map[key]float64{}
	for _, path := range from {
		_, values, err := measured(path)
		if err != nil {
			return err
		}
		for k, v := range values {
			if was, ok := now[k]; !ok || better(k.unit, v, was) {
				now[k] = v
			}
		}
	}
	if m := bench.MachineOf(host.Detect()); m.CPU != b.Machine.CPU || m.Cores != b.Machine.Cores {
		fmt.Fprintf(w, "the baseline is of another machine: %s, %d cores\n", b.Machine.CPU, b.Machine.Cores)
	}
	v := b.compare(now, w)
	fmt.Fprintf(w, "%d ratios: %d as in the baseline, %d worse, %d better\n", len(b.Ratios), v.same, v.worse, v.better)
	if v.worse > 0 {
		return errWorse
	}
	return nil
}

// filesMin is how many files show a spread.
const filesMin = 3

// rewrite makes a new baseline.
func rewrite(path string, from []string, w io.Writer) error {
	if len(from) < filesMin {
		return fmt.Errorf("%d files do not show a spread, want %d or more, from different times", len(from), filesMin)
	}
	b, wild, err := newBaseline(from)
	if err != nil {
		return err
	}
	for _, r := range wild {
		fmt.Fprintf(w, "left out: %s %s: %.4g varies by %.0f %%\n", r.Case, r.Unit, r.Median, 100*r.Spread)
	}
	fmt.Fprintf(w, "%d ratios in %s\n", len(b.Ratios), path)
	return b.write(path)
}
