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
	t.wrapped("all", fixed)
	for _, s := range r.Sheets() {
		if len(s.Rows) == 1 {
			t.single(&s)
			continue
		}
		for _, part := range s.folded() {
			t.sheet(&part)
		}
	}
	if s, ok := r.BudgetSheet(); ok {
		t.sheet(&s)
		fmt.Fprintln(t.w, BudgetNote)
	}
	for _, line := range r.OutOfRange() {
		fmt.Fprintln(t.w, line)
	}
	return t.w.Flush()
}

// columnsMax is how wide a table for people may be.
const columnsMax = 80

// folded cuts a sheet that is too wide for people into several with the same parameters. The percentiles of one
// latency stay together.
func (s *Sheet) folded() (sheets []Sheet) {
	widths := s.widths()
	room := 0
	for i := s.Words; i < len(s.Head); {
		n, need := 1, widths[i]+cellGap
		if s.Timed > 0 && i >= s.Timed {
			for n, need = 0, 0; n < percentilesShown; n++ {
				need += widths[i+n] + cellGap
			}
		}
		if len(sheets) == 0 || need > room {
			one := Sheet{Name: s.Name, Words: s.Words, Head: slices.Clone(s.Head[:s.Words])}
			room = columnsMax + cellGap
			for _, w := range widths[:s.Words] {
				room -= w + cellGap
			}
			for _, row := range s.Rows {
				one.Rows = append(one.Rows, slices.Clone(row[:s.Words]))
			}
			sheets = append(sheets, one)
		}
		last := &sheets[len(sheets)-1]
		last.Head = append(last.Head, s.Head[i:i+n]...)
		for j, row := range s.Rows {
			last.Rows[j] = append(last.Rows[j], row[i:i+n]...)
		}
		room -= need
		i += n
	}
	return sheets
}

// single writes a sheet of one row from top to bottom: the figures, then a line for each latency.
func (t *table) single(s *Sheet) {
	row, figures := s.Rows[0], len(s.Head)
	if s.Timed > 0 {
		figures = s.Timed
	}
	one := Sheet{Head: []string{s.Name, ""}, Words: 1}
	for i := range s.Words {
		if row[i] != "-" {
			one.Rows = append(one.Rows, []string{s.Head[i], row[i]})
		}
	}
	for i := s.Words; i < figures; i++ {
		one.Rows = append(one.Rows, []string{s.Head[i], row[i]})
	}
	t.sheet(&one)
	if s.Timed == 0 {
		return
	}
	timed := Sheet{Head: []string{"latency, µs"}, Words: 1}
	for i := s.Timed; i < len(s.Head); i += percentilesShown {
		name, first, _ := strings.Cut(s.Head[i], timedUnit)
		if i == s.Timed {
			timed.Head = append(append(timed.Head, first), s.Head[i+1:i+percentilesShown]...)
		}
		timed.Rows = append(timed.Rows, append([]string{name}, row[i:i+percentilesShown]...))
	}
	t.sheet(&timed)
}

// timedUnit stands between the name of a latency and its first percentile.
const timedUnit = " µs "

// wrapped writes words behind a label, in as many lines as they need.
func (t *table) wrapped(label string, list []string) {
	line := ""
	for _, word := range list {
		if line != "" && labelWidth+len(line)+1+len(word) > columnsMax {
			t.line(label, "%s", line)
			label, line = "", ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" {
		t.line(label, "%s", line)
	}
}

// cellGap is between two cells of a row.
const cellGap = 2

func (s *Sheet) widths() []int {
	widths := make([]int, len(s.Head))
	for _, row := range append([][]string{s.Head}, s.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// sheet writes numbers to the right and words to the left.
func (t *table) sheet(s *Sheet) {
	widths := s.widths()
	gap := strings.Repeat(" ", cellGap)
	text := func(row []string) string {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < s.Words {
				b.WriteString(cell + pad + gap)
				continue
			}
			b.WriteString(pad + cell + gap)
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
	Timed int        // from this column on, percentiles, percentilesShown of each latency; 0: there is none
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
	if len(timed) > 0 {
		s.Timed = len(s.Head)
	}
	for _, d := range timed {
		for i, p := range (&Latency{}).percentiles() {
			s.Head = append(s.Head, []string{words(d) + timedUnit + p.name, p.name}[min(i, 1)])
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
