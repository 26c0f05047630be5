package batch3pc_test

import (
	"errors"
	"math"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// newGroup is a world with an engine that leads and standbys of ascending rank, all settled.
func newGroup(t *testing.T, standbys int) *world {
	t.Helper()
	var coordinators []batch3pc.CoordinatorConfig
	for i := range 1 + standbys {
		cfg := leaderConfig()
		cfg.Self = engineID + batch3pc.NodeID(i)
		coordinators = append(coordinators, cfg)
	}
	var participants []batch3pc.ParticipantConfig
	for _, id := range participantIDs {
		participants = append(participants, batch3pc.ParticipantConfig{Self: id, Generation: 1, WindowMax: 4, RetainMax: 8})
	}
	w := newWorld(coordinators, participants)
	for i, c := range w.coordinators[1:] {
		c.watches, c.rank = true, i
	}
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	w.openAt(w.coordinators[0])
	return w
}

func (w *world) openAt(c *coordinatorNode) {
	w.take(c.cfg.Self, &c.disk, c.open())
	w.settle()
}

// tickAll lets one tick pass everywhere.
func (w *world) tickAll() {
	for _, c := range w.coordinators {
		if c.machine != nil {
			w.take(c.cfg.Self, &c.disk, c.tick())
		}
	}
	w.settle()
}

// leading counts who has an active ballot.
func (w *world) leading() (active []batch3pc.NodeID) {
	for _, c := range w.coordinators {
		if c.machine != nil && c.machine.Status().State == batch3pc.StateActive {
			active = append(active, c.cfg.Self)
		}
	}
	return active
}

// As long as the leader ticks, nobody takes over, though it has nothing to say.
func TestStandbyLetsALivingLeaderBe(t *testing.T) {
	w := newGroup(t, 3)
	for range 200 {
		w.tickAll()
	}
	for _, c := range w.coordinators[1:] {
		if s := c.standby.Status(); !s.Watching || s.Takeovers != 0 {
			t.Fatalf("%d: %+v while the leader lives", c.cfg.Self, s)
		}
	}
}

// One standby takes over, and only one: the next in rank hears of it. So down to the last one.
func TestStandbysDoNotDuel(t *testing.T) {
	w := newGroup(t, 3)
	for dead := range 3 {
		w.coordinators[dead].machine = nil
		ticks := 0
		for ; len(w.leading()) == 0; ticks++ {
			if ticks > 20 {
				t.Fatalf("nobody leads %d ticks after %d leaders died", ticks, dead+1)
			}
			w.tickAll()
		}
		for range 30 {
			w.tickAll()
		}
		if lead := w.leading(); len(lead) != 1 || lead[0] != w.coordinators[dead+1].cfg.Self {
			t.Fatalf("after %d deaths %v lead, want %d", dead+1, lead, w.coordinators[dead+1].cfg.Self)
		}
	}
	total := uint64(0)
	for _, c := range w.coordinators[1:] {
		if c.machine != nil {
			total += c.standby.Status().Takeovers
		}
	}
	if total != 1 {
		t.Fatalf("the last standby took over %d times, want 1", total)
	}
}

// A minority that hears nothing, or that does not answer, is no reason.
func TestStandbyNeedsAQuorumWithoutASign(t *testing.T) {
	w := newGroup(t, 1)
	w.participant(1).machine, w.participant(2).machine = nil, nil
	w.coordinators[0].machine = nil
	for range 50 {
		w.tickAll()
	}
	if s := w.coordinators[1].standby.Status(); !s.Watching || s.Quiet != 1 {
		t.Fatalf("with one participant: %+v", s)
	}
	if err := w.startParticipant(w.participant(1)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		w.tickAll()
	}
	if lead := w.leading(); len(lead) != 1 {
		t.Fatalf("with two of three participants %v lead, want the standby", lead)
	}
}

// What a participant has not heard counts no more when it has long been silent itself: it may have heard of a leader since.
func TestStandbyForgetsOldAnswers(t *testing.T) {
	const patience = 3
	standby, err := batch3pc.NewStandby(batch3pc.StandbyConfig{Coordinator: leaderConfig(), PatienceTicks: patience})
	if err != nil {
		t.Fatal(err)
	}
	heard := batch3pc.Seq(0)
	tick := func(quiet ...batch3pc.NodeID) batch3pc.StandbyStatus {
		standby.Tick()
		for _, id := range quiet {
			standby.Step(&batch3pc.Message{Kind: batch3pc.KindWatched, From: id})
		}
		heard++
		standby.Step(&batch3pc.Message{Kind: batch3pc.KindWatched, From: 3, Seq: heard}) // hears of a leader all the time
		return standby.Status()
	}
	for range 2 * patience {
		tick(1)
	}
	for range patience - 1 {
		if s := tick(); s.Quiet != 1 {
			t.Fatalf("%+v: an answer may come late", s)
		}
	}
	for range 2 {
		tick()
	}
	for range 3 * patience {
		if s := tick(2); !s.Watching {
			t.Fatalf("%+v: 3 hears of a leader, and nobody knows what 1 does", s)
		}
	}
	for range 2 * patience {
		tick(1, 2)
	}
	if s := standby.Status(); s.Watching {
		t.Errorf("%+v: two of three hear of nobody", s)
	}
}

// A fenced standby watches again, and so does one that steps down.
func TestStandbyGivesWay(t *testing.T) {
	w := newGroup(t, 1)
	standby := w.coordinators[1]
	w.openAt(standby) // a planned change
	if lead := w.leading(); len(lead) != 2 || standby.standby.Status().Watching {
		t.Fatalf("leading %v", lead) // the engine has not heard of it yet
	}
	w.tickAll()
	w.tickAll() // it has nothing else to say
	if state := w.coordinators[0].machine.Status().State; state != batch3pc.StateFenced {
		t.Fatalf("the old leader is %v, want Fenced", state)
	}
	w.openAt(w.coordinators[0])
	w.openAt(w.coordinators[0]) // above the standby's, of which the answers have told
	w.tickAll()
	w.tickAll()
	if s := standby.standby.Status(); !s.Watching || s.Takeovers != 0 {
		t.Fatalf("the fenced standby: %+v", s)
	}
	w.openAt(standby)
	standby.standby.StepDown()
	if s := standby.standby.Status(); !s.Watching || standby.machine.Status().State != batch3pc.StateFenced {
		t.Fatalf("after StepDown: %+v", s)
	}
}

// In simulated time: with the exchange profile a dead leader is missed within its election deadline
// and one interval.
func TestStandbyInSimulatedTime(t *testing.T) {
	for name, d := range map[string]batch3pc.Deadlines{"exchange": batch3pc.ExchangeDeadlines(), "wide area": batch3pc.WideAreaDeadlines()} {
		t.Run(name, func(t *testing.T) {
			w := newGroup(t, 0)
			cfg := leaderConfig()
			cfg.Self, cfg.Deadlines = backupID, d
			standby, err := batch3pc.NewStandby(batch3pc.StandbyConfig{Coordinator: cfg, PatienceTicks: d.PatienceTicks()})
			if err != nil {
				t.Fatal(err)
			}
			c := &coordinatorNode{cfg: cfg, machine: standby.Coordinator(), standby: standby}
			w.coordinators = append(w.coordinators, c)
			now, step := int64(0), d.ResendNs/4
			pass := func(ns int64) {
				for end := now + ns; now < end; now += step {
					w.take(backupID, &c.disk, standby.Advance(now))
					if leader := w.coordinators[0]; leader.machine != nil && now%d.ResendNs == 0 {
						w.take(engineID, &leader.disk, leader.tick())
					}
					w.settle()
				}
			}
			pass(10 * d.ElectionNs)
			if !standby.Status().Watching {
				t.Fatal("took over from a living leader")
			}
			w.coordinators[0].machine = nil
			pass(d.ElectionNs - d.ResendNs)
			if !standby.Status().Watching {
				t.Fatal("took over before its patience was at an end")
			}
			pass(3 * d.ResendNs)
			if s := c.machine.Status(); s.State != batch3pc.StateActive {
				t.Fatalf("state %v after the election deadline, want Active", s.State)
			}
		})
	}
}

// TestStandbyWithoutEnd: a patience that has no end has none in any rank.
func TestStandbyWithoutEnd(t *testing.T) {
	for _, rank := range []int{0, 1, batch3pc.RankMax} {
		standby, err := batch3pc.NewStandby(batch3pc.StandbyConfig{Coordinator: leaderConfig(), PatienceTicks: math.MaxInt, Rank: rank})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			standby.Tick()
		}
		if s := standby.Status(); !s.Watching || s.Quiet != 0 {
			t.Errorf("rank %d: %+v, want it to watch", rank, s)
		}
	}
}

func TestStandbyConfigIsChecked(t *testing.T) {
	good := leaderConfig()
	bad := leaderConfig()
	bad.Self = 0
	for _, cfg := range []batch3pc.StandbyConfig{{Coordinator: good}, {Coordinator: good, PatienceTicks: 1, Rank: -1}, {Coordinator: bad, PatienceTicks: 1}} {
		if _, err := batch3pc.NewStandby(cfg); !errors.Is(err, batch3pc.ErrConfig) {
			t.Errorf("%+v: %v, want ErrConfig", cfg, err)
		}
	}
}
