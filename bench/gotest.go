package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrGoTest is wrapped by the errors about what go test has printed.
var ErrGoTest = errors.New("bench: output of go test")

// procs is what go test appends to a name: how many threads run Go code.
var procs = regexp.MustCompile(`-\d+$`)

// ReadGoTest takes the benchmarks out of what go test has printed, in their order, one result for each name. A
// benchmark that ran several times, with -count, has the median of each figure, and all of them in Runs. A
// benchmark that failed, no benchmark at all, or a figure that is none is an error that wraps ErrGoTest.
func ReadGoTest(from io.Reader) ([]*Result, error) {
	var results []*Result
	byName := map[string]*Result{}
	lines := bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") {
			return nil, fmt.Errorf("%w: line %d: a benchmark has failed: %s", ErrGoTest, n, line)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		r, ok := byName[fields[0]]
		if !ok {
			r = newGoTestResult(fields[0])
			byName[fields[0]] = r
			results = append(results, r)
		}
		if err := r.addRun(fields[2:]); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrGoTest, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("%w: no benchmark in it", ErrGoTest)
	}
	for _, r := range results {
		for i, m := range r.Metrics {
			r.Metrics[i].Value = median(r.runs[m.Key])
		}
	}
	return results, nil
}

// newGoTestResult takes a name apart: "BenchmarkFlat/live=1000/numbers=own-2".
func newGoTestResult(name string) *Result {
	name, params, _ := strings.Cut(procs.ReplaceAllString(strings.TrimPrefix(name, "Benchmark"), ""), "/")
	r := &Result{Name: name, runs: map[string][]float64{}}
	if params == "" {
		return r
	}
	for i, part := range strings.Split(params, "/") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			key, value = place+strconv.Itoa(i+1), part
		}
		r.Params = append(r.Params, Pair[string]{key, value})
	}
	return r
}

// addRun takes the figures of one line, each a number and its unit.
func (r *Result) addRun(figures []string) error {
	if len(figures)%2 != 0 {
		return fmt.Errorf("a figure without a unit: %q", figures)
	}
	for ; len(figures) > 0; figures = figures[2:] {
		figure, err := strconv.ParseFloat(figures[0], 64)
		if err != nil {
			return err
		}
		unit := figures[1]
		if _, ok := r.Metric(unit); !ok {
			r.Measure(unit, figure)
		}
		r.runs[unit] = append(r.runs[unit], figure)
	}
	return nil
}

// median returns the middle of the figures, the lower one of two.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[(len(sorted)-1)/2]
}

// WriteGoTest writes the results as go test prints benchmarks, one run each, so that benchstat compares them
// with those of another day. Percentiles are metrics in nanoseconds.
func (r *Record) WriteGoTest(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "command: %s\n", r.Command)
	fmt.Fprintf(b, "cpu: %s\nkernel: %s\ngo: %s\n", r.Machine.CPU, r.Machine.Kernel, r.Machine.Go)
	for _, res := range r.Results {
		fmt.Fprintf(b, "Benchmark%s-%d\t1", res, r.Machine.Gomaxprocs)
		for _, m := range res.Metrics {
			fmt.Fprintf(b, "\t%s %s", strconv.FormatFloat(m.Value, 'f', -1, 64), m.Key)
		}
		for _, d := range res.Latencies {
			for _, p := range d.Us.percentiles() {
				fmt.Fprintf(b, "\t%d %s-%s-ns", p.value, d.Name, p.name)
			}
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}
