package batch3pc

import (
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// CoordinatorConfig configures a Coordinator. Check what NewCoordinator says of it.
type CoordinatorConfig struct {
	Self         NodeID   // not 0, not a participant
	Boot         uint32   // number of this start of the node; a new one each time, so that no ballot is ever used twice
	Participants []NodeID // the configured set: quorums are over these, dead or alive; at most ParticipantsMax
	Members      []NodeID // of Participants, all of whom must vote yes; enough that every quorum contains one
	Generation   uint32   // of Members, at the beginning of a stream; later ones are entries of it
	Excludable   []NodeID // of Participants, those that a generation may do without
	WindowMax    int      // batches proposed and undecided
	RetainMax    int      // batches kept for members that lag, undecided ones included; at least WindowMax
	// NoInputGate says that what goes into the batches is never lost by the proposer. Without it no
	// batch above InputsDurable is pre-committed or recovered forward.
	NoInputGate bool
	// Classes say which participants run the same business, in the order of Participants: the state of
	// one can be handed to another of the same number. 0, or no Classes at all: nobody's can.
	Classes []uint8
	// LagMax is by how many numbers a participant that is no member may lag before it does not hold
	// back the truncation of logs any more, if a snapshot can help it; 0: for ever.
	LagMax Seq
	// Identified says that all participants have an Incarnation, so that one that has lost its log is
	// found out (PROTOCOL.md 5.10). The first batch of a stream is then a generation that names them.
	Identified bool
	Deadlines  Deadlines // none by default
}

func (cfg *CoordinatorConfig) validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: coordinator %d: %s", ErrConfig, cfg.Self, fmt.Sprintf(format, args...))
	}
	if cfg.Self == 0 || slices.Contains(cfg.Participants, cfg.Self) {
		return bad("Self must not be 0 or a participant")
	}
	if n := len(cfg.Participants); n < 1 || n > ParticipantsMax {
		return bad("%d participants, want 1 to %d", n, ParticipantsMax)
	}
	for i, id := range cfg.Participants {
		if id == 0 || slices.Contains(cfg.Participants[:i], id) {
			return bad("participant %d is 0 or named twice", id)
		}
	}
	for i, id := range cfg.Members {
		if !slices.Contains(cfg.Participants, id) || slices.Contains(cfg.Members[:i], id) {
			return bad("member %d is no participant or named twice", id)
		}
	}
	for _, id := range cfg.Excludable {
		if !slices.Contains(cfg.Participants, id) {
			return bad("%d may be excluded, but is no participant", id)
		}
	}
	if !quorumsMeetMembers(len(cfg.Participants), len(cfg.Members)) {
		return bad("%d members of %d participants, want so many that every quorum contains one", len(cfg.Members), len(cfg.Participants))
	}
	if cfg.Classes != nil && len(cfg.Classes) != len(cfg.Participants) {
		return bad("%d classes, want one for each of %d participants", len(cfg.Classes), len(cfg.Participants))
	}
	if cfg.WindowMax < 1 || cfg.RetainMax < cfg.WindowMax {
		return bad("WindowMax is %d and RetainMax %d, want 1 <= WindowMax <= RetainMax", cfg.WindowMax, cfg.RetainMax)
	}
	return cfg.Deadlines.Validate()
}

// Coordinator drives the stream of batches in one ballot after the other. Not safe for concurrent
// use.
type Coordinator struct {
	cfg    CoordinatorConfig
	quorum int
	peers  []progress // in the order of cfg.Participants

	state    State
	ballot   Ballot
	epoch    uint64 // highest of any ballot ever seen
	patience int    // Ticks since the election had its quorum, then Ticks in StateStarting
	giveUp   int    // patience at which StateStarting ends in the next ballot

	base           Position   // of the ballot: everything at or below is settled
	baseGeneration Generation // in force at base
	preSent        Position   // highest pre-commit sent; committed <= preSent <= log.tail() while the ballot serves
	committed      Position   // decided; only ever rises
	inputs         Seq        // no pre-commit above leaves
	logged         Seq        // batches up to here, whoever proposed them, are in the log of the proposer
	truncate       Seq        // every configured participant has this much for good, or can be helped
	seqSeen        Seq        // highest number of any batch ever seen

	// log[:decided] is decided and retained for members that lag, log[decided:] is in doubt. Until
	// the ballot serves it is what this coordinator proposed before.
	log     history
	decided int

	wishing bool // for a generation whose members are the wished ones

	refused bool
	refusal Refusal
	ignored uint64

	nowNs  int64        // as Advance told it last
	tickNs int64        // of the last Tick by Advance
	clock  []batchTimes // by slot of log
	out    outbox
}

// NewCoordinator returns an idle coordinator. Feed it its log with Recover, then call Open.
func NewCoordinator(cfg CoordinatorConfig) (*Coordinator, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Participants, cfg.Members = slices.Clone(cfg.Participants), slices.Clone(cfg.Members)
	cfg.Excludable, cfg.Classes = slices.Clone(cfg.Excludable), slices.Clone(cfg.Classes)
	cfg.Deadlines.Participants = slices.Clone(cfg.Deadlines.Participants)
	c := &Coordinator{
		cfg: cfg, quorum: quorumOf(len(cfg.Participants)), giveUp: startTicksMin,
		log: newHistory(cfg.RetainMax), clock: make([]batchTimes, cfg.RetainMax),
	}
	for _, id := range cfg.Participants {
		c.peers = append(c.peers, progress{id: id, member: slices.Contains(cfg.Members, id), counts: true})
	}
	c.log.reset(Position{}, c.initial())
	if mutant.Is(mutant.QuorumMinusOne) {
		c.quorum--
	}
	if cfg.NoInputGate {
		c.inputs, c.logged = ^Seq(0), ^Seq(0)
	}
	return c, nil
}

// Recover feeds the next RecordEpoch of the coordinator's log: later ballots are above it. Every
// error is a *RecoverError and final.
func (c *Coordinator) Recover(r *Record) error {
	if r.Kind != RecordEpoch {
		return &RecoverError{Kind: r.Kind, Seq: r.Seq, Reason: "no record of a coordinator"}
	}
	if !mutant.Is(mutant.EpochNotRecovered) && !mutant.Is(mutant.BallotReused) {
		c.epoch = max(c.epoch, r.Ballot.Epoch)
	}
	return nil
}

// Used says that no batch at or below s may be proposed: these numbers may have been given to
// batches that nobody reports any more (rule S6). It only ever rises.
func (c *Coordinator) Used(s Seq) { c.seqSeen = max(c.seqSeen, s) }

// Logged says that the proposer has taken up a log that holds what went into all batches at or below s, whoever proposed
// them: these inputs are durable. It is for proposers that share one log and go on with its numbers (Used). A proposer
// with a log of its own could still give one of these numbers to another batch, and recovery would go forward over that
// one, whose inputs nobody has. It only ever rises.
func (c *Coordinator) Logged(s Seq) {
	c.logged = max(c.logged, s)
	c.inputs = max(c.inputs, s)
}

// Step feeds one answer of a participant. m and its Batch are read during the call; a Ready may
// alias the Batch of a Fill that is passed on.
func (c *Coordinator) Step(m *Message) Ready {
	c.out.reset()
	p := c.peer(m.From)
	switch {
	case p == nil:
		c.ignored++
	case m.Kind == KindStale:
		if c.stepStale(m) {
			return c.Open()
		}
	case m.Incarnation != p.incarnation && m.Kind != KindState && m.Kind != KindFetch:
		c.ignored++ // another log than the one whose state is known
		if m.Ballot == c.ballot && c.state != StateFenced {
			c.sendStateReq(p)
		}
	case m.Ballot != c.ballot && !(mutant.Is(mutant.OtherBallotCounts) && m.Kind == KindPreCommitAck) || c.state == StateIdle || c.state == StateFenced:
		// An answer to a ballot that is over.
	default:
		c.step(p, m)
		if c.serving() {
			c.advance() // not only after a Yes: one that was lost is told by a State or a Fetch
		}
		c.flush(c.cfg.WindowMax)
	}
	return c.out.ready
}

func (c *Coordinator) step(p *progress, m *Message) {
	if m.Applied > p.applied {
		p.applied, p.behindNs, p.moved = m.Applied, c.nowNs, true
	}
	if c.serving() && p.phase == phaseStarted && p.voted.Seq < m.Applied {
		// It holds what it has applied, whatever an older State said that came behind a newer one.
		if at := c.log.position(c.log.through(m.Applied)); at.Seq == m.Applied {
			p.voted, p.sent = at, max(p.sent, at.Seq)
		}
	}
	switch m.Kind {
	case KindYes:
		c.stepYes(p, m)
	case KindNo:
		c.stepNo(p, m)
	case KindPreCommitAck:
		c.stepAck(p, m)
	case KindState:
		c.stepState(p, m)
	case KindStartAck:
		c.stepStartAck(p, m)
	case KindFetch:
		c.stepFetch(p, m)
	case KindFill:
		c.stepFill(p, m)
	case KindSnapshotReq:
		c.stepSnapshotReq(p, m)
	case KindSnapshot:
		c.stepSnapshot(p, m)
	case KindApplied: // its watermark is all there is to it, but for the end of what it can send
		c.stepServes(p, m.Seq)
	default:
		c.ignored++
	}
}

// stepStale takes note of a higher ballot. It reports whether that is one of an earlier life of this very node,
// whose log it does not have: then nobody else leads, and the next ballot is above it (PROTOCOL.md 5.11).
func (c *Coordinator) stepStale(m *Message) (own bool) {
	c.epoch = max(c.epoch, m.LastElected.Epoch)
	if c.state == StateIdle || !c.ballot.Less(m.LastElected) || mutant.Is(mutant.FenceIgnored) {
		return false
	}
	own = c.state == StateElecting && m.LastElected.Node == c.cfg.Self
	c.state = StateFenced
	return own
}

// serving reports whether the ballot's base is decided, so that batches flow.
func (c *Coordinator) serving() bool { return c.state == StateActive || c.state == StateRefused }

func (c *Coordinator) peer(id NodeID) *progress {
	for i := range c.peers {
		if c.peers[i].id == id {
			return &c.peers[i]
		}
	}
	return nil
}

// message starts a message to p; the commit watermark rides on every one.
func (c *Coordinator) message(p *progress, kind Kind) Message {
	p.commitSent = max(p.commitSent, c.committed.Seq)
	return Message{
		Kind: kind, From: c.cfg.Self, To: p.id, Ballot: c.ballot,
		Commit: c.committed.Seq, CommitChain: c.committed.Chain, Truncate: c.truncate,
	}
}

func (c *Coordinator) messageAt(p *progress, kind Kind, at Position) Message {
	m := c.message(p, kind)
	m.Seq, m.Chain = at.Seq, at.Chain
	return m
}

// knows reports whether at is a position of the stream that this ballot serves. Positions below
// the retention cannot be compared any more and are taken on trust.
func (c *Coordinator) knows(at Position) bool {
	return at == c.base || at.Seq < c.log.root.Seq || c.log.holds(at)
}
