package sim

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Do carries out one action and reports whether it fitted the moment. After a violation the world
// is of no use any more: Watch.Err says which.
func (w *World) Do(a Action) (fits bool) {
	if w.trace != nil {
		w.trace.begin(w, a)
		defer func() { w.trace.end(w, a, fits) }()
	}
	if fits = w.do(a); fits {
		w.done++
		w.fold(uint64(a.Op)<<48 ^ uint64(a.Node)<<40 ^ uint64(a.Arg) ^ uint64(a.Key))
	}
	return fits
}

func (w *World) do(a Action) bool {
	if a.Op.aboutMessage() {
		if i := w.lookup(a.Key, a.Nth); i >= 0 {
			w.about(i, a)
			return true
		}
		return false
	}
	switch a.Op {
	case OpPeace:
		return w.peace(a.Node, batch3pc.NodeID(a.Arg), a.Nth > 0)
	case OpSettle:
		w.settle()
		return true
	}
	if a.Op <= OpRestart {
		return w.power(a)
	}
	if p := w.participant(a.Node); p != nil {
		switch a.Op {
		case OpDrain:
			p.app.draining = !p.app.draining
			return true
		case OpTruncate:
			return p.up && w.truncate(p)
		case OpDamage:
			return w.damage(p, int(a.Arg))
		}
		return false
	}
	c := w.coordinator(a.Node)
	if c == nil || !c.up {
		return false
	}
	w.lead(c, a)
	return true
}

// about deals with the message at place i.
func (w *World) about(i int, a Action) {
	switch a.Op {
	case OpDeliver:
		w.deliver(w.remove(i), everything)
	case OpDuplicate:
		w.deliver(w.bag[i], everything)
	case OpDrop:
		w.remove(i)
	case OpCorrupt:
		w.corrupt(w.remove(i), int(a.Arg))
	case OpCrashIn:
		w.deliver(w.remove(i), int(a.Arg))
	}
}

// power deals with disks, crashes and restarts.
func (w *World) power(a Action) bool {
	d := w.disk(a.Node)
	if d == nil {
		return false
	}
	switch a.Op {
	case OpRestart:
		return w.restart(a.Node)
	case OpCrash:
		if w.isUp(a.Node) {
			w.crash(a.Node, int(a.Arg))
			return true
		}
	case OpSync:
		if w.isUp(a.Node) && !d.idle() {
			n := d.unsynced()
			if a.Arg > 0 {
				n = min(n, int(a.Arg))
			}
			w.sync(a.Node, d, n)
			return true
		}
	}
	return false
}

// lead makes one call to a living coordinator.
func (w *World) lead(c *coordinator, a Action) {
	switch a.Op {
	case OpTick:
		before := c.takeovers()
		w.call(c, c.tick())
		w.watch.Count.Takeover += c.takeovers() - before
	case OpOpen:
		w.call(c, c.open())
	case OpPropose:
		w.propose(c)
	case OpInputs:
		c.inputs = max(c.inputs, c.machine.Status().Proposed)
		w.call(c, c.machine.InputsDurable(c.inputs))
	case OpChange:
		w.change(c)
	case OpUp:
		w.call(c, c.machine.PeerUp(batch3pc.NodeID(a.Arg)))
	case OpDown:
		c.machine.PeerDown(batch3pc.NodeID(a.Arg))
	}
}

// guard turns a panic of a machine, which is how it reports a broken invariant, into a violation.
func (w *World) guard(run func()) {
	defer func() {
		if r := recover(); r != nil {
			stack := make([]byte, 4<<10)
			w.watch.Fail(invariantOf(r), "%v\n%s", r, stack[:runtime.Stack(stack, false)])
		}
	}()
	run()
}

// invariantOf reads the number out of what a machine says when it stops: "batch3pc: I7 violated: ...".
func invariantOf(r any) string {
	var name string
	if text, ok := r.(string); ok {
		if n, _ := fmt.Sscanf(text, "batch3pc: %s violated:", &name); n == 1 {
			return name
		}
	}
	return "panic"
}

// change lets the last participant out of the member set, or in again. A coordinator may refuse.
func (w *World) change(c *coordinator) {
	g := c.machine.Generation()
	var members []batch3pc.NodeID
	last := w.participants[len(w.participants)-1].id
	for _, p := range w.participants {
		if e := g.Find(p.id); p.id != last || e == nil || !e.Member {
			members = append(members, p.id)
		}
	}
	ready, err := c.machine.ProposeGeneration(members)
	if refused := new(batch3pc.MembershipError); err != nil && err != batch3pc.ErrNotActive && !errors.As(err, &refused) {
		w.watch.Fail("I8", "ProposeGeneration: %v", err)
	}
	w.call(c, ready)
}
