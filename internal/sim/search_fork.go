package sim

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/check"
)

// fork makes w the world that o is, ready for node id to act. The other nodes are o's own: o must not
// change as long as w is used.
func (w *World) fork(o *World, id batch3pc.NodeID) {
	if w.ownParticipants == nil {
		w.ownParticipants = append(w.ownParticipants, w.participants...)
		w.ownCoordinators = append(w.ownCoordinators, w.coordinators...)
	}
	w.bag = append(w.bag[:0], o.bag...)
	w.sent, w.hash, w.done, w.proposed = o.sent, o.hash, o.done, o.proposed
	w.watch.CopyFrom(o.watch)
	copy(w.participants, o.participants)
	copy(w.coordinators, o.coordinators)
	if p := o.participant(id); p != nil {
		w.participants[id-1] = w.ownParticipants[id-1]
		w.participants[id-1].copyFrom(p, w.watch)
	}
	if c := o.coordinator(id); c != nil {
		w.coordinators[id-coordinatorBase] = w.ownCoordinators[id-coordinatorBase]
		w.coordinators[id-coordinatorBase].copyFrom(c)
	}
}

func (p *participant) copyFrom(o *participant, watch *check.Watch) {
	p.up, p.named = o.up, named{}
	p.app.copyFrom(&o.app, watch)
	p.machine.CopyFrom(o.machine, &p.app)
	p.disk.copyFrom(&o.disk)
}

func (c *coordinator) copyFrom(o *coordinator) {
	c.cfg, c.up, c.made, c.wrote, c.inputs, c.named = o.cfg, o.up, o.made, o.wrote, o.inputs, named{}
	c.own = o.own // no search shares a log
	c.log = &c.own
	c.machine.CopyFrom(o.machine)
	c.disk.copyFrom(&o.disk)
}

// start is a state from which a worker goes on, and how it is reached.
type start struct{ trail []Action }

// spread walks breadth first until there are n states to go on from.
func (s *search) spread(n int) (frontier []start) {
	frontier = []start{{append([]Action(nil), s.trail...)}}
	for len(frontier) > 0 && len(frontier) < n {
		from := frontier[0]
		frontier = frontier[1:]
		s.reach(from, func(depth int) {
			s.each(depth, func(a Action, rest left) bool {
				mark := len(s.trail)
				if s.step(depth, a, rest) {
					frontier = append(frontier, start{append([]Action(nil), s.trail...)})
				}
				s.trail = s.trail[:mark]
				return !s.stop.Load()
			})
		})
		if s.stop.Load() {
			return nil
		}
	}
	return frontier
}

// resume explores from a state of the frontier.
func (s *search) resume(from start) {
	if !s.stop.Load() {
		s.reach(from, s.explore)
	}
}

// reach rebuilds a state from the actions that lead to it, as the world at depth 0.
func (s *search) reach(from start, then func(depth int)) {
	w := s.world(0)
	if w.ownParticipants != nil {
		copy(w.participants, w.ownParticipants)
		copy(w.coordinators, w.ownCoordinators)
	}
	fresh := *s.memory
	w.Reset(s.scope.Setup)
	*s.memory = fresh
	sc := s.scope
	l := left{
		uint8(sc.Batches), uint8(sc.Opens), uint8(sc.Crashes), uint8(sc.LeaderCrash), uint8(sc.Duplicates), uint8(sc.Ticks),
	}
	began := false
	for _, a := range from.trail {
		w.Do(a)
		if began {
			l.spend(a)
		}
		began = began || a.Op == OpOpen // the first ballot is part of the beginning
	}
	s.left[0] = l
	s.trail = append(s.trail[:0], from.trail...)
	then(0)
}

// spend takes an action off what is left.
func (l *left) spend(a Action) {
	leader := a.Node >= coordinatorBase
	switch {
	case a.Op == OpPropose:
		l.batches--
	case a.Op == OpOpen:
		l.opens--
	case a.Op == OpTick:
		l.ticks--
	case a.Op == OpDuplicate:
		l.duplicates--
	case a.Op == OpCrash && leader:
		l.leaderCrash--
	case a.Op == OpCrash:
		l.crashes--
	}
}
