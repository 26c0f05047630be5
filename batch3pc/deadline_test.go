package batch3pc_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
)

const ms = int64(time.Millisecond)

func TestProfilesAreSound(t *testing.T) {
	for _, d := range []batch3pc.Deadlines{batch3pc.ExchangeDeadlines(), batch3pc.WideAreaDeadlines()} {
		if err := d.Validate(); err != nil {
			t.Error(err)
		}
	}
	if d := batch3pc.ExchangeDeadlines(); d.CanCommitNs != 2*ms || d.PatienceTicks() != 5 {
		t.Errorf("exchange: can-commit %v, patience %d ticks", time.Duration(d.CanCommitNs), d.PatienceTicks())
	}
}

// TestDeadlinesWithoutEnd: the longest deadlines there are have no sum, and are as good as any.
func TestDeadlinesWithoutEnd(t *testing.T) {
	d := batch3pc.Deadlines{CanCommitNs: math.MaxInt64, PreCommitNs: math.MaxInt64, ElectionNs: math.MaxInt64, ResendNs: ms}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	if got, want := d.PatienceTicks(), int((math.MaxInt64-1)/ms+1); got != want {
		t.Errorf("a patience of %d ticks, want %d", got, want)
	}
	d.DecisionNs = math.MaxInt64 - 1
	if err := d.Validate(); !errors.As(err, new(*batch3pc.DeadlineError)) {
		t.Errorf("children longer than their parent: %v", err)
	}
	if d.ElectionNs = 0; d.PatienceTicks() != 1 {
		t.Errorf("no deadline for an election: a patience of %d ticks, want 1", d.PatienceTicks())
	}
}

// TestDeadlinesAreCopied: what the caller does with his slice afterwards is his.
func TestDeadlinesAreCopied(t *testing.T) {
	mine := []batch3pc.ParticipantDeadlines{{Node: 1, CanCommitNs: ms}}
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Deadlines = batch3pc.ExchangeDeadlines()
		cfg.Deadlines.Participants = mine
	})
	mine[0].CanCommitNs = 0 // that of the phase
	l.active()
	l.propose("a")
	l.machine.Advance(3 * ms / 2)
	if late := l.machine.AppendOverdue(nil); len(late) != 1 || late[0].Node != 1 {
		t.Errorf("late are %+v, want participant 1 alone", late)
	}
}

// No child is longer than its parent, and the error names both.
func TestDeadlinesOfChildrenAreNotLonger(t *testing.T) {
	for _, test := range []struct {
		name          string
		change        func(*batch3pc.Deadlines)
		child, parent string // "": another error
	}{
		{"can-commit", func(d *batch3pc.Deadlines) { d.CanCommitNs = 6 * ms }, "can-commit", "decision"},
		{"pre-commit", func(d *batch3pc.Deadlines) { d.PreCommitNs = 6 * ms }, "pre-commit", "decision"},
		{"sum", func(d *batch3pc.Deadlines) { d.PreCommitNs = 4 * ms }, "can-commit and pre-commit", "decision"},
		{"resend", func(d *batch3pc.Deadlines) { d.ResendNs = 51 * ms }, "resend", "election"},
		{"vote of 3", func(d *batch3pc.Deadlines) {
			d.Participants = []batch3pc.ParticipantDeadlines{{Node: 1, CanCommitNs: ms}, {Node: 3, CanCommitNs: 3 * ms}}
		}, "can-commit of participant 3", "can-commit"},
		{"ack of 3", func(d *batch3pc.Deadlines) {
			d.Participants = []batch3pc.ParticipantDeadlines{{Node: 3, PreCommitNs: 9 * ms}}
		}, "pre-commit of participant 3", "pre-commit"},
		{"apply of 3", func(d *batch3pc.Deadlines) {
			d.Participants = []batch3pc.ParticipantDeadlines{{Node: 3, DoCommitNs: 9 * ms}}
		}, "do-commit of participant 3", "do-commit"},
		{"negative", func(d *batch3pc.Deadlines) { d.ElectionNs = -1; d.ResendNs = 0 }, "", ""},
		{"twice", func(d *batch3pc.Deadlines) { d.Participants = make([]batch3pc.ParticipantDeadlines, 2) }, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := leaderConfig()
			cfg.Deadlines = batch3pc.ExchangeDeadlines()
			test.change(&cfg.Deadlines)
			_, err := batch3pc.NewCoordinator(cfg)
			var late *batch3pc.DeadlineError
			if !errors.Is(err, batch3pc.ErrConfig) || errors.As(err, &late) != (test.child != "") {
				t.Fatalf("error %v", err)
			}
			if late != nil && (late.Child != test.child || late.Parent != test.parent) {
				t.Fatalf("error %v, want it to name %q and %q", err, test.child, test.parent)
			}
		})
	}
}

// Both profiles, in simulated time: who is late is named with phase, batch and time, in each phase of
// a batch, and nothing is decided by it.
func TestOverdueNamesWhoIsLate(t *testing.T) {
	for name, d := range map[string]batch3pc.Deadlines{"exchange": batch3pc.ExchangeDeadlines(), "wide area": batch3pc.WideAreaDeadlines()} {
		t.Run(name, func(t *testing.T) {
			d.Participants = []batch3pc.ParticipantDeadlines{{Node: 2, CanCommitNs: d.CanCommitNs / 2}}
			l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Deadlines = d })
			now := 1_000_000 * ms
			wait := func(ns int64) { now += ns; l.machine.Advance(now) }
			want := func(list ...batch3pc.Overdue) {
				t.Helper()
				if got := l.machine.AppendOverdue(nil); !slices.Equal(got, list) {
					t.Fatalf("overdue %+v, want %+v", got, list)
				}
			}
			wait(0)
			l.machine.Open()
			l.state(1, batch3pc.Ballot{}, origin)
			wait(d.ElectionNs)
			want()
			wait(1)
			want(batch3pc.Overdue{2, batch3pc.PhaseElection, 0, d.ElectionNs + 1}, batch3pc.Overdue{3, batch3pc.PhaseElection, 0, d.ElectionNs + 1})
			l.active()
			want()

			a := l.propose("a")
			l.at(3, batch3pc.KindYes, a.Position())
			wait(d.CanCommitNs/2 + 1)
			want(batch3pc.Overdue{2, batch3pc.PhaseCanCommit, a.Seq, d.CanCommitNs/2 + 1})
			wait(d.CanCommitNs / 2)
			want(batch3pc.Overdue{1, batch3pc.PhaseCanCommit, a.Seq, d.CanCommitNs + 1}, batch3pc.Overdue{2, batch3pc.PhaseCanCommit, a.Seq, d.CanCommitNs + 1})
			l.at(1, batch3pc.KindYes, a.Position())
			l.at(2, batch3pc.KindYes, a.Position())
			want()
			l.at(1, batch3pc.KindPreCommitAck, a.Position())
			wait(d.DecisionNs - d.CanCommitNs)
			if s := l.machine.Status(); s.Committed != 0 || s.State != batch3pc.StateActive {
				t.Fatalf("a deadline decided: %+v", s)
			}
			late := d.DecisionNs + 1
			want(batch3pc.Overdue{0, batch3pc.PhaseDecision, a.Seq, late})
			wait(1)
			want(batch3pc.Overdue{2, batch3pc.PhasePreCommit, a.Seq, d.PreCommitNs + 1},
				batch3pc.Overdue{3, batch3pc.PhasePreCommit, a.Seq, d.PreCommitNs + 1}, batch3pc.Overdue{0, batch3pc.PhaseDecision, a.Seq, late + 1})
			l.at(2, batch3pc.KindPreCommitAck, a.Position())
			l.at(3, batch3pc.KindPreCommitAck, a.Position())
			l.answer(1, batch3pc.Message{Kind: batch3pc.KindApplied, Applied: a.Seq})
			wait(d.DoCommitNs + 1)
			want(batch3pc.Overdue{2, batch3pc.PhaseDoCommit, a.Seq, d.DoCommitNs + 1}, batch3pc.Overdue{3, batch3pc.PhaseDoCommit, a.Seq, d.DoCommitNs + 1})
		})
	}
}

// Advance is a Tick at every resend interval and nothing in between.
func TestAdvanceTicksAtTheResendInterval(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Deadlines = batch3pc.ExchangeDeadlines() }).active()
	l.propose("a")
	resend := batch3pc.ExchangeDeadlines().ResendNs
	now, sent := 5*resend, 0
	l.machine.Advance(now)
	l.machine.Advance(now - 1) // a clock that goes back is not believed
	for range 100 {
		now += resend / 10
		if ready := l.machine.Advance(now); len(ready.Messages) > 0 {
			sent++
		}
	}
	if sent != 10 {
		t.Fatalf("%d rounds of messages in 10 intervals", sent)
	}
}

// What a participant owes, and for how long: its start, its oldest vote, its oldest acknowledgement, then that it
// applies anything. Deadlines have nothing to do with it.
func TestWaitIsForTheOldestThingOwed(t *testing.T) {
	l := newLeader(t, nil)
	now := int64(0)
	wait := func(ns int64) { now += ns; l.machine.Advance(now) }
	want := func(ns ...int64) {
		t.Helper()
		for i, p := range l.machine.AppendPeers(nil) {
			if p.WaitNs != ns[i] {
				t.Fatalf("participant %d has been waited for for %d, want %v", p.Node, p.WaitNs, ns)
			}
		}
	}
	l.active()
	want(0, 0, 0)
	a := l.propose("a")
	wait(10)
	b := l.propose("b")
	wait(5)
	want(15, 15, 15)
	l.at(1, batch3pc.KindYes, b.Position())
	l.at(2, batch3pc.KindYes, a.Position())
	want(0, 5, 15)
	l.at(2, batch3pc.KindYes, b.Position())
	l.at(3, batch3pc.KindYes, b.Position())
	wait(7)
	want(7, 7, 7)
	for _, id := range participantIDs[:2] {
		l.at(id, batch3pc.KindPreCommitAck, b.Position())
	}
	wait(4)
	want(4, 4, 11)
	l.answer(1, batch3pc.Message{Kind: batch3pc.KindApplied, Applied: b.Seq})
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindApplied, Applied: a.Seq})
	wait(2)
	want(0, 2, 13)
}
