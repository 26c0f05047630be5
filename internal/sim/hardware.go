package sim

import (
	"errors"
	"io"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// resetDriver takes a world of whole nodes back to its beginning: empty disks, and everybody connected.
func (w *World) resetDriver() {
	w.halt()
	for _, c := range w.coordinators {
		c.up = false
	}
	for _, p := range w.participants {
		p.up = false
	}
	for _, p := range w.participants {
		p.computer, p.named = newComputer(p.id, w.watch, uint64(p.id)), named{}
		w.bootParticipant(p)
	}
	for _, c := range w.coordinators {
		c.computer, c.standby = newComputer(c.id, w.watch, uint64(c.id)), nil
		c.made, c.wrote, c.inputs, c.named = 0, 0, 0, named{}
		c.cfg = w.setup.coordinator(c.id)
		w.bootCoordinator(c)
	}
}

// halt ends the syncers of all processes.
func (w *World) halt() {
	for _, p := range w.participants {
		if p.computer != nil && p.computer.process != nil {
			p.computer.process.stop()
			p.computer.process = nil
		}
	}
	for _, c := range w.coordinators {
		if c.computer != nil && c.computer.process != nil {
			c.computer.process.stop()
			c.computer.process = nil
		}
	}
}

// hardware deals with disks, deaths and restarts.
func (w *World) hardware(a Action) bool {
	c := w.computer(a.Node)
	if c == nil {
		return false
	}
	up := c.process != nil
	switch a.Op {
	case OpSync:
		if up && c.process.syncing {
			w.syncStep(c.process)
			return true
		}
		return false
	case OpRestart:
		if up {
			return false
		}
		if c.effects = alive; a.Arg > 0 {
			c.effects = int(a.Arg - 1)
		}
		w.boot(a.Node)
		return true
	case OpCrash, OpKill:
		if !up {
			return false
		}
		if a.Op == OpCrash {
			w.cut(c, int(a.Arg))
			return true
		}
		w.die(c)
		c.Kill()
	case OpFailSync:
		c.failSync = true
	case OpFailWrite:
		c.failWrite = true
	case OpFull:
		c.fill(a.Arg == 0)
	case OpLose:
		if lead := w.coordinator(a.Node); lead != nil && !up {
			w.forget(lead, a.Arg > 0)
			return true
		}
		if up || w.participant(a.Node) == nil || w.wounded() || !w.mendable() {
			return false
		}
		w.lose(c)
	}
	return true
}

// boot starts the process of a node that is down.
func (w *World) boot(id batch3pc.NodeID) {
	if p := w.participant(id); p != nil {
		empty := p.computer.empty
		w.bootParticipant(p)
		if !p.up && p.computer.empty && !empty {
			w.bootParticipant(p)
		}
	} else {
		w.bootCoordinator(w.coordinator(id))
	}
	w.computer(id).effects = alive
}

// syncStep ends the call of the disk that the syncer waits in.
func (w *World) syncStep(p *process) {
	p.advance()
	if w.trace != nil {
		w.trace.effect("synced to %d", p.computer.durable)
	}
	w.round(p)
}

// arriveLast is arrive for a process that dies in the step, after arg&7 calls of the disk and messages;
// the rest of arg says what is left on the disk, 0 that only the process has died.
func (w *World) arriveLast(f *flight, arg int) {
	c := w.computer(f.msg.To)
	w.arrive(f, arg&7, false)
	if c.process == nil && arg>>3 > 0 {
		c.Crash(simdisk.First(arg >> 3 & 15))
	}
}

// drive makes one call to the driver of a living coordinator, and the round behind it.
func (w *World) drive(c *coordinator, call func(*rounds.Coordinator) error) {
	p := c.computer.process
	if p == nil {
		return
	}
	if err := call(p.coordinator); err != nil {
		w.ended(p, err)
		return
	}
	w.round(p)
}

// waits reports whether something at a node waits for its disk, which is that of its computer at the driver level.
func waits(d *disk, c *computer) bool {
	if c != nil {
		return c.process != nil && c.process.syncing
	}
	return len(d.held) > 0
}

// unsynced is how many records of node id a sync may cover one by one.
func (w *World) unsynced(id batch3pc.NodeID) int {
	if w.setup.Driver {
		return 0
	}
	return w.disk(id).unsynced()
}

// crashes is how many different crashes of node id there may be.
func (w *World) crashes(id batch3pc.NodeID) int {
	if c := w.computer(id); c != nil {
		return 4 * (c.Pending() + 2)
	}
	return w.disk(id).unsynced() + 1
}

// The calls to a coordinator at either level.

func (w *World) open(c *coordinator) {
	w.lock(c)
	if w.setup.Driver {
		w.drive(c, (*rounds.Coordinator).Open)
		return
	}
	w.call(c, c.open())
}

// tick lets a coordinator's clock go on by so many intervals; it ticks once.
func (w *World) tick(c *coordinator, intervals int64) {
	if !w.setup.Driver {
		w.call(c, c.tick())
		return
	}
	if p := c.computer.process; p != nil {
		p.nowNs += intervals * tickNs
		w.round(p)
	}
}

// link tells a coordinator, and at the driver level both sides, that they are connected, or are not.
func (w *World) link(c *coordinator, id batch3pc.NodeID, up bool) {
	p := w.participant(id)
	switch {
	case p == nil || !c.up:
	case !w.setup.Driver && up:
		c.lost &^= 1 << id
		w.call(c, c.machine.PeerUp(id))
	case !w.setup.Driver:
		c.lost |= 1 << id
		c.machine.PeerDown(id)
	case !up:
		w.disconnect(c, id)
	case p.up:
		w.reconnect(c, p)
	}
}

// replace has a generation name the new log of a participant that lost its old one, as its operator
// does as soon as the coordinator lets him.
func (w *World) replace(c *coordinator) (asked bool) {
	if !w.setup.Driver || !c.up {
		return false
	}
	for _, peer := range c.machine.AppendPeers(nil) {
		if peer.Trouble != batch3pc.TroubleIncarnation {
			continue
		}
		var members []batch3pc.NodeID
		for _, e := range c.machine.AppendPeers(nil) {
			if e.Member {
				members = append(members, e.Node)
			}
		}
		w.drive(c, func(d *rounds.Coordinator) error { return harmless(d.ChangeMembers(members, peer.Node)) })
		return true
	}
	return false
}

// mend ends the faults of all disks.
func (w *World) mend() {
	for id := range batch3pc.NodeID(nodesMax) {
		if c := w.computer(id); c != nil {
			c.failSync, c.failWrite = false, false
			c.fill(false)
		}
	}
}

// syncDisks lets every syncer go on until it has nothing to do.
func (w *World) syncDisks() {
	for id := range batch3pc.NodeID(nodesMax) {
		if c := w.computer(id); c != nil {
			for c.process != nil && c.process.syncing && w.watch.Err() == nil {
				w.syncStep(c.process)
			}
		}
	}
}

// roundAll gives a round to every process that would find something.
func (w *World) roundAll() {
	for id := range batch3pc.NodeID(nodesMax) {
		if c := w.computer(id); c != nil && c.process != nil && c.process.duty.Ready() {
			w.round(c.process)
		}
	}
}

// quiet reports whether no process has anything to do.
func (w *World) quiet() bool {
	for id := range batch3pc.NodeID(nodesMax) {
		if c := w.computer(id); c != nil && c.process != nil && (c.process.syncing || c.process.duty.Ready()) {
			return false
		}
	}
	return true
}

// readLog reads what is in the log of a participant, from where a restart would begin.
func (w *World) readLog(c *computer) (records []batch3pc.Record, holes bool) {
	r, err := c.reader(c.Disk)
	if err != nil {
		return nil, true
	}
	defer r.Close() //nolint:errcheck // read only
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return records, false
		}
		if err != nil || rec.Kind == codec.RecordHole {
			return nil, true
		}
		var batch batch3pc.Batch
		var record batch3pc.Record
		if err := codec.DecodeRecord(rec.Kind, w.memory.clone(rec.Body), &record, &batch); err != nil {
			w.watch.Fail("I4", "record %d of participant %d: %v", rec.LSN, c.id, err)
			return nil, true
		}
		records = append(records, record)
	}
}
