package rounds_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// picky is an App that refuses payloads which begin with "no".
type picky struct{ agree }

func (p *picky) Vote(b *batch3pc.Batch, _ bool) batch3pc.Vote {
	if bytes.HasPrefix(b.Payload, []byte("no")) {
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: []byte{batch3pc.VetoTaker}}
	}
	return batch3pc.Vote{Yes: true}
}

// group is a commit group in memory: two coordinators, three participants, all stepped by the test.
type group struct {
	t            *testing.T
	nowNs        int64
	machines     [2]*batch3pc.Coordinator
	coordinators [2]*rounds.Coordinator
	participants [3]*rounds.Participant
	apps         [3]picky
	logs         []*memLog
	told         [2][]string // outcomes, as "no: how"
}

func newGroup(t *testing.T, gated bool) *group {
	t.Helper()
	g := &group{t: t}
	nodes := []batch3pc.NodeID{1, 2, 3}
	var ours [2][]rounds.Peer
	var theirs [3][]rounds.Peer
	for i, c := range []batch3pc.NodeID{engine, backup} {
		for j, p := range nodes {
			a, b := memPair()
			ours[i] = append(ours[i], rounds.Peer{Node: p, Link: a})
			theirs[j] = append(theirs[j], rounds.Peer{Node: c, Link: b})
		}
	}
	for i, c := range []batch3pc.NodeID{engine, backup} {
		m, err := batch3pc.NewCoordinator(batch3pc.CoordinatorConfig{
			Self: c, Boot: 1, Participants: nodes, Members: nodes, Generation: 1, WindowMax: 4, RetainMax: 8, NoInputGate: !gated,
		})
		if err != nil {
			t.Fatal(err)
		}
		g.machines[i] = m
		g.coordinators[i] = rounds.NewCoordinator(rounds.CoordinatorConfig{TickNs: 100, RetainMax: 8, Gated: gated, Outcome: func(o *rounds.Outcome) {
			g.told[i] = append(g.told[i], fmt.Sprintf("%d: %s", o.No, how(o.Err)))
		}}, m, g.log(), ours[i])
	}
	for j, p := range nodes {
		m, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: p, Generation: 1, WindowMax: 8}, &g.apps[j])
		if err != nil {
			t.Fatal(err)
		}
		g.participants[j] = rounds.NewParticipant(rounds.ParticipantConfig{}, m, g.log(), theirs[j])
	}
	return g
}

func (g *group) log() *memLog {
	g.logs = append(g.logs, &memLog{})
	return g.logs[len(g.logs)-1]
}

// how is a short name of an outcome.
func how(err error) string {
	var refused *rounds.RefusedError
	switch {
	case err == nil:
		return "committed"
	case errors.As(err, &refused):
		return fmt.Sprintf("refused by %d %v %v", refused.From, refused.Reason, refused.Veto)
	case errors.Is(err, rounds.ErrAborted):
		return "aborted"
	case errors.Is(err, rounds.ErrInDoubt):
		return "in doubt"
	}
	return err.Error()
}

// run runs everybody, the disks included, until nobody has anything to do. Time stands still.
func (g *group) run() {
	g.t.Helper()
	all := []rounds.Duty{g.coordinators[0], g.participants[0], g.participants[1], g.participants[2]}
	if g.coordinators[1] != nil {
		all = append(all, g.coordinators[1])
	}
	for quiet := false; !quiet; {
		for _, d := range all {
			if _, err := d.Round(g.nowNs + 1); err != nil {
				g.t.Fatal(err)
			}
		}
		quiet = !slices.ContainsFunc(all, rounds.Duty.Ready)
		for _, l := range g.logs {
			if l.wanted > l.synced {
				l.sync(g.t)
				quiet = false
			}
		}
	}
}

func (g *group) propose(payload string) {
	g.t.Helper()
	if _, err := g.coordinators[0].Propose(1, []byte(payload)); err != nil {
		g.t.Fatal(err)
	}
}

func (g *group) open(i int) {
	g.t.Helper()
	if err := g.coordinators[i].Open(); err != nil {
		g.t.Fatal(err)
	}
	g.run()
	if s := g.coordinators[i].Status().State; s != batch3pc.StateActive {
		g.t.Fatalf("coordinator %d is %v, want Active", i, s)
	}
}

func (g *group) wantTold(i int, want ...string) {
	g.t.Helper()
	if !slices.Equal(g.told[i], want) {
		g.t.Errorf("outcomes %q, want %q", g.told[i], want)
	}
	g.told[i] = nil
}

// TestOutcomes: every batch has one outcome, in the order of Propose; what follows a refused batch
// is aborted with it, and the next ballot goes on.
func TestOutcomes(t *testing.T) {
	g := newGroup(t, false)
	g.run()
	if _, err := g.coordinators[0].Propose(1, nil); !errors.Is(err, batch3pc.ErrNotActive) {
		t.Errorf("proposed before Open: %v, want ErrNotActive", err)
	}
	g.open(0)
	g.propose("a")
	g.propose("b")
	g.run()
	g.wantTold(0, "1: committed", "2: committed")
	g.propose("c")
	g.propose("no")
	g.propose("d")
	g.run()
	g.wantTold(0, "3: committed", "4: refused by 1 Veto [1]", "5: aborted")
	g.propose("d")
	g.run()
	g.wantTold(0, "6: committed")
	for i := range g.apps {
		if got := g.apps[i].applied; !slices.Equal(got, []batch3pc.Seq{1, 2, 3, 6}) {
			t.Errorf("participant %d applied %v, want 1 2 3 6", i+1, got)
		}
	}
}

// TestWindowFull: what finds no room has not happened, and room comes back.
func TestWindowFull(t *testing.T) {
	g := newGroup(t, false)
	g.open(0)
	for range 4 {
		g.propose("a")
	}
	if g.coordinators[0].Room() {
		t.Error("room in a full window")
	}
	if _, err := g.coordinators[0].Propose(1, nil); !errors.Is(err, batch3pc.ErrNoRoom) {
		t.Errorf("error %v, want ErrNoRoom", err)
	}
	for range 20 {
		g.run()
		g.propose("b")
	}
	g.run()
	if n := len(g.told[0]); n != 24 {
		t.Errorf("%d outcomes, want 24", n)
	}
}

// TestInputGate: a batch whose inputs may be lost is not committed.
func TestInputGate(t *testing.T) {
	g := newGroup(t, true)
	g.open(0)
	g.propose("a")
	g.propose("b")
	g.run()
	g.wantTold(0)
	if err := g.coordinators[0].InputsDurable(1); err != nil {
		t.Fatal(err)
	}
	g.run()
	g.wantTold(0, "1: committed")
	if err := g.coordinators[0].InputsDurable(3); err != nil {
		t.Fatal(err)
	}
	g.propose("c")
	g.run()
	g.wantTold(0, "2: committed", "3: committed")
}

// TestTakeOver: a second coordinator decides what the first one left; the first is fenced, and when it
// leads again it says what it knows, and no more.
func TestTakeOver(t *testing.T) {
	g := newGroup(t, true)
	g.open(0)
	g.propose("a")
	g.propose("b")
	g.run() // voted for by all, held back by the gate
	g.open(1)
	if err := g.coordinators[0].InputsDurable(2); err != nil {
		t.Fatal(err)
	}
	g.run()
	if s := g.machines[0].Status().State; s != batch3pc.StateFenced {
		t.Errorf("the first coordinator is %v, want Fenced", s)
	}
	g.wantTold(0)
	if err := g.coordinators[1].InputsDurable(1); err != nil {
		t.Fatal(err)
	}
	if _, err := g.coordinators[1].Propose(1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	g.run()
	g.wantTold(1, "1: committed")
	g.open(0)
	// Batch 3 of the second coordinator is the base now: what became of 1 and 2 cannot be told from it.
	g.wantTold(0, "1: in doubt", "2: in doubt")
	g.propose("c")
	if err := g.coordinators[0].InputsDurable(3); err != nil {
		t.Fatal(err)
	}
	g.run()
	g.wantTold(0, "3: committed")
}

// TestTakeOverAborts: what the other coordinator has aborted is told as aborted where it is certain.
func TestTakeOverAborts(t *testing.T) {
	g := newGroup(t, true)
	g.open(0)
	g.propose("a")
	if err := g.coordinators[0].InputsDurable(1); err != nil {
		t.Fatal(err)
	}
	g.run()
	g.propose("b")
	g.run()
	g.open(1)
	g.open(0)
	g.wantTold(0, "1: committed", "2: aborted")
	g.propose("c")
	g.coordinators[0].Abandon(rounds.ErrInDoubt)
	g.wantTold(0, "3: in doubt")
}

// TestSwapOfWhatIsNotTaken: a payload that is not taken is the caller's, as it was.
func TestSwapOfWhatIsNotTaken(t *testing.T) {
	g := newGroup(t, false)
	mine := []byte("mine")
	if no, err := g.coordinators[0].ProposeSwap(1, &mine); no != 0 || !errors.Is(err, batch3pc.ErrNotActive) || string(mine) != "mine" {
		t.Errorf("number %d, %v, and the payload is %q", no, err, mine)
	}
}
