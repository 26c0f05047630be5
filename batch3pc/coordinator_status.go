package batch3pc

// Refusal is the no of a member that stopped a ballot.
type Refusal struct {
	Seq    Seq
	From   NodeID
	Reason Reason // ReasonVeto or ReasonHash
	Veto   []byte // a copy; valid until the next refusal
}

// CoordinatorStatus is a snapshot of a coordinator's state. All positions but Committed and
// Released belong to the ballot and mean little before StateActive.
type CoordinatorStatus struct {
	State          State
	Ballot         Ballot
	Base           Seq // decided when the ballot became active; batches of earlier ballots above it are aborted
	BaseChain      Chain
	Proposed       Seq // last batch of the stream
	LastChain      Chain
	Voted          Seq // every member voted yes for everything at or below
	PreCommitted   Seq // highest pre-commit sent
	Committed      Seq
	CommittedChain Chain
	Applied        Seq      // the least that a member says it applied
	Released       Seq      // payloads at or below belong to the caller again
	Generation     uint32   // in force at the end of the stream
	Changing       bool     // a generation is wished for or in doubt: no Room
	Refused        *Refusal // nil unless refused; valid until the next call
	Ignored        uint64   // answers that fit nothing known: a bug somewhere, or a node of another cluster
}

// State is that of Status alone.
func (c *Coordinator) State() State { return c.state }

// Ballot is that of Status alone.
func (c *Coordinator) Ballot() Ballot { return c.ballot }

// Status returns the current state.
func (c *Coordinator) Status() CoordinatorStatus {
	tail := c.log.tail()
	s := CoordinatorStatus{
		State: c.state, Ballot: c.ballot, Base: c.base.Seq, BaseChain: c.base.Chain,
		Proposed: tail.Seq, LastChain: tail.Chain, Voted: c.votedByAll(), PreCommitted: c.preSent.Seq,
		Committed: c.committed.Seq, CommittedChain: c.committed.Chain,
		Applied: ^Seq(0), Released: c.log.root.Seq, Ignored: c.ignored,
		Generation: c.log.tailGeneration.Number, Changing: c.wishing || c.changing(),
	}
	for i := range c.peers {
		if p := &c.peers[i]; p.member {
			s.Applied = min(s.Applied, p.applied)
		}
	}
	if c.refused {
		s.Refused = &c.refusal
	}
	return s
}
