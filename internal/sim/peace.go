package sim

import (
	"errors"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/check"
)

// peaceTicks bounds how many ticks a healthy group may take to decide what was in doubt (I8).
const peaceTicks = 60

// What Nth of OpPeace says.
const (
	peaceLate  = 1 // the participant dies as soon as it has told the leader in an election what it holds
	peaceStill = 2 // nobody dies, and nothing happens that would bring up old things anew
)

// peace ends the faults and demands liveness: with one coordinator and a quorum everything in doubt
// is decided; with all members new batches are, and everybody has applied the same (I4, I8, I11).
// Participant dead is away for the first half: from its beginning, or late. Or the first half is still:
// connections that there are stay, and nothing is proposed, so that what is decided and was lost on its
// way to somebody has to be told again for its own sake.
func (w *World) peace(leader, dead batch3pc.NodeID, how uint8) bool {
	late, still := how == peaceLate, how == peaceStill
	c := w.coordinator(leader)
	if c == nil {
		return false
	}
	for _, o := range w.coordinators {
		if o != c && o.up {
			w.crash(o.id, everything)
		}
	}
	mortal := w.participant(dead) != nil && 2*(len(w.participants)-1) > len(w.participants) && !w.wounded()
	if w.setup.Driver && w.watch.Decided() == 0 {
		mortal = false // the first ballot of a stream takes everybody (rule N1)
	}
	if !mortal {
		dead = 0
	}
	w.mend()
	if mortal && w.isUp(dead) && !late {
		w.crash(dead, 0)
	}
	var lives uint16 // participants to which the leader has a connection, bits
	for _, p := range w.participants {
		p.app.draining = false
		if still && c.up && p.up && w.connected(c, p) {
			lives |= 1 << p.id
		}
		if p.id != dead || late {
			w.restart(p.id)
		}
	}
	w.restart(leader)
	w.connect(c, lives)
	if c.machine.State() == batch3pc.StateIdle {
		w.open(c)
	}
	if mortal && late {
		w.open(c)
		w.elect(c)
		if w.isUp(dead) {
			w.crash(dead, 0)
			w.link(c, dead, false)
		}
	}
	if still && !w.calm(c, "everybody applies what is decided", false, func() bool { return w.level(c) }) {
		return true
	}
	if !w.isUp(dead) && w.participant(dead) != nil {
		if !w.calm(c, "a quorum decides", true, func() bool { return w.level(c) }) {
			return true
		}
		w.restart(dead)
		w.connect(c, 0)
	}
	goal := w.watch.Decided() + 1
	w.calm(c, "everybody commits", true, func() bool {
		s := c.machine.Status()
		return w.watch.Decided() >= goal && s.Base <= s.Committed && s.Proposed == s.Committed && w.level(c)
	})
	for _, p := range w.participants {
		w.watch.Level(p.id)
	}
	w.judgeDisks()
	return true
}

// judgeDisks looks at what is left as a stranger would, who has seen nothing but the disks.
func (w *World) judgeDisks() {
	logs := w.logs[:0]
	for _, p := range w.participants {
		if w.setup.Driver {
			records, holes := w.readLog(p.computer)
			if holes {
				return
			}
			logs = append(logs, check.Log{Node: p.id, Records: records})
			continue
		}
		if p.disk.hole > 0 {
			return
		}
		logs = append(logs, check.Log{Node: p.id, Records: p.disk.records})
	}
	w.logs = logs
	var v *check.Violation
	if errors.As(w.judge.Logs(logs), &v) {
		w.watch.Fail(v.Invariant, "from the disks: %s", v.Text)
	}
}

// elect lets a ballot get as far as its base.
func (w *World) elect(c *coordinator) {
	for range peaceTicks {
		for i := 0; i < len(w.bag); {
			if c.machine.State() != batch3pc.StateElecting || w.watch.Err() != nil {
				return
			}
			if f := w.bag[i]; f.msg.Kind == batch3pc.KindStateReq || f.msg.Kind == batch3pc.KindState {
				w.deliver(w.remove(i), everything)
			} else {
				i++
			}
		}
		w.syncAll()
	}
}

// connect tells a coordinator which participants are there, but for those in lives. A machine is not told again what it
// has been told: it has to get on with somebody whose link never breaks, or who was away unnoticed (PROTOCOL.md 5.8).
func (w *World) connect(c *coordinator, lives uint16) {
	for i, known := range c.machine.AppendPeers(nil) {
		if p := w.participants[i]; lives>>p.id&1 == 0 && (w.setup.Driver || known.Connected != p.up) {
			w.link(c, p.id, p.up)
		}
	}
}

// connected reports whether a coordinator has not been told that it lost its connection to a participant.
func (w *World) connected(c *coordinator, p *participant) bool {
	if w.setup.Driver {
		return c.computer.process.link(p.id).up && p.computer.process.link(c.id).up
	}
	return c.lost>>p.id&1 == 0
}

// calm lets time pass without faults until done, and reports whether that came in time. Batches are proposed
// if that is asked for.
func (w *World) calm(c *coordinator, what string, propose bool, done func() bool) bool {
	for range peaceTicks {
		w.settle()
		if w.watch.Err() != nil {
			return false
		}
		if done() {
			return true
		}
		switch c.machine.State() {
		case batch3pc.StateIdle, batch3pc.StateFenced, batch3pc.StateRefused:
			w.open(c)
		}
		if propose {
			w.propose(c)
		}
		w.inputs(c)
		w.settle()
		w.tick(c, 1)
		w.replace(c)
	}
	text := w.describe(c.id)
	for _, p := range w.participants {
		text += "; " + w.describe(p.id)
	}
	w.watch.Fail("I8", "%s: not within %d ticks: %s", what, peaceTicks, text)
	return false
}

// settleMax is how many messages may follow from one event without a tick between them.
const settleMax = 20_000

// settle delivers in order and syncs until nothing moves any more.
func (w *World) settle() {
	for delivered := 0; ; delivered++ {
		if delivered > settleMax {
			w.watch.Fail("I8", "nodes work for ever")
		}
		if w.watch.Err() != nil {
			return
		}
		for len(w.bag) > 0 {
			if delivered++; delivered > settleMax {
				w.watch.Fail("I8", "messages go round for ever")
			}
			if w.watch.Err() != nil {
				return
			}
			w.deliver(w.remove(0), everything)
		}
		w.syncAll()
		w.roundAll()
		if len(w.bag) == 0 && w.quiet() {
			return
		}
	}
}

func (w *World) syncAll() {
	if w.setup.Driver {
		w.syncDisks()
		return
	}
	for _, p := range w.participants {
		if p.up && !p.disk.idle() {
			w.sync(p.id, &p.disk, p.disk.unsynced())
		}
	}
	for _, c := range w.coordinators {
		if c.up && !c.disk.idle() {
			w.sync(c.id, &c.disk, c.disk.unsynced())
		}
	}
}

// level reports whether the leader serves and every living participant has applied all that is
// decided in its ballot.
func (w *World) level(c *coordinator) bool {
	s := c.machine.Status()
	if s.State != batch3pc.StateActive {
		return false
	}
	for _, p := range w.participants {
		if !p.up {
			continue
		}
		if now := p.machine.Status(); now.LastAttempt != s.Ballot || now.Applied != s.Committed {
			return false
		}
	}
	return true
}
