package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// The engine looks after the members by itself. A participant with an ExcludeNs that is gone, or keeps the
// stream waiting, for that long is left out by a generation, if nobody else is missing: trading goes on
// without it. It follows as a learner, gets from the others what it lacks, and is let in by another
// generation when it has kept up for a while. For a participant without an ExcludeNs the stream waits, and
// trading halts (halt.go).

// seat is what the engine knows of a participant as a member.
type seat struct {
	batch3pc.PeerStatus
	downNs     int64 // since when it is not connected, while it is not
	troubledNs int64 // since when it does not count, while it does not
	movedNs    int64 // when it applied something last
	askedNs    int64 // when it was asked to finish
	wellNs     int64 // since when it could be let in again; 0: it could not
	awayNs     int64 // for how long it has been missing; 0: it is not
	exclusions int
}

// look is done once in lookEveryNs: who is late, who is refused, and who has to leave or may come back.
func (e *Engine) look(stop bool) error {
	if e.awakeNs < e.lookNs {
		return nil
	}
	e.lookNs = e.awakeNs + e.lookEveryNs
	e.looked = e.coord.AppendPeers(e.looked[:0])
	for i := range e.looked {
		e.judge(&e.peers[i], &e.looked[i])
	}
	e.noteHeld()
	e.noteLate()
	if !e.active() || e.rolling != nil || e.finishing(stop) {
		return nil
	}
	return e.changeMembers()
}

// judge brings what is known of a participant up to date. All times are those that the loop was awake for:
// what a stopped engine did not hear, nobody failed to say.
func (e *Engine) judge(p *peer, now *batch3pc.PeerStatus) {
	s, was := &p.seat, p.seat.PeerStatus
	s.PeerStatus = *now
	if now.Applied != was.Applied {
		s.movedNs = e.awakeNs
		if e.win.inFlight() == 0 {
			e.progressNs = e.nowNs // the run ends, and one that was left out gets the rest
		}
	}
	if now.Trouble != was.Trouble {
		s.troubledNs = e.awakeNs
		e.ports.Notify(Notice{Kind: NoticeTrouble, Peer: p.Name, Why: troubleOf(now)})
	}
	s.awayNs = 0
	switch {
	case !p.up:
		s.awayNs = e.awakeNs - s.downNs
	case now.Trouble != batch3pc.TroubleNone:
		s.awayNs = e.awakeNs - s.troubledNs
	case p.asked && !p.finished:
		s.awayNs = e.awakeNs - max(s.movedNs, s.askedNs)
	case now.Member:
		s.awayNs = now.WaitNs
	case now.Applied < e.status.Committed && e.finishNs > 0: // it gets what it lacks, or does not
		s.awayNs = e.awakeNs - max(s.movedNs, e.finishNs)
	}
	switch {
	case now.Member || !p.up || !now.CaughtUp || now.Trouble != batch3pc.TroubleNone:
		s.wellNs = 0
	case s.wellNs == 0:
		s.wellNs = e.awakeNs
	}
}

// troubleOf says in words why a participant does not count; "" if it does.
func troubleOf(s *batch3pc.PeerStatus) string {
	switch s.Trouble {
	case batch3pc.TroubleNone:
		return ""
	case batch3pc.TroubleIncarnation:
		return fmt.Sprintf("its log is not the one that this run knows: it has %016x, want %016x; the directory is new, or that of another", s.Incarnation, s.Known)
	}
	if s.Trouble == batch3pc.TroubleForgotten {
		return "its disk is an old copy: it lacks what it had made durable"
	}
	return "the run does not name it: its participants are others"
}

// changeMembers proposes the generation that is due, if one is.
func (e *Engine) changeMembers() error {
	if !e.status.Changing {
		e.wish = e.wish[:0]
	}
	for i := range e.peers {
		p := &e.peers[i]
		switch {
		case p.seat.Member && p.mayLeave() && e.othersServe(p):
			return e.wishFor(p, false, e.missingOf(p))
		case !e.status.Changing && p.NewLog && p.seat.Trouble == batch3pc.TroubleIncarnation && p.seat.CaughtUp:
			return e.wishFor(p, true, "its log was lost, and it has a new one", p.Node)
		case !e.status.Changing && p.seat.wellNs != 0 && e.awakeNs-p.seat.wellNs >= p.probationNs():
			return e.wishFor(p, true, "has caught up")
		}
	}
	return nil
}

// mayLeave reports whether a participant has been missing for so long that nobody waits for it any more.
func (p *peer) mayLeave() bool { return p.ExcludeNs > 0 && p.seat.awayNs >= p.ExcludeNs }

// probationNs is for how long one that was left out must have kept up before it is let in: a part of the
// time for which it may be missing, and twice as much each time, up to the whole, so that one that comes and goes does not
// hold up trading for good.
func (p *peer) probationNs() int64 {
	return p.ExcludeNs / 8 << min(max(p.seat.exclusions, 1)-1, 3)
}

// othersServe reports whether all members but p are there: else nothing is gained by leaving p out.
func (e *Engine) othersServe(p *peer) bool {
	for i := range e.peers {
		q := &e.peers[i]
		if q != p && q.seat.Member && (!q.up || !q.seat.Counts || q.seat.awayNs >= p.ExcludeNs/2) {
			return false
		}
	}
	return true
}

// missingOf says in words what p has failed to do.
func (e *Engine) missingOf(p *peer) string {
	what := ""
	switch s := &p.seat; {
	case !p.up:
		what = "not connected"
	case s.Trouble != batch3pc.TroubleNone:
		what = troubleOf(&s.PeerStatus)
	case e.hasNoRoom(p):
		what = "has had no room on its disk"
	case !s.Started:
		what = "has not taken up the ballot"
	case s.Voted < e.status.Proposed:
		what = fmt.Sprintf("has not voted beyond batch %d", s.Voted)
	case s.Acked < e.status.PreCommitted:
		what = fmt.Sprintf("has not acknowledged beyond batch %d", s.Acked)
	default:
		what = fmt.Sprintf("has not applied anything beyond batch %d", s.Applied)
	}
	return what + " for " + time.Duration(p.seat.awayNs).Round(time.Millisecond).String()
}

// wishFor asks for a generation with p, or without. The coordinator holds on to the wish; it may have to
// open a ballot, which aborts batches that wait for p (cut).
func (e *Engine) wishFor(p *peer, with bool, why string, replaced ...batch3pc.NodeID) error {
	members := make([]batch3pc.NodeID, 0, len(e.peers))
	for i := range e.peers {
		if q := &e.peers[i]; q != p && q.seat.Member || q == p && with {
			members = append(members, q.Node)
		}
	}
	if sameNodes(e.wish, members) || e.log.safe.Load() < e.changedPos {
		return nil // it is on its way, or has to wait for the record of the last one (E12)
	}
	if e.coord.Generation().At.Seq > e.status.Committed {
		// A ballot settles the one in doubt before the next is asked for: it would open that at once, unlogged (E12).
		e.coord.CancelGeneration()
		return e.do(e.coord.Open())
	}
	ready, err := e.coord.ProposeGeneration(members, replaced...)
	if errors.Is(err, batch3pc.ErrMembership) {
		return nil // it has just changed its state: the next look sees
	}
	if err != nil {
		return err
	}
	e.wish, e.why, e.wishedForNs = members, why, p.seat.awayNs
	return e.do(ready)
}

func sameNodes(a, b []batch3pc.NodeID) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// cut takes back the batches that the new ballot has aborted. Nothing is wrong with them: they are proposed
// again as they are, with new numbers, before anything else.
func (e *Engine) cut(base batch3pc.Seq) {
	e.recut = e.win.rewind(base)
	e.aborted += uint64(e.recut)
}

// noteGeneration writes down a change of the members once it is decided, before anything is proposed behind
// it, and tells people.
func (e *Engine) noteGeneration() error {
	if e.status.Generation == e.generation.Number {
		return nil
	}
	g := e.coord.Generation()
	if g.At.Seq > e.status.Committed || g.At.Seq <= e.generation.At.Seq {
		return nil
	}
	last := e.win.lastProposed()
	m := Membership{Generation: g, Parent: batch3pc.Position{Seq: last.seq, Chain: last.chain}, UnixNs: time.Now().UnixNano(), Why: e.why}
	if e.generation.At.Seq > m.Parent.Seq {
		m.Parent = e.generation.At
	}
	if entry := g.Entry(m.Parent); entry.Chain != g.At.Chain {
		return fmt.Errorf("%w: generation %d was opened by entry %d, which does not follow batch %d", ErrReplay, g.Number, g.At.Seq, m.Parent.Seq)
	}
	e.noted(m)
	return nil
}

// noted logs a change of the members, and tells of it.
func (e *Engine) noted(m Membership) {
	e.mustPut(RecordGeneration, appendMembership(nil, &m))
	e.changedPos = e.log.pushed
	before := e.generation
	e.generation, e.changes = m.Generation, append(e.changes, m)
	e.why = ""
	if len(before.Enrolled()) == 0 {
		return // the beginning of the stream: it names everybody's log
	}
	for i := range e.peers {
		p := &e.peers[i]
		n := Notice{Peer: p.Name, Seq: m.Generation.At.Seq, Why: m.Why, InFlight: e.recut}
		switch out, in := m.Excludes(&before, p.Node); {
		case out:
			n.Kind, n.ForNs = NoticeExcluded, max(p.seat.awayNs, e.wishedForNs)
			p.seat.exclusions++
		case in:
			n.Kind, n.ForNs = NoticeReadmitted, max(0, m.UnixNs-e.excludedAt(p.Node)) // the wall clock may have gone back
		case logOf(&m.Generation, p.Node) != logOf(&before, p.Node):
			n.Kind, p.NewLog, p.held = NoticeNewLog, false, 0
		default:
			continue
		}
		e.ports.Notify(n)
	}
	e.recut, e.wishedForNs = 0, 0
}

// excludedAt is when a participant was left out last.
func (e *Engine) excludedAt(n batch3pc.NodeID) (unixNs int64) {
	for i := len(e.changes) - 1; i > 0; i-- {
		if out, _ := e.changes[i].Excludes(&e.changes[i-1].Generation, n); out {
			return e.changes[i].UnixNs
		}
	}
	return 0
}
