//tezi:pure

package rounds

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// CoordinatorConfig configures a Coordinator.
type CoordinatorConfig struct {
	Header    codec.Header // Cluster, From and Boot of the frames that it sends
	TickNs    int64        // interval of the machine's Ticks, in nanoseconds: far above a decision's latency
	RetainMax int          // that of the machine
	Gated     bool         // InputsDurable will be called: the machine has an input gate
	// Outcome is called for each batch once it is decided, in the order of Propose. The Outcome is
	// valid during the call. It must not call the Coordinator.
	Outcome func(*Outcome)
	Other   OtherFrame // nil: a frame that is not the protocol's is dropped
}

// Coordinator connects the machine of a coordinator to its participants and its log, opens a new
// ballot whenever a batch was refused, and tells what became of each batch. It is a duty cycle:
// whoever owns it calls Round, with the time, from one goroutine.
//
// A new one is idle, as a standby is. Open makes it lead.
type Coordinator struct {
	outlet
	cfg     CoordinatorConfig
	machine Proposer
	clock   clock
	status  batch3pc.CoordinatorStatus
	active  batch3pc.Ballot // the last one that was active
	flight  flight
	refusal RefusedError // the last one; Seq 0: none since
	inputs  uint64       // proposals whose inputs are durable
	outcome Outcome
}

// NewCoordinator connects machine, to which the log was replayed (Replay), to its participants.
func NewCoordinator(cfg CoordinatorConfig, machine Proposer, log Log, participants []Peer) *Coordinator {
	c := &Coordinator{
		outlet: newOutlet(cfg.Header, log, cfg.Other, participants), cfg: cfg, machine: machine,
		clock: clock{interval: cfg.TickNs}, flight: newFlight(cfg.RetainMax), status: machine.Status(),
	}
	c.role = c
	return c
}

// Open makes this coordinator lead: it opens a ballot above every one that it has heard of.
func (c *Coordinator) Open() error { return c.did(c.machine.Open()) }

// Round takes what has arrived, and does what is due. nowNs is the time by any clock that does not go
// back. It reports whether anything had arrived. After an error the node must not go on: its log
// failed (D3), or what Other says.
func (c *Coordinator) Round(nowNs int64) (worked bool, err error) {
	if worked, err = c.poll(); err != nil {
		return worked, err
	}
	if c.clock.due(nowNs) {
		if err := c.did(c.machine.Tick()); err != nil {
			return worked, err
		}
	}
	if err := c.advance(); err != nil {
		return worked, err
	}
	return worked, c.settle(worked)
}

// Ready reports whether Round would find something: an event of a link, or a sync that ended. It is
// a few loads, and made to be polled.
func (c *Coordinator) Ready() bool { return c.ready() }

// WakeNs is when Round wants to be called at the latest.
func (c *Coordinator) WakeNs() int64 { return c.clock.next }

// Connected counts the participants whose link is up.
func (c *Coordinator) Connected() int { return c.connected() }

// Bad counts frames that were dropped: malformed, in the name of another node, or of a kind that nobody
// here understands. A peer that sends them has a fault, or is of another version.
func (c *Coordinator) Bad() uint64 { return c.bad }

// Status is that of the machine after its last call.
func (c *Coordinator) Status() *batch3pc.CoordinatorStatus { return &c.status }

// Room reports whether Propose would take a batch now.
func (c *Coordinator) Room() bool { return c.machine.Room() && !c.flight.full() }

// Propose proposes a batch of count items. The payload is copied. It returns the proposal's number,
// which counts from 1. Errors: batch3pc.ErrNotActive, batch3pc.ErrNoRoom and batch3pc.ErrCount, which mean that
// nothing has happened, and those that end the node, as from Round.
func (c *Coordinator) Propose(count uint32, payload []byte) (no uint64, err error) {
	if c.flight.full() {
		return 0, batch3pc.ErrNoRoom
	}
	f := c.flight.free()
	f.payload = append(f.payload[:0], payload...)
	return c.propose(count, f)
}

// ProposeSwap is Propose without the copy: *payload becomes the buffer of an earlier batch, if it is taken.
func (c *Coordinator) ProposeSwap(count uint32, payload *[]byte) (no uint64, err error) {
	if c.flight.full() {
		return 0, batch3pc.ErrNoRoom
	}
	f := c.flight.free()
	f.payload, *payload = *payload, f.payload
	if no, err = c.propose(count, f); no == 0 {
		f.payload, *payload = *payload, f.payload
	}
	return no, err
}

func (c *Coordinator) propose(count uint32, f *proposal) (no uint64, err error) {
	b, ready, err := c.machine.Propose(count, f.payload)
	if err != nil {
		return 0, err
	}
	no = c.flight.take(b)
	return no, c.did(ready)
}

// ChangeMembers asks the machine, a batch3pc.Coordinator or Standby, for a generation with these members;
// see batch3pc.Coordinator.ProposeGeneration for what that means, and for the errors that say that
// nothing has happened. Other errors end the node, as from Round.
func (c *Coordinator) ChangeMembers(members []batch3pc.NodeID, replaced ...batch3pc.NodeID) error {
	ready, err := c.machine.(generational).ProposeGeneration(members, replaced...)
	if err != nil {
		return err
	}
	return c.did(ready)
}

// InputsDurable says that whatever went into the proposals up to no survives a crash of this node.
// Without it no batch of a Gated coordinator is pre-committed.
func (c *Coordinator) InputsDurable(no uint64) error {
	c.inputs = max(c.inputs, no)
	return c.openGate()
}

func (c *Coordinator) openGate() error {
	if seq := c.flight.gate(c.inputs); seq != 0 {
		return c.did(c.machine.InputsDurable(seq))
	}
	return nil
}

// did carries out what a call of the machine led to.
func (c *Coordinator) did(r batch3pc.Ready) error {
	err := c.do(r)
	c.status = c.machine.Status()
	return err
}

func (c *Coordinator) linked(p *peer) error {
	if p.up {
		return c.did(c.machine.PeerUp(p.Node))
	}
	c.machine.PeerDown(p.Node)
	return nil
}

// idle is false: whoever proposes does not wait for the disk.
func (c *Coordinator) idle() bool { return false }

func (c *Coordinator) step(m *batch3pc.Message) error { return c.did(c.machine.Step(m)) }

// advance follows the machine's state: it tells outcomes, and opens the ballot that aborts what was
// refused.
func (c *Coordinator) advance() error {
	st := &c.status
	if c.cfg.Gated {
		if err := c.openGate(); err != nil {
			return err
		}
	}
	switch st.State {
	case batch3pc.StateRefused:
		c.tell(st.Committed)
		c.refusal = refusedError(st.Refused)
		return c.Open()
	case batch3pc.StateActive:
		if st.Ballot != c.active {
			c.active = st.Ballot
			c.settleBase(batch3pc.Position{Seq: st.Base, Chain: st.BaseChain})
		}
		c.tell(st.Committed)
		if mutant.Is(mutant.OutcomeEarly) {
			c.tell(st.PreCommitted)
		}
	}
	c.flight.release(st.Released)
	return nil
}

// tell reports everything at or below s as committed.
func (c *Coordinator) tell(s batch3pc.Seq) {
	for c.flight.decided < c.flight.tail && c.flight.at(c.flight.decided).at.Seq <= s {
		c.report(c.flight.at(c.flight.decided), nil)
		c.flight.decided++
	}
}

// settleBase follows the choice of a ballot: what is on the path to its base is committed, the rest
// is aborted. A base that another coordinator proposed says nothing of what lies below it here.
func (c *Coordinator) settleBase(base batch3pc.Position) {
	f := &c.flight
	known := f.decided == f.tail || base.Seq < f.at(f.decided).at.Seq
	for i := f.decided; i < f.tail; i++ {
		known = known || f.at(i).at == base
	}
	if known {
		c.tell(base.Seq)
	}
	for i := f.decided; i < f.tail; i++ {
		c.report(f.at(i), c.verdict(f.at(i), base))
	}
	f.cut()
	c.refusal = RefusedError{}
}

// verdict is what a batch that is not known to be committed is told when a ballot has chosen base.
func (c *Coordinator) verdict(p *proposal, base batch3pc.Position) error {
	switch {
	case p.at.Seq <= base.Seq && !mutant.Is(mutant.DoubtIsAbort):
		return ErrInDoubt
	case p.at.Seq == c.refusal.Seq:
		refused := c.refusal
		return &refused
	}
	return ErrAborted
}

// Abandon reports everything in flight with err, which says why nobody will know here what became of
// it. For the end of a node.
func (c *Coordinator) Abandon(err error) {
	for i := c.flight.decided; i < c.flight.tail; i++ {
		c.report(c.flight.at(i), err)
	}
	c.flight.cut()
}

func (c *Coordinator) report(p *proposal, err error) {
	c.outcome = Outcome{No: p.no, Position: p.at, Count: p.count, Payload: p.payload, Err: err}
	if c.cfg.Outcome != nil {
		c.cfg.Outcome(&c.outcome)
	}
}
