package sim

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// quickBugs die within a few hundred schedules; each breaks another rule.
var quickBugs = []mutant.ID{
	mutant.NoFence, mutant.LateVote, mutant.PromiseUnwritten, mutant.AckEarly, mutant.VotesKept, mutant.TimerCommits,
	mutant.TimerAborts, mutant.TimersDecide, mutant.AbsenceAborts, mutant.BallotReused, mutant.QuorumMinusOne, mutant.MajorityYes, mutant.AckTimeoutCommits,
	mutant.ForwardSilent, mutant.SeqReused, mutant.TerminationAlone, mutant.AbortAlone, mutant.NoResend, mutant.CommitUntold, mutant.CommitToldOnce,
	mutant.GenerationNotAsked, mutant.FrameUnchecked, mutant.RecordBallotLost, mutant.FillKeepsPre,
	mutant.AckBeforeSync, mutant.SyncErrorIgnored, mutant.NextGroupAcked, mutant.FlushForgotten, mutant.WaitUnflushed, mutant.RunningSyncJoined, mutant.OwnSyncBelieved, mutant.CommitForgotten, mutant.StartsCounted, mutant.WrongSession, mutant.OutcomeEarly,
	mutant.RolledUnsynced, mutant.NameUnsynced, mutant.ChecksumUnchecked, mutant.OpenUnsynced, mutant.FailedSyncBelieved,
}

// TestBugsAreFound builds this test with the seeded bugs, once, and lets the simulator find the quick
// ones in it.
func TestBugsAreFound(t *testing.T) {
	if mutant.Enabled {
		for _, id := range quickBugs {
			score, err := Judge(context.Background(), id, Limits{Each: 5_000, Slow: 10, Jobs: 2})
			if err != nil || score.By == "" {
				t.Errorf("%v lives: %v", id, err)
			}
		}
		return
	}
	if testing.Short() {
		t.Skip("builds a binary")
	}
	if err := Scoreboard(context.Background(), nil, nil, DefaultLimits); !errors.Is(err, ErrNoBugs) {
		t.Errorf("a scoreboard without bugs: %v", err)
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command to build with")
	}
	cmd := exec.Command(goTool, "test", "-tags", "mutants", "-run", "^TestBugsAreFound$", "-count=1", ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("ok")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A bug that was proven harmless is none that is killed, and every proof is about a bug.
func TestProofsAreAboutBugs(t *testing.T) {
	for _, id := range quickBugs {
		if equivalent[id] != "" {
			t.Errorf("%v is proven harmless and expected to die", id)
		}
	}
	names := map[string]bool{}
	for _, id := range mutant.All() {
		bug := id.Bug()
		if bug.Text == "" || bug.Rule == "" || names[bug.Name] {
			t.Errorf("bug %v is not described, or twice", id)
		}
		names[bug.Name] = true
	}
	if len(names) < 40 {
		t.Errorf("%d bugs, want at least 40", len(names))
	}
}

// The schedules of the museum break nothing any more.
func TestMuseum(t *testing.T) {
	n, v, by, err := NewRunner().playMuseum()
	if err != nil || n == 0 {
		t.Fatalf("%d schedules: %v", n, err)
	}
	if v != nil {
		var text bytes.Buffer
		by.Play(&text)
		t.Errorf("%s: %v\n%s", by.Name, v, text.Bytes())
	}
}
