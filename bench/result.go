package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is one case of a benchmark with its figures.
type Result struct {
	Name      string         `json:"name"`                // of the benchmark, as go test has it without "Benchmark"
	Params    Pairs[string]  `json:"params,omitempty"`    // what was measured, in the order of the name
	Metrics   Pairs[float64] `json:"metrics"`             // by unit, as benchstat writes units: "trades/s", "ns/op"
	Latencies []Distribution `json:"latencies,omitempty"` // open loop unless the parameters say otherwise

	Budget *Budget `json:"budget,omitempty"` // where the time of what was timed last went, if it was taken apart

	runs map[string][]float64 // by unit, of a benchmark that go test has run several times
}

// P is a parameter of a result: a key of lower case, and any value.
func P(key string, value any) Pair[string] { return Pair[string]{key, fmt.Sprint(value)} }

// Measure adds a figure. The first unit that ends in "/s" is the result's throughput, the first that begins
// with "cpu-" its cost: charts are drawn of these.
func (r *Result) Measure(unit string, v float64) {
	r.Metrics = append(r.Metrics, Pair[float64]{unit, v})
}

// Time adds a distribution of latencies: h in nanoseconds, which the caller leaves alone from now on, and how
// many of its samples were beyond its range and recorded at the limit (I1).
func (r *Result) Time(name string, h *hdrhistogram.Histogram, outOfRange int64) {
	r.Latencies = append(r.Latencies, Distribution{Name: name, Us: latencyOf(h, outOfRange), Histogram: Histogram{h}})
}

// Metric returns a figure; ok tells whether the result has it.
func (r *Result) Metric(unit string) (v float64, ok bool) { return find(r.Metrics, unit) }

// Param returns a parameter, "" if the result does not have it.
func (r *Result) Param(key string) string {
	v, _ := find(r.Params, key)
	return v
}

// Runs returns the figures of all runs of a benchmark, of which Metric has the median.
func (r *Result) Runs(unit string) []float64 {
	if v, ok := r.Metric(unit); ok && r.runs[unit] == nil {
		return []float64{v}
	}
	return r.runs[unit]
}

// String names the result as go test does: "Commit/transport=tcp/window=16".
func (r *Result) String() string {
	name := r.Name
	for _, p := range r.Params {
		name += "/" + p.String()
	}
	return name
}

// Distribution is how long something took, sample by sample.
type Distribution struct {
	Name      string    `json:"name"` // what was timed: "decision"
	Us        Latency   `json:"us"`   // microseconds
	Histogram Histogram `json:"histogram"`
}

// Histogram is a histogram of nanoseconds that travels in JSON, in the encoding that tools for HdrHistogram
// read (V2, compressed, base64).
type Histogram struct{ *hdrhistogram.Histogram }

// MarshalText encodes the histogram.
func (h Histogram) MarshalText() ([]byte, error) {
	if h.Histogram == nil {
		return nil, nil
	}
	return h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

// UnmarshalText decodes a histogram; of an empty text it makes none.
func (h *Histogram) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		h.Histogram = nil
		return nil
	}
	if h.Histogram, err = hdrhistogram.Decode(text); err != nil {
		return fmt.Errorf("bench: histogram: %w", err)
	}
	return nil
}

// latencyOf takes the percentiles from a histogram (I2); all zero if nothing was recorded.
func latencyOf(h *hdrhistogram.Histogram, outOfRange int64) Latency {
	v := h.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9})
	return Latency{
		P50: Micros(v[0]), P90: Micros(v[1]), P99: Micros(v[2]), P999: Micros(v[3]),
		Max: Micros(h.Max()), Count: h.TotalCount(), OutOfRange: outOfRange,
	}
}

// Pair is a key with its value.
type Pair[V string | float64] struct {
	Key   string
	Value V
}

// String writes "key=value", or the value alone if the key is only a place.
func (p Pair[V]) String() string {
	value := fmt.Sprint(p.Value)
	if strings.HasPrefix(p.Key, place) {
		return value
	}
	return p.Key + "=" + value
}

// place begins the key of a part of a name that has none, before its number: "#1".
const place = "#"

// number returns the value of a parameter that is one.
func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// Pairs is a list of pairs that is an object in JSON, in the same order.
type Pairs[V string | float64] []Pair[V]

func find[V string | float64](pairs []Pair[V], key string) (v V, ok bool) {
	for _, p := range pairs {
		if p.Key == key {
			return p.Value, true
		}
	}
	return v, false
}

// MarshalJSON writes the object.
func (p Pairs[V]) MarshalJSON() ([]byte, error) {
	b := []byte("{")
	for i, pair := range p {
		if i > 0 {
			b = append(b, ',')
		}
		key, err := json.Marshal(pair.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(pair.Value)
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w", pair.Key, err)
		}
		b = append(append(append(b, key...), ':'), value...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads the object.
func (p *Pairs[V]) UnmarshalJSON(text []byte) error {
	*p = nil
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("bench: want an object, not %.20q", text)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		pair := Pair[V]{Key: key.(string)}
		if err := d.Decode(&pair.Value); err != nil {
			return err
		}
		*p = append(*p, pair)
	}
	return nil
}
