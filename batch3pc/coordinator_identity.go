package batch3pc

import (
	"fmt"
	"slices"
)

// A participant that has lost its log has lost its promises. It counts for nothing until a
// generation names its new log (PROTOCOL.md 5.10):
//
//	N1  the first entry of a stream names the logs of all configured participants; as long as nobody
//	    who takes part in an election knows such an entry, the election needs all of them
//	N2  a participant counts, for elections, decisions and votes, if its log is the one that the
//	    generation in force at the highest known decision names, and the newest pre-committed one too,
//	    and nobody counts if one of these names a participant that is not configured
//	N3  a generation may name a new log for one participant; those whose log stays the same decide it
//
// All of it is asked for by CoordinatorConfig.Identified.

// Trouble is why a participant does not count. Exported as a gauge: never renumber.
type Trouble uint8

// The troubles.
const (
	TroubleNone        Trouble = 0
	TroubleIncarnation Trouble = 1 // its log is not the one that the stream knows: lost, replaced, or of another node
	TroubleUnknown     Trouble = 2 // the stream names other participants than the configuration
	TroubleForgotten   Trouble = 3 // its log has lost what was durable in it: an old copy (Distrust)
)

var troubleNames = [...]string{"None", "Incarnation", "Unknown", "Forgotten"}

// String returns the trouble's name.
func (t Trouble) String() string {
	if int(t) >= len(troubleNames) {
		return fmt.Sprintf("Trouble(%d)", uint8(t))
	}
	return troubleNames[t]
}

// PeerStatus is what a coordinator knows of one participant.
type PeerStatus struct {
	Node        NodeID
	Member      bool
	Connected   bool // as far as the driver said so
	Started     bool // in the ballot
	Counts      bool // for the quorum
	Trouble     Trouble
	Incarnation uint64 // of its log, as it said last
	Known       uint64 // as the generation in force names it; 0: none is known
	Voted       Seq
	Acked       Seq
	Applied     Seq
	Durable     Seq   // decided, and there for good
	CaughtUp    bool  // it could be made a member now
	WaitNs      int64 // for how long it has owed its start, its oldest vote, its oldest acknowledgement, or that it applies anything
}

// AppendPeers appends the state of all participants in the order of the configuration.
func (c *Coordinator) AppendPeers(dst []PeerStatus) []PeerStatus {
	for i := range c.peers {
		p := &c.peers[i]
		s := PeerStatus{
			Node: p.id, Member: p.member, Connected: p.up, Started: p.phase == phaseStarted, Counts: p.counts, Trouble: p.trouble,
			Incarnation: p.incarnation, Voted: p.voted.Seq, Acked: p.acked, Applied: p.applied, Durable: p.durable,
			CaughtUp: c.serving() && c.caughtUp(p), WaitNs: c.waitNs(p),
		}
		if e := c.log.tailGeneration.Find(p.id); e != nil {
			s.Known = e.Incarnation
		}
		dst = append(dst, s)
	}
	return dst
}

// Distrust says whether the log of that incarnation, which participant n has now, lacks something that was
// durable in it before: then n counts for nothing as long as it has this log. The driver knows: the protocol
// cannot tell an old copy of a disk from a State that was long on its way. To be called before the State is
// fed to Step. An incarnation of 0 has no name to be distrusted by, and changes nothing.
func (c *Coordinator) Distrust(n NodeID, incarnation uint64, lacks bool) {
	p := c.peer(n)
	switch {
	case p == nil || incarnation == 0:
	case lacks:
		p.distrusted, p.counts, p.trouble = incarnation, false, TroubleForgotten
	case p.distrusted == incarnation:
		p.distrusted = 0
	}
}

// named judges the log of p by a generation. Where that names somebody whom the configuration leaves out nobody counts:
// a quorum of fewer participants shares nobody with some quorums of all that are named.
func (c *Coordinator) named(p *progress, g *Generation) Trouble {
	switch e := g.Find(p.id); {
	case e == nil || slices.ContainsFunc(g.Enrolled(), func(e Enrolled) bool { return c.peer(e.Node) == nil }):
		return TroubleUnknown
	case e.Incarnation != 0 && e.Incarnation != p.incarnation:
		return TroubleIncarnation
	}
	return TroubleNone
}

// judge decides whether p counts (rule N2).
func (c *Coordinator) judge(p *progress, decided, newest *Generation) {
	if p.trouble = c.named(p, decided); p.trouble == TroubleNone {
		p.trouble = c.named(p, newest)
	}
	if p.trouble == TroubleNone && p.distrusted != 0 && p.distrusted == p.incarnation {
		p.trouble = TroubleForgotten
	}
	p.counts = p.trouble == TroubleNone
}

// judgeVoices judges all who have promised, by what they know. It returns how many count, and reports
// whether they are enough to elect (rule N1).
func (c *Coordinator) judgeVoices() (voices int, enough bool) {
	decided, newest := c.initial(), c.initial()
	for i := range c.peers {
		p := &c.peers[i]
		if p.phase != phasePromised {
			continue
		}
		if g := c.generationAt(p, p.reply.applied); g.Number > decided.Number {
			decided = g
		}
		if g := c.generationAt(p, p.reply.pre); g.Number > newest.Number {
			newest = g
			// The one before it is decided (rule G2).
			if g := c.generationAt(p, Position{Seq: g.At.Seq - 1}); g.Number > decided.Number {
				decided = g
			}
		}
	}
	for i := range c.peers {
		if p := &c.peers[i]; p.phase == phasePromised {
			c.judge(p, &decided, &newest)
			if p.counts {
				voices++
			}
		}
	}
	if c.cfg.Identified && newest.At == (Position{}) {
		return voices, voices == len(c.peers)
	}
	return voices, voices >= c.quorum
}

// judgeByLog judges everybody by the log of this ballot.
func (c *Coordinator) judgeByLog() {
	decided := c.log.generationAt(c.decided)
	for i := range c.peers {
		if p := &c.peers[i]; p.phase != phaseSilent {
			c.judge(p, &decided, &c.log.tailGeneration)
		}
	}
}

// judgeLate judges one that comes when the base is chosen already. Until the ballot serves it is only
// known that those count whose promises did.
func (c *Coordinator) judgeLate(p *progress) {
	if !c.serving() {
		c.judge(p, &c.baseGeneration, &c.baseGeneration)
		return
	}
	decided := c.log.generationAt(c.decided)
	c.judge(p, &decided, &c.log.tailGeneration)
}

// register wishes for the entry that names everybody's log, at the beginning of a stream. An entry that is wished
// for already names them too.
func (c *Coordinator) register() {
	if !c.cfg.Identified || c.wishing || c.log.tailGeneration.At != (Position{}) {
		return
	}
	c.wishing = true
	for i := range c.peers {
		c.peers[i].wished = c.peers[i].member
	}
}
