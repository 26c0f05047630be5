package rounds_test

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/textbook"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// newTextbookGroup is newGroup with the machines of one of the other protocols.
func newTextbookGroup(t *testing.T, p textbook.Protocol) *group {
	t.Helper()
	g := &group{t: t}
	cfg := textbook.Config{Protocol: p, Self: engine, Boot: 1, Participants: []batch3pc.NodeID{1, 2, 3}, WindowMax: 4, RetainMax: 8, TimeoutTicks: 3}
	var ours []rounds.Peer
	for j, node := range cfg.Participants {
		a, b := memPair()
		ours = append(ours, rounds.Peer{Node: node, Link: a})
		site := cfg
		site.Self = node
		m, err := textbook.NewParticipant(site, &g.apps[j])
		if err != nil {
			t.Fatal(err)
		}
		g.participants[j] = rounds.NewParticipant(rounds.ParticipantConfig{TickNs: 100}, m, g.log(), []rounds.Peer{{Node: engine, Link: b}})
	}
	m, err := textbook.NewCoordinator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g.coordinators[0] = rounds.NewCoordinator(rounds.CoordinatorConfig{
		Header: codec.Header{From: uint8(engine)}, TickNs: 100, RetainMax: 8,
		Outcome: func(o *rounds.Outcome) { g.told[0] = append(g.told[0], fmt.Sprintf("%d: %s", o.No, how(o.Err))) },
	}, m, g.log(), ours)
	return g
}

// TestTextbook: the driver runs the other protocols as it runs E3PC.
func TestTextbook(t *testing.T) {
	for _, p := range []textbook.Protocol{textbook.TwoPhase, textbook.ThreePhase} {
		t.Run(p.String(), func(t *testing.T) {
			g := newTextbookGroup(t, p)
			g.open(0)
			g.propose("a")
			g.run()
			g.propose("no")
			g.propose("b")
			g.run()
			g.wantTold(0, "1: committed", "2: refused by 1 Veto [1]", "3: aborted")
			g.propose("c")
			g.run()
			g.wantTold(0, "4: committed")
		})
	}
}

// TestTextbookTimers: a machine that has a sense of time is ticked by its driver.
func TestTextbookTimers(t *testing.T) {
	g := newTextbookGroup(t, textbook.ThreePhase)
	g.open(0)
	g.propose("a")
	for range 3 {
		for _, p := range g.participants {
			if _, err := p.Round(g.nowNs + 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, l := range g.logs {
		l.sync(t)
	}
	g.coordinators[0] = nil // dies with everybody's yes
	for range 4 {
		g.nowNs += 100
		for _, p := range g.participants {
			if p.WakeNs() > g.nowNs+100 {
				t.Fatalf("wants to wake at %d, time is %d", p.WakeNs(), g.nowNs)
			}
			if _, err := p.Round(g.nowNs + 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range g.apps {
		if g.apps[i].dropped != 1 {
			t.Errorf("participant %d has not aborted on its timer", i+1)
		}
	}
}
