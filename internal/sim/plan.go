package sim

// PlanOf says what a seed stands for: the scheduler, the mode, and what the world is made of. Half
// of the seeds are walks; one in four ends in peace; one in sixteen simulates bytes, or all of them.
func PlanOf(seed uint64, bytes bool) Plan {
	if mixed(seed) {
		return mixedPlanOf(seed, bytes)
	}
	d := newDice(^seed)
	s := Setup{Participants: 3, Coordinators: 2, Window: 1 + d.n(3)}
	s.Retain = s.Window + of(&d, 0, 2)
	s.Gate = d.in(400)
	s.Shared = s.Gate && d.in(400)
	s.Vetoes = of(&d, 0, 0, 25)
	if d.in(125) {
		s.Coordinators = 3
	}
	if s.Changes = d.in(200); s.Changes {
		s.Learners = d.n(2)
	}
	s.Snapshots = d.in(300)
	if s.Snapshots && d.in(400) { // a learner that nobody waits for, and little that is kept for it
		s.Learners, s.Window, s.Retain = 1, 1, 1
	}
	s.Standby = d.in(150)
	if d.in(30) {
		s.Participants = 5
	}
	s.Wire = bytes || d.n(16) == 0
	s.Pieces = s.Snapshots && d.in(100)
	return Plan{
		Seed: seed, Setup: s, Liveness: d.n(4) == 0,
		Scheduler: of(&d, Walk, Walk, Timed, Swarm),
	}
}

// DriverPlanOf is PlanOf at the driver level. Half of the seeds end in peace, because a node that does
// not come back any more is what a log gets wrong most easily.
func DriverPlanOf(seed uint64) Plan {
	if mixed(seed) {
		return mixedDriverPlanOf(seed)
	}
	d := newDice(^seed ^ 0xd15c)
	s := Setup{Participants: 3, Coordinators: 2, Window: 1 + d.n(3), Driver: true, Wire: true}
	s.Retain = s.Window + of(&d, 0, 2)
	s.Gate = d.in(400)
	s.Shared = s.Gate && d.in(400)
	s.Vetoes = of(&d, 0, 0, 25)
	s.Changes = d.in(200)
	s.Snapshots = d.in(400)
	s.Every = of(&d, 0, 1, 2, 3)
	if s.Snapshots && d.in(500) { // a learner that nobody waits for, while logs are cut
		s.Learners, s.Window, s.Retain, s.Every = 1, 1, 1, 1
	}
	s.Standby = d.in(200)
	p := Plan{
		Seed: seed, Setup: s, Liveness: d.n(2) == 0,
		Scheduler: of(&d, Walk, Timed, Swarm),
	}
	p.Setup.Inline = d.in(500)
	return p
}

// mixed reports whether a seed stands for everything at once. Where each thing is drawn by itself, as in the other
// plans, three of them hardly ever meet: a change of members, say, while a log is repaired that was cut.
func mixed(seed uint64) bool { return seed%16 == 15 }

// mixedPlanOf is a longer schedule of vetoes, changes of members, snapshots, logs that are cut and damaged, and
// elections that overlap.
func mixedPlanOf(seed uint64, bytes bool) Plan {
	d := newDice(^seed ^ 0x3a1ed)
	s := mixedSetup(&d)
	s.Gate = d.in(300)
	s.Shared = s.Gate && d.in(600)
	s.Participants = of(&d, 3, 3, 3, 5)
	s.Learners = d.n(2)
	s.Wire = bytes || d.n(16) == 0
	return Plan{Seed: seed, Setup: s, Mixed: true, Liveness: d.in(500), Scheduler: of(&d, Walk, Walk, Timed, Swarm)}
}

// mixedDriverPlanOf is the same for whole nodes, whose disks are lost as well.
func mixedDriverPlanOf(seed uint64) Plan {
	d := newDice(^seed ^ 0xd15c3a1ed)
	s := mixedSetup(&d)
	s.Driver, s.Wire, s.Participants = true, true, 3
	s.Gate = d.in(300)
	s.Shared = s.Gate && d.in(600)
	s.Every = of(&d, 1, 2)
	s.Inline = d.in(500)
	return Plan{Seed: seed, Setup: s, Mixed: true, Liveness: d.in(500), Scheduler: of(&d, Walk, Timed, Swarm)}
}

// mixedSetup is what both have in common. The retention is often no longer than the window, so that it is full.
func mixedSetup(d *dice) Setup {
	s := Setup{Coordinators: 2 + d.n(2), Window: 1 + d.n(2), Changes: true, Free: true, Snapshots: true}
	s.Retain = s.Window + of(d, 0, 0, 2)
	s.Vetoes = of(d, 0, 25, 100)
	s.Standby = d.in(300)
	return s
}
