package sim

import "github.com/tezi-exchange/tezi/batch3pc"

// pristine holds machines that have not done anything yet, one for each configuration. A node of the core
// level that starts becomes a copy of one, in the memory that it has already: machines that were made anew at
// each start, and worlds of their own for each Setup, would cost more than the steps of a schedule.
type pristine struct {
	participants map[batch3pc.ParticipantConfig]*batch3pc.Participant
	coordinators map[coordinatorKey]*pristineCoordinator
}

// coordinatorKey is a start of a coordinator: what its configuration is made of.
type coordinatorKey struct {
	setup Setup
	id    batch3pc.NodeID
	boot  uint32
}

type pristineCoordinator struct {
	cfg     batch3pc.CoordinatorConfig
	machine *batch3pc.Coordinator
	standby *batch3pc.Standby // around machine, or nil
}

func newPristine() *pristine {
	return &pristine{
		participants: map[batch3pc.ParticipantConfig]*batch3pc.Participant{},
		coordinators: map[coordinatorKey]*pristineCoordinator{},
	}
}

func (p *pristine) participant(cfg batch3pc.ParticipantConfig) *batch3pc.Participant {
	machine := p.participants[cfg]
	if machine == nil {
		machine = newParticipant(cfg, new(ledger))
		p.participants[cfg] = machine
	}
	return machine
}

func (p *pristine) coordinator(setup Setup, id batch3pc.NodeID, boot uint32) *pristineCoordinator {
	setup.Vetoes, setup.Wire, setup.Shared = 0, false, false // no coordinator knows
	key := coordinatorKey{setup, id, boot}
	c := p.coordinators[key]
	if c == nil {
		c = &pristineCoordinator{cfg: setup.coordinator(id)}
		c.cfg.Boot = boot
		if setup.Standby && id != coordinatorBase {
			c.standby = newStandby(c.cfg)
			c.machine = c.standby.Coordinator()
		} else {
			c.machine = newCoordinator(c.cfg)
		}
		p.coordinators[key] = c
	}
	return c
}

var participantIDs = [...]batch3pc.NodeID{1, 2, 3, 4, 5, 6, 7, 8, 9}

// all are the participants. Read only.
func (s *Setup) all() []batch3pc.NodeID { return participantIDs[:s.Participants:s.Participants] }

// participant is the configuration of a participant.
func (s *Setup) participant(id batch3pc.NodeID) batch3pc.ParticipantConfig {
	retain := s.Retain
	if (s.Learners > 0 || s.Changes) && !s.Snapshots {
		retain = 64 // nobody waits for a learner: it may fall behind any retention, and does not here
	}
	return batch3pc.ParticipantConfig{Self: id, Generation: 1, WindowMax: s.Window, RetainMax: retain}
}

// coordinator is the configuration of a coordinator at its first start.
func (s *Setup) coordinator(id batch3pc.NodeID) batch3pc.CoordinatorConfig {
	all := s.all()
	cfg := batch3pc.CoordinatorConfig{
		Self: id, Boot: 1, Participants: all, Members: all[:s.Participants-s.Learners], Generation: 1,
		WindowMax: s.Window, RetainMax: s.Retain, NoInputGate: !s.Gate,
	}
	if cfg.Identified = s.Driver; s.Snapshots && (s.Driver || s.Pieces) {
		cfg.LagMax = 2
	}
	if s.Snapshots {
		for i := range all {
			cfg.Classes = append(cfg.Classes, uint8(1+i%max(s.Classes, 1)))
		}
	}
	if s.Changes || s.Driver && s.Learners > 0 {
		cfg.Excludable = all[len(all)-1:]
		if s.Free {
			cfg.Excludable = all[1:]
		}
	}
	return cfg
}

func newParticipant(cfg batch3pc.ParticipantConfig, app batch3pc.App) *batch3pc.Participant {
	p, err := batch3pc.NewParticipant(cfg, app)
	if err != nil {
		panic(err)
	}
	return p
}

func newCoordinator(cfg batch3pc.CoordinatorConfig) *batch3pc.Coordinator {
	c, err := batch3pc.NewCoordinator(cfg)
	if err != nil {
		panic(err)
	}
	return c
}

// standbyTicks is the patience of a standby; each next one has as much more.
const standbyTicks = 2

// newStandby makes a coordinator that watches.
func newStandby(cfg batch3pc.CoordinatorConfig) *batch3pc.Standby {
	s, err := batch3pc.NewStandby(batch3pc.StandbyConfig{Coordinator: cfg, PatienceTicks: standbyTicks, Rank: int(cfg.Self - coordinatorBase - 1)})
	if err != nil {
		panic(err)
	}
	return s
}
