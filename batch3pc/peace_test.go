package batch3pc_test

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// peaceRounds bounds how many Ticks a healthy group may take to decide what was in doubt (I8).
const peaceRounds = 60

// peace stops the faults and demands liveness: with one coordinator and a quorum everything in
// doubt is decided; with all members new batches are, and everybody has applied the same (I4).
func (w *walk) peace() error {
	leader := w.anyCoordinator()
	for _, c := range w.coordinators {
		if c != leader {
			w.crashCoordinator(c)
		}
	}
	if err := w.restartCoordinator(leader); err != nil {
		return err
	}
	var dead *participantNode
	if w.dice.IntN(3) == 0 && w.checker.lost(w.world) == nil {
		dead = w.anyParticipant()
		w.crashParticipant(dead)
		leader.machine.PeerDown(dead.cfg.Self)
	}
	for _, p := range w.participants {
		if p == dead {
			continue
		}
		if err := w.restartParticipant(p); err != nil {
			return err
		}
		p.app.draining = false
	}
	if dead != nil && (w.repairing() || w.identified && !w.registered(dead)) {
		if err := w.restartParticipant(dead); err != nil {
			return err
		}
		dead = nil
	}
	if dead != nil {
		w.calm(leader, "a quorum decides", func(s batch3pc.CoordinatorStatus) bool {
			if w.level(leader, s) {
				return true
			}
			w.propose(leader)
			return false
		})
		if err := w.restartParticipant(dead); err != nil {
			return err
		}
	}
	goal := len(w.checker.decided) + 3
	w.calm(leader, "everybody commits", func(s batch3pc.CoordinatorStatus) bool {
		if len(w.checker.decided) < goal || s.Base > s.Committed {
			w.propose(leader)
			return false
		}
		if w.level(leader, s) && s.Proposed == s.Committed {
			return true
		}
		w.propose(leader)
		return false
	})
	return w.compare()
}

// repairing reports whether a participant that is up cannot promise: then the two others are needed.
func (w *walk) repairing() bool {
	for _, p := range w.participants {
		if p.machine != nil && p.machine.Status().Repairing {
			return true
		}
	}
	return false
}

// registered reports whether somebody but the dead one knows that the stream names everybody's log;
// until then a quorum is not enough (rule N1).
func (w *walk) registered(dead *participantNode) bool {
	for _, p := range w.participants {
		if p != dead && p.machine != nil && len(w.checker.decided) > 0 && p.machine.Status().Applied >= w.checker.decided[0].Seq {
			return true
		}
	}
	return false
}

// calm lets time pass without faults until done.
func (w *walk) calm(leader *coordinatorNode, what string, done func(batch3pc.CoordinatorStatus) bool) {
	for range peaceRounds {
		switch leader.machine.Status().State {
		case batch3pc.StateIdle, batch3pc.StateFenced, batch3pc.StateRefused:
			w.open(leader)
		}
		w.tick(leader)
		w.durableInputs(leader)
		w.replaceLost(leader)
		w.settle()
		if done(leader.machine.Status()) {
			return
		}
	}
	text := formatCoordinator(leader)
	for _, p := range w.participants {
		text += "\n" + formatParticipant(p)
	}
	w.checker.fail("I8", "%s: not within %d ticks\n%s", what, peaceRounds, text)
}

// level reports whether the leader serves and every living participant has applied all that is
// decided in its ballot.
func (w *walk) level(leader *coordinatorNode, s batch3pc.CoordinatorStatus) bool {
	if s.State != batch3pc.StateActive {
		return false
	}
	for _, p := range w.participants {
		if p.machine == nil {
			continue
		}
		if now := p.machine.Status(); now.LastAttempt != s.Ballot || now.Applied != s.Committed {
			return false
		}
	}
	return true
}

// compare is I3 and I4 at the end: everybody applied the one decided history, all of it.
func (w *walk) compare() error {
	for _, p := range w.participants {
		if len(p.app.applied) != len(w.checker.items) {
			return fmt.Errorf("I4: participant %d applied %d of %d decided batches", p.cfg.Self, len(p.app.applied), len(w.checker.items))
		}
		for i, at := range p.app.applied {
			if at != w.checker.items[i] {
				return fmt.Errorf("I3: participant %d applied %d as number %d, decided was %d", p.cfg.Self, at.Seq, i, w.checker.items[i].Seq)
			}
		}
	}
	return nil
}
