package main

import (
	"fmt"
	"io"
)

// verdict is what has become of the ratios of a baseline.
type verdict struct{ same, worse, better int }

// compare tells what has moved, and counts.
func (b *baseline) compare(now map[key]float64, w io.Writer) (v verdict) {
	for _, r := range b.Ratios {
		got, ok := now[key{r.Case, r.Unit}]
		if !ok {
			v.worse++
			fmt.Fprintf(w, "worse   %s %s: not measured, baseline %.4g\n", r.Case, r.Unit, r.Median)
			continue
		}
		less, _ := lessIsBetter(r.Unit)
		change := got/r.Median - 1 // how much worse, as a part
		if !less {
			change = r.Median/got - 1
		}
		word := ""
		switch {
		case change > r.tolerance():
			v.worse++
			word = "worse"
		case 1/(1+change)-1 > r.tolerance():
			v.better++
			word = "better"
		default:
			v.same++
			continue
		}
		fmt.Fprintf(w, "%-6s  %s %s: %.4g, baseline %.4g, %+.0f %%, tolerance %.0f %%\n",
			word, r.Case, r.Unit, got, r.Median, 100*(got/r.Median-1), 100*r.tolerance())
	}
	return v
}
