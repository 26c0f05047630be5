package check

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// story is a Watch over participants 1 to 3 and coordinators 10 and 11, with the events of a group that does nothing wrong.
type story struct {
	*Watch
	b1, b2 batch3pc.Ballot
	x, y   *batch3pc.Batch
}

func newStory() *story {
	w := NewWatch([]batch3pc.NodeID{1, 2, 3}, []batch3pc.NodeID{1, 2, 3}, []batch3pc.NodeID{10, 11})
	x := batchAfter(batch3pc.Position{}, 1, "x")
	s := &story{
		w, batch3pc.Ballot{Epoch: 1, Node: 10, Boot: 1}, batch3pc.Ballot{Epoch: 2, Node: 11, Boot: 1},
		x, batchAfter(x.Position(), 2, "y"),
	}
	s.record(10, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: s.b1})
	s.Gate(10, 100)
	for id := batch3pc.NodeID(1); id <= 3; id++ {
		s.record(id, at(batch3pc.RecordPromise, s.b1, nil))
		s.record(id, at(batch3pc.RecordStart, s.b1, nil))
	}
	s.lead(batch3pc.StateActive, nil, nil, nil)
	return s
}

// at is a record of a kind about a prefix, that of no batch if b is nil.
func at(kind batch3pc.RecordKind, e batch3pc.Ballot, b *batch3pc.Batch) batch3pc.Record {
	r := batch3pc.Record{Kind: kind, Ballot: e}
	if b != nil {
		r.Seq, r.Chain = b.Seq, b.Chain
	}
	return r
}

// record writes a record, and makes it durable.
func (s *story) record(id batch3pc.NodeID, r batch3pc.Record) {
	s.Recorded(id, &r)
	s.Durable(id, &r)
}

// vote has a participant vote for a batch.
func (s *story) vote(b *batch3pc.Batch, ids ...batch3pc.NodeID) {
	for _, id := range ids {
		s.record(id, batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: s.b1, Batch: b})
	}
}

// accept has participants pre-commit a batch for good.
func (s *story) accept(b *batch3pc.Batch, ids ...batch3pc.NodeID) {
	for _, id := range ids {
		s.record(id, at(batch3pc.RecordPreCommit, s.b1, b))
	}
}

// lead says where coordinator 10 stands in its ballot.
func (s *story) lead(state batch3pc.State, proposed, pre, committed *batch3pc.Batch) {
	now := batch3pc.CoordinatorStatus{State: state, Ballot: s.b1}
	if proposed != nil {
		now.Proposed = proposed.Seq
	}
	if pre != nil {
		now.PreCommitted = pre.Seq
	}
	if committed != nil {
		now.Committed, now.CommittedChain = committed.Seq, committed.Chain
	}
	s.Coordinator(10, &now)
}

// commit takes x from its proposal to its decision.
func (s *story) commit() {
	s.Proposed(10, s.b1, s.x)
	s.vote(s.x, 1, 2, 3)
	s.lead(batch3pc.StateActive, s.x, nil, nil)
	s.lead(batch3pc.StateActive, s.x, s.x, nil)
	s.accept(s.x, 1, 2)
	s.lead(batch3pc.StateActive, s.x, s.x, s.x)
}

// Each thing that a Watch complains of, by a history that is sound but for its last event: a check that cannot fail
// proves nothing. The events before it must not be complained of.
func TestWatch(t *testing.T) {
	for name, test := range map[string]struct {
		want   string
		before func(s *story)
		then   func(s *story)
	}{
		"all is well": {"", (*story).commit, func(s *story) {
			for id := batch3pc.NodeID(1); id <= 3; id++ {
				s.Applied(id, 1, s.x.Position(), 7)
				s.Level(id)
			}
			s.Told(10, s.x.Position(), true)
		}},

		"decided, and a ballot is served without it": {"I1", (*story).commit, func(s *story) {
			s.record(11, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: s.b2})
			for id := batch3pc.NodeID(1); id <= 2; id++ {
				s.record(id, at(batch3pc.RecordStart, s.b2, nil))
			}
			s.Coordinator(11, &batch3pc.CoordinatorStatus{State: batch3pc.StateStarting, Ballot: s.b2})
			s.Coordinator(11, &batch3pc.CoordinatorStatus{State: batch3pc.StateActive, Ballot: s.b2})
		}},
		"applied, and nobody decided it": {"I1", func(s *story) { s.vote(s.x, 1) }, func(s *story) { s.Applied(1, 1, s.x.Position(), 7) }},

		"pre-committed without a vote": {"I2", func(s *story) {
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2)
			s.lead(batch3pc.StateActive, s.x, nil, nil)
		}, func(s *story) { s.lead(batch3pc.StateActive, s.x, s.x, nil) }},
		"decided without a vote": {"I2", func(s *story) {
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2)
			s.accept(s.x, 1, 2)
			s.lead(batch3pc.StateStarting, nil, nil, nil)
		}, func(s *story) { s.lead(batch3pc.StateActive, s.x, s.x, s.x) }},

		"a commit watermark goes back": {"I3", (*story).commit, func(s *story) { s.lead(batch3pc.StateActive, s.x, s.x, nil) }},
		"a participant goes back": {"I3", func(s *story) {
			s.Participant(1, &batch3pc.ParticipantStatus{LastElected: s.b2, LastAttempt: s.b1})
		}, func(s *story) {
			s.Participant(1, &batch3pc.ParticipantStatus{LastElected: s.b1, LastAttempt: s.b1})
		}},
		"watermarks in disorder":          {"I3", func(*story) {}, func(s *story) { s.Participant(1, &batch3pc.ParticipantStatus{Voted: 1, PreCommitted: 2}) }},
		"applied in the place of another": {"I3", (*story).commit, func(s *story) { s.Applied(1, 1, s.y.Position(), 7) }},

		"an acknowledgement before it is durable": {"I4", func(s *story) { s.vote(s.x, 1) }, func(s *story) {
			r := at(batch3pc.RecordPreCommit, s.b1, s.x)
			s.Recorded(1, &r)
			s.Sent(&batch3pc.Message{Kind: batch3pc.KindPreCommitAck, From: 1, Ballot: s.b1, Seq: s.x.Seq})
		}},
		"a promise before it is durable": {"I4", func(*story) {}, func(s *story) {
			r := at(batch3pc.RecordPromise, s.b2, nil)
			s.Recorded(1, &r)
			s.Sent(&batch3pc.Message{Kind: batch3pc.KindState, From: 1, Ballot: s.b2, LastElected: s.b2})
		}},
		"a ballot before its epoch is durable": {"I4", func(*story) {}, func(s *story) {
			s.Sent(&batch3pc.Message{Kind: batch3pc.KindStateReq, From: 11, Ballot: s.b2})
		}},
		"a promise is forgotten": {"I4", func(s *story) { s.Lost(1); s.Recovering(1) }, func(s *story) {
			s.Recovered(1, batch3pc.ParticipantStatus{})
		}},
		"one lags in the end": {"I4", (*story).commit, func(s *story) { s.Level(3) }},

		"applied twice":   {"I5", func(s *story) { s.commit(); s.Applied(1, 1, s.x.Position(), 7) }, func(s *story) { s.Applied(1, 1, s.x.Position(), 7) }},
		"one is left out": {"I5", (*story).commit, func(s *story) { s.Applied(1, 2, s.x.Position(), 7) }},

		"accepted below a promise": {"I6", func(s *story) { s.vote(s.x, 1); s.record(1, at(batch3pc.RecordPromise, s.b2, nil)) }, func(s *story) {
			s.accept(s.x, 1)
		}},
		"voted below a promise": {"I6", func(s *story) { s.record(1, at(batch3pc.RecordPromise, s.b2, nil)) }, func(s *story) { s.vote(s.x, 1) }},
		"promised below a promise": {"I6", func(s *story) { s.record(1, at(batch3pc.RecordPromise, s.b2, nil)) }, func(s *story) {
			s.record(1, at(batch3pc.RecordPromise, s.b1, nil))
		}},
		"two values in a ballot": {"I6", func(s *story) { s.vote(s.x, 1); s.accept(s.x, 1) }, func(s *story) {
			s.accept(batchAfter(batch3pc.Position{}, 1, "another"), 2)
		}},
		"a ballot is opened twice": {"I6", func(*story) {}, func(s *story) { s.record(10, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: s.b1}) }},
		"a number is used twice": {"I6", func(s *story) { s.Proposed(10, s.b1, s.x) }, func(s *story) {
			s.Proposed(10, s.b1, batchAfter(batch3pc.Position{}, 1, "another"))
		}},

		"decided by one (and so in a minority, I9)": {"I7", func(s *story) {
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2, 3)
			s.lead(batch3pc.StateActive, s.x, s.x, nil)
			s.accept(s.x, 1)
		}, func(s *story) { s.lead(batch3pc.StateActive, s.x, s.x, s.x) }},
		"decided by two, of which one has not synced": {"I7", func(s *story) {
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2, 3)
			s.lead(batch3pc.StateActive, s.x, s.x, nil)
			s.accept(s.x, 1)
			r := at(batch3pc.RecordPreCommit, s.b1, s.x)
			s.Recorded(2, &r)
		}, func(s *story) { s.lead(batch3pc.StateActive, s.x, s.x, s.x) }},

		"equal history, another state":          {"I10", func(s *story) { s.commit(); s.Applied(1, 1, s.x.Position(), 7) }, func(s *story) { s.Applied(2, 1, s.x.Position(), 8) }},
		"another state out of a snapshot":       {"I10", func(s *story) { s.commit(); s.Applied(1, 1, s.x.Position(), 7) }, func(s *story) { s.Restored(3, 1, s.x.Position(), 8) }},
		"proposed, and gone without a ballot":   {"I11", func(s *story) { s.Proposed(10, s.b1, s.x); s.lead(batch3pc.StateActive, s.x, nil, nil) }, func(s *story) { s.lead(batch3pc.StateActive, nil, nil, nil) }},
		"told as committed, and nobody decided": {"I11", func(s *story) { s.Proposed(10, s.b1, s.x) }, func(s *story) { s.Told(10, s.x.Position(), true) }},
		"told as aborted, and decided":          {"I11", (*story).commit, func(s *story) { s.Told(10, s.x.Position(), false) }},
		"pre-committed beyond the gate": {"I11", func(s *story) {
			s.Gate(10, 0)
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2, 3)
			s.lead(batch3pc.StateActive, s.x, nil, nil)
		}, func(s *story) { s.lead(batch3pc.StateActive, s.x, s.x, nil) }},
	} {
		s := newStory()
		if test.before(s); s.Err() != nil {
			t.Errorf("%s: %v before anything is wrong", name, s.Err())
			continue
		}
		test.then(s)
		if got := s.Err(); (got == nil) != (test.want == "") || got != nil && got.Invariant != test.want {
			t.Errorf("%s: %v, want %q", name, got, test.want)
		}
	}
}

// What a set of schedules has not met is named (I12), what only whole nodes can meet only for them.
func TestMissing(t *testing.T) {
	var c Counters
	all, core := c.Missing(true), c.Missing(false)
	if len(all) != len(c.List()) || len(core) == 0 || len(core) >= len(all) {
		t.Errorf("nothing was met, and %d and %d of %d are missing", len(all), len(core), len(c.List()))
	}
	met := Counters{Snapshot: 1, Generation: 1}
	c.Add(&met)
	if got := c.Missing(false); len(got) != len(core)-2 {
		t.Errorf("%d were missing, two were met, %d are missing", len(core), len(got))
	}
	c.Sub(&met)
	if got := c.Missing(false); len(got) != len(core) {
		t.Errorf("%d are missing, want %d again", len(got), len(core))
	}
}
