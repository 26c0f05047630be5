package sim

import "github.com/tezi-exchange/tezi/batch3pc"

// Times are in microseconds of simulated time.
const (
	usLatency  = 50     // one way
	usSync     = 150    // fdatasync
	usSlowSync = 20_000 // of a disk that hangs
	usTick     = 1_000  // resend interval
	usPropose  = 150    // between batches
	usIdle     = 700    // between looks, once there is nothing to propose
	usElection = 5_000  // after so much silence a backup opens a ballot
	usEnd      = 25_000 // of a schedule
	actionsMax = 120    // of a schedule
)

// timed is the scheduler that keeps the order of simulated time. Faults come between, each for a
// while: crashes, one-way and full partitions, pauses longer than the election timeout, slow disks.
type timed struct {
	*schedule
	now    int
	events heap
	knobs  knobs
	paused [nodesMax]int    // until when a node does not run
	cut    [nodesMax]uint16 // to which nodes nothing from here gets through, bits
	syncs  [nodesMax]bool   // a sync is under way
	slow   [nodesMax]bool   // the disk hangs
}

// nodesMax is above the node of every coordinator.
const nodesMax = 16

// knobs are what a swarm draws anew for each schedule, so that each meets its own mixture.
type knobs struct {
	drop, duplicate, corrupt int // messages in a thousand
	tail                     int // messages in a thousand that take a hundred times as long
	kinds                    [nodesMax]int
	faultGap                 int // between faults; 0: none
	restart                  int // from crash to restart
	pause                    int
	heal                     int
	suspicion                int // elections in a thousand against a leader that lives
	batches                  int
	lostKind                 batch3pc.Kind // gets lost on its way to lostTo
	lostTo                   uint16        // bits
	partial                  int           // syncs in a thousand that cover half of what is written
}

// begin makes t the scheduler of s, in the memory of the one before.
func (t *timed) begin(s *schedule, swarm bool) {
	*t = timed{schedule: s, events: heap{list: t.events.list[:0]}}
	d := &s.dice
	t.knobs = knobs{
		drop: of(d, 0, 5, 20), duplicate: of(d, 0, 10), corrupt: of(d, 0, 2), tail: of(d, 0, 10),
		faultGap: of(d, 0, 2_000, 6_000), restart: 2_000, pause: 8_000, heal: 4_000, suspicion: 50, batches: 5,
	}
	if s.world.setup.Driver { // whose disks have faults of their own
		t.knobs.faultGap = of(d, 800, 1_500, 3_000)
	}
	for i := range t.knobs.kinds {
		t.knobs.kinds[i] = 1
	}
	if swarm {
		t.swarm(d)
	}
	if s.mixed {
		t.knobs.batches = of(d, 8, 16)
	}
}

func (t *timed) swarm(d *dice) {
	k := &t.knobs
	k.drop, k.duplicate, k.tail = of(d, 0, 0, 20, 100), of(d, 0, 0, 50, 300), of(d, 0, 0, 30, 150)
	k.faultGap = of(d, 1_000, 2_500, 6_000, 12_000)
	if t.world.setup.Driver {
		k.faultGap = of(d, 500, 1_000, 3_000)
	}
	k.restart, k.pause, k.heal = of(d, 100, 1_000, 5_000), of(d, 500, 8_000, 20_000), of(d, 500, 3_000, 10_000)
	k.suspicion, k.batches, k.partial = of(d, 0, 100, 500), of(d, 1, 3, 8), of(d, 0, 300)
	for i := range k.kinds {
		k.kinds[i] = of(d, 1, 1, 1, 1, 4, 30)
	}
	if d.in(300) {
		k.lostKind, k.lostTo = batch3pc.Kind(1+d.n(14)), uint16(d.n(16))|uint16(d.n(8))<<coordinatorBase
	}
}

func (t *timed) run() {
	for i, c := range t.world.coordinators {
		if i == 0 {
			t.do(Action{Op: OpOpen, Node: c.id})
		}
		t.at(usTick+t.dice.n(usTick), eventTick, c.id)
		t.at(usPropose, eventPropose, c.id)
		t.at(t.electionTime(), eventElection, c.id)
	}
	if t.knobs.faultGap > 0 {
		t.at(t.dice.n(2*t.knobs.faultGap), eventFault, 0)
	}
	if t.dice.in(700) {
		t.do(Action{Op: OpSettle})
	}
	if setup := t.world.setup; setup.Snapshots && setup.Learners > 0 && t.dice.in(700) {
		t.leaveBehind(batch3pc.NodeID(setup.Participants))
	}
	t.plan()
	for len(t.events.list) > 0 && t.world.watch.Err() == nil {
		e := t.events.pop()
		if t.now = e.at(); t.now > usEnd*t.often(1, 3) || len(t.actions) >= actionsMax*t.often(1, 3) {
			return
		}
		if until := t.paused[e.node]; until > t.now && e.kind <= eventElection {
			t.events.push(until+t.dice.n(100), e)
			continue
		}
		t.event(e)
		t.plan()
	}
}

func (t *timed) electionTime() int { return usElection/2 + t.dice.n(usElection) }

func (t *timed) at(delay int, kind eventKind, node batch3pc.NodeID) {
	t.events.push(t.now+delay, event{kind: kind, node: node})
}

// arrival is the time of a message.
func (t *timed) arrival(delay int, f *flight) {
	t.events.push(t.now+delay, event{kind: eventMessage, node: f.msg.To, id: f.id})
}

// plan gives every fresh message its time, and every disk that has something to sync.
func (t *timed) plan() {
	bag := t.world.bag
	for i := len(bag) - 1; i >= 0 && bag[i].id >= t.seen; i-- {
		f := bag[i]
		delay := usLatency + t.dice.n(usLatency)
		delay *= t.knobs.kinds[f.msg.Kind%nodesMax]
		if t.dice.in(t.knobs.tail) {
			delay *= 100
		}
		t.arrival(delay, f)
	}
	t.seen = t.world.sent
	for _, p := range t.world.participants {
		if !t.syncs[p.id] && p.up && waits(&p.disk, p.computer) {
			t.planSync(p.id)
		}
	}
	for _, c := range t.world.coordinators {
		if !t.syncs[c.id] && c.up && waits(&c.disk, c.computer) {
			t.planSync(c.id)
		}
	}
}

func (t *timed) planSync(id batch3pc.NodeID) {
	t.syncs[id] = true
	delay := usSync/2 + t.dice.n(usSync)
	if t.slow[id] {
		delay += usSlowSync
	}
	t.at(delay, eventSync, id)
}

func (t *timed) event(e event) {
	switch e.kind {
	case eventMessage:
		t.message(e.id)
	case eventSync:
		t.syncs[e.node] = false
		arg := 0
		if n := t.world.unsynced(e.node); n > 1 && t.dice.in(t.knobs.partial) {
			arg = 1 + t.dice.n(n-1)
		}
		t.do(Action{Op: OpSync, Node: e.node, Arg: uint16(arg)})
	case eventTick:
		t.do(Action{Op: OpTick, Node: e.node})
		t.at(usTick, eventTick, e.node)
	case eventPropose:
		t.propose(t.world.coordinator(e.node))
		pause := usIdle
		if t.world.proposed < t.knobs.batches {
			pause = usPropose/2 + t.dice.n(usPropose)
		}
		t.at(pause, eventPropose, e.node)
	case eventElection:
		t.election(t.world.coordinator(e.node))
		t.at(t.electionTime(), eventElection, e.node)
	case eventFault:
		t.fault()
		t.at(t.dice.n(2*t.knobs.faultGap), eventFault, 0)
	case eventHeal:
		t.cut, t.slow = [nodesMax]uint16{}, [nodesMax]bool{}
	case eventRestart:
		t.restart(e.node)
	}
}

// message lets a message arrive, or not.
func (t *timed) message(id uint32) {
	i := t.find(id)
	if i < 0 {
		return
	}
	f := t.world.bag[i]
	m := &f.msg
	lost := t.cut[m.From]>>m.To&1 == 1 || m.Kind == t.knobs.lostKind && t.knobs.lostTo>>m.To&1 == 1
	switch {
	case lost || t.dice.in(t.knobs.drop):
		t.about(OpDrop, i)
	case t.dice.in(t.knobs.corrupt):
		t.about(OpCorrupt, i)
	case t.dice.in(t.knobs.duplicate):
		t.about(OpDuplicate, i)
		t.arrival(usLatency+t.dice.n(40*usLatency), f)
	default:
		t.about(OpDeliver, i)
	}
}

// find returns the place in the bag of the message with an id: the bag is in the order of sending.
func (t *timed) find(id uint32) int {
	bag := t.world.bag
	lo, hi := 0, len(bag)
	for lo < hi {
		if mid := (lo + hi) / 2; bag[mid].id < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(bag) || bag[lo].id != id {
		return -1
	}
	return lo
}

func (t *timed) propose(c *coordinator) {
	if !c.up {
		return
	}
	switch c.machine.State() {
	case batch3pc.StateRefused:
		t.do(Action{Op: OpOpen, Node: c.id})
	case batch3pc.StateActive:
		if t.world.proposed < t.knobs.batches {
			t.do(Action{Op: OpPropose, Node: c.id})
		}
		if !c.cfg.NoInputGate && c.inputs < c.wrote && t.dice.in(700) {
			t.do(Action{Op: OpInputs, Node: c.id})
		}
	}
}

// election is what a backup does when its patience ends: it opens a ballot unless somebody else
// serves, and sometimes then too, since suspicion may be wrong.
func (t *timed) election(c *coordinator) {
	if !c.up {
		return
	}
	switch c.machine.State() {
	case batch3pc.StateIdle, batch3pc.StateFenced:
	default:
		return
	}
	if c.standby != nil && !t.dice.in(t.knobs.suspicion) {
		return // it decides by itself
	}
	for _, o := range t.world.coordinators {
		if o != c && o.up && t.paused[o.id] <= t.now && t.cut[o.id] == 0 && o.machine.State() == batch3pc.StateActive {
			if !t.dice.in(t.knobs.suspicion) {
				return
			}
		}
	}
	t.do(Action{Op: OpOpen, Node: c.id})
}

// fault lets something break for a while.
func (t *timed) fault() {
	if t.world.setup.Driver && t.dice.in(350) {
		t.diskFault(t.anyNode())
		return
	}
	kinds := 8
	if t.world.setup.Snapshots {
		kinds = 9
	}
	switch t.dice.n(kinds) {
	case 0, 1:
		t.fell(t.anyParticipant())
	case 2:
		t.fell(t.anyCoordinator())
	case 3: // all at once
		for _, p := range t.world.participants {
			t.fell(p.id)
		}
		for _, c := range t.world.coordinators {
			t.fell(c.id)
		}
	case 4: // a node is cut off
		id := t.anyNode()
		t.cut[id] = ^uint16(0)
		for i := range t.cut {
			t.cut[i] |= 1 << id
		}
		t.at(t.dice.n(2*t.knobs.heal), eventHeal, 0)
	case 5: // one way only
		t.cut[t.anyNode()] |= 1 << t.anyNode()
		t.cut[t.anyNode()] |= 1 << t.anyNode()
		t.at(t.dice.n(2*t.knobs.heal), eventHeal, 0)
	case 6:
		t.paused[t.anyNode()] = t.now + t.dice.n(2*t.knobs.pause)
	case 7:
		if t.world.setup.Changes && t.dice.in(600) {
			t.change()
			return
		}
		if t.dice.in(500) {
			t.slow[t.anyNode()] = true
			t.at(t.dice.n(2*t.knobs.heal), eventHeal, 0)
			return
		}
		t.do(Action{Op: OpDrain, Node: t.anyParticipant()})
	case 8:
		t.do(Action{Op: OpTruncate, Node: t.anyParticipant()})
	}
}

// leaveBehind cuts a learner off while the others go on.
func (t *timed) leaveBehind(id batch3pc.NodeID) {
	t.knobs.batches = 10
	for i := range t.cut {
		t.cut[i] |= 1 << id
	}
	t.at(usEnd/8+t.dice.n(usEnd/8), eventHeal, 0)
}

// fell crashes a node that comes back by itself.
func (t *timed) fell(id batch3pc.NodeID) {
	if t.world.isUp(id) {
		t.crash(id)
		t.syncs[id], t.paused[id] = false, 0
		t.at(t.knobs.restart/2+t.dice.n(t.knobs.restart), eventRestart, id)
	}
}
