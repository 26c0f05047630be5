package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// result is one benchmark: a row for each case, a column for each unit that occurs.
type result struct {
	name  string
	units []string
	rows  []row
}

type row struct {
	name    string               // its keys and values, "scenario=static/numbers=own"
	figures map[string][]float64 // by unit, of all runs
}

// procs is what go test appends to a name: how many threads run Go code.
var procs = regexp.MustCompile(`-\d+$`)

// read takes the benchmarks out of what go test has printed, in their order.
func read(r io.Reader) ([]*result, error) {
	var results []*result
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") {
			return nil, fmt.Errorf("line %d: a benchmark has failed: %s", n, line)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, kase, _ := strings.Cut(procs.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), ""), "/")
		res := find(&results, func(r *result) bool { return r.name == name })
		if res == nil {
			res = &result{name: name}
			results = append(results, res)
		}
		if err := res.add(kase, fields[2:]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no benchmark in it")
	}
	return results, nil
}

func find(results *[]*result, is func(*result) bool) *result {
	if i := slices.IndexFunc(*results, is); i >= 0 {
		return (*results)[i]
	}
	return nil
}

// add takes the figures of one line, each a number and its unit.
func (r *result) add(kase string, figures []string) error {
	i := slices.IndexFunc(r.rows, func(x row) bool { return x.name == kase })
	if i < 0 {
		i = len(r.rows)
		r.rows = append(r.rows, row{name: kase, figures: map[string][]float64{}})
	}
	if len(figures)%2 != 0 {
		return fmt.Errorf("a figure without a unit: %q", figures)
	}
	for ; len(figures) > 0; figures = figures[2:] {
		figure, err := strconv.ParseFloat(figures[0], 64)
		if err != nil {
			return err
		}
		unit := figures[1]
		r.rows[i].figures[unit] = append(r.rows[i].figures[unit], figure)
		if !slices.Contains(r.units, unit) {
			r.units = append(r.units, unit)
		}
	}
	return nil
}

// median returns the middle of the figures, the lower one of two.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[(len(sorted)-1)/2]
}
