package batch3pc

import "fmt"

// StandbyConfig configures a Standby. Check what NewStandby says of it.
type StandbyConfig struct {
	Coordinator CoordinatorConfig
	// PatienceTicks is how many Ticks a quorum of the participants may be without a sign of a leader
	// before this standby opens a ballot; at least 1. Of standbys that watch the same participants the
	// one with Rank 0 is the first, and each next one waits as many Ticks longer, so that they do not
	// duel: the participants of the one that is first tell the others.
	PatienceTicks int
	Rank          int
}

// RankMax bounds the number of standbys behind one another.
const RankMax = 63

// Standby is a coordinator in waiting: it asks the participants whether they hear of a leader, and
// when a quorum of them has not for too long, it opens a ballot and terminates what is in doubt. It
// needs no payload for that: participants that lack a batch get it from one another. When a higher
// ballot fences it, it watches again. Not safe for concurrent use.
//
// A leader is alive if its messages arrive at participants, so the answer comes from them and not
// from the leader: one that talks to the standby, but to no quorum, is as good as gone, and one that
// does not talk to the standby, but to a quorum, is well.
type Standby struct {
	cfg         StandbyConfig
	coordinator *Coordinator
	watching    bool
	watched     [ParticipantsMax]watched // in the order of the participants
	takeovers   uint64
}

// watched is what a participant said last, nothing at first, and for how long it has been the same.
type watched struct {
	elected Ballot
	heard   Seq
	asked   bool // since the last Tick, without an answer
	missed  int  // Ticks in a row without an answer
	quiet   int  // answers in a row without a sign of a leader
}

// StandbyStatus is a snapshot of a standby's state.
type StandbyStatus struct {
	Watching  bool   // false: its coordinator has a ballot
	Quiet     int    // participants that have had no sign of a leader for as long as the patience
	Takeovers uint64 // ballots that were opened for want of a leader
}

// NewStandby returns a standby that watches. Feed it its log with Recover first.
func NewStandby(cfg StandbyConfig) (*Standby, error) {
	if cfg.PatienceTicks < 1 || cfg.Rank < 0 || cfg.Rank > RankMax {
		return nil, fmt.Errorf("%w: standby %d: PatienceTicks is %d and Rank %d, want at least 1, and 0 to %d",
			ErrConfig, cfg.Coordinator.Self, cfg.PatienceTicks, cfg.Rank, RankMax)
	}
	c, err := NewCoordinator(cfg.Coordinator)
	if err != nil {
		return nil, err
	}
	return &Standby{cfg: cfg, coordinator: c, watching: true}, nil
}

// PatienceTicks is how many Ticks a standby with these deadlines waits for a sign of a leader, at least 1.
func (d *Deadlines) PatienceTicks() int {
	if d.ResendNs <= 0 || d.ElectionNs <= 0 {
		return 1
	}
	return int((d.ElectionNs-1)/d.ResendNs + 1)
}

// Coordinator is the coordinator behind the standby: to propose with, and for its Status. Its Step,
// Tick, Advance, PeerUp and PeerDown are the Standby's to call.
func (s *Standby) Coordinator() *Coordinator { return s.coordinator }

// Recover feeds the next record of the log, as Coordinator.Recover does.
func (s *Standby) Recover(r *Record) error { return s.coordinator.Recover(r) }

// Status returns the current state.
func (s *Standby) Status() StandbyStatus {
	return StandbyStatus{Watching: s.watching, Quiet: s.quiet(), Takeovers: s.takeovers}
}

// Step feeds one answer of a participant.
func (s *Standby) Step(m *Message) Ready {
	if m.Kind != KindWatched {
		ready := s.coordinator.Step(m)
		s.giveWay()
		return ready
	}
	s.coordinator.out.reset()
	s.coordinator.epoch = max(s.coordinator.epoch, m.LastElected.Epoch)
	for i := range s.coordinator.peers {
		if w := &s.watched[i]; s.coordinator.peers[i].id == m.From && w.asked {
			w.note(m)
		}
	}
	return s.coordinator.out.ready
}

// note compares an answer with the last one. Any difference is a sign: a participant that has
// started anew counts from 0 again.
func (w *watched) note(m *Message) {
	w.quiet++
	if w.elected != m.LastElected || w.heard != m.Seq {
		w.quiet = 0
	}
	w.asked, w.missed, w.elected, w.heard = false, 0, m.LastElected, m.Seq
}

// giveWay goes back to watching when another coordinator has the higher ballot.
func (s *Standby) giveWay() {
	if !s.watching && s.coordinator.state == StateFenced {
		s.watch()
	}
}

func (s *Standby) watch() {
	s.watching = true
	s.watched = [ParticipantsMax]watched{}
}

// quiet counts the participants that have had no sign of a leader for as long as the patience.
func (s *Standby) quiet() (n int) {
	for i := range s.coordinator.peers {
		if s.watched[i].quiet/(1+s.cfg.Rank) >= s.cfg.PatienceTicks { // no product of the two, which might overflow
			n++
		}
	}
	return n
}

// Tick is Coordinator.Tick, or asks the participants for signs of a leader. Silence is no sign of
// anything: only a quorum that answers, and has heard nobody, makes the standby open a ballot.
func (s *Standby) Tick() Ready {
	c := s.coordinator
	if !s.watching {
		return c.Tick()
	}
	for i := range c.peers {
		w := &s.watched[i]
		if w.asked {
			w.missed++
		}
		if w.missed > s.cfg.PatienceTicks {
			w.quiet = 0 // it may have heard of a leader since
		}
	}
	if s.quiet() >= c.quorum {
		s.takeovers++
		return s.TakeOver()
	}
	c.out.reset()
	for i := range c.peers {
		p := &c.peers[i]
		s.watched[i].asked = true
		c.out.send(Message{Kind: KindWatch, From: c.cfg.Self, To: p.id})
	}
	return c.out.ready
}

// Advance tells the time, as Coordinator.Advance does.
func (s *Standby) Advance(nowNs int64) Ready {
	c := s.coordinator
	if !s.watching {
		return c.Advance(nowNs)
	}
	c.nowNs = max(c.nowNs, nowNs)
	if c.nowNs-c.tickNs < c.cfg.Deadlines.ResendNs {
		c.out.reset()
		return c.out.ready
	}
	c.tickNs = c.nowNs
	return s.Tick()
}

// TakeOver opens a ballot without waiting: a planned change of the leader.
func (s *Standby) TakeOver() Ready {
	s.watching = false
	return s.coordinator.Open()
}

// StepDown stops leading and watches: the coordinator sends nothing until the next ballot.
func (s *Standby) StepDown() {
	s.coordinator.state = StateFenced
	s.watch()
}

// PeerUp says that a participant is connected.
func (s *Standby) PeerUp(n NodeID) Ready { return s.coordinator.PeerUp(n) }

// PeerDown says that a participant is not connected.
func (s *Standby) PeerDown(n NodeID) { s.coordinator.PeerDown(n) }
