package bench

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// record is a sweep over the window, with a load that is varied too.
func record() *Record {
	r := &Record{
		Name: "commit", Title: "Commit", Command: "tezi bench commit --sweep window", Build: "tezi dev", Profile: "shared",
		Refused: []string{"pinned: 5 busy stages need 6 cores, 2 allowed; shared instead"},
		Machine: Machine{CPU: "Some CPU", Cores: 2, Kernel: "Linux 6.18.0", Go: "go1.26.8 linux/amd64", Gomaxprocs: 2},
	}
	for i, window := range []int{1, 4, 16} {
		for _, rate := range []string{"max", "100000", "400000"} {
			res := r.Add("Commit", P("transport", "tcp"), P("window", window), P("rate", rate))
			res.Measure("trades/s", 123456.789*float64(i+1))
			res.Measure("cpu-ns/trade", 1971/float64(i+1))
			h := hdrhistogram.New(1, int64(time.Minute), 3)
			for n := range 1000 {
				if err := h.RecordValue(int64(1000 * (i + 1) * (n + 1))); err != nil {
					panic(err)
				}
			}
			res.Time("decision", h, int64(i))
		}
	}
	return r
}

const recordTable = `command      tezi bench commit --sweep window
machine      Some CPU, 2 cores
             Linux 6.18.0, go1.26.8 linux/amd64, GOMAXPROCS 2
build        tezi dev
profile      shared
refused      pinned: 5 busy stages need 6 cores, 2 allowed; shared instead
all          transport=tcp

window  rate    trades/s  cpu-ns/trade
1       max      123,457         1,971
1       100000   123,457         1,971
1       400000   123,457         1,971
4       max      246,914           986
4       100000   246,914           986
4       400000   246,914           986
16      max      370,370           657
16      100000   370,370           657
16      400000   370,370           657

window  rate    decision µs p50    p90    p99  p99.9    max
1       max                 500    900    990    999  1,000
1       100000              500    900    990    999  1,000
1       400000              500    900    990    999  1,000
4       max               1,000  1,800  1,980  1,999  2,001
`

func TestRecordTable(t *testing.T) {
	var b bytes.Buffer
	if err := record().WriteTable(&b); err != nil || !strings.HasPrefix(b.String(), recordTable) {
		t.Errorf("%v\n%s\nwant:\n%s", err, b.String(), recordTable)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line); n > columnsMax+1 && !strings.Contains(line, "out of range") {
			t.Errorf("a line of %d columns: %s", n-1, line)
		}
	}
	const late = "\nwindow=4 rate=max: 1 sample of decision out of range (below 0 or above 60 s), recorded at the limit\n"
	if n := strings.Count(b.String(), "out of range"); n != 6 || !strings.Contains(b.String(), late) {
		t.Errorf("%d lines of samples out of range, want 6, and%s in\n%s", n, late, b.String())
	}
}

// I4, and I2: a record that was read again has the same order, and its histograms give the same percentiles.
func TestRecordJSON(t *testing.T) {
	var b bytes.Buffer
	if err := record().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"params": {
        "transport": "tcp",
        "window": "1",
        "rate": "max"
      },
      "metrics": {
        "trades/s": 123456.789,`, `"name": "decision"`, `"p99": 990.207`, `"histogram": "HISTF`, `"out_of_range": 2`} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("no %s in %s", part, b.String())
		}
	}
	r, err := ReadRecord(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := r.WriteJSON(&again); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
		t.Errorf("%v: read and written again:\n%s", err, again.String())
	}
	for _, res := range r.Results {
		for _, d := range res.Latencies {
			if got := latencyOf(d.Histogram.Histogram, d.Us.OutOfRange); got != d.Us {
				t.Errorf("%s: %+v from the histogram, %+v beside it", res, got, d.Us)
			}
		}
	}
	for _, text := range []string{"", "[]", `{"results":[{"metrics":[]}]}`, `{"results":[{"metrics":{"x":"y"}}]}`,
		`{"results":[{"latencies":[{"histogram":"!"}]}]}`} {
		if _, err := ReadRecord(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	bad := record()
	bad.Results[0].Measure("x", math.NaN())
	if err := bad.WriteJSON(&again); err == nil {
		t.Error("what is not a number is written")
	}
}

func TestRecordFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := record().WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".hgrm") {
			names = append(names, e.Name())
		}
	}
	want := []string{
		"commit-cost-rate.svg", "commit-latency-rate.svg", "commit-percentiles-decision.svg", "commit-throughput-rate.svg",
		"commit-throughput-window.svg", "commit.bench", "commit.json", "commit.txt",
	}
	if !slices.Equal(names, want) || len(entries) != len(want)+9 {
		t.Errorf("%d files, %q, want %q and 9 histograms", len(entries), names, want)
	}
	hgrm, err := os.ReadFile(filepath.Join(dir, "commit-window=4-rate=max-decision.hgrm"))
	if err != nil || !strings.Contains(string(hgrm), "1/(1-Percentile)") || !strings.Contains(string(hgrm), "#[Max     =     2000") {
		t.Errorf("%v: %s", err, hgrm)
	}
	if err := record().WriteFiles(filepath.Join(dir, "commit.txt")); err == nil {
		t.Error("a file as directory: no error")
	}
}

// A line of a chart joins what differs in nothing but what the chart is about.
func TestCharts(t *testing.T) {
	r := record()
	r.Add("Commit", P("transport", "udp"), P("window", 16), P("rate", "max")).Measure("trades/s", 1)
	for _, c := range r.Charts() {
		switch c.Name {
		case "throughput-window":
			var names []string
			for _, s := range c.Series {
				names = append(names, s.Name)
				if len(s.Points) != 3 || s.Points[2].X != 16 || s.Points[1].Y != 2*s.Points[0].Y {
					t.Errorf("line %s: %v", s.Name, s.Points)
				}
			}
			if want := []string{"transport=tcp rate=max", "transport=tcp rate=100000", "transport=tcp rate=400000"}; !slices.Equal(names, want) {
				t.Errorf("lines %q, want %q", names, want)
			}
		case "latency-rate":
			if len(c.Series) != 9 || c.Series[0].Name != "p50 transport=tcp window=1" || len(c.Series[0].Points) != 2 {
				t.Errorf("%d lines: %+v", len(c.Series), c.Series)
			}
		case "percentiles-decision":
			last := c.Series[0].Points[len(c.Series[0].Points)-1]
			if len(c.Series) != 9 || last.X != 99.9 || last.Y < 999_000 {
				t.Errorf("%d curves, the first ends at %v", len(c.Series), last)
			}
		}
	}
	if c := (&Record{}).Charts(); c != nil {
		t.Errorf("nothing measured, and charts %v", c)
	}
}

const goTestOutput = `goos: linux
cpu: Some CPU
BenchmarkFlat/live=1000/numbers=own-2   	 3000000	 23.49 ns/op	 47480710 quiet-msgs/s	 0 B/op
BenchmarkFlat/live=1000/numbers=own-2   	 3000000	 24.49 ns/op	 46480710 quiet-msgs/s	 0 B/op
BenchmarkFlat/live=1000/numbers=own-2   	 3000000	 99.49 ns/op	  6480710 quiet-msgs/s	 0 B/op
BenchmarkSweep/deep/fills=5000-2         	     300	     39379 median-ns/op	         7.876 ns/fill
BenchmarkAlone	 3000000	 20.00 ns/op
PASS
ok  	github.com/tezi-exchange/tezi/bench/book	1.0s
`

func TestReadGoTest(t *testing.T) {
	results, err := ReadGoTest(strings.NewReader(goTestOutput))
	if err != nil || len(results) != 3 {
		t.Fatalf("%v, %v", results, err)
	}
	flat, sweep := results[0], results[1]
	if v, _ := flat.Metric("ns/op"); v != 24.49 || !slices.Equal(flat.Runs("ns/op"), []float64{23.49, 24.49, 99.49}) || flat.Param("numbers") != "own" {
		t.Errorf("%+v", flat)
	}
	if sweep.String() != "Sweep/deep/fills=5000" || results[2].String() != "Alone" {
		t.Errorf("names %s and %s", sweep, results[2])
	}
	for _, test := range []struct{ output, problem string }{
		{goTestOutput + "--- FAIL: BenchmarkFlat\n", "line 10: a benchmark has failed"},
		{"PASS\n", "no benchmark"},
		{"BenchmarkX 1 2 ns/op 3\n", "line 1: a figure without a unit"},
		{"BenchmarkX 1 two ns/op\n", "invalid syntax"},
	} {
		if _, err := ReadGoTest(strings.NewReader(test.output)); !errors.Is(err, ErrGoTest) || !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%q: %v, want %q", test.output, err, test.problem)
		}
	}
}

// The chart against the load is of all orders, not of those that nothing has disturbed.
func TestLoadChartIsOfAll(t *testing.T) {
	var r Record
	for _, rate := range []int{1000, 2000} {
		res := r.Add("Engine", P("rate", rate))
		for _, name := range []string{"order_to_match", "order-to-batch", "undisturbed"} {
			r := newRecording()
			r.add(int64(rate), 1)
			res.Time(name, r.histogram, 0)
		}
	}
	for _, c := range r.Charts() {
		if c.Name == "latency-rate" && strings.Contains(c.Title, "order-to-batch against load") {
			return
		}
	}
	t.Errorf("no chart of order-to-batch against load in %v", r.Charts())
}

// What is written for benchstat is read as it was.
func TestWriteGoTest(t *testing.T) {
	var b bytes.Buffer
	if err := record().WriteGoTest(&b); err != nil {
		t.Fatal(err)
	}
	const line = "BenchmarkCommit/transport=tcp/window=1/rate=max-2\t1\t123456.789 trades/s\t1971 cpu-ns/trade\t500223 decision-p50-ns"
	if !strings.Contains(b.String(), "\n"+line+"\t") {
		t.Errorf("no line %q in\n%s", line, b.String())
	}
	results, err := ReadGoTest(&b)
	if err != nil || len(results) != 9 || results[8].String() != record().Results[8].String() {
		t.Errorf("%v, %v", results, err)
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 3: "3", 1.6: "1.60", 0.0334: "0.0334", 12.345: "12.3", 123.45: "123", 1234567.8: "1,234,568", -1.5: "-1.50", 1e-9: "0.000000",
	} {
		if got := figure(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
