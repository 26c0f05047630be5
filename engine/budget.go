package engine

// Part is a stretch of the way of a trade, from the arrival of its taker's command to its commit. Each begins where
// the one before it ends: for one trade they add up to its StageOrderToCommit, to the nanosecond.
type Part uint8

// The parts, in their order.
const (
	PartQueue Part = iota // arrival -> the loop takes the command from the input ring
	PartMatch             // -> all of its chunk is matched, and in the ring of the command log
	PartBatch             // -> the sealing of its batch begins
	PartVote              // -> every member has voted yes
	PartLog               // -> the command log is durable up to there, if it was not before the votes were in
	PartAck               // -> a quorum has the PRE-COMMIT durably: decided
	PartCount
)

// Budget takes where the time of trades went, in nanoseconds, the same for so many trades. One goroutine calls it.
// Trades whose commands were matched again have no arrival and are left out.
type Budget interface {
	Spend(p Part, ns int64, trades int)
	// Applied says how long after the decision participant i of Config.Participants was heard to have applied it.
	Applied(i int, ns int64, trades int)
}

// mark is what a chunk says about its trades.
type mark struct {
	end                int // of its trades in their batch, which begin where those of the mark before end
	takenNs, matchedNs int64
}

// takenNs reads the clock before a chunk is matched, for who wants to know.
func (e *Engine) takenNs() int64 {
	if e.ports.Budget == nil {
		return 0
	}
	return e.ports.Clock()
}

// markChunk remembers when the trades of the chunk that was just matched were taken from the ring.
func (e *Engine) markChunk(takenNs int64, tradesBefore int) {
	if n := e.open.Trades(); e.ports.Budget != nil && n > tradesBefore {
		e.marks = append(e.marks, mark{end: n, takenNs: takenNs, matchedNs: e.nowNs})
	}
}

// spend tells where the time of the trades of a decided batch went.
func (e *Engine) spend(s *slot) {
	b := e.ports.Budget
	if b == nil {
		return
	}
	from := 0
	s.measured = 0
	for _, m := range s.marks {
		n := 0
		for _, at := range s.arrivals[from:m.end] {
			if at != 0 {
				b.Spend(PartQueue, m.takenNs-at, 1)
				n++
			}
		}
		from = m.end
		if n > 0 {
			b.Spend(PartMatch, m.matchedNs-m.takenNs, n)
			b.Spend(PartBatch, s.sealedNs-m.matchedNs, n)
			s.measured += n
		}
	}
	if s.measured == 0 {
		return
	}
	gated := min(max(s.gatedNs, s.votedNs), s.decidedNs) // a decision that a new ballot found had no gate here
	b.Spend(PartVote, s.votedNs-s.sealedNs, s.measured)
	b.Spend(PartLog, gated-s.votedNs, s.measured)
	b.Spend(PartAck, s.decidedNs-gated, s.measured)
}

// tellApplied says which participants have applied what since it was asked last.
func (e *Engine) tellApplied() {
	if e.ports.Budget == nil {
		return
	}
	w := &e.win
	for i := range e.peers {
		p := &e.peers[i]
		for p.told = max(p.told, w.released); p.told < w.decided && w.at(p.told).seq <= p.applied; p.told++ {
			if s := w.at(p.told); s.measured > 0 {
				e.ports.Budget.Applied(i, e.nowNs-s.decidedNs, s.measured)
			}
		}
	}
}
