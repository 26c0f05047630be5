package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// phase is how far a participant has come in the current ballot.
type phase uint8

const (
	phaseSilent   phase = iota // its State is asked for
	phasePromised              // it promised the ballot, but has not accepted Start yet
	phaseStarted               // it accepted Start: batches, pre-commits and commits flow
)

// progress is what the coordinator knows of one participant. Everything but the link is about the
// current ballot; acks of one ballot never help another.
type progress struct {
	id       NodeID
	member   bool // has to vote yes, as the log of the coordinator has it
	wished   bool // is to be a member, if the coordinator is wishing
	replaced bool // and its log is to be known as the one that it has now
	up       bool // connected, as far as the driver said so
	down     bool // not connected, as far as the driver said so: nothing is sent again to it
	phase    phase
	behindNs int64 // since when it owes the same decided batches, while it does
	silentNs int64 // since when it has not been started, while it is not
	moved    bool  // made progress since the last Tick

	reply stateReply // its last State
	based bool       // it is known to hold the base

	voted    Position // voted yes for everything at or below
	accepted bool     // has durably accepted Start
	acked    Seq      // has durably pre-committed everything at or below, the base included: only ever rises
	applied  Seq      // says it applied this much
	durable  Seq      // has this much of what is decided for good; only ever rises

	incarnation uint64 // of its log, as its State had it
	distrusted  uint64 // a log that has lost something; 0: none
	counts      bool   // its promises, acknowledgements and votes count
	trouble     Trouble

	// What was sent last: the flow goes on from here. A Tick without progress takes them back.
	sent       Seq // batches
	preSent    Seq // pre-commit watermark
	commitSent Seq // commit watermark

	fetched    Position // last Fetch served since the last Tick
	fetching   bool     // fetched counts
	want       Position // next batch to relay follows this one
	wantLeft   int      // batches that are still passed on to it; 0: none was asked for, or all have come
	asking     bool     // a helper was asked for them since the last Tick, and they have not all come
	helper     int      // whose turn it is to be asked next
	unanswered int      // Ticks in a row, in whatever ballot, without an answer of those who were asked for its sake
	serves     Seq      // cannot send what others lack at or below

	// A snapshot on its way to it.
	snapshotFrom   NodeID   // who sends it; 0: nobody is asked
	snapshotAt     Position // what it wants next: of which one
	snapshotOffset uint64   // and from where on
}

// stateReply keeps what an election has to compare.
type stateReply struct {
	attempt Ballot
	pre     Position
	voted   Position
	applied Position
	tail    []byte

	generations []byte
}

func (r *stateReply) save(m *Message) {
	r.attempt = m.LastAttempt
	r.pre = Position{m.PreCommitted, m.PreChain}
	r.voted = Position{m.Voted, m.VotedChain}
	r.applied = Position{m.Applied, m.AppliedChain}
	r.tail = append(r.tail[:0], m.Tail...)
	r.generations = append(r.generations[:0], m.Generations...)
}

// holds reports whether the participant is known to hold p. False may mean that it did not say.
func (r *stateReply) holds(p Position) bool {
	if p == r.applied || p == r.pre || p == r.voted {
		return true
	}
	for i := range TailLen(r.tail) {
		if TailAt(r.tail, i) == p {
			return true
		}
	}
	return false
}

// positionAt is the position of the batch with a number, if the participant is known to hold one.
func (r *stateReply) positionAt(s Seq) (Position, bool) {
	for _, at := range [...]Position{r.applied, r.pre, r.voted} {
		if at.Seq == s {
			return at, true
		}
	}
	for i := range TailLen(r.tail) {
		if at := TailAt(r.tail, i); at.Seq == s {
			return at, true
		}
	}
	return Position{}, false
}

// generationAt is the generation in force at p, a position at or above applied that it holds. It
// reports false if the participant did not say.
func (r *stateReply) generationAt(p Position) (Generation, bool) {
	var inForce Generation
	found := false
	for rest := r.generations; ; {
		g, next, ok := DecodeGeneration(rest)
		if !ok || g.At.Seq > p.Seq {
			return inForce, found
		}
		inForce, rest, found = g, next, true
	}
}

// reset forgets all that belongs to the ballot before.
func (p *progress) reset(nowNs int64) {
	tail, generations := p.reply.tail[:0], p.reply.generations[:0]
	*p = progress{id: p.id, member: p.member, wished: p.wished, replaced: p.replaced, up: p.up, down: p.down, applied: p.applied, durable: p.durable,
		incarnation: p.incarnation, distrusted: p.distrusted, counts: p.counts, trouble: p.trouble, unanswered: p.unanswered, silentNs: nowNs}
	p.reply.tail, p.reply.generations = tail, generations
}

// started notes that the participant has accepted the ballot and holds the stream up to at.
func (p *progress) started(at Position) {
	p.phase, p.based = phaseStarted, true
	p.voted = at
	p.wantLeft, p.unanswered = 0, 0
	p.rewind()
}

// rewind makes the flow start again from what the participant is known to have.
func (p *progress) rewind() {
	p.sent = p.voted.Seq
	p.preSent = min(p.preSent, p.acked)
	if !mutant.Is(mutant.CommitToldOnce) {
		p.commitSent = min(p.commitSent, p.applied)
	}
	if p.asking {
		p.helper++ // who was asked has not sent it all
	}
	p.fetching, p.asking, p.snapshotFrom = false, false, 0
	p.snapshotOffset = 0 // it may have lost what it had: the first piece makes it say what it wants
}
