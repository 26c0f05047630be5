package engine

import (
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// unloggedMax is how many batches may have been proposed whose Sealed did not reach the log: all
// that can be undecided at a time. Their numbers are not used again, whoever still remembers them.
const unloggedMax = windowMax

// succeed makes the coordinator the successor of those who have written the log: its ballots and
// batch numbers are above theirs, and recovery goes forward over what the log holds.
func succeed(c *batch3pc.Coordinator, r *Replica) error {
	if r.epoch.Ballot.IsZero() {
		return nil // nobody has
	}
	if err := c.Recover(&r.epoch); err != nil {
		return err
	}
	c.Used(r.seqSeen + unloggedMax)
	c.Logged(r.end().Seq)
	return nil
}

// takeUp goes on where the log ends, now that a ballot has settled what of it is decided: everything
// up to base. That is matched, and must come out as it was committed; the commands behind it are
// matched again and proposed again.
func (e *Engine) takeUp(base batch3pc.Position) error {
	r := e.replica
	at := batch3pc.Position{Seq: r.settled.Seq, Chain: r.settled.Chain}
	switch {
	case r.seqSeen == 0 && base.Seq > 0 && !e.atBeginning(base):
		return fmt.Errorf("%w: they hold batches up to %d; start them on empty directories", ErrForeign, base.Seq)
	case base.Seq < at.Seq:
		return fmt.Errorf("%w: they go on from batch %d, the command log has decided batch %d", ErrForgotten, base.Seq, at.Seq)
	case base.Seq > at.Seq:
		if err := e.unloggedChange(base); err != nil {
			return err
		}
		if err := r.settle(base, e.settled); err != nil {
			return err
		}
	case base != at:
		return fmt.Errorf("%w: batch %d has chain %016x in the log, %016x at the participants", ErrReplay, at.Seq, uint64(at.Chain), uint64(base.Chain))
	}
	dropped := len(r.path)
	e.aborted += uint64(dropped)
	e.decided, e.loggedSeq = r.batches, r.decided.Seq
	e.win.base = slot{seq: base.Seq, chain: base.Chain, lastCommand: r.settled.LastCommand, nextTrade: r.core.NextTrade()}
	resumed := r.seq > 0
	e.adopt(r)
	e.changes = r.members
	for i := range e.peers {
		e.peers[i].held = r.held[e.peers[i].Node]
	}
	for i := range e.changes {
		e.generation = e.changes[i].Generation
		e.countExclusions(i)
	}
	e.replica, e.before = nil, e.core.Counts()
	e.progressNs = e.nowNs
	if resumed {
		e.ports.Notify(Notice{Kind: NoticeTakenUp, Seq: base.Seq, Orders: len(e.backlog), InFlight: dropped})
	}
	return nil
}

// atBeginning reports whether base is the first entry of a stream, which names its participants: there is
// nothing before it, and whoever has no log can go on from there.
func (e *Engine) atBeginning(base batch3pc.Position) bool {
	g := e.coord.BaseGeneration()
	entry := g.Entry(batch3pc.Position{})
	return g.At == base && entry.Chain == base.Chain
}

// unloggedChange writes down the change of the members that a base ends with, if the log does not have it.
func (e *Engine) unloggedChange(base batch3pc.Position) error {
	g := e.coord.BaseGeneration()
	if n := len(e.replica.members); g.At != base || n > 0 && e.replica.members[n-1].Generation.At == base {
		return nil
	}
	m, ok := e.replica.found(g, time.Now().UnixNano())
	if !ok {
		return nil // settle says what is wrong
	}
	e.mustPut(RecordGeneration, appendMembership(nil, &m))
	e.changedPos = e.log.pushed
	return e.replica.changed(m)
}

// countExclusions counts whom change i has left out.
func (e *Engine) countExclusions(i int) {
	for k := range e.peers {
		if p := &e.peers[k]; i > 0 {
			if out, _ := e.changes[i].Excludes(&e.changes[i-1].Generation, p.Node); out {
				p.seat.exclusions++
			}
		}
	}
}

// settled tells of a batch that was in doubt when the log ended, and is decided now.
func (e *Engine) settled(s *Sealed, payload []byte) error {
	p, err := codec.DecodePayload(payload, e.trades)
	if err != nil {
		panic("engine: own payload does not decode: " + err.Error())
	}
	e.trades = p.Trades
	return e.ports.Commit(&Committed{Seq: s.Seq, Chain: s.Chain, Payload: p})
}

// adopt makes the replica's core the engine's, and its commands behind the core the backlog.
func (e *Engine) adopt(r *Replica) {
	e.core, e.seq = r.core, r.seq
	e.backlog = r.waiting[r.head:]
	e.arrival, e.marks = e.arrival[:0], e.marks[:0]
	e.open.Reset(e.core.LastCommand(), e.core.NextTrade())
}
