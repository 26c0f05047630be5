package batch3pc

import (
	"slices"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// A change of the member set (PROTOCOL.md 5.6) is an entry of the stream:
//
//	G1  all members of the new generation vote for it, and a quorum of the configured set decides it
//	G2  it is proposed behind a decided batch, and nothing is proposed behind it until it is decided
//	G3  every quorum contains a member of every generation
//	G4  who may not be excluded is a member of every generation
//
// So what is in doubt is always of one generation, or is one change.

// initial is the generation that the configuration names.
func (c *Coordinator) initial() Generation {
	g := Generation{Number: c.cfg.Generation}
	for _, id := range c.cfg.Participants {
		g.enroll(Enrolled{Node: id, Member: slices.Contains(c.cfg.Members, id)})
	}
	return g
}

// member reports whether node n has to vote yes.
func (g *Generation) member(n NodeID) bool {
	e := g.Find(n)
	return e != nil && e.Member
}

// generationAt is the generation at a position that p said it holds. A participant that knows of no
// entry knows only the number of the first one; its members are configured.
func (c *Coordinator) generationAt(p *progress, at Position) Generation {
	if g, ok := p.reply.generationAt(at); ok && g.count > 0 && !mutant.Is(mutant.GenerationNotAsked) {
		return g
	}
	return c.initial()
}

// newestGeneration is the newest one that anybody who promised has voted for. It only tells whom an
// election waits for.
func (c *Coordinator) newestGeneration() Generation {
	newest := c.initial()
	for i := range c.peers {
		p := &c.peers[i]
		if p.phase != phasePromised {
			continue
		}
		if g := c.generationAt(p, Position{Seq: ^Seq(0)}); g.Number > newest.Number {
			newest = g
		}
	}
	return newest
}

// Generation is the member set in force at the end of the stream; before the first ballot is active,
// what the configuration says. If its At is above Status().Committed, it is in doubt.
func (c *Coordinator) Generation() Generation { return c.log.tailGeneration }

// BaseGeneration is the member set in force at the base of the ballot.
func (c *Coordinator) BaseGeneration() Generation { return c.baseGeneration }

// changing reports whether the last entry of the stream opens a generation and is in doubt.
func (c *Coordinator) changing() bool { return c.log.tailGeneration.At.Seq > c.committed.Seq }

// takeMembers makes the members of the generation at the end of the log those who have to vote.
func (c *Coordinator) takeMembers() {
	for i := range c.peers {
		if mutant.Is(mutant.MembersConfigured) {
			continue
		}
		c.peers[i].member = c.log.tailGeneration.member(c.peers[i].id)
	}
}

// ProposeGeneration asks for a generation with these members. The wish stands, over ballots, until
// such a generation is decided, another one is asked for, or CancelGeneration. Until then there is
// no Room. If a member is to go while batches are in doubt, which may be waiting for its vote, a new
// ballot is opened, as by Open: what it does not take into its base is aborted. A participant that
// comes in must have caught up. Errors: ErrNotActive unless the ballot serves; else a
// *MembershipError. Nothing has happened then.
//
// One participant may be replaced: it has lost its log, and the generation names the new one. It must
// have caught up too. The others alone decide such a generation (rule N3).
func (c *Coordinator) ProposeGeneration(members []NodeID, replaced ...NodeID) (Ready, error) {
	c.out.reset()
	if !c.serving() {
		return c.out.ready, ErrNotActive
	}
	if err := c.checkMembers(members, replaced); err != nil {
		return c.out.ready, err
	}
	leaves := false
	for i := range c.peers {
		p := &c.peers[i]
		p.wished, p.replaced = slices.Contains(members, p.id), slices.Contains(replaced, p.id)
		leaves = leaves || p.member && (!p.wished || p.replaced)
	}
	c.wishing = true
	if c.state == StateRefused || leaves && c.inDoubt() > 0 {
		return c.Open(), nil
	}
	c.openGeneration()
	c.flush(c.cfg.WindowMax)
	return c.out.ready, nil
}

// CancelGeneration takes a wish back. If it is in the stream already, it may be decided all the same.
func (c *Coordinator) CancelGeneration() { c.fulfill() }

// fulfill ends a wish.
func (c *Coordinator) fulfill() {
	c.wishing = false
	for i := range c.peers {
		c.peers[i].replaced = false
	}
}

func (c *Coordinator) checkMembers(members, replaced []NodeID) error {
	for i, id := range members {
		p := c.peer(id)
		switch {
		case p == nil:
			return &MembershipError{id, "is not configured"}
		case slices.Contains(members[:i], id):
			return &MembershipError{id, "is named twice"}
		case !p.member && !c.caughtUp(p):
			return &MembershipError{id, "has not caught up with the stream"}
		}
	}
	if len(replaced) > 1 || len(c.peers)-len(replaced) < c.quorum {
		return &MembershipError{0, "one participant can be replaced at a time, and the others must be a quorum"}
	}
	for _, id := range replaced {
		if p := c.peer(id); p == nil || p.trouble != TroubleIncarnation || !c.caughtUp(p) {
			return &MembershipError{id, "cannot be replaced: it has its log, or has not caught up with the stream"}
		}
	}
	same := len(replaced) == 0
	for i := range c.peers {
		p := &c.peers[i]
		wished := slices.Contains(members, p.id)
		if !wished && !slices.Contains(c.cfg.Excludable, p.id) {
			return &MembershipError{p.id, "may not be excluded"}
		}
		same = same && wished == p.member
	}
	if same {
		return &MembershipError{0, "these are the members"}
	}
	if !quorumsMeetMembers(len(c.peers), len(members)) {
		return &MembershipError{0, "a quorum would be without a member"}
	}
	return nil
}

// caughtUp reports whether a participant follows the stream at most a window behind its end.
func (c *Coordinator) caughtUp(p *progress) bool {
	return p.phase == phaseStarted && !p.down && p.voted.Seq >= c.log.root.Seq &&
		c.log.len()-c.log.through(p.voted.Seq) <= c.cfg.WindowMax
}

// openGeneration proposes what is wished for as soon as everything before it is decided (rule G2).
// From then on the new members vote, and only they hold up the retention.
func (c *Coordinator) openGeneration() {
	if !c.wishing || c.state != StateActive || c.inDoubt() > 0 {
		return
	}
	next := Generation{Number: c.log.tailGeneration.Number + 1}
	for i := range c.peers {
		p := &c.peers[i]
		e := Enrolled{Node: p.id, Member: p.wished}
		if old := c.log.tailGeneration.Find(p.id); old != nil {
			e.Incarnation = old.Incarnation
		}
		if p.replaced || c.cfg.Identified && e.Incarnation == 0 {
			e.Incarnation = p.incarnation
		}
		next.enroll(e)
	}
	if next.sameMembers(&c.log.tailGeneration) {
		c.fulfill()
		return
	}
	for i := range c.peers {
		c.peers[i].member = c.peers[i].wished
	}
	c.release()
	if c.log.full() {
		c.takeMembers() // nothing has changed yet, and the wish may be taken back
		return          // a member of both lags: its next acknowledgement makes room
	}
	c.append(next.Number, CountGeneration, appendEnrolled(nil, &next))
}
