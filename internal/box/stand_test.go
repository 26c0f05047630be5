package box

import (
	"log/slog"
	"strings"
	"testing"
)

// TestReadyWhenTheSourceIsReadToo: an engine that has read the log and not yet the source would take over late: it is not
// said to be ready before it has, nor once it leads.
func TestReadyWhenTheSourceIsReadToo(t *testing.T) {
	var said strings.Builder
	dir := t.TempDir()
	r, err := takeRank(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{o: &Options{Log: slog.New(slog.NewTextHandler(&said, nil))}, rank: r}
	check := func(when string, want RankState, times int) {
		t.Helper()
		if got := *r.state.Load(); got != want || strings.Count(said.String(), "standby engine is ready") != times {
			t.Errorf("%s: %s, and said %q", when, got, said.String())
		}
	}
	b.sourceRead(0)
	check("before the log is read", RankStarting, 0)
	b.standing(7, 100)
	b.sourceRead(99)
	check("a command before the log's last", RankStarting, 0)
	b.sourceRead(100)
	b.sourceRead(101)
	check("as far as the log", RankStanding, 1)
	if !b.unready() || b.unready() {
		t.Error("it was said to be ready once")
	}
	b.sourceRead(102)
	check("without its links", RankStanding, 1) // who says so changes the state
	b.standing(8, 200)
	b.sourceRead(150)
	check("back, and behind", RankStanding, 1)
	b.sourceRead(200)
	check("back", RankStanding, 2)
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
}
