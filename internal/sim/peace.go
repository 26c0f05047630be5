package sim

import (
	"errors"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/check"
)

// peaceTicks bounds how many ticks a healthy group may take to decide what was in doubt (I8).
const peaceTicks = 60

// peace ends the faults and demands liveness: with one coordinator and a quorum everything in doubt
// is decided; with all members new batches are, and everybody has applied the same (I4, I8, I11).
// Participant dead is away for the first half: from its beginning, or late, as soon as it has told
// the leader in an election what it holds.
func (w *World) peace(leader, dead batch3pc.NodeID, late bool) bool {
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
	for _, p := range w.participants {
		p.app.draining = false
		if p.id != dead || late {
			w.restart(p.id)
		}
	}
	w.restart(leader)
	w.connect(c)
	if c.machine.Status().State == batch3pc.StateIdle {
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
	if !w.isUp(dead) && w.participant(dead) != nil {
		if !w.calm(c, "a quorum decides", func() bool { return w.level(c) }) {
			return true
		}
		w.restart(dead)
		w.connect(c)
	}
	goal := w.watch.Decided() + 1
	w.calm(c, "everybody commits", func() bool {
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
	if errors.As(check.Logs(logs), &v) {
		w.watch.Fail(v.Invariant, "from the disks: %s", v.Text)
	}
}

// elect lets a ballot get as far as its base.
func (w *World) elect(c *coordinator) {
	for range peaceTicks {
		for i := 0; i < len(w.bag); {
			if c.machine.Status().State != batch3pc.StateElecting || w.watch.Err() != nil {
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

// connect tells a coordinator which participants are there.
func (w *World) connect(c *coordinator) {
	for _, p := range w.participants {
		w.link(c, p.id, p.up)
	}
}

// calm lets time pass without faults until done, and reports whether that came in time.
func (w *World) calm(c *coordinator, what string, done func() bool) bool {
	for range peaceTicks {
		w.settle()
		if w.watch.Err() != nil {
			return false
		}
		if done() {
			return true
		}
		switch c.machine.Status().State {
		case batch3pc.StateIdle, batch3pc.StateFenced, batch3pc.StateRefused:
			w.open(c)
		}
		w.propose(c)
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
