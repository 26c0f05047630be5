package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

// baseline is what ratios are compared with.
type baseline struct {
	Machine bench.Machine `json:"machine"`
	Files   int           `json:"files"` // that it was written from
	Ratios  []ratio       `json:"ratios"`
}

// ratio is one ratio of one case.
type ratio struct {
	Case   string  `json:"case"` // as go test names it
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Spread float64 `json:"spread"` // of the files: the greatest distance from the median, as a part of it
}

// The tolerance of a ratio.
const (
	spreads      = 2    // so many times the spread
	toleranceMin = 0.1  // but never less
	toleranceMax = 0.24 // a ratio that needs more would not find a slowdown by a quarter, and is not compared
)

func (r *ratio) tolerance() float64 { return max(toleranceMin, spreads*r.Spread) }

// lessIsBetter reports whether less of a unit is better, and whether the unit is a ratio at all.
func lessIsBetter(unit string) (less, isRatio bool) {
	return strings.HasPrefix(unit, "x-"), strings.HasPrefix(unit, "x-") || strings.HasPrefix(unit, "of-")
}

// better reports whether value a of a unit is better than b.
func better(unit string, a, b float64) bool {
	if less, _ := lessIsBetter(unit); less {
		return a < b
	}
	return a > b
}

// key names a ratio.
type key struct{ name, unit string }

// measured reads the ratios of a file, in their order: the median of the runs of each.
func measured(path string) (keys []key, values map[key]float64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	results, err := bench.ReadGoTest(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	values = map[key]float64{}
	for _, r := range results {
		for _, m := range r.Metrics {
			k := key{r.String(), m.Key}
			if _, ok := lessIsBetter(m.Key); ok && m.Value > 0 {
				keys = append(keys, k)
				values[k] = m.Value
			}
		}
	}
	return keys, values, nil
}

// newBaseline makes a baseline of several files, and tells which ratios vary too much for it.
func newBaseline(paths []string) (b *baseline, wild []ratio, err error) {
	b = &baseline{Machine: bench.MachineOf(host.Detect()), Files: len(paths)}
	var order []key
	all := map[key][]float64{}
	for _, path := range paths {
		keys, values, err := measured(path)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range keys {
			if len(all[k]) == 0 {
				order = append(order, k)
			}
			all[k] = append(all[k], values[k])
		}
	}
	for _, k := range order {
		if len(all[k]) != len(paths) {
			return nil, nil, fmt.Errorf("%s %s is in %d of %d files", k.name, k.unit, len(all[k]), len(paths))
		}
		r := ratio{Case: k.name, Unit: k.unit, Median: round(middle(all[k]))}
		for _, v := range all[k] {
			r.Spread = max(r.Spread, round(math.Abs(v/r.Median-1)))
		}
		if r.tolerance() > toleranceMax {
			wild = append(wild, r)
			continue
		}
		b.Ratios = append(b.Ratios, r)
	}
	return b, wild, nil
}

// middle returns the median, the lower one of two.
func middle(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}

// round keeps a file in the repository short.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func (b *baseline) write(path string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}

func readBaseline(path string) (*baseline, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b := new(baseline)
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(b.Ratios) == 0 {
		return nil, fmt.Errorf("%s: no ratio in it", path)
	}
	return b, nil
}
