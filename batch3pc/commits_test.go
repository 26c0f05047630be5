package batch3pc_test

import (
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// A commit waits until it is taken, a newer one takes its place, and anything else to the same participant makes it
// superfluous.
func TestCommits(t *testing.T) {
	var c batch3pc.Commits
	keep := func(kind batch3pc.Kind, to batch3pc.NodeID, commit batch3pc.Seq) bool {
		return c.Keep(&batch3pc.Message{Kind: kind, To: to, Commit: commit})
	}
	for to := range batch3pc.NodeID(3) {
		if !keep(batch3pc.KindCommit, to+1, 4) {
			t.Errorf("commit to %d: left at once", to+1)
		}
	}
	if keep(batch3pc.KindBatch, 2, 4) {
		t.Error("a batch was kept back")
	}
	keep(batch3pc.KindCommit, 3, 5)
	if !c.Kept() {
		t.Error("nothing is kept")
	}
	var got []batch3pc.Message
	for _, m := range c.Take() {
		got = append(got, batch3pc.Message{To: m.To, Commit: m.Commit})
	}
	same := func(a, b batch3pc.Message) bool { return a.To == b.To && a.Commit == b.Commit }
	if want := []batch3pc.Message{{To: 1, Commit: 4}, {To: 3, Commit: 5}}; !slices.EqualFunc(got, want, same) {
		t.Errorf("taken %+v, want %+v", got, want)
	}
	if c.Kept() || len(c.Take()) > 0 {
		t.Error("taken twice")
	}
}
