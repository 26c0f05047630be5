package sim

import (
	"errors"
	"slices"
	"syscall"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// At the driver level the nodes of a World are processes on computers. The actions are the same, and
// so are the schedulers; what a step does is up to the production driver.

// computer returns that of a node, nil at the core level.
func (w *World) computer(id batch3pc.NodeID) *computer {
	if p := w.participant(id); p != nil {
		return p.computer
	}
	if c := w.coordinator(id); c != nil {
		return c.computer
	}
	return nil
}

// publish takes a frame that a driver sends over a link.
func (w *World) publish(l *link, frame []byte) {
	h, body, err := codec.CheckFrame(frame)
	if err == nil {
		err = codec.DecodeMessage(body, h, &w.decoded, &w.batch)
	}
	if err != nil {
		w.watch.Fail("I4", "node %d sends a frame that nobody can read: %v", l.process.computer.id, err)
		return
	}
	f := w.memory.flight()
	f.msg, f.thaw, f.frame = w.decoded, 0, frame
	f.msg.To = l.to // whoever the frame says it is for
	f.key = keyOf(&f.msg)
	f.msg.Batch, f.msg.Veto, f.msg.Tail, f.msg.Generations, f.msg.Chunk = nil, nil, nil, nil, nil
	if w.trace != nil {
		w.trace.effect("send %v", f.key)
	}
	w.send(f)
}

// arrive puts a frame into the ring of its receiver, who looks at it now or in its next round.
func (w *World) arrive(f *flight, effects int, later bool) {
	c := w.computer(f.msg.To)
	p := c.process
	if p == nil {
		return
	}
	l := p.link(f.msg.From)
	if l == nil || !l.up {
		return
	}
	if f.msg.Kind == batch3pc.KindFill && w.participant(c.id) == nil {
		w.watch.Count.Relay++
	}
	l.queue = append(l.queue, arrival{rounds.EventFrame, f.frame})
	if !later {
		c.effects = effects
		w.round(p)
		c.effects = alive
	}
}

// roundsMax is how many rounds may follow one another without anything from outside.
const roundsMax = 2_000

// round lets a process work until it has nothing to do, and its syncer begin what it is asked for. It
// reports whether the process has survived.
func (w *World) round(p *process) bool {
	worked, err := true, error(nil)
	for n := 0; worked && err == nil; n++ {
		if n == roundsMax {
			w.watch.Fail("I8", "node %d works for ever", p.computer.id)
		}
		if w.watch.Err() != nil {
			return false
		}
		worked, err = p.duty.Round(p.nowNs)
	}
	if err == nil && p.computer.effects == 0 {
		err = simdisk.ErrDead
	}
	if err != nil {
		w.ended(p, err)
		return false
	}
	if !p.syncing {
		p.advance()
	}
	w.stood(p.computer.id)
	return true
}

// stood takes into the hash of the trace where a node stands.
func (w *World) stood(id batch3pc.NodeID) {
	if p := w.participant(id); p != nil {
		now := p.machine.Status()
		w.fold(uint64(now.Applied)<<32 ^ uint64(now.VotedChain))
		if p.computer.damaged && !now.Repairing {
			p.computer.damaged = false
		}
		return
	}
	w.noteNamed(w.coordinator(id))
	now := w.coordinator(id).machine.Status()
	w.fold(uint64(now.State)<<56 ^ uint64(now.Committed)<<32 ^ now.Ballot.Epoch)
}

// noteNamed notes which new logs a coordinator counts, because a generation has named them.
func (w *World) noteNamed(c *coordinator) {
	if !slices.ContainsFunc(w.participants, func(p *participant) bool { return p.computer.empty && p.up }) {
		return
	}
	for _, peer := range c.machine.AppendPeers(nil) {
		p := w.participant(peer.Node)
		if p.computer.empty && p.up && peer.Counts && peer.Incarnation == p.machine.Status().Incarnation && peer.Known == peer.Incarnation {
			p.computer.empty = false
			w.watch.Count.Replaced++
		}
	}
}

// ended is what becomes of a process whose driver gives up. It dies as a process does that exits: what
// it wrote stays in the page cache.
func (w *World) ended(p *process, err error) {
	c := p.computer
	if w.trace != nil {
		w.trace.effect("end: %v", err)
	}
	switch {
	case errors.Is(err, simdisk.ErrDead):
	case errors.Is(err, syscall.ENOSPC) && c.full:
		w.watch.Count.DeathFull++
	case errors.Is(err, syscall.EIO) && c.failed:
		w.watch.Count.DeathError++
	default:
		w.watch.Fail("I8", "node %d ends by itself: %v", c.id, err)
	}
	w.die(c)
	c.Kill()
}

// die ends a process. What becomes of its disk is up to the caller.
func (w *World) die(c *computer) {
	if p := c.process; p != nil {
		p.stop()
		c.process = nil
	}
	c.segments, c.effects = c.segments[:0], alive
	if p := w.participant(c.id); p != nil {
		p.up = false
		p.app.reset()
	} else {
		w.coordinator(c.id).up = false
		w.unlock(w.coordinator(c.id))
	}
	w.watch.Lost(c.id)
}

// cut is a power cut: of what is pending on the disk those things survive that arg stands for.
func (w *World) cut(c *computer, arg int) {
	keep := simdisk.Bits(mix(uint64(arg)))
	switch {
	case arg%4 == 0 || c.rolled():
		keep = simdisk.First(arg / 4)
	case arg%4 == 1:
		keep = simdisk.Last(arg / 4)
	}
	w.die(c)
	c.Crash(keep)
}

// lose replaces the disk of a participant that is down by an empty one.
func (w *World) lose(c *computer) {
	c.Disk = simdisk.New(mix(uint64(c.id)))
	c.fill(c.full)
	c.empty, c.damaged, c.written = true, false, c.written[:0]
	w.watch.Wiped(c.id)
	w.watch.Count.DiskLost++
}

// forget replaces the disk of a coordinator that is down by an empty one, or by an old copy. Whoever runs it
// knows as little of what it proposed, unless that is in a log that it shares.
func (w *World) forget(c *coordinator, old bool) {
	d := simdisk.New(mix(uint64(c.id)))
	if old && c.computer.old != nil {
		d = c.computer.old.Clone()
	}
	c.computer.Disk = d
	if c.log == &c.own {
		c.own, c.inputs = inputLog{holder: c.id}, 0
	}
	c.computer.fill(c.computer.full)
	w.watch.Forgot(c.id, c.log == &c.own)
	w.watch.Count.Forgotten++
}

// mendable reports whether the others can give a participant back what its disk has lost: from their own
// logs, or, if these are cut, by a snapshot.
func (w *World) mendable() bool { return w.setup.Every == 0 || w.setup.Snapshots }

// wounded reports whether a participant has lost its disk or some of it, so that all others are needed.
func (w *World) wounded() bool {
	for _, p := range w.participants {
		if p.disk.hole > 0 || p.computer != nil && (p.computer.damaged || p.computer.empty) {
			return true
		}
	}
	return false
}

// connectAll connects a node with all who live.
func (w *World) connectAll(id batch3pc.NodeID) {
	for _, c := range w.coordinators {
		for _, p := range w.participants {
			if (c.id == id || p.id == id) && c.up && p.up {
				w.reconnect(c, p)
			}
		}
	}
}

// reconnect is a new connection: an old one that one side still believes in ends.
func (w *World) reconnect(c *coordinator, p *participant) {
	for _, l := range []*link{c.computer.process.link(p.id), p.computer.process.link(c.id)} {
		l.set(false)
		l.set(true)
	}
	if w.round(c.computer.process) && p.computer.process != nil {
		w.round(p.computer.process)
	}
}

// disconnect takes the link of a coordinator to a participant down.
func (w *World) disconnect(c *coordinator, id batch3pc.NodeID) {
	c.computer.process.link(id).set(false)
	if p := w.participant(id); p.up {
		p.computer.process.link(c.id).set(false)
		w.round(p.computer.process)
	}
	w.round(c.computer.process)
}

// outcome is what a coordinator says became of a proposal.
func (w *World) outcome(p *process, o *rounds.Outcome) {
	if p.told++; o.No != p.told {
		w.watch.Fail("I11", "coordinator %d tells outcome %d as number %d", p.computer.id, o.No, p.told)
	}
	switch {
	case o.Err == nil:
		w.watch.Told(p.computer.id, o.Position, true)
	case !errors.Is(o.Err, rounds.ErrInDoubt):
		w.watch.Told(p.computer.id, o.Position, false)
	}
}

// fill makes the disk full, or not.
func (c *computer) fill(full bool) {
	c.full = full
	if full {
		c.SetCapacity(max(c.Used(), 1))
		return
	}
	c.SetCapacity(0)
}
