package batch3pc_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// walk is one random schedule: a world, and dice.
type walk struct {
	*world
	dice       *rand.Rand
	storm      int              // faults in a thousand actions, of each sort
	count      int              // payloads made
	changes    bool             // the member set changes now and then
	damaged    *participantNode // the one whose log is not whole: only one at a time
	identified bool             // logs have names, and may get lost
	inputs     map[batch3pc.NodeID]batch3pc.Seq
}

const (
	engineID batch3pc.NodeID = 10
	backupID batch3pc.NodeID = 11
)

var participantIDs = []batch3pc.NodeID{1, 2, 3}

// vetoedByHash lets a participant refuse one batch in about forty, always the same ones.
func vetoedByHash(id batch3pc.NodeID, b *batch3pc.Batch) bool {
	return (uint64(b.Chain)>>7+uint64(id)*13)%40 == 0
}

func newWalk(seed uint64) *walk {
	w := &walk{dice: rand.New(rand.NewPCG(seed, 0x7e21)), inputs: map[batch3pc.NodeID]batch3pc.Seq{}}
	w.storm = []int{0, 5, 15, 40}[w.dice.IntN(4)]
	window := 1 + w.dice.IntN(4)
	retain := window + w.dice.IntN(4)
	// Retention just as large as the coordinator's is enough for members. A learner, for whom
	// nobody waits, may fall behind it: then a snapshot helps.
	members, keep := participantIDs, retain
	if w.changes = w.dice.IntN(4) == 0; w.changes {
		members = participantIDs[:2+w.dice.IntN(2)]
	}
	w.identified = w.dice.IntN(3) == 0
	var coordinators []batch3pc.CoordinatorConfig
	for _, id := range []batch3pc.NodeID{engineID, backupID} {
		coordinators = append(coordinators, batch3pc.CoordinatorConfig{
			Self: id, Participants: participantIDs, Members: members, Generation: 1, Excludable: participantIDs[2:], Classes: []uint8{1, 1, 1}, LagMax: batch3pc.Seq(w.dice.IntN(3) * 8), Identified: w.identified,
			WindowMax: window, RetainMax: retain, NoInputGate: id == backupID || w.dice.IntN(2) == 0,
		})
	}
	var participants []batch3pc.ParticipantConfig
	for _, id := range participantIDs {
		cfg := batch3pc.ParticipantConfig{Self: id, Generation: 1, WindowMax: window, RetainMax: keep}
		if w.identified {
			cfg.Incarnation = w.dice.Uint64() | 1
		}
		participants = append(participants, cfg)
	}
	w.world = newWorld(coordinators, participants)
	w.coordinator(backupID).watches = w.dice.IntN(2) == 0
	w.checker = newChecker(members, 2)
	for _, p := range w.participants {
		p.vetoed = vetoedByHash
	}
	return w
}

// run walks and ends in peace; a violation comes back as an error.
func (w *walk) run() (err error) {
	defer func() {
		if r := recover(); r != nil {
			stack := make([]byte, 8<<10)
			err = fmt.Errorf("%v\n%s", r, stack[:runtime.Stack(stack, false)])
		}
	}()
	if err := w.start(); err != nil {
		return err
	}
	w.open(w.coordinator(engineID))
	for range 200 + w.dice.IntN(800) {
		if err := w.step(); err != nil {
			return err
		}
	}
	return w.peace()
}

// lead makes one call to a coordinator and does what it asks for.
func (w *walk) lead(c *coordinatorNode, call func(*batch3pc.Coordinator) batch3pc.Ready) {
	if c.machine == nil {
		return
	}
	w.take(c.cfg.Self, &c.disk, call(c.machine))
	w.checkCoordinator(c)
}

func (w *walk) open(c *coordinatorNode) {
	w.lead(c, func(*batch3pc.Coordinator) batch3pc.Ready { return c.open() })
}

func (w *walk) tick(c *coordinatorNode) {
	before := uint64(0)
	if c.standby != nil {
		before = c.standby.Status().Takeovers
	}
	w.lead(c, func(*batch3pc.Coordinator) batch3pc.Ready { return c.tick() })
	if c.standby != nil && c.standby.Status().Takeovers > before {
		w.checker.count.takeover++
	}
}

// change lets the last participant out of the member set, or in again.
func (w *walk) change(c *coordinatorNode) {
	w.lead(c, func(m *batch3pc.Coordinator) batch3pc.Ready {
		g := m.Generation()
		members := participantIDs
		if last := participantIDs[2]; g.Find(last).Member {
			members = participantIDs[:2]
		}
		ready, err := m.ProposeGeneration(members)
		var refused *batch3pc.MembershipError
		if err != nil && err != batch3pc.ErrNotActive && !errors.As(err, &refused) {
			w.checker.fail("ProposeGeneration", "%v", err)
		}
		return ready
	})
}

func (w *walk) anyParticipant() *participantNode {
	return w.participants[w.dice.IntN(len(w.participants))]
}
func (w *walk) anyCoordinator() *coordinatorNode {
	return w.coordinators[w.dice.IntN(len(w.coordinators))]
}

// step is one action: mostly progress, now and then a fault.
func (w *walk) step() error {
	if w.dice.IntN(1000) < w.storm {
		return w.fault()
	}
	switch n := w.dice.IntN(100); {
	case n < 64:
		for range 1 + w.dice.IntN(4) {
			w.deliverAny()
		}
	case n < 79:
		p := w.anyParticipant()
		w.sync(p.cfg.Self, &p.disk)
	case n < 82:
		c := w.anyCoordinator()
		w.sync(c.cfg.Self, &c.disk)
	case n < 90:
		for _, c := range w.coordinators {
			w.propose(c)
		}
	case n < 93:
		w.durableInputs(w.anyCoordinator())
	case n < 94 && w.changes:
		w.change(w.anyCoordinator())
	case n < 95 && w.identified:
		w.replaceLost(w.anyCoordinator())
	case n < 95:
		w.truncate(w.anyParticipant())
	case n < 96:
		w.tick(w.anyCoordinator())
	default:
		w.reopen(w.anyCoordinator())
	}
	return nil
}

func (w *walk) fault() error {
	switch w.dice.IntN(9) {
	case 8:
		return w.loseLog(w.anyParticipant())
	case 0, 1:
		w.crashParticipant(w.anyParticipant())
	case 2, 3, 4:
		return w.restartSomebody()
	case 5:
		w.crashCoordinator(w.anyCoordinator())
	case 6:
		w.open(w.anyCoordinator())
	case 7:
		if p := w.anyParticipant(); p.machine != nil {
			p.app.draining = !p.app.draining
		}
	}
	return nil
}

// deliverAny delivers a message, mostly the oldest; it may come again, or never.
func (w *walk) deliverAny() {
	if len(w.flight) == 0 {
		return
	}
	i := 0
	if w.storm > 0 && w.dice.IntN(4) == 0 {
		i = w.dice.IntN(len(w.flight))
	}
	if w.dice.IntN(1000) < w.storm || len(w.flight) > 400 {
		w.remove(i)
		return
	}
	if w.dice.IntN(1000) < w.storm {
		m := cloneMessage(w.flight[i])
		w.deliver(&m)
		return
	}
	m := w.remove(i)
	if m.Kind == batch3pc.KindFetch && m.From >= engineID {
		w.checker.count.relay++
	}
	w.deliver(&m)
}

func (w *walk) propose(c *coordinatorNode) {
	if c.machine == nil || !c.machine.Room() {
		return
	}
	w.count++
	payload := binary.LittleEndian.AppendUint64(nil, uint64(w.count))
	b, ready, err := c.machine.Propose(4, payload)
	if err != nil {
		w.checker.fail("Room", "Propose after Room: %v", err)
	}
	id := c.cfg.Self
	if w.checker.proposed[id] == nil {
		w.checker.proposed[id] = map[batch3pc.Seq]batch3pc.Position{}
	}
	w.checker.proposed[id][b.Seq] = b.Position()
	w.take(id, &c.disk, ready)
	w.checkCoordinator(c)
}

func (w *walk) durableInputs(c *coordinatorNode) {
	w.lead(c, func(m *batch3pc.Coordinator) batch3pc.Ready {
		w.inputs[c.cfg.Self] = m.Status().Proposed
		return m.InputsDurable(m.Status().Proposed)
	})
}

// reopen is what a driver does about a ballot that is stuck.
func (w *walk) reopen(c *coordinatorNode) {
	if c.machine == nil {
		return
	}
	switch state := c.machine.Status().State; {
	case state == batch3pc.StateRefused:
		w.open(c)
	case state == batch3pc.StateFenced && w.dice.IntN(8) == 0, state == batch3pc.StateIdle && w.storm > 0 && w.dice.IntN(16) == 0:
		w.open(c)
	}
}

func (w *walk) crashParticipant(p *participantNode) {
	if p.machine == nil {
		return
	}
	w.checker.count.crashes++
	p.machine = nil
	w.lose(p.cfg.Self, &p.disk, w.dice.IntN(len(p.disk.records)-p.disk.synced+1))
	if w.dice.IntN(2) == 0 {
		for _, c := range w.coordinators {
			if c.machine != nil {
				c.machine.PeerDown(p.cfg.Self)
			}
		}
	}
}

func (w *walk) restartSomebody() error {
	if w.dice.IntN(3) == 0 {
		return w.restartCoordinator(w.anyCoordinator())
	}
	return w.restartParticipant(w.anyParticipant())
}

func (w *walk) restartParticipant(p *participantNode) error {
	if p.machine != nil {
		return nil
	}
	id := p.cfg.Self
	w.checker.restarted(id)
	if err := w.startParticipant(p); err != nil {
		return err
	}
	w.checker.elected[id] = p.machine.Status().LastElected
	w.connect(id)
	return nil
}

// connect tells all coordinators that a participant is there.
func (w *walk) connect(id batch3pc.NodeID) {
	for _, c := range w.coordinators {
		w.lead(c, func(m *batch3pc.Coordinator) batch3pc.Ready { return m.PeerUp(id) })
	}
}

func (w *walk) crashCoordinator(c *coordinatorNode) {
	if c.machine == nil {
		return
	}
	w.checker.count.crashes++
	c.machine = nil
	w.lose(c.cfg.Self, &c.disk, w.dice.IntN(len(c.disk.records)-c.disk.synced+1))
}

func (w *walk) restartCoordinator(c *coordinatorNode) error {
	if c.machine != nil {
		return nil
	}
	w.checker.restarted(c.cfg.Self)
	if err := w.startCoordinator(c); err != nil {
		return err
	}
	for _, p := range w.participants {
		if p.machine != nil {
			w.lead(c, func(m *batch3pc.Coordinator) batch3pc.Ready { return m.PeerUp(p.cfg.Self) })
		}
	}
	if !c.cfg.NoInputGate {
		w.lead(c, func(m *batch3pc.Coordinator) batch3pc.Ready { return m.InputsDurable(w.inputs[c.cfg.Self]) })
	}
	w.open(c)
	return nil
}

// schedules is how many random walks a test run makes; TEZI_SCHEDULES asks for more.
func schedules(t *testing.T) uint64 {
	n := uint64(8_000)
	if testing.Short() {
		n = 2_000
	}
	if text := os.Getenv("TEZI_SCHEDULES"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestRandomWalks runs seeded schedules of two coordinators and three participants through
// messages that are lost, repeated and reordered, crashes that lose what was not synced, vetoes
// and failovers, and checks I1 to I8 at every step. TEZI_SEED runs one schedule.
func TestRandomWalks(t *testing.T) {
	if text := os.Getenv("TEZI_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		w := newWalk(seed)
		w.note = t.Logf
		if err := w.run(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		return
	}
	n := schedules(t)
	workers := uint64(runtime.GOMAXPROCS(0))
	totals := make([]counters, workers)
	failures := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for seed := worker; seed < n && failures[worker] == nil; seed += workers {
				w := newWalk(seed)
				if err := w.run(); err != nil {
					failures[worker] = fmt.Errorf("seed %d (run it alone with TEZI_SEED=%d): %w", seed, seed, err)
				}
				totals[worker].add(w.checker.count)
			}
		})
	}
	group.Wait()
	var total counters
	for worker := range workers {
		if failures[worker] != nil {
			t.Error(failures[worker])
		}
		total.add(totals[worker])
	}
	t.Logf("%d schedules: %+v", n, total)
	requireNonVacuous(t, total)
}

// requireNonVacuous is I12: a run set that never met the hard cases proves nothing.
func requireNonVacuous(t *testing.T, c counters) {
	t.Helper()
	for name, n := range map[string]int{
		"decided": c.decided, "vetoed": c.vetoed, "dropped": c.dropped, "fenced": c.fenced, "crashes": c.crashes,
		"recovery commit": c.recoveryCommit, "recovery abort": c.recoveryAbort, "recover-forward": c.forward,
		"cascade abort": c.cascade, "fill": c.fill, "relay": c.relay, "generation change": c.generation, "takeover": c.takeover, "catch-up from snapshot": c.snapshot,
		"truncation": c.truncation, "refused without its log": c.refused, "replaced": c.replaced, "repair": c.repair,
	} {
		if n == 0 {
			t.Errorf("I12: no schedule met: %s", name)
		}
	}
}
