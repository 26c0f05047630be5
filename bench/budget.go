package bench

import (
	"fmt"
	"math"
	"slices"

	"github.com/tezi-exchange/tezi/engine"
)

// Budget is where the time of the committed trades of a result went.
type Budget struct {
	Parts []Share `json:"parts"` // one after the other: for each trade they add up to Whole, and so do their means (I6)
	Whole Share   `json:"whole"` // order to commit
	After []Share `json:"after"` // from the decision on, side by side: each participant until it is heard to have applied
}

// Share is a part of a Budget.
type Share struct {
	Distribution
	What   string `json:"what"` // for people
	MeanUs Micros `json:"mean_us"`
}

// partNames are those of the engine's parts, and what happens in each.
var partNames = [engine.PartCount][2]string{
	{"queue", "due, fed, in the input ring"},
	{"match", "sequenced, checked, matched"},
	{"batch", "in the open batch"},
	{"vote", "CAN-COMMIT: all vote yes"},
	{"log", "command log not yet durable"},
	{"ack", "PRE-COMMIT: a quorum has it"},
}

// BudgetRecorder is an engine.Budget of histograms. The engine's thread alone uses it.
type BudgetRecorder struct {
	parts [engine.PartCount]recording
	after []recording
	names []string
}

// NewBudgetRecorder reserves the memory for a run with participants of these names, in the engine's order.
func NewBudgetRecorder(participants []string) *BudgetRecorder {
	r := &BudgetRecorder{names: slices.Clone(participants)}
	for i := range r.parts {
		r.parts[i] = newRecording()
	}
	for range participants {
		r.after = append(r.after, newRecording())
	}
	return r
}

// Spend implements engine.Budget.
func (r *BudgetRecorder) Spend(p engine.Part, ns int64, trades int) {
	r.parts[p].add(ns, int64(trades))
}

// Applied implements engine.Budget.
func (r *BudgetRecorder) Applied(i int, ns int64, trades int) { r.after[i].add(ns, int64(trades)) }

// Reset forgets everything, for the end of a warm-up.
func (r *BudgetRecorder) Reset() {
	for i := range r.parts {
		r.parts[i].reset()
	}
	for i := range r.after {
		r.after[i].reset()
	}
}

// Budget copies what was recorded; whole is the snapshot of the latencies of the same trades.
func (r *BudgetRecorder) Budget(whole *Snapshot) *Budget {
	b := new(Budget)
	for i := range r.parts {
		b.Parts = append(b.Parts, r.parts[i].share(partNames[i][0], partNames[i][1]))
	}
	order := recording{histogram: whole.histograms[OrderToCommit], outOfRange: whole.outOfRange[OrderToCommit]}
	b.Whole = order.share(OrderToCommit.String(), "all of that")
	for i, name := range r.names {
		b.After = append(b.After, r.after[i].share(name, "COMMIT: applied"))
	}
	return b
}

func (r *recording) share(name, what string) Share {
	h := r.histogram.Clone()
	s := Share{Distribution: Distribution{Name: name, Us: latencyOf(h, r.outOfRange), Histogram: Histogram{h}}, What: what}
	if h.TotalCount() > 0 {
		s.MeanUs = Micros(math.Round(h.Mean()))
	}
	return s
}

// BudgetSheet is a table of where the time went; ok is false if the record is not of one result that tells. The
// budgets of a sweep are in its JSON.
func (r *Record) BudgetSheet() (s Sheet, ok bool) {
	if len(r.Results) != 1 || r.Results[0].Budget == nil {
		return s, false
	}
	b := r.Results[0].Budget
	s = Sheet{Name: "Budget", Head: []string{"part", "", "mean µs", "share", "p50", "p99"}, Words: 2}
	row := func(p *Share, share string) {
		cells := []string{words(p.Name), p.What, "-", "-", "-", "-"}
		if p.Us.Count > 0 {
			us := func(m Micros) string { return figure(float64(m) / 1000) }
			cells = append(cells[:2], us(p.MeanUs), share, us(p.Us.P50), us(p.Us.P99))
		}
		s.Rows = append(s.Rows, cells)
	}
	for i := range b.Parts {
		p := &b.Parts[i]
		row(p, fmt.Sprintf("%.1f %%", 100*float64(p.MeanUs)/float64(max(b.Whole.MeanUs, 1))))
	}
	row(&b.Whole, "100 %")
	for i := range b.After {
		row(&b.After[i], "-")
	}
	return s, true
}

// BudgetNote says how to read the table.
const BudgetNote = "The means of the parts add up to that of order to commit, percentiles do not.\n" +
	"After it the participants apply, side by side."
