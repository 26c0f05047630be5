package check

import "github.com/tezi-exchange/tezi/batch3pc"

// Coordinator says that coordinator id stands at now after a step.
func (w *Watch) Coordinator(id batch3pc.NodeID, now *batch3pc.CoordinatorStatus) {
	n := w.node(id)
	old := &n.leading
	if !n.seen {
		*old = batch3pc.CoordinatorStatus{}
	}
	if now.Committed < old.Committed {
		w.Fail("I3", "coordinator %d takes its commit back from %d to %d", id, old.Committed, now.Committed)
	}
	if now.Ballot.Less(old.Ballot) {
		w.Fail("I3", "coordinator %d goes back from ballot %v to %v", id, old.Ballot, now.Ballot)
	}
	serving := now.State == batch3pc.StateActive || now.State == batch3pc.StateRefused
	settled := old.State == batch3pc.StateStarting || old.State == batch3pc.StateElecting
	if now.State == batch3pc.StateStarting && (old.State == batch3pc.StateElecting || old.Ballot != now.Ballot) {
		w.noteForward(n, batch3pc.Position{Seq: now.Base, Chain: now.BaseChain})
	}
	if serving && now.Ballot == old.Ballot && !settled {
		if now.Proposed < old.Proposed {
			w.Fail("I11", "coordinator %d takes back what it proposed above %d without a new ballot", id, now.Proposed)
		}
		w.checkGate(n, now)
		w.checkVotes(n, now)
	}
	if serving && (now.Committed != old.Committed || now.Ballot != old.Ballot || settled) {
		if settled && now.Base > w.Last().Seq {
			w.Count.RecoveryCommit++
		}
		w.decide(now.Ballot, batch3pc.Position{Seq: now.Committed, Chain: now.CommittedChain})
	}
	if at := (batch3pc.Position{Seq: now.Committed, Chain: now.CommittedChain}); !serving && now.Committed != old.Committed && !w.isDecided(at) {
		w.Fail("I1", "coordinator %d takes %d for decided, which nobody decided", id, at.Seq)
	}
	if serving && settled {
		w.noteAborts(now.Ballot, batch3pc.Position{Seq: now.Base, Chain: now.BaseChain})
	}
	if now.State == batch3pc.StateRefused && old.State == batch3pc.StateActive {
		w.Count.Vetoed++
		if now.Proposed > now.Refused.Seq {
			w.Count.CascadeAbort++
		}
	}
	if now.State == batch3pc.StateFenced && old.State != batch3pc.StateFenced {
		w.Count.Fenced++
	}
	n.leading, n.seen = *now, true
	n.leading.Refused = nil
}

// decide notes that the prefix at is decided, in ballot.
func (w *Watch) decide(ballot batch3pc.Ballot, at batch3pc.Position) {
	accepts := 0
	for _, id := range w.participants {
		if w.node(id).accepted(ballot, at.Seq) {
			accepts++
		}
	}
	if accepts < w.quorum {
		w.Fail("I7", "%d is decided in %v with %d durable accepts", at.Seq, ballot, accepts)
	}
	if at.Seq == 0 {
		return // the empty prefix, which everybody starts from
	}
	w.accepted(value{ballot, at}) // by those who accepted it or what follows it
	last := w.Last()
	var fresh [64]int32
	n := 0
	for p := at; p != last; {
		i := w.find(p)
		if n == 0 && i >= 0 && w.batches[i].ordinal > 0 {
			return // an older decision, learned again
		}
		if i < 0 || n == len(fresh) || w.batches[i].ordinal > 0 {
			w.Fail("I1", "%d is decided, but %d was and is no prefix of it", at.Seq, last.Seq)
			return
		}
		fresh[n] = i
		n++
		p = w.batches[i].parent
	}
	for n--; n >= 0; n-- {
		w.admit(fresh[n], ballot)
	}
}

// isDecided reports whether the prefix at is decided.
func (w *Watch) isDecided(at batch3pc.Position) bool {
	if at.Seq == 0 {
		return true
	}
	i := w.find(at)
	return i >= 0 && w.batches[i].ordinal > 0
}

// accepted reports whether the node has ever accepted s in ballot for good.
func (n *node) accepted(ballot batch3pc.Ballot, s batch3pc.Seq) bool {
	for i := range n.accepts {
		if n.accepts[i].ballot == ballot && n.accepts[i].high >= s {
			return true
		}
	}
	return false
}

// admit takes a batch that ballot decides into the one history.
func (w *Watch) admit(i int32, ballot batch3pc.Ballot) {
	e := &w.batches[i]
	e.by = ballot
	if missing := e.members &^ e.yes; missing != 0 {
		w.Fail("I2", "%d is decided without the yes of every member", e.at.Seq)
	}
	if e.aborted {
		w.Fail("I1", "%d is decided after a ballot was served without it", e.at.Seq)
	}
	w.decided = append(w.decided, i)
	e.ordinal = int32(len(w.decided))
	w.Count.Decided++
	if e.opens {
		w.Count.Generation++
	} else {
		w.items = append(w.items, i)
	}
}

// noteForward counts a base that nobody has accepted before, and looks at what it adds to what somebody has: whoever
// proposed that must not have lost what went into it. What somebody has accepted was looked at before.
func (w *Watch) noteForward(leader *node, base batch3pc.Position) {
	for p := base; !w.isDecided(p) && !w.isAccepted(p); {
		if p == base {
			w.Count.RecoverForward++
		}
		i := w.find(p)
		if i < 0 {
			w.Fail("I1", "%d is a base, which nobody proposed", p.Seq)
			return
		}
		e := &w.batches[i]
		if leader.gated && !e.opens {
			if e.spilt || p.Seq > leader.inputs || e.from == 0 || p.Seq > w.nodes[e.from-1].inputs {
				w.Fail("I11", "%d is recovered forward, and what went into it is not durable", p.Seq)
			} else if &w.nodes[e.from-1] != leader {
				w.Count.ForwardOther++
			}
		}
		p = e.parent
	}
}

// isAccepted reports whether anybody has ever accepted the prefix at, alone or with more.
func (w *Watch) isAccepted(at batch3pc.Position) bool {
	for _, v := range w.values {
		if v.at.Seq >= at.Seq && w.follows(v.at, at) {
			return true
		}
	}
	return false
}

// checkGate looks at what a ballot has pre-committed above its base.
func (w *Watch) checkGate(n *node, now *batch3pc.CoordinatorStatus) {
	if !n.gated || now.PreCommitted <= now.Base || now.PreCommitted <= n.inputs {
		return
	}
	for i := range w.batches {
		if e := &w.batches[i]; e.at.Seq == now.PreCommitted && e.opens && e.ballot == now.Ballot {
			return // it has no inputs
		}
	}
	w.Fail("I11", "%d is pre-committed, and what went into it is not durable", now.PreCommitted)
}

// noteAborts notes what a ballot decides when its base is decided: whatever was proposed in a lower
// ballot and does not belong to the history of the base is aborted for good. Numbers alone do not
// tell: another coordinator may have used the same one for a batch of its own. The entry that opens a
// generation may come again as it was.
func (w *Watch) noteAborts(ballot batch3pc.Ballot, base batch3pc.Position) {
	var kept [4]uint64
	for p := base; p.Seq > 0; {
		i := w.find(p)
		if i < 0 {
			break
		}
		if i >= 64*int32(len(kept)) {
			w.Fail("I12", "a history of more than %d batches is more than can be watched", i)
			return
		}
		kept[i/64] |= 1 << (i % 64)
		p = w.batches[i].parent
	}
	for i := range w.batches {
		e := &w.batches[i]
		if i < 64*len(kept) && kept[i/64]>>(i%64)&1 == 1 {
			continue
		}
		before := e.ballot.Less(ballot) && !e.opens
		e.aborted = e.aborted || before
		if e.ordinal > 0 && (before || e.by.Less(ballot)) {
			w.Fail("I1", "%d was decided, and %v is served without it", e.at.Seq, ballot)
		}
	}
	for _, id := range w.participants {
		if n := w.node(id); n.seen && n.before.Voted > base.Seq {
			w.Count.RecoveryAbort++
			return
		}
	}
}

// checkVotes is rule S1: what a ballot pre-commits above its base has the yes of every member.
func (w *Watch) checkVotes(n *node, now *batch3pc.CoordinatorStatus) {
	if now.PreCommitted == n.leading.PreCommitted || now.PreCommitted <= now.Base {
		return
	}
	for i := range w.batches {
		e := &w.batches[i]
		if e.ballot == now.Ballot && e.at.Seq > n.leading.PreCommitted && e.at.Seq <= now.PreCommitted && e.members&^e.fresh != 0 {
			w.Fail("I2", "%d is pre-committed without the yes of every member", e.at.Seq)
		}
	}
}

// Level is I4 at the end of a history: participant id must have applied all that was decided.
func (w *Watch) Level(id batch3pc.NodeID) {
	if n := w.node(id); n.applied != len(w.items) {
		w.Fail("I4", "participant %d applied %d of %d decided batches", id, n.applied, len(w.items))
	}
}
