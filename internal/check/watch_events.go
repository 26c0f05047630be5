package check

import (
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Proposed says that coordinator id put b into the stream of a ballot.
func (w *Watch) Proposed(id batch3pc.NodeID, ballot batch3pc.Ballot, b *batch3pc.Batch) {
	if i := w.find(b.Position()); i >= 0 {
		w.Fail("I6", "coordinator %d proposes %d, which was there before", id, b.Seq)
		return
	}
	for i := range w.batches {
		if e := &w.batches[i]; e.from == w.place[id] && e.at.Seq == b.Seq {
			w.Fail("I6", "coordinator %d uses number %d twice", id, b.Seq)
		}
	}
	i := w.enter(b)
	w.batches[i].from, w.batches[i].ballot = w.place[id], ballot
}

// Gate says that coordinator id may pre-commit, and recover forward, nothing above s: what went into
// it would be lost with the proposer.
func (w *Watch) Gate(id batch3pc.NodeID, s batch3pc.Seq) {
	n := w.node(id)
	n.gated, n.inputs = true, s
}

// took says that participant id took b into its log, by a yes or because the votes were over.
func (w *Watch) took(id batch3pc.NodeID, r *batch3pc.Record) {
	i := w.enter(r.Batch)
	e := &w.batches[i]
	if again := r.Kind == batch3pc.RecordBatch && e.opens && e.ballot.Less(r.Ballot); again || e.ballot.IsZero() {
		e.ballot, e.fresh = r.Ballot, 0
	}
	if r.Kind == batch3pc.RecordBatch {
		e.yes |= w.bit(id)
		if r.Ballot == e.ballot {
			e.fresh |= w.bit(id)
		}
	}
}

// Applied says that participant id applied the batch at, as the n-th since its log began (from 1;
// entries that open generations are not applied by anybody), and that the digest of its state is
// now digest.
func (w *Watch) Applied(id batch3pc.NodeID, n int, at batch3pc.Position, digest uint64) {
	node := w.node(id)
	if n != node.applied+1 {
		w.Fail("I5", "participant %d applies %d as number %d after number %d", id, at.Seq, n, node.applied)
	}
	node.applied = n
	w.equal(id, n, at, digest)
}

// Restored says that participant id took over a state in which the n-th batch, at, was the last one
// applied.
func (w *Watch) Restored(id batch3pc.NodeID, n int, at batch3pc.Position, digest uint64) {
	node := w.node(id)
	if n < node.applied {
		w.Fail("I5", "participant %d takes over a state of %d batches, and has applied %d", id, n, node.applied)
	}
	if node.applied = n; n > 0 {
		w.equal(id, n, at, digest)
	}
}

// equal compares the n-th applied batch, and the state after it, with what was decided.
func (w *Watch) equal(id batch3pc.NodeID, n int, at batch3pc.Position, digest uint64) {
	if n > len(w.items) {
		w.Fail("I1", "participant %d applies %d, which nobody decided", id, at.Seq)
		return
	}
	e := &w.batches[w.items[n-1]]
	if e.at != at {
		w.Fail("I3", "participant %d applies %d as number %d, decided was %d", id, at.Seq, n, e.at.Seq)
		return
	}
	if e.digest == 0 {
		e.digest = digest
	}
	if e.digest != digest {
		w.Fail("I10", "participant %d has another state than others after %d", id, at.Seq)
	}
}

// Dropped counts only: a participant that has not heard of a higher ballot may drop, on the word of
// a lower one that will never have its quorum, what a quorum of others decides or has decided. It
// comes back to it as Fill.
func (w *Watch) Dropped() { w.Count.Dropped++ }

// Recorded says that node id appended r to its log, not yet durable.
func (w *Watch) Recorded(id batch3pc.NodeID, r *batch3pc.Record) {
	n := w.node(id)
	if r.Batch != nil {
		w.took(id, r)
	}
	switch r.Kind {
	case batch3pc.RecordEpoch:
		for _, b := range w.opened {
			if b == r.Ballot {
				w.Fail("I6", "ballot %v is opened twice", r.Ballot)
			}
		}
		w.opened = append(w.opened, r.Ballot)
		if r.Ballot.Epoch <= n.epoch {
			w.Fail("I6", "coordinator %d opens %v, and has epoch %d in its log", id, r.Ballot, n.epoch)
		}
	case batch3pc.RecordPromise:
		if !n.elected.Less(r.Ballot) {
			w.Fail("I6", "participant %d promises %v after %v", id, r.Ballot, n.elected)
		}
		n.elected = r.Ballot
	case batch3pc.RecordStart, batch3pc.RecordPreCommit:
		if r.Ballot.Less(n.elected) {
			w.Fail("I6", "participant %d accepts %v after it promised %v", id, r.Ballot, n.elected)
		}
		n.elected = r.Ballot
		w.accepted(value{r.Ballot, batch3pc.Position{Seq: r.Seq, Chain: r.Chain}})
	case batch3pc.RecordBatch:
		if r.Ballot.Less(n.elected) {
			w.Fail("I6", "participant %d votes in %v after it promised %v", id, r.Ballot, n.elected)
		}
	case batch3pc.RecordFill:
		if r.Ballot.IsZero() {
			return // a checkpoint repeats what is in doubt
		}
		if w.Count.Fill++; r.Ballot.Less(n.elected) {
			w.Fail("I6", "participant %d is filled up in %v after it promised %v", id, r.Ballot, n.elected)
		}
	case batch3pc.RecordSnapshot:
		if r.Seq > n.before.Applied && whole(r) {
			w.Count.Snapshot++
		}
	}
}

// accepted notes what somebody accepts in a ballot: it must be of one history with all that is accepted there.
func (w *Watch) accepted(v value) {
	below, above := -1, -1 // the next ones
	for i := range w.values {
		o := &w.values[i]
		switch {
		case o.ballot != v.ballot:
		case o.at.Seq == v.at.Seq:
			if o.at.Chain != v.at.Chain {
				w.Fail("I6", "two values for %d in %v", v.at.Seq, v.ballot)
			}
			return
		case o.at.Seq < v.at.Seq && (below < 0 || o.at.Seq > w.values[below].at.Seq):
			below = i
		case o.at.Seq > v.at.Seq && (above < 0 || o.at.Seq < w.values[above].at.Seq):
			above = i
		}
	}
	if below >= 0 && !w.follows(v.at, w.values[below].at) || above >= 0 && !w.follows(w.values[above].at, v.at) {
		w.Fail("I6", "%d is accepted in %v, and what is not of its history", v.at.Seq, v.ballot)
	}
	w.values = append(w.values, v)
}

// whole reports whether r is the last piece of a snapshot.
func whole(r *batch3pc.Record) bool { return r.Offset+uint64(len(r.Chunk)) == r.Total }

// Durable says that r is on the disk of node id for good.
func (w *Watch) Durable(id batch3pc.NodeID, r *batch3pc.Record) {
	n := w.node(id)
	switch r.Kind {
	case batch3pc.RecordPromise, batch3pc.RecordStart, batch3pc.RecordPreCommit, batch3pc.RecordEpoch:
		if n.promised.Less(r.Ballot) {
			n.promised = r.Ballot
		}
	}
	switch r.Kind {
	case batch3pc.RecordEpoch:
		n.epoch = max(n.epoch, r.Ballot.Epoch)
		return
	case batch3pc.RecordFill: // an election has chosen a branch, and what is accepted on another one goes
		if !r.Ballot.IsZero() {
			n.pre, n.acked = min(n.pre, r.Batch.Parent), min(n.acked, r.Batch.Parent)
		}
		return
	case batch3pc.RecordStart, batch3pc.RecordPreCommit:
		if r.Ballot.Less(n.attempt) {
			return // read again at a start
		}
		n.attempt, n.pre, n.acked = r.Ballot, r.Seq, r.Seq
	case batch3pc.RecordCommit, batch3pc.RecordSnapshot: // what is decided is as good as accepted in the ballot that the log is at
		if r.Kind == batch3pc.RecordSnapshot && !whole(r) {
			return
		}
		if r.Kind == batch3pc.RecordSnapshot && r.Attempt == n.attempt { // what had lowered it may have become unreadable
			n.pre, n.acked = min(n.pre, r.PreCommitted.Seq), min(n.acked, r.PreCommitted.Seq)
		}
		if n.pre = max(n.pre, r.Seq); n.attempt.IsZero() {
			return
		}
	default:
		return
	}
	for i := range n.accepts {
		if a := &n.accepts[i]; a.ballot == n.attempt && !a.former {
			a.high = max(a.high, r.Seq)
			return
		}
	}
	n.accepts = append(n.accepts, accept{n.attempt, r.Seq, false})
}

// durable is what node n has durably accepted in ballot, and whether it has at all.
func (n *node) durable(ballot batch3pc.Ballot) (batch3pc.Seq, bool) {
	for i := range n.accepts {
		if a := &n.accepts[i]; a.ballot == ballot && !a.former {
			return a.high, true
		}
	}
	return 0, false
}

// Sent says that m leaves node m.From: what it promises must be on the disk (I4).
func (w *Watch) Sent(m *batch3pc.Message) {
	n := w.node(m.From)
	switch m.Kind {
	case batch3pc.KindState:
		if m.LastElected == m.Ballot && n.promised.Less(m.Ballot) {
			w.Fail("I4", "participant %d promises %v, on its disk is %v", m.From, m.Ballot, n.promised)
		}
		if m.LastElected == m.Ballot && n.attempt.Less(m.Ballot) && (m.LastAttempt != n.attempt || m.PreCommitted < n.acked) {
			w.Fail("I4", "participant %d reports %d accepted in %v, on its disk is %d in %v", m.From, m.PreCommitted, m.LastAttempt, n.acked, n.attempt)
		}
		if high, ok := n.durable(m.Ballot); m.LastAttempt == m.Ballot && (!ok || high < m.PreCommitted) {
			w.Fail("I4", "participant %d reports %d accepted in %v before it is durable", m.From, m.PreCommitted, m.Ballot)
		}
	case batch3pc.KindStartAck, batch3pc.KindPreCommitAck:
		if high, ok := n.durable(m.Ballot); !ok || high < m.Seq {
			w.Fail("I4", "participant %d acknowledges %d in %v before it is durable", m.From, m.Seq, m.Ballot)
		}
	case batch3pc.KindStateReq:
		if n.promised.Less(m.Ballot) {
			w.Fail("I4", "coordinator %d speaks in %v before its epoch is durable", m.From, m.Ballot)
		}
	}
}

// Lost says that node id has crashed; what holds for one boot only is forgotten.
func (w *Watch) Lost(id batch3pc.NodeID) {
	n := w.node(id)
	w.Count.Crashes++
	n.seen, n.applied = false, 0
	w.Spilt(id)
	// A ballot whose epoch has not become durable has not been spoken of, and may be opened again.
	w.opened = slices.DeleteFunc(w.opened, func(b batch3pc.Ballot) bool { return b.Node == id && n.promised.Less(b) })
}

// Spilt says that what went into the batches of coordinator id and is not durable by now will never be.
func (w *Watch) Spilt(id batch3pc.NodeID) {
	n := w.node(id)
	for i := range w.batches {
		if e := &w.batches[i]; n.gated && e.from == w.place[id] && e.at.Seq > n.inputs {
			e.spilt = true
		}
	}
}

// Wiped says that the disk of participant id was lost, and is empty from now on. What it had accepted
// still counts for what was decided on the strength of it.
func (w *Watch) Wiped(id batch3pc.NodeID) {
	n := w.node(id)
	n.elected, n.promised, n.attempt = batch3pc.Ballot{}, batch3pc.Ballot{}, batch3pc.Ballot{}
	n.pre, n.acked = 0, 0
	for i := range n.accepts {
		n.accepts[i].former = true
	}
}

// Forgot says that coordinator id has lost its disk, or got an old copy. If what it proposed is gone with it, it may use
// numbers of batches again, as another coordinator may.
func (w *Watch) Forgot(id batch3pc.NodeID, numbers bool) {
	w.node(id).epoch = 0
	for i := range w.batches {
		if b := &w.batches[i]; numbers && b.from == w.place[id] {
			b.from = 0
		}
	}
}

// Told says that coordinator id has told whoever proposed the batch at what became of it.
func (w *Watch) Told(id batch3pc.NodeID, at batch3pc.Position, committed bool) {
	i := w.find(at)
	switch {
	case i < 0:
		w.Fail("I11", "coordinator %d tells what became of %d, which nobody proposed", id, at.Seq)
	case committed && w.batches[i].ordinal == 0:
		w.Fail("I11", "coordinator %d says that %d is committed, which nobody decided", id, at.Seq)
	case !committed && w.batches[i].ordinal > 0:
		w.Fail("I11", "coordinator %d says that %d is aborted, which was decided", id, at.Seq)
	case !committed:
		w.batches[i].aborted = true
	}
}

// Recovering says that participant id begins to read its log.
func (w *Watch) Recovering(id batch3pc.NodeID) { w.node(id).applied = 0 }

// Recovered says that participant id has read its log and stands at now.
func (w *Watch) Recovered(id batch3pc.NodeID, now batch3pc.ParticipantStatus) {
	n := w.node(id)
	if now.LastElected.Less(n.promised) {
		w.Fail("I4", "participant %d comes back with promise %v, durable was %v", id, now.LastElected, n.promised)
	}
	if now.LastAttempt.Less(n.attempt) || now.LastAttempt == n.attempt && now.PreCommitted < n.pre {
		w.Fail("I4", "participant %d comes back with %d accepted in %v, durable was %d in %v", id, now.PreCommitted, now.LastAttempt, n.pre, n.attempt)
	}
	n.elected, n.before, n.seen = now.LastElected, now, true
	w.checkApplied(id, &now)
}

// opening reports whether the owner of a ballot believes that it is about to serve it.
func (w *Watch) opening(ballot batch3pc.Ballot) bool {
	if ballot.IsZero() {
		return false
	}
	n := w.node(ballot.Node)
	return n.seen && n.leading.Ballot == ballot && (n.leading.State == batch3pc.StateElecting || n.leading.State == batch3pc.StateStarting)
}

// checkApplied looks at what a participant has applied. That is more than its App has seen: entries that open generations.
func (w *Watch) checkApplied(id batch3pc.NodeID, now *batch3pc.ParticipantStatus) {
	if !w.isDecided(batch3pc.Position{Seq: now.Applied, Chain: now.AppliedChain}) {
		w.Fail("I1", "participant %d has applied %d, which nobody decided", id, now.Applied)
	}
}

// Participant says that participant id stands at now after a step.
func (w *Watch) Participant(id batch3pc.NodeID, now *batch3pc.ParticipantStatus) {
	n := w.node(id)
	if old := &n.before; n.seen && (now.LastElected.Less(old.LastElected) || now.LastAttempt.Less(old.LastAttempt) || now.Applied < old.Applied) {
		w.Fail("I3", "participant %d goes back from %+v to %+v", id, *old, *now)
	}
	if now.LastElected.Less(now.LastAttempt) || now.PreCommitted < now.Applied || now.Voted < now.PreCommitted && !now.Repairing {
		w.Fail("I3", "participant %d has its watermarks in disorder: %+v", id, *now)
	}
	if !n.seen || now.Applied != n.before.Applied {
		w.checkApplied(id, now)
	}
	if old := &n.before; n.seen && old.Repairing && now.Applied > old.Applied && w.opening(old.LastElected) {
		w.Count.Overtaken++
	}
	n.before, n.seen = *now, true
}
