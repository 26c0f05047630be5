package batch3pc_test

import (
	"errors"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Random walks through logs that are cut, damaged and lost.

// truncate makes a checkpoint, or cuts the log in front of the last one.
func (w *walk) truncate(p *participantNode) {
	if p.machine == nil {
		return
	}
	if w.cut(p) {
		w.checker.count.truncation++
		return
	}
	if err := w.checkpointNow(p); err != nil && !p.machine.Status().Repairing {
		w.checker.fail("Checkpoint", "%v", err)
	}
}

// whole reports whether a participant may lose something: two at once are more than the protocol
// can bear.
func (w *walk) whole() bool {
	if w.damaged != nil && (w.damaged.machine == nil || w.damaged.machine.Status().Repairing) {
		return false
	}
	if w.damaged != nil {
		w.checker.count.repair++
		w.damaged = nil
	}
	return w.checker.lost(w.world) == nil && (!w.identified || len(w.checker.decided) > 0)
}

// loseLog makes some records of a participant unreadable, or all of them.
func (w *walk) loseLog(p *participantNode) error {
	if !w.whole() {
		return nil
	}
	w.crashParticipant(p)
	if len(p.disk.records) == 0 {
		return nil
	}
	if w.identified && w.dice.IntN(2) == 0 {
		w.forget(p)
		return nil
	}
	before := slices.Clone(p.disk.records)
	first := w.dice.IntN(len(before))
	count := 1 + w.dice.IntN(min(6, len(before)-first))
	p.disk.records = slices.Replace(p.disk.records, first, first+count, batch3pc.Record{Kind: recordHole})
	p.disk.synced = len(p.disk.records)
	w.checker.restarted(p.cfg.Self)
	err := w.startParticipant(p)
	var refused *batch3pc.RecoverError
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if err == nil {
		w.checkHole(p, before)
		w.damaged = p
		w.connect(p.cfg.Self)
		return nil
	}
	p.machine = nil
	if w.identified {
		w.forget(p)
		return nil
	}
	p.disk.records, p.disk.synced = before, len(before) // a copy is found in time
	return nil
}

// checkHole: what a participant with a hole in its log has promised and accepted is exactly what it
// would know without the hole.
func (w *walk) checkHole(p *participantNode, before []batch3pc.Record) {
	twin := &participantNode{cfg: p.cfg, disk: disk{records: before}, vetoed: p.vetoed}
	apart := &world{}
	if err := apart.startParticipant(twin); err != nil {
		w.checker.fail("I6", "the log without a hole: %v", err)
	}
	got, want := p.machine.Status(), twin.machine.Status()
	accepted := got.LastAttempt == want.LastAttempt && got.PreCommitted == want.PreCommitted && got.PreChain == want.PreChain
	if got.LastElected != want.LastElected || !accepted {
		w.checker.fail("I6", "participant %d knows behind a hole %+v, without it %+v", p.cfg.Self, got, want)
	}
	w.checker.elected[p.cfg.Self] = got.LastElected
}

// forget empties the disk of a participant that is down.
func (w *walk) forget(p *participantNode) {
	w.tracef("%d has lost its log", p.cfg.Self)
	p.disk = disk{}
	p.cfg.Incarnation = w.dice.Uint64() | 1
	w.checker.forgotten(p.cfg.Self)
}

// replaceLost is what people do about a participant that was refused.
func (w *walk) replaceLost(c *coordinatorNode) {
	if c.machine == nil {
		return
	}
	g := c.machine.Generation()
	var members []batch3pc.NodeID
	for _, e := range g.Enrolled() {
		if e.Member {
			members = append(members, e.Node)
		}
	}
	for _, p := range c.machine.AppendPeers(nil) {
		if p.Trouble != batch3pc.TroubleIncarnation {
			continue
		}
		w.checker.count.refused++
		w.lead(c, func(m *batch3pc.Coordinator) batch3pc.Ready {
			ready, err := m.ProposeGeneration(members, p.Node)
			if err == nil {
				w.checker.count.replaced++
			}
			return ready
		})
		return
	}
}
