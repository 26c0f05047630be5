package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

const output = `goos: linux
cpu: Some CPU
BenchmarkFlat/live=1000/numbers=own-2   	 3000000	 23.49 ns/op	 47480710 quiet-msgs/s	 21.06 quiet-ns/op	 0 B/op
BenchmarkFlat/live=1000/numbers=own-2   	 3000000	 24.49 ns/op	 46480710 quiet-msgs/s	 22.06 quiet-ns/op	 0 B/op
BenchmarkFlat/live=1000/numbers=own-2   	 3000000	 99.49 ns/op	  6480710 quiet-msgs/s	 92.06 quiet-ns/op	 0 B/op
BenchmarkSweep/fills=5000-2         	     300	     39379 median-ns/op	         7.876 ns/fill
BenchmarkFlat/span=10-2   	 3000000	 20.00 ns/op
PASS
ok  	github.com/tezi-exchange/tezi/bench/book	1.0s
`

const tablesOfOutput = `
Some CPU, 2 cores, Linux 6.18.0, go1.26.8 linux/amd64.

### Flat

| | ns | M messages/s | mean ns |
| --- | ---: | ---: | ---: |
| live=1000, numbers=own | 22.1 | 46.5 | 24.5 |
| span=10 |  |  | 20.0 |

### Sweep

| | ns | ns a fill |
| --- | ---: | ---: |
| fills=5000 | 39379 | 7.9 |

`

func TestTables(t *testing.T) {
	results, err := bench.ReadGoTest(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	m := host.Machine{CPU: "Some CPU", Cores: []int{0, 1}, Kernel: "Linux 6.18.0", Go: "go1.26.8 linux/amd64"}
	b := new(builder)
	b.machine(m)
	b.results(results)
	b.WriteString("\n")
	got := b.String()
	if got != tablesOfOutput {
		t.Errorf("tables:\n%s\nwant:\n%s", got, tablesOfOutput)
	}
	page, err := insert("before\n"+beginMark+"old\n"+endMark+"after\n", got)
	if want := "before\n" + beginMark + tablesOfOutput + endMark + "after\n"; err != nil || page != want {
		t.Errorf("page:\n%s\n%v", page, err)
	}
}

func TestUpdate(t *testing.T) {
	for _, test := range []struct{ name, output, page, problem string }{
		{"whole", output, "a\n" + beginMark + endMark, ""},
		{"failed", output + "--- FAIL: BenchmarkFlat\n", "a\n" + beginMark + endMark, "line 10: a benchmark has failed"},
		{"empty", "PASS\n", "a\n" + beginMark + endMark, "no benchmark"},
		{"odd", "BenchmarkX 1 2 ns/op 3\n", "a\n" + beginMark + endMark, "without a unit"},
		{"no number", "BenchmarkX 1 two ns/op\n", "a\n" + beginMark + endMark, "invalid syntax"},
		{"no begin", output, "a\n" + endMark, "no line <!-- booktable -->"},
		{"no end", output, "a\n" + beginMark, "no line <!-- /booktable -->"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			page, from := filepath.Join(dir, "page.md"), filepath.Join(dir, "output.txt")
			for name, text := range map[string]string{page: test.page, from: test.output} {
				if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			err := update(page, "", []string{from})
			text, readErr := os.ReadFile(page)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if test.problem == "" {
				if err != nil || !strings.Contains(string(text), "### Sweep") {
					t.Errorf("%v: %s", err, text)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.problem) || string(text) != test.page {
				t.Errorf("error %v, want %q; page:\n%s", err, test.problem, text)
			}
		})
	}
}

// A record brings its title, command, facts and charts; what go test printed has the first two in lines before it.
func TestSections(t *testing.T) {
	dir := t.TempDir()
	r := bench.Record{Name: "commit", Title: "Commit", Command: "tezi bench commit", Profile: "shared", Refused: []string{"cores 9"}}
	for _, window := range []int{1, 16} {
		r.Add("Commit", bench.P("durable", true), bench.P("window", window)).Measure("trades/s", 1e6*float64(window))
	}
	var text strings.Builder
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	page, charts := filepath.Join(dir, "docs", "PAGE.md"), filepath.Join(dir, "docs", "charts")
	if err := os.Mkdir(filepath.Dir(page), 0o777); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		page: beginMark + endMark, filepath.Join(dir, "r.json"): text.String(),
		filepath.Join(dir, "t.txt"): "title: Book\ncommand: go test -bench=.\n" + output,
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := update(page, charts, []string{filepath.Join(dir, "r.json"), filepath.Join(dir, "t.txt")}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	const want = "\n## Commit\n\n\ttezi bench commit\n\ndurable=true, threads shared.\n\nRefused: cores 9.\n\n" +
		"| window | trades/s |\n| --- | ---: |\n| 1 | 1,000,000 |\n| 16 | 16,000,000 |\n\n" +
		"![Commit: throughput against batches in flight](charts/commit-throughput-window.svg)\n\n## Book\n\n\tgo test -bench=.\n\n### Flat\n"
	if err != nil || !strings.Contains(string(got), want) {
		t.Errorf("%v: page\n%s\nwant in it\n%s", err, got, want)
	}
	if svg, err := os.ReadFile(filepath.Join(charts, "commit-throughput-window.svg")); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
		t.Errorf("%v: %.20s", err, svg)
	}
	if err := update(page, "", []string{page + ".json"}); err == nil {
		t.Error("a file that is not there: no error")
	}
}
