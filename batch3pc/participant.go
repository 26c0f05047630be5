package batch3pc

import (
	"fmt"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// ParticipantConfig configures a Participant. Check what NewParticipant says of it.
type ParticipantConfig struct {
	Self NodeID // not 0
	// Incarnation names the log: a random number, made anew whenever a log is begun, and recorded in
	// it. That of an existing log wins. 0: the group does without, and cannot tell a participant that
	// has lost its log from one that never had any.
	Incarnation uint64
	Generation  uint32 // in force until the stream says otherwise; batches of another get no vote
	WindowMax   int    // undecided batches held; at least the coordinator's WindowMax, or the rest is voted for late
	// RetainMax is how many decided batches stay in memory to help a participant that fell behind
	// when the coordinator does not hold them, which is so after every restart of the coordinator.
	// At least the coordinator's RetainMax; 0 means 4 x WindowMax.
	RetainMax int
	// SnapshotMax is the largest image of a snapshot that is taken from another participant, in bytes;
	// 0 means SnapshotMaxDefault.
	SnapshotMax uint64
	// Older says that the driver serves Ready.Older: batches that only the log holds any more.
	Older bool
}

func (cfg *ParticipantConfig) validate() error {
	if cfg.Self == 0 {
		return fmt.Errorf("%w: participant: Self is 0, want a node id", ErrConfig)
	}
	if cfg.WindowMax < 1 {
		return fmt.Errorf("%w: participant %d: WindowMax is %d, want at least 1", ErrConfig, cfg.Self, cfg.WindowMax)
	}
	if cfg.RetainMax < 0 {
		return fmt.Errorf("%w: participant %d: RetainMax is %d, want at least 0", ErrConfig, cfg.Self, cfg.RetainMax)
	}
	return nil
}

// Participant is one voter: it votes on batches, accepts pre-commits and starts, and applies what
// is decided. It only ever reacts: it has no timer and decides nothing by itself (rule S5). Not
// safe for concurrent use.
type Participant struct {
	cfg ParticipantConfig
	app App

	elected Ballot   // le: highest ballot promised; never goes back
	attempt Ballot   // la: ballot in which pre was accepted; attempt <= elected
	pre     Position // pre-committed prefix: applied <= pre <= log.tail()

	// log[:decided] is applied and retained for others, log[decided:] is voted for and in doubt.
	log            history
	decided        int
	appliedBatches uint64

	// refused is the last batch answered with a no since the tail last moved; 0 is none. Its
	// descendants cannot be voted for and are dropped without a word.
	refused Seq
	// path is the newest batch that a Fill of pathBallot proved to lie at or below that ballot's base.
	path       Position
	pathBallot Ballot

	incarnation uint64 // of the log
	identified  bool   // the log says so
	begun       bool   // the log has records

	hole   bool // Recover is behind records that could not be read
	proved bool // and a record there proves the ballots
	lost   bool // pre is not in the log, but for a part

	truncate     Seq      // every configured participant has everything up to here for good
	logRoot      Seq      // the log begins behind this batch
	incoming     assembly // of a snapshot, from another participant or from the log
	badSnapshots uint64   // that the App or a checksum refused
	image        []byte   // the last one taken here
	imageAt      Position // of image
	imageDigest  uint64

	heard uint64 // messages obeyed since the start, of the ballot promised

	tail        []byte // buffer of Message.Tail
	generations []byte // buffer of Message.Generations
	out         outbox
}

// NewParticipant returns a participant with an empty log. Feed it its log with Recover before the
// first Step. It comes to hold RetainMax + 2 x WindowMax batches; their buffers grow to the largest
// payload seen and are reused.
func NewParticipant(cfg ParticipantConfig, app App) (*Participant, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if app == nil {
		return nil, fmt.Errorf("%w: participant %d: no App", ErrConfig, cfg.Self)
	}
	if cfg.RetainMax == 0 {
		cfg.RetainMax = 4 * cfg.WindowMax
	}
	if cfg.SnapshotMax == 0 {
		cfg.SnapshotMax = SnapshotMaxDefault
	}
	// A participant that needs help lags by what the coordinator retains, and what it knows to be
	// applied lags another window behind that. One more window is for what is in doubt here.
	p := &Participant{cfg: cfg, app: app, incarnation: cfg.Incarnation, log: newHistory(cfg.RetainMax + 2*cfg.WindowMax)}
	p.log.reset(Position{}, Generation{Number: cfg.Generation})
	return p, nil
}

// ParticipantStatus is a snapshot of a participant's state.
type ParticipantStatus struct {
	LastElected    Ballot
	LastAttempt    Ballot
	PreCommitted   Seq
	PreChain       Chain
	Voted          Seq // end of the log
	VotedChain     Chain
	Applied        Seq
	AppliedChain   Chain
	AppliedBatches uint64 // applied since the log began
	Generation     uint32 // in force at the end of the log
	Incarnation    uint64 // of the log
	Repairing      bool   // some of what is pre-committed is missing: nothing is promised until it is back
	Truncate       Seq    // the log may be cut in front of a checkpoint that was made at or below
	BadSnapshots   uint64 // snapshots of others that could not be used
}

// Status returns the current state.
func (p *Participant) Status() ParticipantStatus {
	tail, applied := p.log.tail(), p.applied()
	return ParticipantStatus{
		LastElected: p.elected, LastAttempt: p.attempt,
		PreCommitted: p.pre.Seq, PreChain: p.pre.Chain,
		Voted: tail.Seq, VotedChain: tail.Chain,
		Applied: applied.Seq, AppliedChain: applied.Chain, AppliedBatches: p.appliedBatches,
		Generation: p.log.tailGeneration.Number, Incarnation: p.incarnation, Repairing: p.lost,
		Truncate: p.truncate, BadSnapshots: p.badSnapshots,
	}
}

// Step feeds one message of a coordinator and returns what the driver must do. m and its Batch are
// read during the call only. The Ready, with the batches, tails and vetoes that its records and
// messages point to, is valid until the next call: copy what has to wait for the disk.
func (p *Participant) Step(m *Message) Ready {
	p.out.reset()
	if m.Kind == KindWatch {
		p.stepWatch(m)
		return p.out.ready
	}
	if mutant.Is(mutant.FencedCommitObeyed) {
		p.stepCommit(m)
	}
	if m.Ballot.Less(p.elected) && !mutant.Is(mutant.NoFence) && !(mutant.Is(mutant.LateVote) && m.Kind == KindBatch) {
		stale := p.answer(m, KindStale)
		stale.LastElected = p.elected
		p.out.send(stale)
		return p.out.ready
	}
	p.recordIdentity()
	p.truncate = max(p.truncate, m.Truncate)
	before := p.applied().Seq
	p.stepCommit(m)
	switch m.Kind {
	case KindBatch:
		p.stepBatch(m)
	case KindPreCommit:
		p.stepPreCommit(m)
	case KindStateReq:
		p.stepStateReq(m)
	case KindStart:
		p.stepStart(m)
	case KindFill:
		p.stepFill(m)
	case KindFetch:
		p.stepFetch(m)
	case KindSnapshotReq:
		p.stepSnapshotReq(m)
	case KindSnapshot:
		p.stepSnapshot(m)
	case KindCommit: // its watermark is all there is to it
	default:
		return p.out.ready // an answer, or a kind of a later version: not for a participant
	}
	p.stepCommit(m)
	p.answerCommit(m, before)
	if m.Ballot == p.elected {
		p.heard++
	}
	p.check()
	return p.out.ready
}

// answerCommit tells the coordinator about the commit watermark where nothing else was answered
// that carries the applied one.
func (p *Participant) answerCommit(m *Message, before Seq) {
	applied := p.applied().Seq
	switch {
	case !p.out.empty():
	case m.Commit > applied && p.attempt == m.Ballot:
		p.sendFetch(m, p.log.tail())
	case m.Commit > applied && m.Kind == KindCommit:
		p.sendState(m)
	case applied > before || m.Kind == KindCommit:
		p.out.send(p.answer(m, KindApplied))
	}
}

// applied is the decided prefix.
func (p *Participant) applied() Position { return p.log.position(p.decided) }

func (p *Participant) undecided() int { return p.log.len() - p.decided }

// answer starts an answer to m.
func (p *Participant) answer(m *Message, kind Kind) Message {
	return Message{Kind: kind, From: p.cfg.Self, To: m.From, Ballot: m.Ballot, Applied: p.applied().Seq, Incarnation: p.incarnation}
}

// answerAt starts an answer to m about a position.
func (p *Participant) answerAt(m *Message, kind Kind, at Position) Message {
	a := p.answer(m, kind)
	a.Seq, a.Chain = at.Seq, at.Chain
	return a
}

func (p *Participant) sendYes(m *Message) { p.out.send(p.answerAt(m, KindYes, p.log.tail())) }

// recordIdentity begins a log with whose it is.
func (p *Participant) recordIdentity() {
	if !p.identified && p.incarnation != 0 {
		p.identified = true
		p.out.record(Record{Kind: RecordIdentity, Ballot: Ballot{Node: p.cfg.Self}, Incarnation: p.incarnation})
	}
}

// sendFetch asks for what follows at, a part of a snapshot or not: whoever was giving it may be gone, and it is the
// coordinator that knows what can be had.
func (p *Participant) sendFetch(m *Message, at Position) {
	if mutant.Is(mutant.PieceForever) && p.incoming.busy() {
		p.sendSnapshotReq(m)
		return
	}
	p.out.send(p.answerAt(m, KindFetch, at))
}

// check asserts the order of the watermarks. The chains cannot disagree as long as history checks
// every append.
func (p *Participant) check() {
	p.mend()
	if p.elected.Less(p.attempt) {
		violated("I6", "attempt is above elected")
	}
	if p.pre.Seq < p.applied().Seq {
		violated("I3", "a batch is applied that is not pre-committed")
	}
	if p.log.tail().Seq < p.pre.Seq && !p.lost {
		violated("I3", "a batch is pre-committed that is not in the log")
	}
}
