package sim

import (
	"errors"
	"io"
	"math/bits"
	"syscall"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// bootParticipant starts the process of a participant as driver.ListenParticipant does. It stays down
// if the disk does not let it.
func (w *World) bootParticipant(p *participant) {
	c := p.computer
	p.app.reset()
	w.watch.Recovering(p.id)
	w.incarnation++
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{
		Self: p.id, Incarnation: w.incarnation, Generation: 1, WindowMax: w.setup.Retain, RetainMax: w.setup.Retain, Older: true,
	}, &p.app)
	if err != nil {
		panic(err)
	}
	watched := &watchedParticipant{Participant: machine, world: w, id: p.id}
	c.failed = false
	c.SetFault(c.refuse)
	log, holes, err := c.files().OpenCutDisk(logDir, 1, p.id, newBell(), watched)
	if err != nil {
		c.Kill()
		w.refused(c, err)
		return
	}
	if len(holes) > 0 && !c.damaged {
		w.watch.Fail("I4", "participant %d finds damage in a log that was only torn: %v", p.id, holes[0])
	}
	if !w.opened(c, log) {
		return
	}
	if len(holes) > 0 {
		c.written = c.written[:0] // the records were numbered anew
	}
	c.readsBack(watched.read, log.LSN())
	for i := range watched.read {
		w.watch.Durable(p.id, &watched.read[i])
	}
	p.machine, p.up = machine, true
	if machine.Status().Repairing {
		w.watch.Count.Repair++
	}
	w.watch.Recovered(p.id, machine.Status())
	var all []batch3pc.NodeID
	for _, o := range w.coordinators {
		all = append(all, o.id)
	}
	if w.setup.Inline {
		log.Stepped()
	}
	c.process = w.newProcess(c, log, all)
	c.process.duty = rounds.NewParticipant(rounds.ParticipantConfig{
		Header: c.header(log.LSN()), CheckpointBatches: uint64(w.setup.Every),
	}, watched, &simLog{log, c.process}, c.process.peers())
	w.started(c)
}

// bootCoordinator starts the process of a coordinator as driver.DialCoordinator does, but that it does
// not open a ballot: the schedule says when.
func (w *World) bootCoordinator(c *coordinator) {
	var epochs []batch3pc.Record
	c.computer.failed = false
	c.computer.SetFault(c.computer.refuse)
	log, err := c.computer.files().OpenDisk(logDir, newBell(), func(kind uint8, body []byte) error {
		var r batch3pc.Record
		var b batch3pc.Batch
		err := codec.DecodeRecord(kind, body, &r, &b)
		epochs = append(epochs, r)
		return err
	})
	if err != nil {
		c.computer.Kill()
		w.refused(c.computer, err)
		return
	}
	if !w.opened(c.computer, log) {
		return
	}
	w.starts++
	c.cfg.Boot = rounds.BootNumber(bits.Reverse32(w.starts), log.LSN()) // now above, now below the one before
	if c.computer.old == nil {
		c.computer.old = c.computer.Disk.Clone()
	}
	var proposer rounds.Proposer
	if w.setup.Standby && c.id != coordinatorBase {
		c.standby = newStandby(c.cfg)
		c.machine, proposer = c.standby.Coordinator(), rounds.Standby(c.standby)
	} else {
		c.machine = newCoordinator(c.cfg)
		proposer = c.machine
	}
	for i := range epochs {
		w.watch.Durable(c.id, &epochs[i])
		if err := c.machine.Recover(&epochs[i]); err != nil {
			w.watch.Fail("I4", "coordinator %d does not read its own log: %v", c.id, err)
			return
		}
	}
	c.up = true
	w.resume(c)
	p := w.newProcess(c.computer, log, c.cfg.Participants)
	c.computer.process = p
	p.coordinator = rounds.NewCoordinator(rounds.CoordinatorConfig{
		Header: c.computer.header(log.LSN()), TickNs: tickNs, RetainMax: w.setup.Retain, Gated: w.setup.Gate,
		Outcome: func(o *rounds.Outcome) { w.outcome(p, o) },
	}, &watchedCoordinator{Proposer: proposer, machine: c.machine, world: w, c: c}, &simLog{log, p}, p.peers())
	p.duty = p.coordinator
	w.started(c.computer)
}

// started gives a new process its links and its first round.
func (w *World) started(c *computer) {
	if w.round(c.process) {
		w.connectAll(c.id)
	}
	if c.full {
		w.watch.Count.RecoveryFull++
	}
}

// opened checks what Open promises: that a power cut now would leave every record that was replayed.
func (w *World) opened(c *computer, log *rounds.Disk) bool {
	if err := c.opened(log.LSN()); err != nil {
		w.watch.Fail("I4", "node %d: %v", c.id, err)
		return false
	}
	after := c.Disk.Clone()
	after.Crash(simdisk.Drop)
	last, err := c.lastRecord(after)
	if err != nil || last < log.LSN() {
		w.watch.Fail("I4", "node %d relies on record %d, and a power cut would leave %d: %v", c.id, log.LSN(), last, err)
		return false
	}
	return true
}

// reader reads the log on a disk from where a restart would begin.
func (c *computer) reader(d *simdisk.Disk) (*journal.Reader, error) {
	mark, _, err := snapshot.NewStore(d, logDir, snapshot.Identity{Cluster: 1, Node: uint32(c.id), Kind: snapshot.Participant}).Latest()
	if err != nil {
		return nil, err
	}
	return journal.NewReaderOn(d, logDir, mark.At)
}

// lastRecord reads the log on a disk to its end.
func (c *computer) lastRecord(d *simdisk.Disk) (uint64, error) {
	r, err := c.reader(d)
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // read only
	for {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			return r.Position().LSN, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// refusedRightly reports whether a participant had a reason against what is behind the holes of its log: no proof in
// it, or records of another log among its own.
func refusedRightly(c *computer, err error) bool {
	return unproven(err) || c.strange && errors.As(err, new(*batch3pc.RecoverError))
}

// refused is a log that its node could not open. It may be that the disk does not work, or is full; a
// log that was spoiled beyond repair is as good as none.
func (w *World) refused(c *computer, err error) {
	if w.trace != nil {
		w.trace.effect("refused: %v", err)
	}
	switch {
	case errors.Is(err, syscall.ENOSPC) && c.full, errors.Is(err, syscall.EIO) && c.failed:
		return
	case errors.Is(err, simdisk.ErrDead):
		return
	case c.damaged && (errors.As(err, new(*journal.DamageError)) || refusedRightly(c, err) || errors.As(err, new(*snapshot.FileError)) || errors.As(err, new(*journal.PositionError))):
		w.lose(c)
		return
	}
	w.watch.Fail("I4", "node %d does not read its own log: %v", c.id, err)
}
