package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// charts are one of each kind that tezi draws.
func charts() map[string]*Chart {
	nines := Axis{Label: "percentile", Scale: Nines, Unit: Percent}
	curve := func(base, tail float64) (points []Point) {
		for left := 1.0; left > 1e-5; left /= 1.3 {
			points = append(points, Point{100 * (1 - left), base + tail*math.Pow(1/left, 0.6)})
		}
		return points
	}
	return map[string]*Chart{
		"percentiles": {
			Title: "From due to decided", Subtitle: "window=16, trades=1000 · Some CPU, 2 cores",
			X: nines, Y: Axis{Label: "latency", Scale: Log, Unit: Duration},
			Series: []Series{
				{"tcp", curve(8e5, 1e5), true}, {"udp", curve(9e5, 2e5), true}, {"shared memory <shm>", curve(2e5, 4e3), true},
			},
		},
		"throughput": {
			Title: "Throughput against batch size", X: Axis{Label: "trades in a batch", Scale: Log},
			Y: Axis{Label: "committed trades/s"},
			Series: []Series{
				{"durable", []Point{{1, 14e3}, {10, 140e3}, {100, 640e3}, {1000, 1.5e6}, {10000, 3.2e6}}, false},
				{"not durable", []Point{{1, 20e3}, {10, 190e3}, {100, 940e3}, {1000, 2.5e6}, {10000, 3.9e6}, {0, 5}}, false},
			},
		},
		"empty": {Title: "Nothing", X: nines, Y: Axis{Scale: Log, Unit: Duration}},
		"many":  {Title: "Many", Series: make([]Series, SeriesMax+3), X: Axis{Label: "x"}, Y: Axis{Label: "y"}},
	}
}

// I1: the pictures are as they were when somebody looked at them. UPDATE=1 writes them anew: then look again.
func TestGolden(t *testing.T) {
	for name, c := range charts() {
		var b bytes.Buffer
		if err := c.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".svg")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s differs from %s (%v); UPDATE=1 writes it", name, path, err)
		}
	}
}

// TestLongSubtitleIsWrapped: what is said under the title is there to the last word, each line is short enough, and the
// frame makes room. It was once cut at the end of the first line, with the machine and the notes behind it.
func TestLongSubtitleIsWrapped(t *testing.T) {
	words := strings.Repeat("transport=tcp window=16 trades=1000 ", 8)
	c := charts()["throughput"]
	c.Subtitle = words + "· Some CPU, 2 cores"
	var b strings.Builder
	if err := c.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range regexp.MustCompile(`<text x="18" y="(?:48|65|82|99)">(.*)</text>`).FindAllStringSubmatch(b.String(), -1) {
		lines = append(lines, m[1])
		if n := len([]rune(m[1])); n > subtitleMax {
			t.Errorf("%d characters in %q", n, m[1])
		}
	}
	if got, want := strings.Join(lines, " "), c.Subtitle+" · points without a place on the axes: 1"; got != want {
		t.Errorf("under the title is\n%s\nwant\n%s", got, want)
	}
	if top := fmt.Sprintf(`<rect class="frame" x="%d" y="%d"`, frameLeft, frameTop+subtitleRow*(len(lines)-1)); len(lines) < 3 || !strings.Contains(b.String(), top) {
		t.Errorf("%d lines, and no %s in\n%s", len(lines), top, b.String())
	}
}

var moves = regexp.MustCompile(`[ML]([-0-9.]+) ([-0-9.]+)`)

// I2, for any figures: a curve stays inside the frame, what has no place is counted, and the file is XML.
func TestInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		figure := rapid.OneOf(rapid.Float64Range(0, 100), rapid.Float64Range(-1e12, 1e12),
			rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 5.6e-309, 1e300, 1e-300, -1e-300}))
		scale := rapid.SampledFrom([]Scale{Linear, Log, Nines})
		c := Chart{X: Axis{Scale: scale.Draw(t, "x")}, Y: Axis{Scale: scale.Draw(t, "y"), Unit: Duration}}
		point := rapid.Custom(func(t *rapid.T) Point { return Point{figure.Draw(t, "x"), figure.Draw(t, "y")} })
		s := Series{"a&b", rapid.SliceOfN(point, 0, 20).Draw(t, "points"), true}
		c.Series = []Series{s}
		var b strings.Builder
		if err := c.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(strings.NewReader(b.String()))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, b.String())
			}
		}
		drawn := 0
		for _, line := range strings.Split(b.String(), "\n") {
			if !strings.HasPrefix(line, `<path class="line s0"`) || strings.Contains(line, "h24") {
				continue
			}
			for _, m := range moves.FindAllStringSubmatch(line, -1) {
				drawn++
				x, _ := strconv.ParseFloat(m[1], 64)
				y, _ := strconv.ParseFloat(m[2], 64)
				if !(x >= frameLeft-0.1 && x <= frameRight+0.1 && y >= frameTop-0.1 && y <= frameTop+frameHeight+0.1) {
					t.Fatalf("%s is outside the frame: %s", m[0], line)
				}
			}
		}
		lost := 0
		for _, p := range s.Points {
			if !c.X.Scale.can(p.X) || !c.Y.Scale.can(p.Y) {
				lost++
			}
		}
		if drawn+lost != len(s.Points) || lost > 0 != strings.Contains(b.String(), "points without a place on the axes: "+strconv.Itoa(lost)+"<") {
			t.Fatalf("%d points, %d drawn, %d have no place: %s", len(s.Points), drawn, lost, b.String())
		}
	})
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		axis   Axis
		values []float64
		want   string
	}{
		{Axis{}, []float64{3, 97}, "0 20 40 60 80 100"},
		{Axis{}, []float64{0, 3.2e6}, "0 1M 2M 3M 4M"},
		{Axis{}, []float64{-5, 5}, "-6 -4 -2 0 2 4 6"},
		{Axis{}, nil, "0 2 4 6 8 10"},
		{Axis{Scale: Log, Unit: Duration}, []float64{800, 3e6}, "1 µs 10 µs 100 µs 1 ms"},
		{Axis{Scale: Log, Unit: Duration}, []float64{70, 130}, "50 ns 100 ns 200 ns"},
		{Axis{Scale: Log}, []float64{1, 64}, "1 2 5 10 20 50 100"},
		{Axis{Scale: Log}, []float64{1000, 1000}, "1k 2k"},
		{Axis{Scale: Nines, Unit: Percent}, []float64{99.95}, "0 % 50 % 75 % 90 % 99 % 99.9 %"},
		{Axis{Scale: Nines, Unit: Percent}, []float64{99.9999}, "0 % 50 % 90 % 99 % 99.9 % 99.99 % 99.999 % 99.9999 %"},
		{Axis{Scale: Nines, Unit: Percent}, []float64{10}, "0 % 50 % 75 % 90 %"},
	} {
		s := newSpan(test.axis, test.values)
		var labels []string
		for _, tick := range s.ticks {
			if p := s.place(tick.at); p < -1e-9 || p > 1+1e-9 {
				t.Errorf("%v: tick %v lies at %v", test.values, tick.at, p)
			}
			if tick.label != "" {
				labels = append(labels, tick.label)
			}
		}
		if got := strings.Join(labels, " "); got != test.want {
			t.Errorf("%+v, %v: ticks %s, want %s", test.axis, test.values, got, test.want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriteFails(t *testing.T) {
	for _, c := range charts() {
		if err := c.WriteSVG(full{}); err == nil {
			t.Errorf("%s: no error", c.Title)
		}
	}
}
