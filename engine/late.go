package engine

import "github.com/tezi-exchange/tezi/batch3pc"

// Late sums up how often a participant has missed the deadline of a phase.
type Late struct {
	Peer  string // "": the decision, by all together
	Phase batch3pc.Phase
	Count uint64 // batches that it missed it for, as far as somebody looked in that moment
	MaxNs int64  // the longest
}

// lateness is Late as it is counted.
type lateness struct {
	Late
	seq   batch3pc.Seq // the last batch
	forNs int64
	said  uint64 // of Count
}

// noteLate counts the deadlines that members miss, and tells people of the 1st, 10th, 100th and so on of each kind: on a busy
// machine there are many, which mean little as long as batches commit. Nothing else follows from it (rule S5).
func (e *Engine) noteLate() {
	e.overdue = e.coord.AppendOverdue(e.overdue[:0])
	for i := range e.overdue {
		o := &e.overdue[i]
		name := ""
		if o.Node != 0 {
			p := e.peerOf(o.Node)
			if !p.seat.Member {
				continue // everybody knows
			}
			name = p.Name
		}
		l := e.latenessOf(name, o.Phase)
		if l.Count == 0 || l.seq != o.Seq || o.ForNs < l.forNs {
			l.Count++
		}
		l.seq, l.forNs, l.MaxNs = o.Seq, o.ForNs, max(l.MaxNs, o.ForNs)
		if l.Count >= max(1, 10*l.said) {
			e.ports.Notify(Notice{Kind: NoticeLate, Peer: name, Phase: o.Phase, Seq: o.Seq, ForNs: o.ForNs, Times: l.Count})
			l.said = l.Count
		}
	}
}

func (e *Engine) latenessOf(peer string, phase batch3pc.Phase) *lateness {
	for i := range e.lates {
		if l := &e.lates[i]; l.Peer == peer && l.Phase == phase {
			return l
		}
	}
	e.lates = append(e.lates, lateness{Late: Late{Peer: peer, Phase: phase}})
	return &e.lates[len(e.lates)-1]
}

// lookEvery is how often deadlines are looked at: often enough for the shortest.
func lookEvery(d *batch3pc.Deadlines) int64 {
	shortest := d.ResendNs
	for _, ns := range [...]int64{d.CanCommitNs, d.PreCommitNs, d.DoCommitNs, d.DecisionNs} {
		if ns > 0 {
			shortest = min(shortest, ns)
		}
	}
	for i := range d.Participants {
		p := &d.Participants[i]
		for _, ns := range [...]int64{p.CanCommitNs, p.PreCommitNs, p.DoCommitNs} {
			if ns > 0 {
				shortest = min(shortest, ns)
			}
		}
	}
	return max(shortest/4, 100_000)
}
