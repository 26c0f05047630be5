package verify

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Excluded is a part of the stream in which a participant was no member: its vote was not asked for. That is
// told and is no contradiction; what it has must agree all the same.
type Excluded struct {
	Role string       `json:"role"`
	From batch3pc.Seq `json:"from"`         // the entry by which it was left out
	To   batch3pc.Seq `json:"to,omitempty"` // the one by which it was let in again; 0: it is out at the end
	Why  string       `json:"why,omitempty"`
}

// members follows, from entry to entry of the stream, who has to vote.
type members struct {
	now      batch3pc.Generation
	entries  []batch3pc.Position
	logged   []engine.Membership // as the engine's log has them
	excluded []Excluded
	unseen   bool // there are batches before those in the logs, and perhaps entries: the command log alone has them
}

// needed are the roles that are members of every generation.
var needed = []string{"risk", "settlement"}

// change takes the next entry and checks V9: it names the participants of the run, and leaves none out that
// trading needs; the engine wrote down the same, unless it died before it could.
func (m *members) change(b *batch3pc.Batch) error {
	g, ok := batch3pc.GenerationOf(b)
	if !ok || len(g.Enrolled()) != len(rundir.RoleNames) {
		return violation("V9", "entry %d does not name the participants", b.Seq)
	}
	for _, role := range needed {
		if n, _ := rundir.NodeOf(role); g.Find(n) == nil || !g.Find(n).Member {
			return violation("V9", "entry %d leaves %s out, without which nothing may be committed", b.Seq, role)
		}
	}
	m.catchUp(b.Seq)
	why := ""
	if i := len(m.entries); i < len(m.logged) {
		if at := m.logged[i].Generation.At; at != g.At {
			return violation("V9", "change %d of the members is entry %d (chain %016x), the command log has entry %d (chain %016x)",
				i+1, g.At.Seq, uint64(g.At.Chain), at.Seq, uint64(at.Chain))
		}
		why = m.logged[i].Why
	}
	m.to(g, why)
	return nil
}

// catchUp takes the entries before one from the command log, where the logs of the participants do not have
// them any more.
func (m *members) catchUp(before batch3pc.Seq) {
	for i := len(m.entries); m.unseen && i < len(m.logged) && m.logged[i].Generation.At.Seq < before; i++ {
		m.to(m.logged[i].Generation, m.logged[i].Why)
	}
	m.unseen = false
}

// to notes a generation, and whom it leaves out or lets in.
func (m *members) to(g batch3pc.Generation, why string) {
	for i, role := range rundir.RoleNames {
		n := batch3pc.NodeID(i + 1)
		is := g.Find(n) != nil && g.Find(n).Member
		was := len(m.entries) == 0 || m.now.Find(n) != nil && m.now.Find(n).Member
		if was && !is {
			m.excluded = append(m.excluded, Excluded{Role: role, From: g.At.Seq, Why: why})
		}
		for k := range m.excluded {
			if x := &m.excluded[k]; is && x.Role == role && x.To == 0 {
				x.To = g.At.Seq
			}
		}
	}
	m.now, m.entries = g, append(m.entries, g.At)
}

// end checks V9 for the whole: an entry that was decided is in the command log before anything is sealed behind
// it, so that at most the last one can be missing there. What it has beyond those that are committed in a log a quorum holds.
func (m *members) end(held func(batch3pc.Position) bool) error {
	for i := len(m.entries); i < len(m.logged); i++ {
		if at := m.logged[i].Generation.At; !held(at) {
			return violation("V9", "the command log has entry %d (chain %016x), which changes the members and which no quorum of them holds", at.Seq, uint64(at.Chain))
		}
	}
	if n := len(m.entries); n > len(m.logged)+1 {
		return violation("V9", "the participants have committed %d changes of the members, the command log has %d", n, len(m.logged))
	}
	return nil
}

// isOut reports whether a role is no member at the end.
func (m *members) isOut(role string) bool {
	for _, x := range m.excluded {
		if x.Role == role && x.To == 0 {
			return true
		}
	}
	return false
}
