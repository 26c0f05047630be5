package sim

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/check"
)

// Scope bounds an exhaustive search: how often each kind of event may happen. Within it every order
// of events is looked at. Any message may be late for ever, so loss needs no bound.
type Scope struct {
	Setup        Setup
	Batches      int // proposed
	Opens        int // ballots, after the first one of the first coordinator
	Crashes      int // of participants
	LeaderCrash  int // of coordinators
	Duplicates   int
	Ticks        int
	Linked       bool // links are known to be up, so that an election waits for all members
	FirstElected bool // the search begins when the first coordinator is active, not before its ballot
}

// Found is what a search has seen.
type Found struct {
	States      uint64 // distinct ones
	Transitions uint64
	Complete    bool // all that the scope allows
	Depth       int  // longest schedule
	Reached     check.Counters
	Violation   *check.Violation
	Setup       Setup
	Actions     []Action // that lead to the violation
}

// left is what remains of a Scope.
type left struct{ batches, opens, crashes, leaderCrash, duplicates, ticks uint8 }

// search walks through the states of a scope, depth first, a world for each step. Workers share
// nothing but the set of states that were seen.
type search struct {
	scope    Scope
	seen     seen
	worlds   []*World
	left     []left
	trail    []Action
	memory   *memory
	pristine *pristine
	known    map[uint64]*flight
	found    Found
	stop     *atomic.Bool
	buffer   []byte
	of       [nodesMax]uint64 // hashes of the participants
}

// depthMax is more events than any schedule of a scope has.
const depthMax = 400

// Search looks at every state of the scope. It stops at the first violation.
func Search(scope Scope, jobs int) *Found {
	states := newStates()
	var stop atomic.Bool
	root := newSearch(scope, states, &stop)
	root.world(0)
	root.begin()
	frontier := root.spread(64 * jobs)
	results := []*Found{&root.found}
	var group sync.WaitGroup
	var next atomic.Int64
	for range jobs {
		s := newSearch(scope, states, &stop)
		results = append(results, &s.found)
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(frontier)); i = next.Add(1) - 1 {
				s.resume(frontier[i])
			}
		})
	}
	group.Wait()
	total := &Found{Setup: scope.Setup, Complete: true}
	for _, f := range results {
		total.Transitions += f.Transitions
		total.Depth = max(total.Depth, f.Depth)
		total.Reached.Add(&f.Reached)
		if f.Violation != nil && total.Violation == nil {
			total.Violation, total.Actions = f.Violation, f.Actions
		}
	}
	total.States = states.len()
	total.Complete = !stop.Load()
	return total
}

func newSearch(scope Scope, states *states, stop *atomic.Bool) *search {
	return &search{scope: scope, seen: seen{all: states}, memory: new(memory), pristine: newPristine(), known: map[uint64]*flight{}, stop: stop}
}

// world is the world at a depth.
func (s *search) world(depth int) *World {
	for len(s.worlds) <= depth {
		w := newWorld(s.scope.Setup.shape(), new(memory), s.pristine)
		w.Reset(s.scope.Setup)
		w.memory = s.memory
		w.intern = s.intern
		s.worlds = append(s.worlds, w)
		s.left = append(s.left, left{})
	}
	return s.worlds[depth]
}

// intern gives equal messages one flight. The hash is the same for participants that differ in name only.
func (s *search) intern(f *flight) *flight {
	s.buffer = codec.AppendMessage(s.buffer[:0], codec.Header{}, &f.msg)
	name := xxhash.Sum64(s.buffer)
	if known := s.known[name]; known != nil {
		s.memory.used--
		return known
	}
	s.known[name] = f
	alike := f.msg
	if alike.From < alike.To {
		alike.From = 1
	} else {
		alike.To = 1
	}
	f.hash = mix(xxhash.Sum64(codec.AppendMessage(s.buffer[:0], codec.Header{}, &alike)))
	return f
}

func (s *search) begin() {
	w, sc := s.worlds[0], s.scope
	s.left[0] = left{
		uint8(sc.Batches), uint8(sc.Opens), uint8(sc.Crashes), uint8(sc.LeaderCrash), uint8(sc.Duplicates), uint8(sc.Ticks),
	}
	for _, c := range w.coordinators {
		for _, p := range w.participants {
			if sc.Linked {
				s.act(w, Action{Op: OpUp, Node: c.id, Arg: uint16(p.id)})
			}
		}
	}
	s.act(w, Action{Op: OpOpen, Node: coordinatorBase})
	if sc.FirstElected {
		s.act(w, Action{Op: OpSettle})
	}
	s.seen.add(s.hash(0))
}

// act carries out an action and what a coordinator's disk does about it: its epochs are written in
// the calm before a ballot, and nothing is gained by letting them wait.
func (s *search) act(w *World, a Action) {
	w.guard(func() {
		s.do(w, a)
		for _, c := range w.coordinators {
			if c.up && !c.disk.idle() {
				s.do(w, Action{Op: OpSync, Node: c.id})
			}
		}
		s.prune(w)
	})
}

// prune drops what can have no effect any more: answers to a ballot that its coordinator has left,
// and, where no tick follows, news of what is applied.
func (s *search) prune(w *World) {
	for i := len(w.bag) - 1; i >= 0; i-- {
		m := &w.bag[i].msg
		c := w.coordinator(m.To)
		if c == nil || m.Kind == batch3pc.KindStale {
			continue
		}
		over := !c.up || m.Ballot != c.machine.Ballot()
		if over || m.Kind == batch3pc.KindApplied && s.scope.Ticks == 0 {
			s.do(w, Action{Op: OpDrop, Key: w.bag[i].key, Nth: w.nth(i)})
		}
	}
}

func (s *search) do(w *World, a Action) {
	s.trail = append(s.trail, a)
	w.Do(a)
}

// explore looks at all that may follow the world at depth.
func (s *search) explore(depth int) {
	s.found.Depth = max(s.found.Depth, depth)
	if depth >= depthMax {
		panic("sim: a search that goes deeper than any schedule of its scope")
	}
	s.each(depth, func(a Action, rest left) bool {
		if s.stop.Load() {
			return false
		}
		mark := len(s.trail)
		if s.step(depth, a, rest) {
			s.explore(depth + 1)
		}
		s.trail = s.trail[:mark]
		return true
	})
}

// step makes the world at depth+1 and reports whether it is a new state.
func (s *search) step(depth int, a Action, rest left) bool {
	w := s.world(depth + 1)
	w.fork(s.worlds[depth], touched(a))
	s.left[depth+1] = rest
	s.act(w, a)
	s.found.Transitions++
	if v := w.watch.Err(); v != nil {
		if !s.stop.Swap(true) {
			s.found.Violation, s.found.Actions = v, append([]Action(nil), s.trail...)
		}
		return false
	}
	if !s.seen.add(s.hash(depth + 1)) {
		return false
	}
	s.found.Reached.Add(delta(&w.watch.Count, &s.worlds[depth].watch.Count))
	return true
}

// touched is the node that an action changes.
func touched(a Action) batch3pc.NodeID {
	if a.Op.aboutMessage() {
		return batch3pc.NodeID(a.Key >> 48)
	}
	return a.Node
}

// each calls visit with everything that may happen next, until visit reports false.
func (s *search) each(depth int, visit func(Action, left) bool) {
	w, l := s.worlds[depth], s.left[depth]
	for i, f := range w.bag {
		if !w.isUp(f.msg.To) || slices.Index(w.bag, f) != i {
			continue
		}
		a := Action{Op: OpDeliver, Key: f.key, Nth: w.nth(i)}
		if !visit(a, l) {
			return
		}
		if l.duplicates > 0 {
			rest := l
			rest.duplicates--
			a.Op = OpDuplicate
			if !visit(a, rest) {
				return
			}
		}
	}
	for _, p := range w.participants {
		if !s.eachOf(p, l, visit) {
			return
		}
	}
	for _, c := range w.coordinators {
		if !s.eachOfCoordinator(c, l, visit) {
			return
		}
	}
}

func (s *search) eachOf(p *participant, l left, visit func(Action, left) bool) bool {
	if !p.up {
		return visit(Action{Op: OpRestart, Node: p.id}, l)
	}
	if !p.disk.idle() && len(p.disk.held) > 0 && !visit(Action{Op: OpSync, Node: p.id}, l) {
		return false
	}
	if l.crashes > 0 {
		l.crashes--
		for keep := range p.disk.unsynced() + 1 {
			if !visit(Action{Op: OpCrash, Node: p.id, Arg: uint16(keep)}, l) {
				return false
			}
		}
	}
	return true
}

func (s *search) eachOfCoordinator(c *coordinator, l left, visit func(Action, left) bool) bool {
	if !c.up {
		return visit(Action{Op: OpRestart, Node: c.id}, l)
	}
	for _, may := range []struct {
		op   Op
		fits bool
		left *uint8
	}{
		{OpPropose, c.machine.Room(), &l.batches},
		{OpOpen, true, &l.opens},
		{OpTick, true, &l.ticks},
		{OpCrash, true, &l.leaderCrash},
	} {
		if !may.fits || *may.left == 0 {
			continue
		}
		*may.left--
		if !visit(Action{Op: may.op, Node: c.id}, l) {
			return false
		}
		*may.left++
	}
	return true
}

// delta is what was counted since before.
func delta(now, before *check.Counters) *check.Counters {
	d := *now
	d.Sub(before)
	return &d
}

// hash names the state at depth: the machines, what is on disks that may still be read again, what
// is in flight, what the Watch remembers, and what may still happen. Participants are alike: states
// that differ in nothing but who is who have one hash.
func (s *search) hash(depth int) uint64 {
	w, l := s.worlds[depth], s.left[depth]
	h := xxhash.Sum64(append(s.buffer[:0], l.batches, l.opens, l.crashes, l.leaderCrash, l.duplicates, l.ticks)) + w.watch.State()
	for i, p := range w.participants {
		s.of[i] = s.participantHash(p, l.crashes > 0) + w.watch.StateOf(p.id)
	}
	for _, c := range w.coordinators {
		h = mix(h + s.coordinatorHash(w, c, l.leaderCrash > 0))
		for i := range w.participants {
			s.of[i] = mix(s.of[i] + c.named.peers[i])
		}
	}
	for _, f := range w.bag {
		s.of[f.participant()-1] += f.hash
	}
	for _, of := range s.of[:len(w.participants)] {
		h += mix(of)
	}
	return max(mix(h), 1) // 0 is no state
}

// named is what hash has made of a node since it changed last.
type named struct {
	valid  bool
	mortal bool // it may crash and read its disk again
	own    uint64
	peers  [nodesMax]uint64 // what a coordinator knows of each participant
}

func (s *search) participantHash(p *participant, mortal bool) uint64 {
	if p.named.valid && p.named.mortal == mortal {
		return p.named.own
	}
	b := append(s.buffer[:0], b2u(p.up))
	if p.up {
		b = p.machine.AppendState(b)
	}
	b = appendDisk(b, &p.disk, mortal || !p.up)
	s.buffer = b
	p.named = named{valid: true, mortal: mortal, own: xxhash.Sum64(b)}
	return p.named.own
}

func (s *search) coordinatorHash(w *World, c *coordinator, mortal bool) uint64 {
	if c.named.valid && c.named.mortal == mortal {
		return c.named.own
	}
	c.named = named{valid: true, mortal: mortal}
	b := append(s.buffer[:0], b2u(c.up), byte(c.made), byte(c.log.used), byte(c.cfg.Boot))
	if c.up {
		b = c.machine.AppendOwnState(b)
	}
	b = appendDisk(b, &c.disk, mortal || !c.up)
	c.named.own = xxhash.Sum64(b)
	for i, p := range w.participants {
		if b = b[:0]; c.up {
			b = c.machine.AppendPeerState(b, p.id)
		}
		c.named.peers[i] = xxhash.Sum64(b)
	}
	s.buffer = b
	return c.named.own
}

// participant is the one of sender and receiver that is a participant.
func (f *flight) participant() batch3pc.NodeID { return min(f.msg.From, f.msg.To) }

func b2u(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// appendDisk appends what is on the disk, if anybody will read it, and what waits for it.
func appendDisk(b []byte, d *disk, read bool) []byte {
	for i := range d.held {
		b = binary.LittleEndian.AppendUint64(b, d.held[i].f.hash)
	}
	if !read {
		return b
	}
	b = append(b, byte(len(d.records)), byte(d.synced))
	for i := range d.records {
		r := &d.records[i]
		b = append(b, byte(r.Kind), byte(r.Ballot.Epoch), byte(r.Ballot.Node), byte(r.Ballot.Boot))
		b = batch3pc.AppendTail(b, batch3pc.Position{Seq: r.Seq, Chain: r.Chain})
		if r.Batch != nil {
			b = binary.LittleEndian.AppendUint64(b, uint64(r.Batch.Chain))
		}
	}
	return b
}
