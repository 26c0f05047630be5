package sim

import "github.com/tezi-exchange/tezi/batch3pc"

// overtakeMax bounds the messages and syncs between two ticks of an overtaking, ticksOvertake the ticks.
const (
	overtakeMax   = 100
	ticksOvertake = 6
)

// overtake is what single moves hardly ever come to: a participant promises a ballot, dies, and comes back with a hole in
// its log; and while that ballot does not serve yet, another coordinator brings it back what it lacks. Then it is asked
// again by the first one, before it is started in the ballot of the other.
func (w *walk) overtake() {
	slow, fast := w.world.coordinator(w.anyCoordinator()), w.world.coordinator(w.anyCoordinator())
	p, q := w.world.participant(w.anyParticipant()), w.anyParticipant()
	if slow == fast || !slow.up || !fast.up || !p.up || w.world.wounded() {
		return
	}
	w.precommit(p.id, q)
	w.do(Action{Op: OpOpen, Node: slow.id})
	for range ticksOvertake { // an election waits for who is connected and says nothing
		w.drain(func(m *batch3pc.Message) bool {
			return m.Kind != batch3pc.KindStart && (m.From == slow.id && (m.To == p.id || m.To == q) || m.To == slow.id && (m.From == p.id || m.From == q))
		}, slow.id)
		w.do(Action{Op: OpTick, Node: slow.id})
	}
	w.crash(p.id)
	w.do(Action{Op: OpDamage, Node: p.id, Arg: uint16(w.dice.n(1 << 12))})
	if !w.do(Action{Op: OpRestart, Node: p.id}) {
		return
	}
	for n := 0; n < 8 && fast.up && !slow.machine.Ballot().Less(fast.machine.Ballot()); n++ {
		w.do(Action{Op: OpOpen, Node: fast.id})
	}
	for _, o := range w.world.participants {
		w.do(Action{Op: OpRestart, Node: o.id})
		w.do(Action{Op: OpUp, Node: fast.id, Arg: uint16(o.id)})
	}
	for range ticksOvertake {
		w.drain(func(m *batch3pc.Message) bool {
			return (m.From == fast.id || m.To == fast.id) && !(m.To == p.id && m.Kind == batch3pc.KindStart)
		}, fast.id)
		w.do(Action{Op: OpTick, Node: fast.id})
	}
	w.do(Action{Op: OpUp, Node: slow.id, Arg: uint16(p.id)})
	w.drain(func(m *batch3pc.Message) bool {
		return m.From == slow.id && m.To == p.id || m.To == slow.id && m.From == p.id
	}, slow.id)
}

// precommit lets one participant, which is neither of two, accept a batch that the others have voted for. So the ballots of
// those two and of everybody have different bases.
func (w *walk) precommit(p, q batch3pc.NodeID) {
	third := w.anyParticipant()
	for _, c := range w.world.coordinators {
		if !c.up || c.machine.State() != batch3pc.StateActive || third == p || third == q {
			continue
		}
		w.do(Action{Op: OpPropose, Node: c.id})
		w.do(Action{Op: OpInputs, Node: c.id})
		w.drain(func(m *batch3pc.Message) bool { return m.Kind == batch3pc.KindBatch || m.Kind == batch3pc.KindYes }, c.id)
		w.drain(func(m *batch3pc.Message) bool { return m.Kind == batch3pc.KindPreCommit && m.To == third }, c.id)
	}
}

// drain delivers messages of a kind, oldest first, and lets the participants and a coordinator sync, until there is nothing
// to do.
func (w *walk) drain(which func(*batch3pc.Message) bool, leader batch3pc.NodeID) {
	for range overtakeMax {
		if w.world.watch.Err() != nil {
			return
		}
		found := false
		for i, f := range w.world.bag {
			if found = which(&f.msg); found {
				w.about(OpDeliver, i)
				break
			}
		}
		if found {
			continue
		}
		for _, p := range w.world.participants {
			found = w.do(Action{Op: OpSync, Node: p.id}) || found
		}
		if found = w.do(Action{Op: OpSync, Node: leader}) || found; !found {
			return
		}
	}
}
