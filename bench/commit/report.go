package commit

import (
	"bufio"
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/bench"
)

// Report is all that a call of `tezi bench commit` has measured.
type Report struct {
	Machine bench.Machine `json:"machine"`
	Results []*Result     `json:"results"`
}

// WriteTable writes the report for people, a line for each case.
func (r *Report) WriteTable(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "machine      %s, %d cores, %s, %s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.Go)
	fmt.Fprintf(b, "\n%-5s %-6s %-7s %6s %6s %3s %10s %12s %8s %8s %8s %6s %7s %7s %9s %7s\n",
		"proto", "wire", "durable", "trades", "window", "n", "offered/s", "committed/s", "p50 µs", "p99 µs", "p99.9", "syncs", "cpu ns", "mallocs", "decision", "rate")
	fmt.Fprintf(b, "%-5s %-6s %-7s %6s %6s %3s %10s %12s %8s %8s %8s %6s %7s %7s %9s %7s\n",
		"", "", "", "/batch", "", "", "", "", "", "", "", "/s", "/trade", "/batch", "x floor", "of floor")
	for _, c := range r.Results {
		c.writeLine(b)
	}
	return b.Flush()
}

func (r *Result) writeLine(w io.Writer) {
	offered := "max"
	if r.Rate > 0 {
		offered = fmt.Sprintf("%.0f", r.Rate)
	}
	decision, rate := "-", "-"
	if r.Floor != nil {
		rate = fmt.Sprintf("%.2f", r.RateRatio())
		if r.Window == 1 { // what queues behind others has no floor
			decision = fmt.Sprintf("%.2f", r.DecisionRatio())
		}
	}
	us := func(m bench.Micros) string { return fmt.Sprintf("%.0f", float64(m)/1000) }
	fmt.Fprintf(w, "%-5s %-6s %-7t %6d %6d %3d %10s %12.0f %8s %8s %8s %6.0f %7.0f %7.1f %9s %7s\n",
		r.Protocol, r.Transport, r.Durable, r.Trades, r.Window, r.Participants, offered, r.TradesPerS,
		us(r.Decision.P50), us(r.Decision.P99), us(r.Decision.P999), r.SyncsPerS, r.CPUPerTrade, r.Mallocs, decision, rate)
}
