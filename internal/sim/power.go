package sim

import (
	"errors"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// crash kills a node; keep of its unsynced records survive.
func (w *World) crash(id batch3pc.NodeID, keep int) {
	if w.setup.Driver {
		w.cut(w.computer(id), keep)
		return
	}
	d := w.disk(id)
	d.cut(d.synced + min(keep, d.unsynced()))
	w.harden(id, d, d.unsynced())
	if p := w.participant(id); p != nil {
		p.up = false
		p.app.reset()
	} else {
		w.coordinator(id).up = false
		w.unlock(w.coordinator(id))
	}
	w.watch.Lost(id)
}

// recover reads the log of a participant.
func (w *World) recover(p *participant) error {
	p.app.reset()
	w.watch.Recovering(p.id)
	p.become(w.pristine.participant(w.setup.participant(p.id)))
	if err := p.disk.replay(p.machine.Recover, p.machine.RecoverHole); err != nil {
		return err
	}
	return p.machine.RecoverDone()
}

// truncate lets a participant write a checkpoint, or cuts its log in front of the last one if that may be.
func (w *World) truncate(p *participant) bool {
	d := &p.disk
	if d.checkpointAt == 0 {
		ready, err := p.machine.Checkpoint()
		if err != nil {
			return false
		}
		d.checkpoint, d.checkpointAt = len(d.records), p.machine.Status().Applied
		w.take(p.id, d, ready, everything)
		d.checkpointed = len(d.records)
		return true
	}
	if d.synced < d.checkpointed || p.machine.Status().Truncate < d.checkpointAt {
		return false
	}
	at := d.checkpointAt
	d.truncate()
	p.machine.Truncated(at)
	w.watch.Count.Truncation++
	return true
}

// damage makes a durable record in the log of a participant that is down unreadable. One log at a time
// is damaged: two may be more than a group survives.
func (w *World) damage(p *participant, record int) bool {
	if w.wounded() || w.setup.Driver && !w.mendable() {
		return false
	}
	if w.setup.Driver {
		p.computer.damaged = !p.up && p.computer.spoil(record, w.participants[int(p.id)%len(w.participants)].computer.Disk)
		return p.computer.damaged
	}
	if p.up || p.disk.synced == 0 {
		return false
	}
	p.disk.hole = 1 + record%p.disk.synced
	return true
}

// unproven reports whether a log was refused because what is behind its holes does not prove whose it is, or what was
// promised: the one reason for which a damaged log may be as good as none.
func unproven(err error) bool {
	refused := new(batch3pc.RecoverError)
	return errors.As(err, &refused) && refused.Seq == 0 && (refused.Kind == batch3pc.RecordPreCommit || refused.Kind == batch3pc.RecordIdentity)
}

// restart brings a node back from its disk. A log that its own machine refuses is a violation.
func (w *World) restart(id batch3pc.NodeID) bool {
	if w.isUp(id) {
		return false
	}
	if w.setup.Driver {
		w.boot(id)
		return true
	}
	if p := w.participant(id); p != nil {
		err := w.recover(p)
		if unproven(err) && p.disk.hole > 0 {
			p.disk.hole = 0 // the log is as good as none: somebody brings a copy of it
			err = w.recover(p)
		}
		if err != nil {
			w.watch.Fail("I4", "participant %d does not read its own log: %v", id, err)
			return true
		}
		p.up = true
		if p.machine.Status().Repairing {
			w.watch.Count.Repair++
		}
		w.watch.Recovered(id, p.machine.Status())
		return true
	}
	c := w.coordinator(id)
	c.become(w.pristine.coordinator(w.setup, id, c.cfg.Boot+1))
	if err := c.disk.replay(c.machine.Recover, nil); err != nil {
		w.watch.Fail("I4", "coordinator %d does not read its own log: %v", id, err)
		return true
	}
	c.up = true
	w.resume(c)
	return true
}
