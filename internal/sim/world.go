package sim

import (
	"encoding/binary"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/check"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// Setup is what a world is made of.
type Setup struct {
	Participants int  // 1 to 9, nodes 1, 2, ...; a quorum is more than half
	Learners     int  // the last so many participants are no members
	Coordinators int  // 1 to 3, nodes 10, 11, ...; the first opens a ballot at the start
	Window       int  // batches in flight
	Retain       int  // batches kept for members that lag
	Gate         bool // a coordinator waits for OpInputs before it pre-commits
	Shared       bool // with Gate: what goes into the batches is in one log, of which one coordinator at a time has the lock
	Changes      bool // the last participant may be excluded and come back
	Free         bool // with Changes: any participant but the first may, one at a time if there are three
	Snapshots    bool // participants are replicas of each other and can be brought up by their state
	Pieces       bool // a snapshot is longer than a message takes, and a learner may lag behind what logs are cut to
	Classes      int  // of participants, taken in turn, if not all are replicas of each other
	Standby      bool // all coordinators but the first watch for a leader
	Vetoes       int  // batches that a participant refuses, in a thousand
	Wire         bool // messages and records go through their bytes
	Driver       bool // nodes are whole: driver, log and disk
	Inline       bool // Driver: a participant with nothing else to do syncs its log itself
	Every        int  // Driver: batches between two checkpoints of a participant; 0: there are none
}

// coordinatorBase is the node of the first coordinator.
const coordinatorBase batch3pc.NodeID = 10

type participant struct {
	id       batch3pc.NodeID
	machine  *batch3pc.Participant
	own      batch3pc.Participant // machine, at the core level
	up       bool
	app      ledger
	disk     disk
	computer *computer // at the driver level; disk is empty then
	named    named
}

type coordinator struct {
	id       batch3pc.NodeID
	cfg      batch3pc.CoordinatorConfig // of this boot
	machine  *batch3pc.Coordinator
	standby  *batch3pc.Standby    // around machine, or nil
	leader   batch3pc.Coordinator // machine, at the core level, without a standby
	watcher  batch3pc.Standby     // standby, at the core level
	up       bool
	lost     uint16       // at the core level: participants that it was told are not connected, bits
	made     int          // batches proposed, over all boots
	own      inputLog     // of a coordinator that shares none
	log      *inputLog    // that it writes to
	wrote    batch3pc.Seq // there, since it took it up: the number of the last batch
	inputs   batch3pc.Seq // what it knows to be durable there, over all boots
	disk     disk
	computer *computer // at the driver level; disk is empty then
	named    named
}

// World is a commit group in memory: the production machines, a disk for each, and one bag of
// messages in flight. It does nothing by itself; actions move it, and a Watch judges every step.
type World struct {
	setup        Setup
	participants []*participant
	coordinators []*coordinator
	members      []batch3pc.NodeID
	shared       inputLog
	bag          []*flight // in flight, oldest first
	sent         uint32    // messages so far
	memory       *memory
	pristine     *pristine
	watch        *check.Watch
	logs         []check.Log // of judgeDisks
	judge        check.Judge
	hash         uint64
	trace        *trace                // nil: none
	done         int                   // actions carried out
	proposed     int                   // batches
	intern       func(*flight) *flight // of a search, else nil
	decoded      batch3pc.Message      // the message that is delivered from its bytes
	batch        batch3pc.Batch        // of it
	incarnation  uint64                // of the log that was begun last
	starts       uint32                // of coordinators, at the driver level

	ownParticipants []*participant // of a search: those that are not another world's
	ownCoordinators []*coordinator
}

// shape is what all worlds that use the same memory have in common.
type shape struct {
	participants, coordinators int
	driver                     bool
}

func (s *Setup) shape() shape { return shape{s.Participants, s.Coordinators, s.Driver} }

// newWorld makes a world that Reset has to be called for.
func newWorld(shape shape, memory *memory, pristine *pristine) *World {
	w := &World{memory: memory, pristine: pristine}
	all := (&Setup{Participants: shape.participants}).all()
	var leaders []batch3pc.NodeID
	for i := range shape.coordinators {
		leaders = append(leaders, coordinatorBase+batch3pc.NodeID(i))
	}
	w.watch = check.NewWatch(all, all, leaders)
	for _, id := range all {
		w.participants = append(w.participants, &participant{id: id, app: ledger{id: id, watch: w.watch}})
	}
	for _, id := range leaders {
		w.coordinators = append(w.coordinators, &coordinator{id: id})
	}
	return w
}

// become starts a participant of the core level with a machine that has done nothing yet.
func (p *participant) become(o *batch3pc.Participant) {
	p.machine = &p.own
	p.machine.CopyFrom(o, &p.app)
}

// become is the same for a coordinator.
func (c *coordinator) become(o *pristineCoordinator) {
	c.cfg, c.lost = o.cfg, 0
	if o.standby != nil {
		c.standby = &c.watcher
		c.standby.CopyFrom(o.standby)
		c.machine = c.standby.Coordinator()
		return
	}
	c.standby, c.machine = nil, &c.leader
	c.machine.CopyFrom(o.machine)
}

// The calls that a standby takes before its coordinator does.

func (c *coordinator) step(m *batch3pc.Message) batch3pc.Ready {
	if c.standby != nil {
		return c.standby.Step(m)
	}
	return c.machine.Step(m)
}

func (c *coordinator) tick() batch3pc.Ready {
	if c.standby != nil {
		return c.standby.Tick()
	}
	return c.machine.Tick()
}

func (c *coordinator) open() batch3pc.Ready {
	if c.standby != nil {
		return c.standby.TakeOver()
	}
	return c.machine.Open()
}

func (c *coordinator) takeovers() uint64 {
	if c.standby != nil {
		return c.standby.Status().Takeovers
	}
	return 0
}

// Reset takes the world to the beginning of one that setup describes, whose shape is its own.
func (w *World) Reset(setup Setup) {
	all := setup.all()
	w.setup, w.members = setup, all[:setup.Participants-setup.Learners]
	w.memory.reset()
	w.watch.Reset(w.members)
	w.bag, w.sent, w.hash, w.done, w.proposed, w.incarnation, w.starts = w.bag[:0], 0, 0, 0, 0, 0, 0
	w.shared = inputLog{}
	for _, c := range w.coordinators {
		c.own = inputLog{holder: c.id}
		if c.log = &c.own; setup.Shared {
			c.log = &w.shared
		}
	}
	for _, p := range w.participants {
		p.app.vetoes, p.app.padding = setup.Vetoes, 0
		if setup.Pieces {
			p.app.padding = batch3pc.SnapshotChunkMax
		}
	}
	if w.setup.Driver {
		w.resetDriver()
		return
	}
	for _, p := range w.participants {
		p.app.reset()
		p.disk.reset()
		p.become(w.pristine.participant(setup.participant(p.id)))
		p.up, p.named = true, named{}
	}
	for _, c := range w.coordinators {
		c.disk.reset()
		c.become(w.pristine.coordinator(setup, c.id, 1))
		c.up, c.made, c.wrote, c.inputs, c.named = true, 0, 0, 0, named{}
	}
}

func (w *World) participant(id batch3pc.NodeID) *participant {
	if id == 0 || int(id) > len(w.participants) {
		return nil
	}
	return w.participants[id-1]
}

func (w *World) coordinator(id batch3pc.NodeID) *coordinator {
	if id < coordinatorBase || int(id-coordinatorBase) >= len(w.coordinators) {
		return nil
	}
	return w.coordinators[id-coordinatorBase]
}

// fold takes x into the hash of the trace.
func (w *World) fold(x uint64) { w.hash = mix(w.hash*0x9e3779b97f4a7c15 + x) }

// everything is more effects than a step has.
const everything = 1 << 20

// take does what Ready asks the driver of node id to do, except for the sync; after effects records
// and messages the node dies, and take reports false.
func (w *World) take(id batch3pc.NodeID, d *disk, ready batch3pc.Ready, effects int) bool {
	for i := range ready.Records {
		if effects == 0 {
			return false
		}
		effects--
		r := &ready.Records[i]
		d.append(r, w.memory, w.setup.Wire)
		w.fold(uint64(r.Kind)<<56 ^ uint64(r.Seq) ^ r.Ballot.Epoch<<32)
		w.watch.Recorded(id, r)
	}
	for i := range ready.Messages {
		if effects == 0 {
			return false
		}
		effects--
		w.send(w.launch(&ready.Messages[i]))
	}
	for i := range ready.Durable {
		d.held = append(d.held, held{len(d.records), w.launch(&ready.Durable[i])})
	}
	if w.trace != nil {
		w.trace.ready(&ready)
	}
	return effects > 0
}

func (w *World) launch(m *batch3pc.Message) *flight {
	f := w.memory.launch(m, w.setup.Wire)
	if w.intern != nil {
		f = w.intern(f)
	}
	return f
}

func (w *World) send(f *flight) {
	w.watch.Sent(&f.msg)
	w.fold(uint64(f.key))
	if w.intern == nil {
		f.id = w.sent
	}
	w.sent++
	w.bag = append(w.bag, f)
}

// lookup returns the place in the bag of the nth message with the key, or of the last that there is; -1: none.
func (w *World) lookup(key Key, nth uint8) int {
	found := -1
	for i, f := range w.bag {
		if f.key != key {
			continue
		}
		found = i
		if nth == 0 {
			break
		}
		nth--
	}
	return found
}

// nth says which of the messages with its key the one at place i is.
func (w *World) nth(i int) (n uint8) {
	key := w.bag[i].key
	for _, f := range w.bag[:i] {
		if f.key == key {
			n++
		}
	}
	return n
}

func (w *World) remove(i int) *flight {
	f := w.bag[i]
	w.bag = append(w.bag[:i], w.bag[i+1:]...)
	return f
}

// deliver hands a message to its node; a crashed node loses it.
func (w *World) deliver(f *flight, effects int) {
	if w.setup.Driver {
		w.arrive(f, effects, false)
		return
	}
	m := &f.msg
	if f.frame != nil {
		h, body, err := codec.CheckFrame(f.frame)
		if err == nil {
			err = codec.DecodeMessage(body, h, &w.decoded, &w.batch)
		}
		if err != nil {
			w.watch.Fail("I4", "a whole frame is refused: %v", err)
			return
		}
		m = &w.decoded
	}
	if p := w.participant(m.To); p != nil {
		if p.up {
			lives := w.take(p.id, &p.disk, p.machine.Step(m), effects)
			w.stepped(p.id, lives)
		}
		return
	}
	if c := w.coordinator(m.To); c.up {
		if m.Kind == batch3pc.KindFill {
			w.watch.Count.Relay++
		}
		lives := w.take(c.id, &c.disk, c.step(m), effects)
		w.stepped(c.id, lives)
	}
}

// stepped ends a step; a node that dies in it has still decided what it decided.
func (w *World) stepped(id batch3pc.NodeID, lives bool) {
	w.settled(id)
	if !lives {
		w.crash(id, everything)
	}
}

// settled shows the Watch where a node stands after a step.
func (w *World) settled(id batch3pc.NodeID) {
	if p := w.participant(id); p != nil {
		if p.up {
			now := p.machine.Status()
			w.watch.Participant(id, &now)
			w.fold(uint64(now.Applied)<<32 ^ uint64(now.VotedChain))
		}
		return
	}
	if c := w.coordinator(id); c.up {
		now := c.machine.Status()
		if w.setup.Gate {
			w.watch.Gate(id, c.inputs)
		}
		w.watch.Coordinator(id, &now)
		w.fold(uint64(now.State)<<56 ^ uint64(now.Committed)<<32 ^ now.Ballot.Epoch)
	}
}

// call makes one call to a coordinator and does what it asks for.
func (w *World) call(c *coordinator, ready batch3pc.Ready) {
	w.take(c.id, &c.disk, ready, everything)
	w.settled(c.id)
}

// proposedMax is how many batches a schedule proposes: what the Watch does about each grows with them.
const proposedMax = 100

func (w *World) propose(c *coordinator) {
	if !c.up || w.proposed == proposedMax || !w.lock(c) || !c.machine.Room() || w.setup.Driver && !c.computer.process.coordinator.Room() {
		return
	}
	c.made++
	w.proposed++
	payload := w.memory.take(8)
	binary.LittleEndian.PutUint64(payload, uint64(c.id)<<32|uint64(c.made))
	if w.setup.Driver {
		w.drive(c, func(d *rounds.Coordinator) (err error) {
			c.computer.process.last, err = d.Propose(4, payload)
			return err
		})
		return
	}
	b, ready, err := c.machine.Propose(4, payload)
	if err != nil {
		w.watch.Fail("I8", "Propose after Room: %v", err)
		return
	}
	w.numbered(c, b)
	w.watch.Proposed(c.id, c.machine.Status().Ballot, b)
	w.call(c, ready)
}

// sync makes the first n unsynced records of a disk durable and lets go what waited for them.
func (w *World) sync(id batch3pc.NodeID, d *disk, n int) {
	w.harden(id, d, n)
	free := 0
	for free < len(d.held) && d.held[free].behind <= d.synced {
		w.send(d.held[free].f)
		free++
	}
	if w.trace != nil {
		w.trace.effect("release %d", free)
	}
	d.held = append(d.held[:0], d.held[free:]...)
}

func (w *World) harden(id batch3pc.NodeID, d *disk, n int) {
	for range n {
		w.watch.Durable(id, &d.records[d.synced])
		d.synced++
	}
}

func (w *World) disk(id batch3pc.NodeID) *disk {
	if p := w.participant(id); p != nil {
		return &p.disk
	}
	if c := w.coordinator(id); c != nil {
		return &c.disk
	}
	return nil
}

func (w *World) isUp(id batch3pc.NodeID) bool {
	if p := w.participant(id); p != nil {
		return p.up
	}
	c := w.coordinator(id)
	return c != nil && c.up
}

// describe is where a node stands, for a trace.
func (w *World) describe(id batch3pc.NodeID) string {
	if !w.isUp(id) {
		return "down"
	}
	if p := w.participant(id); p != nil {
		s := p.machine.Status()
		return fmt.Sprintf("e=%v a=%v v=%d p=%d c=%d", s.LastElected, s.LastAttempt, s.Voted, s.PreCommitted, s.Applied)
	}
	s := w.coordinator(id).machine.Status()
	return fmt.Sprintf("%v %v b=%d q=%d p=%d c=%d", s.State, s.Ballot, s.Base, s.Proposed, s.PreCommitted, s.Committed)
}
