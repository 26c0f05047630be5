package bench

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// WriteTable writes the report for people: plain text of at most 90 columns. Headings and the
// verdict are coloured only if w is a terminal and NO_COLOR is not set.
func (r *Report) WriteTable(w io.Writer) error {
	t := table{w: bufio.NewWriter(w), colour: Coloured(w)}
	t.run(r)
	t.counts(r)
	t.latencies(r)
	t.nodes(r)
	t.verdict(r)
	return t.w.Flush()
}

// Coloured reports whether what is written to w may be coloured: it is a terminal that can, and NO_COLOR is
// not set.
func Coloured(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// ANSI escapes: bold, and green or red for the verdict.
const (
	styleHeading = "\x1b[1m"
	styleGood    = "\x1b[1;32m"
	styleBad     = "\x1b[1;31m"
	styleOff     = "\x1b[0m"
)

type table struct {
	w      *bufio.Writer // its first error sticks and comes out of Flush
	colour bool
}

func (t *table) styled(style, text string) string {
	if !t.colour {
		return text
	}
	return style + text + styleOff
}

// labelWidth is how wide the labels of lines are.
const labelWidth = 13

func (t *table) line(label, format string, args ...any) {
	fmt.Fprintf(t.w, "%-*s%s\n", labelWidth, label, fmt.Sprintf(format, args...))
}

func (t *table) heading(columns string) {
	fmt.Fprintf(t.w, "\n%s\n", t.styled(styleHeading, columns))
}

func (t *table) run(r *Report) {
	t.line("source", "%s (%s)", r.Source, r.Format)
	t.line("machine", "%s, %s", cmp.Or(r.Machine.CPU, "unknown CPU"), plural(int64(r.Machine.Cores), "core"))
	t.line("", "%s, %s, GOMAXPROCS %d", cmp.Or(r.Machine.Kernel, "unknown kernel"), cmp.Or(r.Machine.Go, "unknown Go"), r.Machine.Gomaxprocs)
	durable := "durable"
	if !r.Durable {
		durable = "NOT durable"
	}
	rate := "as fast as possible"
	if r.Realtime {
		rate = "by the source's time stamps"
	}
	if r.Rate > 0 {
		rate = thousands(int64(r.Rate)) + " commands/s asked for"
	}
	t.line("profile", "%s, %s used, transport %s, %s, %s", r.Profile, plural(int64(r.CoresUsed), "core"), r.Transport, durable, rate)
	if r.Memory != "" {
		t.line("memory", "%s", r.Memory)
	}
	t.refused(r.Refused)
}

// refused writes what was not had; it may be longer than a line.
func (t *table) refused(lines []string) {
	for i, line := range lines {
		t.line([]string{"refused", ""}[min(i, 1)], "%s", line)
	}
}

// each writes a line for each count, with the label before the first.
func (t *table) each(label string, counts map[string]uint64) {
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.line(label, "%15s  %s", thousands(int64(counts[what])), what)
		label = ""
	}
}

// codeOf is the error code of NSE's protocol for a reason, by its name; 0 for one of another build's report.
func codeOf(reason string) int16 {
	for r := range orderbook.RejectReasonCount {
		if r.String() == reason {
			return rulebook.ErrorCode(r)
		}
	}
	return 0
}

func (t *table) counts(r *Report) {
	t.heading(fmt.Sprintf("%-13s%15s  %15s", "", "count", "per second"))
	t.line("commands", "%15s  %15s", thousands(r.Commands), thousands(int64(r.CommandsPerS)))
	t.line("accepted", "%15s", thousands(r.OrdersAccepted))
	var rejected uint64
	for _, n := range r.Rejects {
		rejected += n
	}
	t.line("rejected", "%15s", thousands(int64(rejected)))
	for _, reason := range slices.Sorted(maps.Keys(r.Rejects)) {
		t.line("", "%15s  %-18s  NNF %d", thousands(int64(r.Rejects[reason])), reason, codeOf(reason))
	}
	t.line("trades", "%15s  %15s", thousands(r.Trades), thousands(int64(r.TradesPerS)))
	t.each("market", r.Market)
	t.each("links", r.Links)
	if r.FillsExpected > 0 {
		t.line("fills", "%15s  of %s expected came out equal", thousands(r.FillsMatched), thousands(r.FillsExpected))
	}
	t.line("batches", "%15s  committed, %s aborted", thousands(r.BatchesCommitted), thousands(r.BatchesAborted))
	t.line("elapsed", "%15.3f  s", r.ElapsedS)
	t.absences(r)
}

func (t *table) latencies(r *Report) {
	rows := [][]string{{"latency, µs", "p50", "p90", "p99", "p99.9", "max", "count"}}
	for stage := range StageCount {
		l := r.LatencyUs.Of(stage)
		name := words(stage.String())
		if l.Count == 0 {
			rows = append(rows, []string{name, "-", "-", "-", "-", "-", "0"})
			continue
		}
		rows = append(rows, []string{name, micros(l.P50), micros(l.P90), micros(l.P99), micros(l.P999), micros(l.Max), thousands(l.Count)})
	}
	widths := columns(rows)
	for i, row := range rows {
		var b strings.Builder
		fmt.Fprintf(&b, "%-*s", widths[0], row[0])
		for j, cell := range row[1:] {
			fmt.Fprintf(&b, "%*s", widths[j+1], cell)
		}
		if i == 0 {
			t.heading(b.String())
			continue
		}
		fmt.Fprintln(t.w, b.String())
	}
	for stage := range StageCount {
		if n := r.LatencyUs.Of(stage).OutOfRange; n > 0 {
			fmt.Fprintln(t.w, outOfRange(n, words(stage.String())))
		}
	}
}

// outOfRange tells of samples that were recorded at the limit (I1).
func outOfRange(n int64, of string) string {
	return fmt.Sprintf("%s of %s out of range (below 0 or above 60 s), recorded at the limit", plural(n, "sample"), of)
}

// columns returns the width of each column: room for its widest cell and two blanks, and for the
// usual cells at least, so that reports line up with each other.
func columns(rows [][]string) []int {
	widths := []int{15, 12, 12, 12, 12, 12, 13}
	for _, row := range rows {
		for j, cell := range row {
			widths[j] = max(widths[j], utf8.RuneCountInString(cell)+2)
		}
	}
	return widths
}

func (t *table) nodes(r *Report) {
	t.heading(fmt.Sprintf("%-13s%12s%16s   %s", "node", "batches", "trades", "chain"))
	node := func(name string, batches, trades int64, chain Hash) {
		note := ""
		if chain != r.Engine.Chain {
			note = "  not the engine's"
		}
		fmt.Fprintf(t.w, "%-13s%12s%16s   %s%s\n", name, thousands(batches), thousands(trades), chain, note)
	}
	node("engine", r.BatchesCommitted, r.Trades, r.Engine.Chain)
	for _, p := range []struct {
		name string
		Participant
	}{{"risk", r.Participants.Risk}, {"settlement", r.Participants.Settlement}, {"market data", r.Participants.Marketdata}} {
		node(p.name, int64(p.AppliedBatches), int64(p.AppliedTrades), p.Chain)
	}
}

func (t *table) verdict(r *Report) {
	fmt.Fprintln(t.w)
	if r.Verified {
		fmt.Fprintln(t.w, t.styled(styleGood, "verified"))
		return
	}
	fmt.Fprintln(t.w, t.styled(styleBad, "NOT verified"))
}
