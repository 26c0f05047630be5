package sim

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// Do carries out one action and reports whether it fitted the moment. After a violation the world
// is of no use any more: Watch.Err says which.
func (w *World) Do(a Action) (fits bool) {
	if w.trace != nil {
		w.trace.begin(a)
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
		return w.peace(a.Node, batch3pc.NodeID(a.Arg), a.Nth)
	case OpSettle:
		w.settle()
		return true
	}
	switch {
	case w.setup.Driver && (a.Op <= OpRestart || a.Op.aboutDisk()):
		return w.hardware(a)
	case a.Op <= OpRestart:
		return w.power(a)
	case a.Op.aboutDisk():
		return false
	}
	if p := w.participant(a.Node); p != nil {
		switch a.Op {
		case OpDrain:
			p.app.draining = !p.app.draining
			return true
		case OpTruncate:
			return p.up && !w.setup.Driver && w.truncate(p)
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
		if f := w.remove(i); w.setup.Driver {
			w.arrive(f, alive, a.Arg > 0)
		} else {
			w.deliver(f, everything)
		}
	case OpDuplicate:
		w.deliver(w.bag[i], everything)
	case OpDrop:
		w.remove(i)
	case OpCorrupt:
		w.corrupt(w.remove(i), int(a.Arg))
	case OpCrashIn:
		if f := w.remove(i); w.setup.Driver {
			w.arriveLast(f, int(a.Arg))
		} else {
			w.deliver(f, int(a.Arg))
		}
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
		w.tick(c, int64(a.Arg)+1)
		w.watch.Count.Takeover += c.takeovers() - before
	case OpOpen:
		w.open(c)
	case OpPropose:
		w.propose(c)
	case OpInputs:
		w.inputs(c)
	case OpChange:
		w.change(c, a.Arg)
	case OpUp:
		w.link(c, batch3pc.NodeID(a.Arg), true)
	case OpDown:
		w.link(c, batch3pc.NodeID(a.Arg), false)
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

// What Arg of OpChange says, if it is not 0.
const (
	changeBack = 1 // the wish is taken back
	changeSame = 2 // the members that there are shall be the members
	changeOf   = 2 // and above: it is about this participant more than changeOf, not about the last one
)

// change lets a participant out of the member set, or in again. A coordinator may refuse.
func (w *World) change(c *coordinator, arg uint16) {
	if arg == changeBack {
		c.machine.CancelGeneration()
		return
	}
	if w.replace(c) {
		return
	}
	g := c.machine.Generation()
	var members []batch3pc.NodeID
	about := w.participants[len(w.participants)-1].id
	if arg > 0 {
		about = batch3pc.NodeID(arg - changeOf) // 0, nobody, with changeSame
	}
	for _, p := range w.participants {
		e := g.Find(p.id)
		if member := e == nil || e.Member; member != (p.id == about) || e == nil {
			members = append(members, p.id)
		}
	}
	if w.setup.Driver {
		w.drive(c, func(d *rounds.Coordinator) error { return harmless(d.ChangeMembers(members)) })
		return
	}
	ready, err := c.machine.ProposeGeneration(members)
	if err := harmless(err); err != nil {
		w.watch.Fail("I8", "ProposeGeneration: %v", err)
	}
	w.call(c, ready)
}

// harmless is err, unless it says that a change of the members was refused.
func harmless(err error) error {
	if refused := new(batch3pc.MembershipError); err == batch3pc.ErrNotActive || errors.As(err, &refused) {
		return nil
	}
	return err
}
