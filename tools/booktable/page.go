package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

// column is how a unit of go test is shown.
type column struct {
	unit, head string
	divisor    float64
	digits     int
}

// columns are the units that are shown, in their order. Others are left out.
var columns = []column{
	{"quiet-ns/op", "ns", 1, 1},
	{"median-ns/op", "ns", 1, 0},
	{"ns/fill", "ns a fill", 1, 1},
	{"quiet-msgs/s", "M messages/s", 1e6, 1},
	{"x-anchor", "x anchor", 1, 2},
	{"ns/op", "mean ns", 1, 1},
	{"ns/item", "ns an item", 1, 2},
	{"x-chan", "x channel", 1, 3},
	{"x-line", "x line", 1, 2},
	{"write-ns", "write ns a line", 1, 2},
	{"read-ns", "read ns a line", 1, 2},
	{"ns/trade", "ns a trade", 1, 1},
	{"x-cast", "x copy", 1, 1},
	{"B/trade", "bytes a trade", 1, 1},
	{"p50-ns", "p50 ns", 1, 0},
	{"p99-ns", "p99 ns", 1, 0},
	{"p99.9-ns", "p99.9 ns", 1, 0},
	{"timer-ns", "timer ns", 1, 0},
	{"x-word-p50", "p50 x word", 1, 2},
	{"x-word-p99", "p99 x word", 1, 2},
	{"x-word", "x word", 1, 2},
	{"of-clean", "of clean", 1, 2},
	{"s/1M-trades", "s for 1 M trades", 1, 3},
	{"p50-ns/hop", "p50 ns a hop", 1, 0},
	{"p99-ns/hop", "p99 ns a hop", 1, 0},
	{"p99.9-ns/hop", "p99.9 ns a hop", 1, 0},
	{"max-ns/hop", "max ns a hop", 1, 0},
	{"cpu-%", "% of a core", 1, 2},
	{"wake-p50-ns/hop", "ns to wake, p50", 1, 0},
	{"pinned", "pinned", 1, 0},
	{"bytes/order", "bytes an order", 1, 0},
	{"bytes/instrument", "bytes an instrument", 1, 0},
	{"allocs/op", "allocations", 1, 0},
}

// builder is a part of a page between two marks.
type builder struct {
	strings.Builder
	page, charts string // where the page is, and where its charts go
}

// machine says where the figures come from, and of what build.
func (b *builder) machine(m host.Machine, sources []*source) {
	fmt.Fprintf(b, "\n%s, %d cores, %s, %s.\n", m.CPU, len(m.Cores), m.Kernel, m.Go)
	var builds []string
	for _, s := range sources {
		if s.build != "" && !slices.Contains(builds, s.build) {
			builds = append(builds, s.build)
		}
	}
	if len(builds) > 0 {
		fmt.Fprintf(b, "Built from %s.\n", strings.Join(builds, "; "))
	}
}

// section writes a table for each benchmark of a source, under its command if it has one.
func (b *builder) section(s *source) error {
	if s.command != "" {
		fmt.Fprintf(b, "\n\t%s\n", s.command)
	}
	if s.record != nil {
		return b.record(s)
	}
	b.results(s.results)
	return nil
}

// results writes a table for each benchmark of go test.
func (b *builder) results(results []*bench.Result) {
	results = slices.Clone(results)
	for len(results) > 0 {
		name := results[0].Name
		var rows []*bench.Result
		results = slices.DeleteFunc(results, func(r *bench.Result) bool {
			if r.Name == name {
				rows = append(rows, r)
			}
			return r.Name == name
		})
		b.table(name, rows)
	}
}

// timingsMax is how many kinds of latency of a record a page shows. Of more it shows the last, which is the whole way.
const timingsMax = 2

// record writes the tables of a record, and its charts.
func (b *builder) record(s *source) error {
	r := s.record
	for _, res := range r.Results {
		if n := len(res.Latencies); n > timingsMax {
			res.Latencies = res.Latencies[n-1:]
		}
	}
	var facts []string
	for _, p := range r.Fixed() {
		facts = append(facts, p.String())
	}
	if r.Profile != "" {
		facts = append(facts, "threads "+r.Profile)
	}
	if len(facts) > 0 {
		fmt.Fprintf(b, "\n%s.\n", strings.Join(facts, ", "))
	}
	for _, line := range r.Refused {
		fmt.Fprintf(b, "\nRefused: %s.\n", line)
	}
	for _, s := range r.Sheets() {
		b.sheet(&s)
	}
	if s, ok := r.BudgetSheet(); ok {
		b.sheet(&s)
		fmt.Fprintf(b, "\n%s\n", bench.BudgetNote)
	}
	for _, line := range r.OutOfRange() {
		fmt.Fprintf(b, "\n%s.\n", line)
	}
	if b.charts == "" {
		return nil
	}
	for _, c := range r.Charts() {
		if err := b.chart(s.name+"-"+c.Name, &c); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) sheet(s *bench.Sheet) {
	fmt.Fprintf(b, "\n| %s |\n|%s%s\n", strings.Join(s.Head, " | "), strings.Repeat(" --- |", s.Words), strings.Repeat(" ---: |", len(s.Head)-s.Words))
	for _, row := range s.Rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
}

// chart writes a file and shows it.
func (b *builder) chart(name string, c *bench.Chart) error {
	path := filepath.Join(b.charts, name+".svg")
	shown, err := filepath.Rel(filepath.Dir(b.page), path)
	if err == nil {
		err = os.MkdirAll(b.charts, 0o777)
	}
	if err != nil {
		return err
	}
	var svg bytes.Buffer
	if err := c.WriteSVG(&svg); err != nil {
		return err
	}
	fmt.Fprintf(b, "\n![%s](%s)\n", c.Title, filepath.ToSlash(shown))
	return os.WriteFile(path, svg.Bytes(), 0o666)
}

// table writes the cases of a benchmark, with the columns that any of them has.
func (b *builder) table(name string, rows []*bench.Result) {
	fmt.Fprintf(b, "\n### %s\n\n|", name)
	shown := slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return !slices.ContainsFunc(rows, func(r *bench.Result) bool { _, ok := r.Metric(c.unit); return ok })
	})
	for _, c := range shown {
		fmt.Fprintf(b, " | %s", c.head)
	}
	fmt.Fprintf(b, " |\n| ---%s |\n", strings.Repeat(" | ---:", len(shown)))
	for _, row := range rows {
		var params []string
		for _, p := range row.Params {
			params = append(params, p.String())
		}
		fmt.Fprintf(b, "| %s", strings.Join(params, ", "))
		for _, c := range shown {
			b.WriteString(" | ")
			if v, ok := row.Metric(c.unit); ok {
				fmt.Fprintf(b, "%.*f", c.digits, v/c.divisor)
			}
		}
		b.WriteString(" |\n")
	}
}
