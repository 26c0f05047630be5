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
	w := pageWriter{host: m, sources: []*source{{path: "run/x.txt", results: results}}}
	page, err := w.fill("before\n" + plainMark + "old\n" + endMark + "after\n")
	if want := "before\n" + plainMark + tablesOfOutput + endMark + "after\n"; err != nil || page != want {
		t.Errorf("page:\n%s\nwant:\n%s%v", page, want, err)
	}
}

const plainMark = "<!-- booktable -->\n"

// A mark shows the files that it names, and one without names the others.
func TestMarks(t *testing.T) {
	results, err := bench.ReadGoTest(strings.NewReader("BenchmarkX 1 2 ns/op\n"))
	if err != nil {
		t.Fatal(err)
	}
	named := func(path, title, build string) *source {
		return &source{path: path, title: title, command: "measure " + title, build: build, results: results}
	}
	w := pageWriter{
		host:    host.Machine{CPU: "CPU", Cores: []int{0}, Kernel: "Linux 6", Go: "go1"},
		sources: []*source{named("run/a/x.txt", "A", "commit 1"), named("run/b/x.txt", "B", "commit 1"), named("run/c.txt", "C", "commit 2")},
	}
	const table = "\n### X\n\n| | mean ns |\n| --- | ---: |\n|  | 2.0 |\n"
	const where = "\nCPU, 1 cores, Linux 6, go1.\nBuilt from commit 1; commit 2.\n"
	for _, test := range []struct{ name, page, want, problem string }{
		{
			"each in its place", "<!-- booktable machine -->\n" + endMark + "prose\n<!-- booktable b/x.txt a/x.txt -->\nold\n" + endMark + plainMark + endMark,
			"<!-- booktable machine -->\n" + where + "\n" + endMark + "prose\n<!-- booktable b/x.txt a/x.txt -->\n" + "\n\tmeasure B\n" + table +
				"\n\tmeasure A\n" + table + "\n" + endMark + plainMark + where + "\n## C\n\n\tmeasure C\n" + table + "\n" + endMark, "",
		},
		{"not shown", "<!-- booktable b/x.txt a/x.txt -->\n" + endMark, "", "the page has no line <!-- booktable --> for run/c.txt"},
		{"not given", "<!-- booktable d.txt -->\n" + endMark + plainMark + endMark, "", "d.txt is not among the files"},
		{"no end", plainMark + plainMark + endMark, "", "want <!-- /booktable --> before it"},
		{"no begin", endMark, "", "without a mark before it"},
	} {
		got, err := w.fill(test.page)
		if test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) || test.problem == "" && (err != nil || got != test.want) {
			t.Errorf("%s: error %v, want %q; page\n%s\nwant\n%s", test.name, err, test.problem, got, test.want)
		}
	}
}

func TestUpdate(t *testing.T) {
	for _, test := range []struct{ name, output, page, problem string }{
		{"whole", output, "a\n" + plainMark + endMark, ""},
		{"failed", output + "--- FAIL: BenchmarkFlat\n", "a\n" + plainMark + endMark, "line 10: a benchmark has failed"},
		{"empty", "PASS\n", "a\n" + plainMark + endMark, "no benchmark"},
		{"odd", "BenchmarkX 1 2 ns/op 3\n", "a\n" + plainMark + endMark, "without a unit"},
		{"no number", "BenchmarkX 1 two ns/op\n", "a\n" + plainMark + endMark, "invalid syntax"},
		{"no mark", output, "a\n", "no line <!-- booktable -->"},
		{"no end", output, "a\n" + plainMark, "no line <!-- /booktable -->"},
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
		page: plainMark + endMark, filepath.Join(dir, "r.json"): text.String(),
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
		"![Commit: throughput against batches in flight](charts/r-throughput-window.svg)\n\n## Book\n\n\tgo test -bench=.\n\n### Flat\n"
	if err != nil || !strings.Contains(string(got), want) {
		t.Errorf("%v: page\n%s\nwant in it\n%s", err, got, want)
	}
	if svg, err := os.ReadFile(filepath.Join(charts, "r-throughput-window.svg")); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
		t.Errorf("%v: %.20s", err, svg)
	}
	if err := update(page, "", []string{page + ".json"}); err == nil {
		t.Error("a file that is not there: no error")
	}
}
