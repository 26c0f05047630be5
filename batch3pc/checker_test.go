package batch3pc_test

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// counters prove that a run set met what it is meant to test (I12).
type counters struct {
	decided, vetoed, dropped, fenced, crashes int

	recoveryCommit int // a ballot's base decided what nobody had decided before it
	recoveryAbort  int // a ballot's base left out what some participant had voted for
	forward        int // the base was above every pre-commit: recover-forward
	cascade        int // a refused batch took descendants with it
	fill           int // a participant that fell behind was filled up
	relay          int // through another participant
	generation     int // the member set changed
	snapshot       int // a participant was brought up by the state of another
	truncation     int // a log was cut
	refused        int // a participant without its log was found out
	replaced       int // and a generation named its new log
	repair         int // a participant with a hole in its log was repaired
	takeover       int // a standby opened a ballot because it heard of no leader
}

func (c *counters) add(o counters) {
	c.decided += o.decided
	c.vetoed += o.vetoed
	c.dropped += o.dropped
	c.fenced += o.fenced
	c.crashes += o.crashes
	c.recoveryCommit += o.recoveryCommit
	c.recoveryAbort += o.recoveryAbort
	c.forward += o.forward
	c.cascade += o.cascade
	c.fill += o.fill
	c.relay += o.relay
	c.generation += o.generation
	c.snapshot += o.snapshot
	c.truncation += o.truncation
	c.refused += o.refused
	c.replaced += o.replaced
	c.repair += o.repair
	c.takeover += o.takeover
}

type acceptKey struct {
	ballot batch3pc.Ballot
	seq    batch3pc.Seq
}

// checker watches a whole run from above and panics on the first violation. The numbers are those
// of doc.go.
type checker struct {
	members []batch3pc.NodeID // at the beginning
	quorum  int

	parents   map[batch3pc.Position]batch3pc.Position
	yes       map[batch3pc.Position]uint64              // who voted yes, a bit a node
	opened    map[batch3pc.Position]batch3pc.Generation // the entries that open generations
	decided   []batch3pc.Position                       // the one history, in order
	items     []batch3pc.Position                       // of it, what an App sees
	decidedAt map[batch3pc.Position]int
	aborted   map[batch3pc.Position]bool // a driver was told so

	values   map[acceptKey]batch3pc.Chain                           // what was accepted in a ballot
	accepts  map[batch3pc.NodeID]map[batch3pc.Ballot]batch3pc.Seq   // durably
	elected  map[batch3pc.NodeID]batch3pc.Ballot                    // promises, as recorded
	before   map[batch3pc.NodeID]batch3pc.ParticipantStatus         // of this boot
	leading  map[batch3pc.NodeID]batch3pc.CoordinatorStatus         // of this boot
	proposed map[batch3pc.NodeID]map[batch3pc.Seq]batch3pc.Position // undecided, by proposer
	epochs   map[batch3pc.Ballot]bool                               // ballots opened
	count    counters
}

func newChecker(members []batch3pc.NodeID, quorum int) *checker {
	return &checker{
		members: members, quorum: quorum,
		parents: map[batch3pc.Position]batch3pc.Position{}, yes: map[batch3pc.Position]uint64{},
		opened:    map[batch3pc.Position]batch3pc.Generation{},
		decidedAt: map[batch3pc.Position]int{}, aborted: map[batch3pc.Position]bool{},
		values:   map[acceptKey]batch3pc.Chain{},
		accepts:  map[batch3pc.NodeID]map[batch3pc.Ballot]batch3pc.Seq{},
		elected:  map[batch3pc.NodeID]batch3pc.Ballot{},
		before:   map[batch3pc.NodeID]batch3pc.ParticipantStatus{},
		leading:  map[batch3pc.NodeID]batch3pc.CoordinatorStatus{},
		proposed: map[batch3pc.NodeID]map[batch3pc.Seq]batch3pc.Position{},
		epochs:   map[batch3pc.Ballot]bool{},
	}
}

func (c *checker) fail(invariant, format string, args ...any) {
	panic(invariant + ": " + fmt.Sprintf(format, args...))
}

// Events of the Apps.

func (c *checker) applied(id batch3pc.NodeID, n int, b *batch3pc.Batch) {
	if n > len(c.items) {
		c.fail("I1", "participant %d applies %d, which nobody decided", id, b.Seq)
	}
	if c.items[n-1] != b.Position() {
		c.fail("I3", "participant %d applies %d as number %d, decided was %d", id, b.Seq, n, c.items[n-1].Seq)
	}
}

// dropped counts only: a participant that has not heard of a higher ballot may drop, on the word of
// a lower one that will never have its quorum, what a quorum of others decides or has decided. It
// comes back to it as Fill.
func (c *checker) dropped() { c.count.dropped++ }

// restored is a state that came from another participant, or from the log.
func (c *checker) restored(id batch3pc.NodeID, applied []batch3pc.Position) {
	if len(applied) > len(c.items) {
		c.fail("I1", "participant %d restores %d batches of %d", id, len(applied), len(c.items))
	}
	for i, at := range applied {
		if at != c.items[i] {
			c.fail("I3", "participant %d restores %d as number %d, decided was %d", id, at.Seq, i, c.items[i].Seq)
		}
	}
}

// Events of the disks.

func (c *checker) recorded(id batch3pc.NodeID, r *batch3pc.Record) {
	if r.Batch != nil {
		c.voted(id, r.Batch)
	}
	switch r.Kind {
	case batch3pc.RecordEpoch:
		if c.epochs[r.Ballot] {
			c.fail("I6", "ballot %v is opened twice", r.Ballot)
		}
		c.epochs[r.Ballot] = true
	case batch3pc.RecordPromise:
		if !c.elected[id].Less(r.Ballot) {
			c.fail("I6", "participant %d promises %v after %v", id, r.Ballot, c.elected[id])
		}
		c.elected[id] = r.Ballot
	case batch3pc.RecordStart, batch3pc.RecordPreCommit:
		if r.Ballot.Less(c.elected[id]) {
			c.fail("I6", "participant %d accepts %v after it promised %v", id, r.Ballot, c.elected[id])
		}
		c.elected[id] = r.Ballot
		key := acceptKey{r.Ballot, r.Seq}
		if chain, ok := c.values[key]; ok && chain != r.Chain {
			c.fail("I6", "two values for %d in %v", r.Seq, r.Ballot)
		}
		c.values[key] = r.Chain
	case batch3pc.RecordFill:
		c.count.fill++
	case batch3pc.RecordSnapshot:
		if r.Seq > c.before[id].Applied && r.Offset+uint64(len(r.Chunk)) == r.Total {
			c.count.snapshot++
		}
	}
}

// forgotten is a participant that comes back without its log.
func (c *checker) forgotten(id batch3pc.NodeID) {
	c.restarted(id)
	delete(c.elected, id)
}

// lost is a participant whose log the decided generation does not name, or nobody.
func (c *checker) lost(w *world) *participantNode {
	if len(c.decided) == 0 {
		return nil
	}
	p := c.decided[len(c.decided)-1]
	for c.opened[p].Number == 0 {
		if p == (batch3pc.Position{}) {
			return nil
		}
		p = c.parents[p]
	}
	g := c.opened[p]
	for _, n := range w.participants {
		if known := g.Find(n.cfg.Self).Incarnation; known != 0 && known != n.cfg.Incarnation {
			return n
		}
	}
	return nil
}

// voted notes who holds a batch, and what it opens. Batches behind an entry are of its generation.
func (c *checker) voted(id batch3pc.NodeID, b *batch3pc.Batch) {
	c.parents[b.Position()] = b.ParentPosition()
	c.yes[b.Position()] |= 1 << id
	if g, ok := batch3pc.GenerationOf(b); ok {
		c.opened[b.Position()] = g
	}
	if _, number := c.generation(b.Position()); b.Generation != number {
		c.fail("I2", "%d is of generation %d, in force is %d", b.Seq, b.Generation, number)
	}
}

// generation is the member set in force at p, and its number.
func (c *checker) generation(p batch3pc.Position) (members []batch3pc.NodeID, number uint32) {
	for p != (batch3pc.Position{}) {
		g, ok := c.opened[p]
		if !ok {
			p = c.parents[p]
			continue
		}
		for _, e := range g.Enrolled() {
			if e.Member {
				members = append(members, e.Node)
			}
		}
		return members, g.Number
	}
	return c.members, 1
}

func (c *checker) durable(id batch3pc.NodeID, r *batch3pc.Record) {
	if r.Kind != batch3pc.RecordStart && r.Kind != batch3pc.RecordPreCommit {
		return
	}
	if c.accepts[id] == nil {
		c.accepts[id] = map[batch3pc.Ballot]batch3pc.Seq{}
	}
	high, ok := c.accepts[id][r.Ballot]
	if !ok || r.Seq > high {
		c.accepts[id][r.Ballot] = r.Seq
	}
}

// decide notes that the prefix at is decided, in ballot.
func (c *checker) decide(ballot batch3pc.Ballot, at batch3pc.Position) {
	accepts := 0
	for _, ballots := range c.accepts {
		if high, ok := ballots[ballot]; ok && high >= at.Seq {
			accepts++
		}
	}
	if accepts < c.quorum {
		c.fail("I7", "%d is decided in %v with %d durable accepts", at.Seq, ballot, accepts)
	}
	var tail batch3pc.Position
	if n := len(c.decided); n > 0 {
		tail = c.decided[n-1]
	}
	var fresh []batch3pc.Position
	for p := at; p != tail; p = c.parents[p] {
		if _, ok := c.decidedAt[p]; ok {
			return // an older decision, learned again
		}
		if p == (batch3pc.Position{}) {
			c.fail("I1", "%d is decided, but %d was and is no prefix of it", at.Seq, tail.Seq)
		}
		fresh = append(fresh, p)
	}
	for i := len(fresh) - 1; i >= 0; i-- {
		c.admit(fresh[i])
	}
}

func (c *checker) admit(p batch3pc.Position) {
	members, _ := c.generation(p)
	for _, member := range members {
		if c.yes[p]&(1<<member) == 0 {
			c.fail("I2", "%d is decided without the yes of %d", p.Seq, member)
		}
	}
	if c.aborted[p] {
		c.fail("I1", "%d is decided after a driver was told of its abort", p.Seq)
	}
	c.decidedAt[p] = len(c.decided)
	c.decided = append(c.decided, p)
	c.count.decided++
	if _, ok := c.opened[p]; ok {
		c.count.generation++
	} else {
		c.items = append(c.items, p)
	}
}

// Snapshots after every step of a node.

func (c *checker) participant(p *participantNode) {
	id, now := p.cfg.Self, p.machine.Status()
	old := c.before[id]
	if now.LastElected.Less(old.LastElected) || now.LastAttempt.Less(old.LastAttempt) || now.Applied < old.Applied {
		c.fail("I3", "participant %d goes back from %+v to %+v", id, old, now)
	}
	c.before[id] = now
}

func (c *checker) coordinator(w *world, n *coordinatorNode) {
	id, now := n.cfg.Self, n.machine.Status()
	old := c.leading[id]
	if now.Committed < old.Committed {
		c.fail("I3", "coordinator %d takes its commit back from %d to %d", id, old.Committed, now.Committed)
	}
	at := batch3pc.Position{Seq: now.Committed, Chain: now.CommittedChain}
	serving := now.State == batch3pc.StateActive || now.State == batch3pc.StateRefused
	if now.State == batch3pc.StateStarting && old.State == batch3pc.StateElecting {
		c.noteForward(w, now.Base)
	}
	if serving && (now.Committed != old.Committed || now.Ballot != old.Ballot || old.State == batch3pc.StateStarting) {
		if old.State == batch3pc.StateStarting && len(c.decided) > 0 && now.Base > c.decided[len(c.decided)-1].Seq {
			c.count.recoveryCommit++
		}
		c.decide(now.Ballot, at)
	}
	if serving && (old.State == batch3pc.StateStarting || old.State == batch3pc.StateElecting) {
		c.noteAborts(w, id, now.Base)
	}
	if now.State == batch3pc.StateRefused && old.State == batch3pc.StateActive {
		c.count.vetoed++
		if now.Proposed > now.Refused.Seq {
			c.count.cascade++
		}
	}
	if now.State == batch3pc.StateFenced && old.State != batch3pc.StateFenced {
		c.count.fenced++
	}
	c.leading[id] = now
}

func (c *checker) noteForward(w *world, base batch3pc.Seq) {
	for _, p := range w.participants {
		if p.machine == nil || p.machine.Status().PreCommitted >= base {
			return
		}
	}
	c.count.forward++
}

// noteAborts is what a driver does when its ballot becomes active: what it proposed above the base
// is aborted.
func (c *checker) noteAborts(w *world, id batch3pc.NodeID, base batch3pc.Seq) {
	for seq, p := range c.proposed[id] {
		if seq > base {
			c.aborted[p] = true
			if _, ok := c.decidedAt[p]; ok {
				c.fail("I1", "%d was decided, and its driver is told of its abort", seq)
			}
		}
		delete(c.proposed[id], seq)
	}
	for _, p := range w.participants {
		if p.machine != nil && len(p.app.reserved) > 0 && p.app.tail().Seq > base {
			c.count.recoveryAbort++
			return
		}
	}
}

// restarted forgets what holds for one boot only.
func (c *checker) restarted(id batch3pc.NodeID) {
	delete(c.before, id)
	delete(c.leading, id)
	delete(c.proposed, id)
}
