package bench

import (
	"fmt"
	"math"
	"time"
)

// Exclusion is a time in which the stream of batches went on without a participant.
type Exclusion struct {
	Role       string  `json:"role"`
	Why        string  `json:"why,omitempty"` // for people; absent if the engine that knew has died
	FromBatch  uint64  `json:"from_batch"`    // the entry of the stream by which it was left out
	ToBatch    uint64  `json:"to_batch"`      // that by which it was let in again; 0: it was not
	ForS       float64 `json:"for_s"`         // until then, or until the end of the run
	Readmitted bool    `json:"readmitted"`
}

// Late is how often a participant has missed the deadline of a phase.
type Late struct {
	Role  string  `json:"role"` // "all" for the decision, which is by all together
	Phase string  `json:"phase"`
	Count uint64  `json:"count"`
	MaxMs float64 `json:"max_ms"` // from the beginning of the phase
}

// Seconds rounds a duration to milliseconds.
func Seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e3) / 1e3 }

// absences writes who was left out and who was late, if anybody was, and how often nothing committed.
func (t *table) absences(r *Report) {
	for i, x := range r.Exclusions {
		label, end := "", "not let in again"
		if i == 0 {
			label = "left out"
		}
		if x.Readmitted {
			end = fmt.Sprintf("let in with batch %d", x.ToBatch)
		}
		t.line(label, "%s from batch %d for %.3f s, %s", x.Role, x.FromBatch, x.ForS, end)
	}
	for i, l := range r.Late {
		label := ""
		if i == 0 {
			label = "late"
		}
		t.line(label, "%s in %s, %s times, %.1f ms at most", l.Role, l.Phase, thousands(int64(l.Count)), l.MaxMs)
	}
	if r.Stalls > 0 {
		t.line("stalls", "%s times no batch committed for a second", thousands(r.Stalls))
	}
}
