package sim

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// inputLog is where proposers write what goes into their batches, as engines do into their command log. Each coordinator has
// one of its own, or all share one.
type inputLog struct {
	used   batch3pc.Seq    // highest number of any batch
	inputs batch3pc.Seq    // durable
	holder batch3pc.NodeID // of the lock, without which nobody writes; 0: nobody
}

// lock reports whether a coordinator may write to its log, which it takes up if nobody has it, or somebody who has found
// out that he is fenced: the engine ends then. Who takes up the log counts on from it, and can repeat what is in it, whoever
// proposed it. A coordinator that leads without it terminates what others have begun, and proposes nothing.
func (w *World) lock(c *coordinator) bool {
	log := c.log
	if holder := w.coordinator(log.holder); holder == c {
		return true
	} else if holder != nil && holder.machine.State() != batch3pc.StateFenced {
		return false
	}
	if log.holder > 0 {
		w.watch.Spilt(log.holder)
	}
	log.holder, c.wrote, c.inputs = c.id, 0, log.inputs
	c.machine.Used(log.used)
	c.machine.Logged(log.inputs)
	if w.setup.Gate {
		w.watch.Gate(c.id, c.inputs)
	}
	return true
}

// resume is what a coordinator does about its log when it starts: one that is its own it takes up. Where there are other
// coordinators with logs of their own it does not say that the log has what they propose: they may yet give the same numbers
// to batches of theirs.
func (w *World) resume(c *coordinator) {
	if c.log == &w.shared {
		return
	}
	c.machine.Used(c.log.used)
	if len(w.coordinators) == 1 {
		c.machine.Logged(c.log.inputs)
	}
}

// unlock is the death of a coordinator: what it has written and is not durable is gone, and somebody else may take up the log
// that it shares.
func (w *World) unlock(c *coordinator) {
	c.wrote = 0
	if c.log == &w.shared && c.log.holder == c.id {
		c.log.holder = 0
	}
}

// numbered notes that a coordinator has given a number to a batch.
func (w *World) numbered(c *coordinator, b *batch3pc.Batch) {
	if b.Seq <= c.log.used {
		w.watch.Fail("I6", "coordinator %d proposes %d, and its log has %d", c.id, b.Seq, c.log.used)
	}
	c.log.used, c.wrote = b.Seq, b.Seq
}

// inputs says that what went into all that a coordinator proposed is durable.
func (w *World) inputs(c *coordinator) {
	if c.log.holder != c.id {
		return
	}
	c.inputs = max(c.inputs, c.wrote)
	c.log.inputs = c.inputs
	if w.setup.Gate {
		w.watch.Gate(c.id, c.inputs)
	}
	if !w.setup.Driver {
		w.call(c, c.machine.InputsDurable(c.inputs))
		return
	}
	w.drive(c, func(d *rounds.Coordinator) error { return d.InputsDurable(c.computer.process.last) })
}
