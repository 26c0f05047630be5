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
	serving := now.State == batch3pc.StateActive || now.State == batch3pc.StateRefused
	settled := old.State == batch3pc.StateStarting || old.State == batch3pc.StateElecting
	if now.State == batch3pc.StateStarting && (old.State == batch3pc.StateElecting || old.Ballot != now.Ballot) {
		w.noteForward(n, now.Ballot, batch3pc.Position{Seq: now.Base, Chain: now.BaseChain})
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
	if serving && settled {
		w.noteAborts(n, now.Ballot, batch3pc.Position{Seq: now.Base, Chain: now.BaseChain})
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
	last := w.Last()
	var fresh [64]int32
	n := 0
	for p := at; p != last; {
		i := w.find(p)
		if i >= 0 && w.batches[i].ordinal > 0 {
			return // an older decision, learned again
		}
		if i < 0 || n == len(fresh) {
			w.Fail("I1", "%d is decided, but %d was and is no prefix of it", at.Seq, last.Seq)
			return
		}
		fresh[n] = i
		n++
		p = w.batches[i].parent
	}
	for n--; n >= 0; n-- {
		w.admit(fresh[n])
	}
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

// admit takes a batch into the one history.
func (w *Watch) admit(i int32) {
	e := &w.batches[i]
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

// noteForward counts a base above every pre-commit. Where a participant has promised a higher ballot meanwhile, it may
// have taken back what this one heard of, and nothing can be said.
func (w *Watch) noteForward(leader *node, ballot batch3pc.Ballot, base batch3pc.Position) {
	for _, id := range w.participants {
		if n := w.node(id); !n.seen || n.before.PreCommitted >= base.Seq || ballot.Less(n.before.LastElected) {
			return
		}
	}
	w.Count.RecoverForward++
	i := w.find(base)
	if i < 0 || !leader.gated || w.batches[i].opens {
		return
	}
	proposer := leader
	if from := w.batches[i].from; from > 0 {
		proposer = &w.nodes[from-1] // leader may have given the number to another batch
	}
	if base.Seq > leader.inputs || base.Seq > proposer.inputs {
		w.Fail("I11", "%d is recovered forward, and what went into it is not durable", base.Seq)
	}
}

// checkGate looks at what a ballot has pre-committed above its base.
func (w *Watch) checkGate(n *node, now *batch3pc.CoordinatorStatus) {
	if !n.gated || now.PreCommitted <= now.Base || now.PreCommitted <= n.inputs {
		return
	}
	for i := range w.batches {
		if e := &w.batches[i]; e.at.Seq == now.PreCommitted && e.opens {
			return // it has no inputs
		}
	}
	w.Fail("I11", "%d is pre-committed, and what went into it is not durable", now.PreCommitted)
}

// noteAborts notes what a ballot decides when its base is decided: whatever was proposed in a lower
// ballot and does not belong to the history of the base is aborted for good. Numbers alone do not
// tell: another coordinator may have used the same one for a batch of its own. The entry that opens a
// generation may come again as it was.
func (w *Watch) noteAborts(leader *node, ballot batch3pc.Ballot, base batch3pc.Position) {
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
		if i < 64*len(kept) && kept[i/64]>>(i%64)&1 == 1 || !e.ballot.Less(ballot) || e.opens {
			continue
		}
		e.aborted = true
		if e.ordinal > 0 {
			w.Fail("I1", "%d was decided, and %v is served without it", e.at.Seq, ballot)
		}
	}
	leader.proposed = leader.proposed[:0]
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
		if e.at.Seq == now.PreCommitted && e.ballot == now.Ballot && e.members&^e.yes != 0 {
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
