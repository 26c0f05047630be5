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
	got := tables(results, m)
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
			err := update(page, from)
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
