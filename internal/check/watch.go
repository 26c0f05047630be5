package check

import (
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Watch judges a history as it happens: it is told of every event of every node of a group and
// keeps the first violation. It sees all disks from above, which no node does. Its memory grows
// with the history and is reused after Reset; lookups are linear, made for tens of batches. Not
// safe for concurrent use.
type Watch struct {
	participants []batch3pc.NodeID
	members      uint64 // bits of places, at the beginning
	quorum       int
	place        *[256]uint8 // of a node in nodes, plus 1; 0: no node of the group
	nodes        []node

	batches []entry
	decided []int32 // entries in the order of the one history
	items   []int32 // of it, what an App sees: no generations
	values  []value
	opened  []batch3pc.Ballot

	// Count says what the history has met so far.
	Count     Counters
	violation *Violation
}

// entry is a batch that somebody proposed, voted for, or took in.
type entry struct {
	at      batch3pc.Position
	parent  batch3pc.Position
	members uint64          // in force at the batch, itself included, bits of places
	number  uint32          // of the generation in force
	opens   bool            // it opens that generation
	yes     uint64          // who voted yes, bits of places
	fresh   uint64          // and did so in ballot
	ordinal int32           // place in decided, plus 1
	aborted bool            // a ballot was served without it
	spilt   bool            // its proposer has died, and what went into it was not durable
	ballot  batch3pc.Ballot // that it was proposed in; for an entry that came again as it was, the last one
	by      batch3pc.Ballot // that it was decided in
	from    uint8           // place of its proposer, plus 1; 0: nobody said
	digest  uint64          // of the state after it, as first applied; 0: nobody has
}

// value is what was accepted in a ballot.
type value struct {
	ballot batch3pc.Ballot
	at     batch3pc.Position
}

// accept is the highest durable accept of one participant in one ballot.
type accept struct {
	ballot batch3pc.Ballot
	high   batch3pc.Seq
	former bool // on a disk that was lost since
}

// node is what is known of a node; elected and accepts outlive its process.
type node struct {
	id       batch3pc.NodeID
	elected  batch3pc.Ballot // highest promise written in this boot, or read at its start
	promised batch3pc.Ballot // highest promise on the disk
	attempt  batch3pc.Ballot // of the last accept on the disk
	pre      batch3pc.Seq    // accepted in attempt, on the disk, or decided since
	acked    batch3pc.Seq    // the same without what was decided since
	epoch    uint64          // of a coordinator, on its disk
	accepts  []accept
	applied  int
	seen     bool // before or leading counts
	before   batch3pc.ParticipantStatus
	leading  batch3pc.CoordinatorStatus
	gated    bool // inputs counts
	inputs   batch3pc.Seq
}

// NewWatch returns a Watch over a group; members must be among participants.
func NewWatch(participants, members, coordinators []batch3pc.NodeID) *Watch {
	w := &Watch{participants: slices.Clone(participants), quorum: len(participants)/2 + 1, place: new([256]uint8)}
	for _, id := range slices.Concat(participants, coordinators) {
		w.nodes = append(w.nodes, node{id: id})
		w.place[id] = uint8(len(w.nodes))
	}
	for _, id := range members {
		w.members |= w.bit(id)
	}
	return w
}

// Reset forgets the history, but for the memory it took.
func (w *Watch) Reset(members []batch3pc.NodeID) {
	for i := range w.nodes {
		n := &w.nodes[i]
		*n = node{id: n.id, accepts: n.accepts[:0]}
	}
	w.batches, w.decided, w.items, w.values, w.opened = w.batches[:0], w.decided[:0], w.items[:0], w.values[:0], w.opened[:0]
	w.Count, w.violation, w.members = Counters{}, nil, 0
	for _, id := range members {
		w.members |= w.bit(id)
	}
}

// CopyFrom makes w an independent copy of o, which must watch the same group.
func (w *Watch) CopyFrom(o *Watch) {
	nodes, batches, decided, items, values, opened := w.nodes, w.batches, w.decided, w.items, w.values, w.opened
	*w = *o
	if len(nodes) != len(o.nodes) {
		nodes = make([]node, len(o.nodes))
	}
	for i := range nodes {
		accepts := nodes[i].accepts
		nodes[i] = o.nodes[i]
		nodes[i].accepts = append(accepts[:0], o.nodes[i].accepts...)
	}
	w.nodes = nodes
	w.batches = append(batches[:0], o.batches...)
	w.decided = append(decided[:0], o.decided...)
	w.items = append(items[:0], o.items...)
	w.values = append(values[:0], o.values...)
	w.opened = append(opened[:0], o.opened...)
}

// Err is the first violation, nil if there is none.
func (w *Watch) Err() *Violation { return w.violation }

// Fail notes a violation that somebody else has found.
func (w *Watch) Fail(invariant, format string, args ...any) {
	if w.violation == nil {
		w.violation = violation(invariant, format, args...)
	}
}

// Decided is how many batches have been decided.
func (w *Watch) Decided() int { return len(w.decided) }

// Last is the newest decided prefix.
func (w *Watch) Last() batch3pc.Position {
	if len(w.decided) == 0 {
		return batch3pc.Position{}
	}
	return w.batches[w.decided[len(w.decided)-1]].at
}

func (w *Watch) node(id batch3pc.NodeID) *node { return &w.nodes[w.place[id]-1] }

func (w *Watch) bit(id batch3pc.NodeID) uint64 { return 1 << w.place[id] }

// find returns the entry at, or -1.
func (w *Watch) find(at batch3pc.Position) int32 {
	for i := len(w.batches) - 1; i >= 0; i-- {
		if w.batches[i].at == at {
			return int32(i)
		}
	}
	return -1
}

func (w *Watch) enter(b *batch3pc.Batch) int32 {
	if i := w.find(b.Position()); i >= 0 {
		return i
	}
	e := entry{at: b.Position(), parent: b.ParentPosition(), members: w.members, number: 1}
	if i := w.find(e.parent); i >= 0 {
		e.members, e.number = w.batches[i].members, w.batches[i].number
	} else if e.parent.Seq > 0 {
		w.Fail("I3", "%d follows %d, which nobody proposed", b.Seq, b.Parent)
	}
	if g, ok := batch3pc.GenerationOf(b); ok {
		e.members, e.number, e.opens = w.bits(&g), g.Number, true
	}
	if b.Generation != e.number {
		w.Fail("I2", "%d is of generation %d, in force is %d", b.Seq, b.Generation, e.number)
	}
	w.batches = append(w.batches, e)
	return int32(len(w.batches) - 1)
}

// follows reports whether a prefix ends in the other one, or is the same.
func (w *Watch) follows(at, root batch3pc.Position) bool {
	for at.Seq > root.Seq {
		i := w.find(at)
		if i < 0 {
			return false
		}
		at = w.batches[i].parent
	}
	return at == root
}

// bits are the members of a generation, by places.
func (w *Watch) bits(g *batch3pc.Generation) (members uint64) {
	for _, e := range g.Enrolled() {
		if e.Member {
			members |= w.bit(e.Node)
		}
	}
	return members
}

// State hashes what the verdict on the future depends on and no machine knows, but for the votes: the
// decided history and the aborts. For a search that joins equal states.
func (w *Watch) State() uint64 {
	h := scramble(uint64(w.Last().Chain))
	for i := range w.batches {
		if w.batches[i].aborted {
			h += scramble(uint64(w.batches[i].at.Chain) + 1)
		}
	}
	return h
}

// StateOf hashes the votes of one participant.
func (w *Watch) StateOf(id batch3pc.NodeID) (h uint64) {
	for i := range w.batches {
		if w.batches[i].yes&w.bit(id) != 0 {
			h += scramble(uint64(w.batches[i].at.Chain))
		}
	}
	return h
}

func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	return z ^ z>>31
}
