package sim

import (
	"fmt"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/check"
)

// Scheduler names a way to choose what happens next.
type Scheduler uint8

// The schedulers of the portfolio.
const (
	Walk  Scheduler = iota // untimed random walk
	Timed                  // in the order of simulated time, ordinary delays and faults
	Swarm                  // timed, with knobs drawn anew for each schedule
	Schedulers
)

var schedulerNames = [Schedulers]string{"walk", "timed", "swarm"}

// String is the scheduler's name.
func (s Scheduler) String() string { return schedulerNames[s] }

// SchedulerNamed finds a scheduler by its name.
func SchedulerNamed(name string) (Scheduler, error) {
	for s := range Schedulers {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("no scheduler %q: want %s", name, strings.Join(schedulerNames[:], ", "))
}

// schedule is one run of a world in the making.
type schedule struct {
	world   *World
	dice    dice
	actions []Action
	seen    uint32 // messages sent before this one have been looked at
	mixed   bool
}

// do carries out an action and writes it down.
func (s *schedule) do(a Action) bool {
	if s.world.watch.Err() != nil {
		return false
	}
	s.actions = append(s.actions, a)
	if !s.world.Do(a) {
		s.actions = s.actions[:len(s.actions)-1]
		return false
	}
	return true
}

// about does something to the message at place i of the bag.
func (s *schedule) about(op Op, i int) {
	a := Action{Op: op, Key: s.world.bag[i].key, Nth: s.world.nth(i)}
	switch op {
	case OpCorrupt:
		a.Arg = uint16(s.dice.n(1 << 16))
	case OpCrashIn:
		a.Arg = uint16(s.dice.n(4))
		if s.world.setup.Driver {
			a.Arg = uint16(s.dice.n(1 << 10))
		}
	case OpDeliver:
		if s.world.setup.Driver && s.dice.in(150) {
			a.Arg = 1 // later
		}
	}
	s.do(a)
}

func (s *schedule) anyParticipant() batch3pc.NodeID {
	return s.world.participants[s.dice.n(len(s.world.participants))].id
}

func (s *schedule) anyCoordinator() batch3pc.NodeID {
	return s.world.coordinators[s.dice.n(len(s.world.coordinators))].id
}

func (s *schedule) anyNode() batch3pc.NodeID {
	if n := s.dice.n(len(s.world.participants) + len(s.world.coordinators)); n < len(s.world.participants) {
		return s.world.participants[n].id
	}
	return s.anyCoordinator()
}

// often is a chance in a thousand: that of a mixed schedule, or that of any other.
func (s *schedule) often(other, mixed int) int {
	if s.mixed {
		return mixed
	}
	return other
}

// change is a change of the members; in a mixed schedule it may be of anybody, or take the last one back.
func (s *schedule) change() {
	a := Action{Op: OpChange, Node: s.anyCoordinator()}
	if s.mixed {
		a.Arg = uint16(s.dice.n(changeOf + len(s.world.participants) + 1))
	}
	s.do(a)
}

// crash kills a node that loses any part of what it did not sync.
func (s *schedule) crash(id batch3pc.NodeID) {
	if !s.world.isUp(id) {
		return
	}
	if s.world.setup.Driver && s.dice.in(400) {
		s.do(Action{Op: OpKill, Node: id})
	} else {
		s.do(Action{Op: OpCrash, Node: id, Arg: uint16(s.dice.n(s.world.crashes(id)))})
	}
	if s.world.participant(id) != nil && s.dice.in(500) {
		s.links(OpDown, id)
	}
}

// restart brings a node back; links come back with it, mostly.
func (s *schedule) restart(id batch3pc.NodeID) {
	if s.world.isUp(id) {
		return
	}
	if !s.world.setup.Driver {
		if s.world.setup.Snapshots && s.world.participant(id) != nil && s.dice.in(s.often(100, 400)) {
			s.do(Action{Op: OpDamage, Node: id, Arg: uint16(s.dice.n(64))})
		}
	} else if s.restartWhole(id); s.world.participant(id) != nil || !s.world.isUp(id) {
		return
	} else {
		if s.dice.in(500) {
			s.do(Action{Op: OpOpen, Node: id})
		}
		return
	}
	if !s.do(Action{Op: OpRestart, Node: id}) {
		return
	}
	if s.world.participant(id) != nil {
		if s.dice.in(800) {
			s.links(OpUp, id)
		}
		return
	}
	for _, p := range s.world.participants {
		if p.up && s.dice.in(800) {
			s.do(Action{Op: OpUp, Node: id, Arg: uint16(p.id)})
		}
	}
	if s.dice.in(500) {
		s.do(Action{Op: OpOpen, Node: id})
	}
}

func (s *schedule) links(op Op, id batch3pc.NodeID) {
	for _, c := range s.world.coordinators {
		s.do(Action{Op: op, Node: c.id, Arg: uint16(id)})
	}
}

// Plan is what a seed stands for.
type Plan struct {
	Seed      uint64
	Scheduler Scheduler
	Liveness  bool // ends in peace and demands convergence
	Mixed     bool // is longer, and everything happens more often
	Setup     Setup
}

// Outcome of one schedule.
type Outcome struct {
	Plan      Plan
	Hash      uint64
	Actions   []Action // valid until the next run of the same Runner
	Proposed  int      // before peace
	Decided   int      // before peace
	Count     check.Counters
	Violation *check.Violation
}

// Runner runs schedules one after another and keeps the memory. Not safe for concurrent use.
type Runner struct {
	worlds   map[shape]*World
	pristine *pristine
	memory   memory // of the one world that runs
	schedule schedule
	walk     walk
	timed    timed
	outcome  Outcome
}

// NewRunner returns a Runner.
func NewRunner() *Runner { return &Runner{worlds: map[shape]*World{}, pristine: newPristine()} }

func (r *Runner) world(setup Setup) *World {
	w := r.worlds[setup.shape()]
	if w == nil {
		w = newWorld(setup.shape(), &r.memory, r.pristine)
		r.worlds[setup.shape()] = w
	}
	w.Reset(setup)
	return w
}

// Run makes the schedule of a plan.
func (r *Runner) Run(plan Plan, trace *trace) *Outcome {
	w := r.world(plan.Setup)
	w.trace = trace
	s, o := &r.schedule, &r.outcome
	*s = schedule{world: w, dice: newDice(plan.Seed), actions: s.actions[:0], mixed: plan.Mixed}
	*o = Outcome{Plan: plan}
	w.guard(func() {
		switch plan.Scheduler {
		case Walk:
			r.walk.begin(s)
			r.walk.run()
		case Timed, Swarm:
			r.timed.begin(s, plan.Scheduler == Swarm)
			r.timed.run()
		}
		o.Proposed, o.Decided = w.proposed, w.watch.Decided()-int(w.watch.Count.Generation)
		if plan.Liveness {
			s.end()
		}
	})
	w.halt()
	o.Hash, o.Actions, o.Count, o.Violation = w.hash, s.actions, w.watch.Count, w.watch.Err()
	w.trace = nil
	return o
}

// end is peace for a random healthy core.
func (s *schedule) end() {
	a := Action{Op: OpPeace, Node: s.anyCoordinator()}
	if s.dice.in(500) && !s.world.wounded() {
		a.Arg, a.Nth = uint16(s.anyParticipant()), uint8(s.dice.n(2))
	} else if s.dice.in(500) {
		a.Nth = peaceStill
	}
	s.do(a)
}

// Replay carries out a list of actions in a fresh world.
func (r *Runner) Replay(setup Setup, actions []Action, trace *trace) (*check.Violation, uint64) {
	w := r.world(setup)
	w.trace = trace
	w.guard(func() {
		for _, a := range actions {
			if w.Do(a); w.watch.Err() != nil {
				return
			}
		}
	})
	w.halt()
	w.trace = nil
	return w.watch.Err(), w.hash
}
