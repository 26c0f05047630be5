package batch3pc_test

import (
	"fmt"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// formatAt shows a position as its number and the first digits of its chain.
func formatAt(s batch3pc.Seq, c batch3pc.Chain) string {
	if s == 0 {
		return "0"
	}
	return fmt.Sprintf("%d:%03x", s, uint64(c)>>52)
}

func formatBatch(b *batch3pc.Batch) string {
	s := fmt.Sprintf("%s after %s", formatAt(b.Seq, b.Chain), formatAt(b.Parent, b.ParentChain))
	if g, ok := batch3pc.GenerationOf(b); ok {
		s += " opens " + formatGeneration(&g)
	}
	return s
}

func formatGeneration(g *batch3pc.Generation) string {
	s := fmt.Sprintf("generation %d of", g.Number)
	for _, e := range g.Enrolled() {
		if e.Member {
			s += fmt.Sprintf(" %d", e.Node)
		}
	}
	return s
}

func formatRecord(r *batch3pc.Record) string {
	switch r.Kind {
	case batch3pc.RecordBatch, batch3pc.RecordFill:
		return fmt.Sprintf("%v %s", r.Kind, formatBatch(r.Batch))
	case batch3pc.RecordIdentity:
		return fmt.Sprintf("%v of %d: %x", r.Kind, r.Ballot.Node, r.Incarnation)
	case batch3pc.RecordSnapshot:
		return fmt.Sprintf("%v at %s, bytes %d to %d of %d, elected=%v attempt=%v pre=%s", r.Kind, formatAt(r.Seq, r.Chain), r.Offset,
			r.Offset+uint64(len(r.Chunk)), r.Total, r.Ballot, r.Attempt, formatAt(r.PreCommitted.Seq, r.PreCommitted.Chain))
	case batch3pc.RecordPromise, batch3pc.RecordEpoch:
		return fmt.Sprintf("%v %v", r.Kind, r.Ballot)
	case batch3pc.RecordCommit:
		return fmt.Sprintf("%v %s", r.Kind, formatAt(r.Seq, r.Chain))
	}
	return fmt.Sprintf("%v %v %s", r.Kind, r.Ballot, formatAt(r.Seq, r.Chain))
}

// fromCoordinator reports whether a message of this kind carries the commit watermark.
func fromCoordinator(m *batch3pc.Message) bool { return m.From >= 10 }

func formatMessage(m *batch3pc.Message) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d->%d %v %v", m.From, m.To, m.Kind, m.Ballot)
	switch m.Kind {
	case batch3pc.KindBatch, batch3pc.KindFill:
		fmt.Fprintf(&s, " %s", formatBatch(m.Batch))
	case batch3pc.KindWatch:
		return s.String()
	case batch3pc.KindWatched:
		fmt.Fprintf(&s, " elected=%v heard=%d", m.LastElected, m.Seq)
	case batch3pc.KindStateReq, batch3pc.KindCommit, batch3pc.KindApplied:
	case batch3pc.KindSnapshot, batch3pc.KindSnapshotReq:
		fmt.Fprintf(&s, " %s from byte %d, %d of %d", formatAt(m.Seq, m.Chain), m.Offset, len(m.Chunk), m.Total)
	case batch3pc.KindStale:
		fmt.Fprintf(&s, " elected=%v", m.LastElected)
	case batch3pc.KindState:
		fmt.Fprintf(&s, " elected=%v attempt=%v pre=%s voted=%s tail=%d", m.LastElected, m.LastAttempt,
			formatAt(m.PreCommitted, m.PreChain), formatAt(m.Voted, m.VotedChain), batch3pc.TailLen(m.Tail))
	default:
		fmt.Fprintf(&s, " %s", formatAt(m.Seq, m.Chain))
	}
	if m.Kind == batch3pc.KindNo {
		fmt.Fprintf(&s, " %v veto=%x", m.Reason, m.Veto)
	}
	if fromCoordinator(m) {
		fmt.Fprintf(&s, " commit=%d", m.Commit)
	} else {
		fmt.Fprintf(&s, " applied=%d", m.Applied)
	}
	return s.String()
}

func formatParticipant(p *participantNode) string {
	if p.machine == nil {
		return fmt.Sprintf("%d crashed, %d records on disk", p.cfg.Self, len(p.disk.records))
	}
	s := p.machine.Status()
	text := fmt.Sprintf("%d elected=%v attempt=%v applied=%s pre=%s voted=%s", p.cfg.Self, s.LastElected, s.LastAttempt,
		formatAt(s.Applied, s.AppliedChain), formatAt(s.PreCommitted, s.PreChain), formatAt(s.Voted, s.VotedChain))
	if s.Repairing {
		text += " repairing"
	}
	if p.disk.checkpointAt > 0 {
		text += fmt.Sprintf(" truncate=%d", s.Truncate)
	}
	if s.Generation > 1 {
		text += fmt.Sprintf(" generation=%d", s.Generation)
	}
	return text
}

func formatCoordinator(c *coordinatorNode) string {
	if c.machine == nil {
		return fmt.Sprintf("%d crashed", c.cfg.Self)
	}
	s := c.machine.Status()
	text := fmt.Sprintf("%d %v %v base=%s proposed=%s voted=%d pre=%d committed=%s applied=%d released=%d", c.cfg.Self, s.State, s.Ballot,
		formatAt(s.Base, s.BaseChain), formatAt(s.Proposed, s.LastChain), s.Voted, s.PreCommitted,
		formatAt(s.Committed, s.CommittedChain), s.Applied, s.Released)
	if g := c.machine.Generation(); g.Number > 1 {
		text += " " + formatGeneration(&g)
	}
	if s.Changing {
		text += " changing"
	}
	if c.standby != nil {
		w := c.standby.Status()
		text += fmt.Sprintf(" watching=%v quiet=%d takeovers=%d", w.Watching, w.Quiet, w.Takeovers)
	}
	if s.Refused != nil {
		text += fmt.Sprintf(" refused=%d by %d %v %x", s.Refused.Seq, s.Refused.From, s.Refused.Reason, s.Refused.Veto)
	}
	return text
}
