package sim

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/check"
)

// Single is the count of all schedules with one fault, and the first that broke an invariant.
type Single struct {
	Steps     int            // of the undisturbed run: messages delivered and disks synced
	Cases     map[string]int // by fault
	Violation *check.Violation
	Actions   []Action
}

// fault is what happens at one step of a run that is undisturbed otherwise.
type fault struct {
	name    string
	op      Op
	arg     int  // of the action
	sync    bool // the step is a sync, not a delivery
	sender  bool // it happens to the node that sent the message
	after   bool // it happens after the step
	delayed bool // the message waits until everybody has given it up
}

// effectsMax is more effects than a step has that carries one message.
const effectsMax = 8

// faults are all that may happen at a step.
func faults() []fault {
	list := []fault{
		{name: "drop", op: OpDrop}, {name: "duplicate", op: OpDuplicate}, {name: "corrupt", op: OpCorrupt},
		{name: "delay", delayed: true},
		{name: "crash of the receiver, nothing kept", op: OpCrash},
		{name: "crash of the receiver, all kept", op: OpCrash, arg: effectsMax},
		{name: "crash of the sender, nothing kept", op: OpCrash, sender: true},
		{name: "crash of the sender after delivery", op: OpCrash, arg: effectsMax, sender: true, after: true},
		{name: "crash after a sync", op: OpCrash, sync: true, after: true},
	}
	for n := range effectsMax {
		list = append(list,
			fault{name: "crash in a step", op: OpCrashIn, arg: n},
			fault{name: "crash before a sync", op: OpCrash, arg: n, sync: true},
			fault{name: "half a sync, then a crash", op: OpSync, arg: n + 1, sync: true})
	}
	return list
}

// EverySingleFault runs a group through an election, two batches, a takeover and two more, once for
// each step of the run and each fault that may happen there, and demands that it converges under
// either coordinator.
func EverySingleFault(setup Setup) *Single {
	runner := NewRunner()
	total := &Single{Cases: map[string]int{}}
	run := func(at int, f fault, leader batch3pc.NodeID) (steps int, hit bool) {
		s := &single{schedule: schedule{world: runner.world(setup)}, at: at, fault: f}
		s.world.guard(func() { s.run(leader) })
		if v := s.world.watch.Err(); v != nil && total.Violation == nil {
			total.Violation, total.Actions = v, s.actions
		}
		return s.step, s.hit
	}
	total.Steps, _ = run(-1, fault{}, coordinatorBase)
	for at := range total.Steps {
		for _, f := range faults() {
			for i := range setup.Coordinators {
				if _, hit := run(at, f, coordinatorBase+batch3pc.NodeID(i)); hit {
					total.Cases[f.name]++
				}
				if total.Violation != nil {
					return total
				}
			}
		}
	}
	return total
}

// single is one such run.
type single struct {
	schedule
	at    int // the step of the fault
	fault fault
	step  int
	hit   bool
	late  *flight // a message that is delayed
}

func (s *single) run(leader batch3pc.NodeID) {
	s.do(Action{Op: OpOpen, Node: coordinatorBase})
	s.quiet()
	for _, id := range []batch3pc.NodeID{coordinatorBase, coordinatorBase + 1} {
		for range 2 {
			s.do(Action{Op: OpPropose, Node: id})
			s.quiet()
		}
		if id == coordinatorBase {
			s.do(Action{Op: OpTick, Node: id})
			s.quiet()
			s.do(Action{Op: OpOpen, Node: id + 1}) // it takes over, whatever has become of the first
			s.quiet()
		}
	}
	s.late = nil
	s.quiet()
	s.do(Action{Op: OpPeace, Node: leader})
}

// quiet delivers in order and syncs until nothing moves, but for what is delayed.
func (s *single) quiet() {
	w := s.world
	for w.watch.Err() == nil {
		i := 0
		if len(w.bag) > 0 && w.bag[0] == s.late {
			i = 1
		}
		if i < len(w.bag) {
			s.deliver(i)
			continue
		}
		if id := s.unsynced(); id != 0 {
			s.sync(id)
			continue
		}
		return
	}
}

// unsynced is a node that has something to sync, or 0.
func (s *single) unsynced() batch3pc.NodeID {
	for _, p := range s.world.participants {
		if p.up && !p.disk.idle() {
			return p.id
		}
	}
	for _, c := range s.world.coordinators {
		if c.up && !c.disk.idle() {
			return c.id
		}
	}
	return 0
}

func (s *single) deliver(i int) {
	m := s.world.bag[i].msg
	f, now := s.fault, s.step == s.at && !s.fault.sync
	s.step++
	s.hit = s.hit || now
	victim := m.To
	if f.sender {
		victim = m.From
	}
	switch {
	case now && f.delayed:
		s.late = s.world.bag[i]
	case now && f.op.aboutMessage():
		s.do(Action{Op: f.op, Key: s.world.bag[i].key, Nth: s.world.nth(i), Arg: uint16(f.arg)})
		if f.op == OpDuplicate {
			s.about(OpDeliver, i)
		}
	case now && !f.after:
		s.do(Action{Op: OpCrash, Node: victim, Arg: uint16(f.arg)})
	default:
		s.about(OpDeliver, i)
		if now {
			s.do(Action{Op: OpCrash, Node: victim, Arg: uint16(f.arg)})
		}
	}
}

func (s *single) sync(id batch3pc.NodeID) {
	f, now := s.fault, s.step == s.at && s.fault.sync
	s.step++
	unsynced := s.world.disk(id).unsynced()
	if now && !f.after && f.arg > unsynced {
		now = false // the same as one that keeps less
	}
	s.hit = s.hit || now
	switch {
	case now && f.op == OpSync:
		s.do(Action{Op: OpSync, Node: id, Arg: uint16(f.arg)})
		s.do(Action{Op: OpCrash, Node: id})
	case now && !f.after:
		s.do(Action{Op: OpCrash, Node: id, Arg: uint16(f.arg)})
	default:
		s.do(Action{Op: OpSync, Node: id})
		if now {
			s.do(Action{Op: OpCrash, Node: id})
		}
	}
}

// String is the whole of it in a line.
func (s *Single) String() string {
	sum := 0
	for _, n := range s.Cases {
		sum += n
	}
	return fmt.Sprintf("%d steps, %d schedules with one fault of %d sorts", s.Steps, sum, len(s.Cases))
}
