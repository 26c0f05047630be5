package bench

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteTable writes the record for people: where and how it was measured, then a table for each benchmark. What is
// the same in all results stands above the tables.
func (r *Record) WriteTable(w io.Writer) error {
	t := table{w: bufio.NewWriter(w), colour: Coloured(w)}
	t.line("command", "%s", r.Command)
	t.line("machine", "%s, %s", cmp.Or(r.Machine.CPU, "unknown CPU"), plural(int64(r.Machine.Cores), "core"))
	t.line("", "%s, %s, GOMAXPROCS %d", cmp.Or(r.Machine.Kernel, "unknown kernel"), cmp.Or(r.Machine.Go, "unknown Go"), r.Machine.Gomaxprocs)
	for _, fact := range []Pair[string]{{"build", r.Build}, {"profile", r.Profile}} {
		if fact.Value != "" {
			t.line(fact.Key, "%s", fact.Value)
		}
	}
	t.refused(r.Refused)
	var fixed []string
	for _, p := range r.Fixed() {
		fixed = append(fixed, p.String())
	}
	if len(fixed) > 0 {
		t.line("all", "%s", strings.Join(fixed, " "))
	}
	for _, s := range r.Sheets() {
		t.sheet(&s)
	}
	for _, line := range r.OutOfRange() {
		fmt.Fprintln(t.w, line)
	}
	return t.w.Flush()
}

// sheet writes numbers to the right and words to the left.
func (t *table) sheet(s *Sheet) {
	widths := make([]int, len(s.Head))
	for _, row := range append([][]string{s.Head}, s.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	text := func(row []string) string {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < s.Words {
				b.WriteString(cell + pad + "  ")
				continue
			}
			b.WriteString(pad + cell + "  ")
		}
		return strings.TrimRight(b.String(), " ")
	}
	t.heading(text(s.Head))
	for _, row := range s.Rows {
		fmt.Fprintln(t.w, text(row))
	}
}

// Sheet is a table of the results of one benchmark.
type Sheet struct {
	Name  string     // of the benchmark
	Head  []string   // the parameters that vary, the units, the percentiles
	Words int        // the first so many columns are parameters
	Rows  [][]string // as long as Head
}

// Sheets makes the tables, one for each name of results, in their order.
func (r *Record) Sheets() (sheets []Sheet) {
	var names []string
	for _, res := range r.Results {
		if !slices.Contains(names, res.Name) {
			names = append(names, res.Name)
			sheets = append(sheets, r.sheetOf(res.Name))
		}
	}
	return sheets
}

func (r *Record) sheetOf(name string) Sheet {
	s := Sheet{Name: name}
	var results []*Result
	var units, timed []string
	present := map[string]bool{}
	add := func(list *[]string, key string) {
		if !slices.Contains(*list, key) {
			*list = append(*list, key)
		}
	}
	for _, res := range r.Results {
		if res.Name != name {
			continue
		}
		results = append(results, res)
		for _, m := range res.Metrics {
			add(&units, m.Key)
		}
		for _, d := range res.Latencies {
			add(&timed, d.Name)
		}
		for _, p := range res.Params {
			present[p.Key] = true
		}
	}
	keys := slices.DeleteFunc(r.Varied(), func(key string) bool { return !present[key] })
	if len(keys) == 0 {
		keys = []string{""}
	}
	for _, key := range keys {
		if strings.HasPrefix(key, place) || key == "" {
			key = name
		}
		s.Head = append(s.Head, key)
	}
	s.Words = len(keys)
	s.Head = append(s.Head, units...)
	for _, d := range timed {
		for i, p := range (&Latency{}).percentiles() {
			s.Head = append(s.Head, []string{words(d) + " µs " + p.name, p.name}[min(i, 1)])
		}
	}
	for _, res := range results {
		s.Rows = append(s.Rows, res.row(keys, units, timed))
	}
	return s
}

// row writes the cells of a result; what it does not have is a dash.
func (r *Result) row(keys, units, timed []string) (cells []string) {
	for _, key := range keys {
		cells = append(cells, cmp.Or(r.Param(key), "-"))
	}
	for _, unit := range units {
		cell := "-"
		if v, ok := r.Metric(unit); ok {
			cell = figure(v)
		}
		cells = append(cells, cell)
	}
	for _, name := range timed {
		i := slices.IndexFunc(r.Latencies, func(d Distribution) bool { return d.Name == name })
		for j := range (&Latency{}).percentiles() {
			cell := "-"
			if i >= 0 && r.Latencies[i].Us.Count > 0 {
				cell = figure(float64(r.Latencies[i].Us.percentiles()[j].value) / 1000)
			}
			cells = append(cells, cell)
		}
	}
	return cells
}

// figure writes a measurement with three digits that count at least, a whole number as it is.
func figure(v float64) string {
	size := max(v, -v)
	decimals := 0
	for ; v != math.Trunc(v) && size < 100 && decimals < 6; decimals++ {
		size *= 10
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	whole, rest, point := strings.Cut(s, ".")
	if !point {
		return group(whole)
	}
	return group(whole) + "." + rest
}
