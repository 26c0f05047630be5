package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/bench/plot"
)

// Chart is a picture of a record. Its name goes into the name of its file.
type Chart struct {
	Name string
	plot.Chart
}

// loadKey is the parameter that says how much was offered; cases that took as much as they could have no number there.
const loadKey = "rate"

// Charts draws what the results give: the percentiles of each kind of latency; the throughput against each
// parameter that was varied in numbers, the cost and the latency against the load that was offered.
func (r *Record) Charts() (charts []Chart) {
	for _, name := range r.timed() {
		charts = append(charts, r.percentileChart(name))
	}
	for _, key := range r.Varied() {
		charts = append(charts, r.metricChart("throughput", key, throughput)...)
		if key == loadKey {
			charts = append(charts, r.metricChart("cost", key, cost)...)
			charts = append(charts, r.loadChart()...)
		}
	}
	return charts
}

// timed lists what was timed in any of the results.
func (r *Record) timed() (names []string) {
	for _, res := range r.Results {
		for _, d := range res.Latencies {
			if d.Histogram.Histogram != nil && !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	return names
}

// subtitle tells what all results have in common.
func (r *Record) subtitle() string {
	var words []string
	for _, p := range r.Fixed() {
		words = append(words, p.String())
	}
	where := fmt.Sprintf("%s, %s", cmp.Or(r.Machine.CPU, "unknown CPU"), plural(int64(r.Machine.Cores), "core"))
	if len(words) == 0 {
		return where
	}
	return strings.Join(words, " ") + " · " + where
}

// percentileTicks are the points of a curve for each halving of what is left to 100 %.
const percentileTicks = 5

// percentileChart draws one kind of latency, a curve for each result.
func (r *Record) percentileChart(name string) Chart {
	c := Chart{"percentiles-" + name, plot.Chart{
		Title: r.Title + ": " + words(name), Subtitle: r.subtitle(),
		X: plot.Axis{Label: "percentile", Scale: plot.Nines, Unit: plot.Percent},
		Y: plot.Axis{Label: "latency", Scale: plot.Log, Unit: plot.Duration},
	}}
	for _, res := range r.Results {
		for _, d := range res.Latencies {
			if d.Name == name && d.Us.Count > 0 && d.Histogram.Histogram != nil {
				c.Series = append(c.Series, plot.Series{Name: r.Label(res), Points: d.curve(), Plain: true})
			}
		}
	}
	return c
}

// curve are the percentiles up to the last sample but one: at 100 % there is no room on an axis of nines, so the
// maximum stands where one sample is left.
func (d *Distribution) curve() (points []plot.Point) {
	last := 100 * (1 - 1/float64(d.Us.Count))
	for _, b := range d.Histogram.CumulativeDistributionWithTicks(percentileTicks) {
		points = append(points, plot.Point{X: min(b.Quantile, last), Y: max(float64(b.ValueAt), 1)}) // 0 is below 1 ns
	}
	return points
}

// words writes the name of a stage for people.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// throughput and cost choose the figure of a result that a chart shows.
func throughput(r *Result) (Pair[float64], bool) {
	return firstUnit(r, func(unit string) bool { return strings.HasSuffix(unit, "/s") })
}

func cost(r *Result) (Pair[float64], bool) {
	return firstUnit(r, func(unit string) bool { return strings.HasPrefix(unit, "cpu-") })
}

func firstUnit(r *Result, is func(unit string) bool) (Pair[float64], bool) {
	i := slices.IndexFunc(r.Metrics, func(m Pair[float64]) bool { return is(m.Key) })
	if i < 0 {
		return Pair[float64]{}, false
	}
	return r.Metrics[i], true
}

// metricChart draws a figure against a parameter; none if no two results differ in it alone.
func (r *Record) metricChart(what, key string, figure func(*Result) (Pair[float64], bool)) []Chart {
	var unit string
	groups := r.against(key, func(res *Result) (float64, bool) {
		m, ok := figure(res)
		if unit == "" {
			unit = m.Key
		}
		return m.Value, ok && m.Key == unit
	})
	if len(groups) == 0 {
		return nil
	}
	c := plot.Chart{
		Title: fmt.Sprintf("%s: %s against %s", r.Title, what, axisLabel(key)), Subtitle: r.subtitle(),
		X: xAxis(key, groups), Y: plot.Axis{Label: axisLabel(unit)}, Series: groups,
	}
	if strings.HasPrefix(unit, "cpu-ns/") {
		c.Y.Unit = plot.Duration
	}
	return []Chart{{what + "-" + key, c}}
}

// loadChart draws the percentiles of the whole way of an order against the load: of what was timed last of those that
// begin with the order, or last of all.
func (r *Record) loadChart() []Chart {
	names := r.timed()
	if len(names) == 0 {
		return nil
	}
	whole := names[len(names)-1]
	for _, name := range names {
		if strings.HasPrefix(name, "order") {
			whole = name
		}
	}
	var series []plot.Series
	for i, p := range (&Latency{}).percentiles() {
		if p.name != "p50" && p.name != "p99" && p.name != "p99.9" {
			continue
		}
		groups := r.against(loadKey, func(res *Result) (float64, bool) {
			j := slices.IndexFunc(res.Latencies, func(d Distribution) bool { return d.Name == whole })
			if j < 0 {
				return 0, false
			}
			return float64(res.Latencies[j].Us.percentiles()[i].value), true
		})
		for _, g := range groups {
			g.Name = strings.TrimSpace(p.name + " " + g.Name)
			series = append(series, g)
		}
	}
	if len(series) == 0 {
		return nil
	}
	return []Chart{{"latency-" + loadKey, plot.Chart{
		Title: fmt.Sprintf("%s: %s against load", r.Title, words(whole)), Subtitle: r.subtitle(),
		X: xAxis(loadKey, series), Y: plot.Axis{Label: "latency", Scale: plot.Log, Unit: plot.Duration}, Series: series,
	}}}
}

// against makes a line of results that differ in one numeric parameter alone. A line has two points at least.
func (r *Record) against(key string, y func(*Result) (float64, bool)) (lines []plot.Series) {
	rest := r.Varied()
	for _, res := range r.Results {
		x, numeric := number(res.Param(key))
		v, ok := y(res)
		if !numeric || !ok || key == loadKey && x <= 0 {
			continue
		}
		var name []string
		for _, k := range rest {
			if value, has := find(res.Params, k); has && k != key {
				name = append(name, Pair[string]{k, value}.String())
			}
		}
		line := strings.Join(name, " ")
		i := slices.IndexFunc(lines, func(s plot.Series) bool { return s.Name == line })
		if i < 0 {
			i = len(lines)
			lines = append(lines, plot.Series{Name: line})
		}
		lines[i].Points = append(lines[i].Points, plot.Point{X: x, Y: v})
	}
	lines = slices.DeleteFunc(lines, func(s plot.Series) bool { return len(s.Points) < 2 })
	for _, s := range lines {
		slices.SortFunc(s.Points, func(a, b plot.Point) int { return cmp.Compare(a.X, b.X) })
	}
	return lines
}

// decadeFactor is from which ratio of its ends an axis is logarithmic.
const decadeFactor = 8

func xAxis(key string, series []plot.Series) plot.Axis {
	a := plot.Axis{Label: axisLabel(key)}
	low, high := series[0].Points[0].X, series[0].Points[0].X
	for _, s := range series {
		for _, p := range s.Points {
			low, high = min(low, p.X), max(high, p.X)
		}
	}
	if low > 0 && high/low >= decadeFactor {
		a.Scale = plot.Log
	}
	return a
}

// axisLabels say what the usual parameters and units are.
var axisLabels = map[string]string{
	loadKey: "load offered, a second", "trades": "trades in a batch", "window": "batches in flight",
	"cpu-ns/trade": "processor time of all processes, a trade",
}

func axisLabel(key string) string {
	return cmp.Or(axisLabels[key], key)
}
