package check

import (
	"cmp"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Log is what is on the disk of one participant, oldest record first. A log that was cut begins with
// a snapshot.
type Log struct {
	Node    batch3pc.NodeID
	Records []batch3pc.Record
}

// Judge judges logs, in memory that it uses again. The zero Judge is ready. Not safe for concurrent use.
type Judge struct {
	values   []value
	replayed []replay
}

// Logs judges logs with a new Judge.
func Logs(logs []Log) error { return new(Judge).Logs(logs) }

// Logs judges what a group has left on its disks, all that its participants wrote or a prefix of it:
// each log by itself (I1, I3, I6), one history for each ballot (I6), committed histories that are prefixes
// of each other (I1, I3), and a quorum of participants that accepted what anybody committed (I7). Give
// it the logs of all configured participants. The error is a *Violation.
func (judge *Judge) Logs(logs []Log) error {
	if v := judge.collect(logs); v != nil {
		return v
	}
	for len(judge.replayed) < len(logs) {
		judge.replayed = append(judge.replayed, replay{})
	}
	replayed := judge.replayed[:len(logs)]
	for i := range logs {
		r := &replayed[i]
		*r = replay{held: r.held[:0]}
		for j := range logs[i].Records {
			if v := r.read(logs[i].Node, &logs[i].Records[j], judge.values); v != nil {
				return v
			}
		}
	}
	for i := range replayed {
		for j := range replayed[:i] {
			a, b := logs[i].Node, logs[j].Node
			if v := cmp.Or(agree(a, &replayed[i], b, &replayed[j]), agree(b, &replayed[j], a, &replayed[i])); v != nil {
				return v
			}
		}
	}
	for i := range replayed {
		if last := replayed[i].committed(); last.Seq > 0 {
			accepted := 0
			for j := range replayed {
				if replayed[j].accepted(last) {
					accepted++
				}
			}
			if accepted < len(logs)/2+1 {
				return violation("I7", "participant %d has committed %d, which is accepted on %d disks of %d", logs[i].Node, last.Seq, accepted, len(logs))
			}
		}
	}
	return nil
}

// collect sorts what is accepted anywhere, by ballots: at a number, one thing.
func (judge *Judge) collect(logs []Log) *Violation {
	judge.values = judge.values[:0]
	for i := range logs {
		for j := range logs[i].Records {
			if r := &logs[i].Records[j]; r.Kind == batch3pc.RecordStart || r.Kind == batch3pc.RecordPreCommit {
				judge.values = append(judge.values, value{r.Ballot, batch3pc.Position{Seq: r.Seq, Chain: r.Chain}})
			}
		}
	}
	slices.SortFunc(judge.values, value.compare)
	judge.values = slices.Compact(judge.values)
	for i, v := range judge.values {
		if i > 0 && judge.values[i-1].ballot == v.ballot && judge.values[i-1].at.Seq == v.at.Seq {
			return violation("I6", "two values for %d are accepted in %v", v.at.Seq, v.ballot)
		}
	}
	return nil
}

func (v value) compare(o value) int {
	return cmp.Or(v.ballot.Compare(o.ballot), cmp.Compare(v.at.Seq, o.at.Seq), cmp.Compare(v.at.Chain, o.at.Chain))
}

// replay is a log as it is read.
type replay struct {
	elected batch3pc.Ballot
	root    batch3pc.Position   // what the first of held follows
	held    []batch3pc.Position // batches
	done    batch3pc.Seq        // committed at or below
	pre     batch3pc.Seq        // accepted at or below
}

// read takes the next record, and says what is wrong with it.
func (r *replay) read(id batch3pc.NodeID, rec *batch3pc.Record, values []value) *Violation {
	at := batch3pc.Position{Seq: rec.Seq, Chain: rec.Chain}
	switch rec.Kind {
	case batch3pc.RecordBatch, batch3pc.RecordFill:
		if rec.Kind == batch3pc.RecordFill && r.holds(rec.Batch.Position()) {
			return nil // a checkpoint repeats what is in doubt
		}
		if rec.Ballot.Less(r.elected) && !(rec.Kind == batch3pc.RecordFill && rec.Ballot.IsZero()) { // a checkpoint's have none
			return violation("I6", "participant %d took %d in %v after it promised %v", id, rec.Batch.Seq, rec.Ballot, r.elected)
		}
		if rec.Kind == batch3pc.RecordFill {
			if rec.Batch.Parent < r.done {
				return violation("I1", "participant %d has %d behind %d, and committed %d before", id, rec.Batch.Seq, rec.Batch.Parent, r.done)
			}
			r.cut(rec.Batch.Parent)
		}
		if rec.Batch.ParentPosition() != r.tail() {
			return violation("I3", "participant %d has batch %d behind %d, its parent is %d", id, rec.Batch.Seq, r.tail().Seq, rec.Batch.Parent)
		}
		r.held = append(r.held, rec.Batch.Position())
	case batch3pc.RecordPromise:
		if !r.elected.Less(rec.Ballot) {
			return violation("I6", "participant %d promised %v after %v", id, rec.Ballot, r.elected)
		}
		r.elected = rec.Ballot
	case batch3pc.RecordStart, batch3pc.RecordPreCommit:
		if rec.Ballot.Less(r.elected) {
			return violation("I6", "participant %d accepted in %v after it promised %v", id, rec.Ballot, r.elected)
		}
		if rec.Seq < r.done {
			return violation("I1", "participant %d accepted %d in %v, and committed %d before", id, rec.Seq, rec.Ballot, r.done)
		}
		if rec.Kind == batch3pc.RecordStart {
			r.cut(rec.Seq)
		}
		if !r.holds(at) {
			return violation("I3", "participant %d accepted %d, which it does not hold", id, rec.Seq)
		}
		if n, _ := slices.BinarySearchFunc(values, value{rec.Ballot, at}, value.compare); n > 0 {
			if before := values[n-1]; before.ballot == rec.Ballot && before.at.Seq > r.root.Seq && !r.holds(before.at) {
				return violation("I6", "participant %d accepted %d in %v, and others %d, of another history", id, rec.Seq, rec.Ballot, before.at.Seq)
			}
		}
		r.elected, r.pre = rec.Ballot, rec.Seq
	case batch3pc.RecordCommit:
		if rec.Seq <= r.done || !r.holds(at) {
			return violation("I3", "participant %d committed %d after %d, or does not hold it", id, rec.Seq, r.done)
		}
		r.done, r.pre = rec.Seq, max(r.pre, rec.Seq)
	case batch3pc.RecordSnapshot:
		if rec.Ballot.Less(r.elected) {
			return violation("I6", "participant %d has a state of %d in %v after it promised %v", id, rec.Seq, rec.Ballot, r.elected)
		}
		if whole(rec) && rec.Seq > r.done {
			*r = replay{held: r.held[:0], elected: rec.Ballot, root: at, done: rec.Seq, pre: max(rec.Seq, rec.PreCommitted.Seq)}
		}
	}
	return nil
}

func (r *replay) tail() batch3pc.Position {
	if n := len(r.held); n > 0 {
		return r.held[n-1]
	}
	return r.root
}

func (r *replay) holds(at batch3pc.Position) bool {
	n, found := slices.BinarySearchFunc(r.held, at.Seq, func(h batch3pc.Position, s batch3pc.Seq) int { return cmp.Compare(h.Seq, s) })
	return at == r.root || found && r.held[n] == at
}

// cut drops what is above s. If there is nothing, it stays accepted: behind a snapshot, the batch comes again that the
// snapshot has called accepted.
func (r *replay) cut(s batch3pc.Seq) {
	for n := len(r.held); n > 0 && r.held[n-1].Seq > s; n-- {
		r.held = r.held[:n-1]
		r.pre = min(r.pre, s)
	}
}

// committed is the newest committed position.
func (r *replay) committed() batch3pc.Position {
	last := r.root
	for _, at := range r.held {
		if at.Seq <= r.done {
			last = at
		}
	}
	return last
}

// accepted reports whether at is pre-committed there, or older than what is left of the log.
func (r *replay) accepted(at batch3pc.Position) bool {
	return at.Seq < r.root.Seq || r.holds(at) && at.Seq <= r.pre
}

// agree looks for what participant a has committed at b, as far back as both logs reach.
func agree(a batch3pc.NodeID, ra *replay, b batch3pc.NodeID, rb *replay) *Violation {
	if at := ra.root; at.Seq > rb.root.Seq && at.Seq <= rb.done && !rb.holds(at) {
		return violation("I1", "participant %d has a state of %d, and participant %d has committed something else", a, at.Seq, b)
	}
	for _, at := range ra.held {
		if at.Seq > ra.done || at.Seq > rb.done || at.Seq <= rb.root.Seq {
			continue
		}
		if !rb.holds(at) {
			return violation("I1", "participant %d has committed %d, and participant %d something else", a, at.Seq, b)
		}
	}
	return nil
}
