package batch3pc_test

import (
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// world is a commit group in memory: every node with its disk, and one bag of messages in flight.
// It does nothing by itself; scripts and tests move it. The simulator, internal/sim, has one of its own.
type world struct {
	coordinators []*coordinatorNode
	participants []*participantNode
	flight       []batch3pc.Message
	note         func(format string, args ...any) // trace, nil: none
}

// disk keeps records in order. What is not synced may be lost, what is held waits for the sync.
type disk struct {
	records []batch3pc.Record
	synced  int
	held    []batch3pc.Message

	checkpoint   int          // where the last one begins in records
	checkpointAt batch3pc.Seq // what was applied then; 0: there is none
	checkpointed int          // records up to its end
}

// recordHole stands for records that cannot be read.
const recordHole batch3pc.RecordKind = 0

// checkpointNow lets p record its state.
func (w *world) checkpointNow(p *participantNode) error {
	ready, err := p.machine.Checkpoint()
	if err != nil {
		return err
	}
	p.disk.checkpoint, p.disk.checkpointAt = len(p.disk.records), p.machine.Status().Applied
	w.take(p.cfg.Self, &p.disk, ready)
	p.disk.checkpointed = len(p.disk.records)
	return nil
}

// cut cuts a log in front of its last checkpoint, if it may be, and reports whether it was.
func (w *world) cut(p *participantNode) bool {
	d := &p.disk
	if d.checkpointAt == 0 || d.synced < d.checkpointed || p.machine.Status().Truncate < d.checkpointAt {
		return false
	}
	w.tracef("%d cuts its log: %d records go, %d stay", p.cfg.Self, d.checkpoint, len(d.records)-d.checkpoint)
	d.records = slices.Clone(d.records[d.checkpoint:])
	d.synced -= d.checkpoint
	p.machine.Truncated(d.checkpointAt)
	d.checkpoint, d.checkpointAt = 0, 0
	return true
}

type participantNode struct {
	cfg     batch3pc.ParticipantConfig
	disk    disk
	app     *ledger
	machine *batch3pc.Participant // nil: crashed
	vetoed  func(batch3pc.NodeID, *batch3pc.Batch) bool
}

type coordinatorNode struct {
	cfg     batch3pc.CoordinatorConfig
	disk    disk
	machine *batch3pc.Coordinator // nil: crashed

	watches bool // it is a standby
	rank    int
	standby *batch3pc.Standby // around machine, or nil
}

// The calls that a standby takes before its coordinator does.

func (c *coordinatorNode) step(m *batch3pc.Message) batch3pc.Ready {
	if c.standby != nil {
		return c.standby.Step(m)
	}
	return c.machine.Step(m)
}

func (c *coordinatorNode) tick() batch3pc.Ready {
	if c.standby != nil {
		return c.standby.Tick()
	}
	return c.machine.Tick()
}

func (c *coordinatorNode) open() batch3pc.Ready {
	if c.standby != nil {
		return c.standby.TakeOver()
	}
	return c.machine.Open()
}

func cloneBatch(b *batch3pc.Batch) *batch3pc.Batch {
	if b == nil {
		return nil
	}
	c := *b
	c.Payload = slices.Clone(b.Payload)
	return &c
}

func cloneMessage(m batch3pc.Message) batch3pc.Message {
	m.Batch, m.Veto, m.Tail = cloneBatch(m.Batch), slices.Clone(m.Veto), slices.Clone(m.Tail)
	m.Generations, m.Chunk = slices.Clone(m.Generations), slices.Clone(m.Chunk)
	return m
}

func newWorld(coordinators []batch3pc.CoordinatorConfig, participants []batch3pc.ParticipantConfig) *world {
	w := &world{}
	for _, cfg := range participants {
		w.participants = append(w.participants, &participantNode{cfg: cfg})
	}
	for _, cfg := range coordinators {
		w.coordinators = append(w.coordinators, &coordinatorNode{cfg: cfg})
	}
	return w
}

func (w *world) participant(id batch3pc.NodeID) *participantNode {
	for _, p := range w.participants {
		if p.cfg.Self == id {
			return p
		}
	}
	return nil
}

func (w *world) coordinator(id batch3pc.NodeID) *coordinatorNode {
	for _, c := range w.coordinators {
		if c.cfg.Self == id {
			return c
		}
	}
	return nil
}

func (w *world) tracef(format string, args ...any) {
	if w.note != nil {
		w.note(format, args...)
	}
}

// take does what Ready asks the driver of node id to do, except for the sync.
func (w *world) take(id batch3pc.NodeID, d *disk, ready batch3pc.Ready) {
	for _, r := range ready.Records {
		r.Batch, r.Chunk = cloneBatch(r.Batch), slices.Clone(r.Chunk)
		d.records = append(d.records, r)
		w.tracef("  log  %s", formatRecord(&r))
	}
	for i := range ready.Messages {
		m := cloneMessage(ready.Messages[i])
		w.flight = append(w.flight, m)
		w.tracef("  send %s", formatMessage(&m))
	}
	for i := range ready.Durable {
		m := cloneMessage(ready.Durable[i])
		d.held = append(d.held, m)
		w.tracef("  hold %s", formatMessage(&m))
	}
}

// sync makes a disk durable and lets go what waited for it.
func (w *world) sync(id batch3pc.NodeID, d *disk) {
	if d.synced == len(d.records) && len(d.held) == 0 {
		return
	}
	w.tracef("%d syncs, releases %d", id, len(d.held))
	d.synced = len(d.records)
	w.flight = append(w.flight, d.held...)
	d.held = d.held[:0]
}

// lose cuts a disk after a crash: nothing survives that was not synced.
func (d *disk) lose() {
	d.records = d.records[:d.synced]
	d.checkpointAt = 0
	d.held = d.held[:0]
}

func (w *world) startParticipant(p *participantNode) error {
	p.app = &ledger{id: p.cfg.Self, vetoed: p.vetoed}
	machine, err := batch3pc.NewParticipant(p.cfg, p.app)
	if err != nil {
		return err
	}
	for i := range p.disk.records {
		if p.disk.records[i].Kind == recordHole {
			machine.RecoverHole()
		} else if err := machine.Recover(&p.disk.records[i]); err != nil {
			return err
		}
	}
	if err := machine.RecoverDone(); err != nil {
		return err
	}
	p.machine = machine
	return nil
}

func (w *world) startCoordinator(c *coordinatorNode) error {
	c.cfg.Boot++
	machine, err := batch3pc.NewCoordinator(c.cfg)
	if c.watches {
		c.standby, err = batch3pc.NewStandby(batch3pc.StandbyConfig{Coordinator: c.cfg, PatienceTicks: 2, Rank: c.rank})
		machine = c.standby.Coordinator()
	}
	if err != nil {
		return err
	}
	for i := range c.disk.records {
		if err := machine.Recover(&c.disk.records[i]); err != nil {
			return err
		}
	}
	c.machine = machine
	return nil
}

func (w *world) start() error {
	for _, p := range w.participants {
		if err := w.startParticipant(p); err != nil {
			return err
		}
	}
	for _, c := range w.coordinators {
		if err := w.startCoordinator(c); err != nil {
			return err
		}
	}
	return nil
}

// deliver hands m to its node; a crashed node loses it.
func (w *world) deliver(m *batch3pc.Message) {
	w.tracef("%s", formatMessage(m))
	if p := w.participant(m.To); p != nil {
		if p.machine == nil {
			w.tracef("  lost: %d is down", m.To)
			return
		}
		w.take(m.To, &p.disk, p.machine.Step(m))
		return
	}
	c := w.coordinator(m.To)
	if c.machine == nil {
		w.tracef("  lost: %d is down", m.To)
		return
	}
	w.take(m.To, &c.disk, c.step(m))
}

// remove takes message i out of the bag.
func (w *world) remove(i int) batch3pc.Message {
	m := w.flight[i]
	w.flight = slices.Delete(w.flight, i, i+1)
	return m
}

// settle delivers in order and syncs until nothing moves any more.
func (w *world) settle() {
	for delivered := 0; ; {
		for len(w.flight) > 0 {
			if delivered++; delivered > 100_000 {
				panic("I8: messages go round for ever")
			}
			m := w.remove(0)
			w.deliver(&m)
		}
		for _, p := range w.participants {
			w.sync(p.cfg.Self, &p.disk)
		}
		for _, c := range w.coordinators {
			w.sync(c.cfg.Self, &c.disk)
		}
		if len(w.flight) == 0 {
			return
		}
	}
}
