package check

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// opens is an entry behind parent that leaves 3 out.
func opens(parent batch3pc.Position, seq batch3pc.Seq) *batch3pc.Batch {
	b := &batch3pc.Batch{Seq: seq, Parent: parent.Seq, ParentChain: parent.Chain, Generation: 2, Count: batch3pc.CountGeneration}
	for id := byte(1); id <= 3; id++ {
		member := byte(1)
		if id == 3 {
			member = 0
		}
		b.Payload = append(b.Payload, append([]byte{id, member}, make([]byte, 14)...)...)
	}
	b.Seal()
	return b
}

// serve has coordinator 11 serve ballot 2 with a base that 1 and 2 have accepted.
func (s *story) serve(base *batch3pc.Batch) {
	s.record(11, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: s.b2})
	now := batch3pc.CoordinatorStatus{State: batch3pc.StateStarting, Ballot: s.b2}
	if base != nil {
		now.Base, now.BaseChain = base.Seq, base.Chain
	}
	s.Coordinator(11, &now)
	for id := batch3pc.NodeID(1); id <= 2; id++ {
		s.record(id, at(batch3pc.RecordStart, s.b2, base))
	}
	now.State, now.Committed, now.CommittedChain = batch3pc.StateActive, now.Base, now.BaseChain
	s.Coordinator(11, &now)
}

// decideEntry takes the entry behind nothing from its proposal to its decision.
func (s *story) decideEntry() *batch3pc.Batch {
	g := opens(batch3pc.Position{}, 1)
	s.vote(g, 1, 2)
	s.accept(g, 1, 2)
	s.lead(batch3pc.StateActive, g, g, g)
	return g
}

// What two histories can hide behind: a fork below the last decision, an entry, another number, a participant's word.
func TestWatchAgreement(t *testing.T) {
	fork := func(s *story) *batch3pc.Batch { return batchAfter(s.x.Position(), 3, "z") }
	runStories(t, []storyTest{
		{"decided behind an older decision", "I1", func(s *story) {
			s.commit()
			s.Proposed(10, s.b1, s.y)
			s.vote(s.y, 1, 2, 3)
			s.accept(s.y, 1, 2)
			s.lead(batch3pc.StateActive, s.y, s.y, s.y)
			s.record(11, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: s.b2})
			s.Proposed(11, s.b2, fork(s))
			for id := batch3pc.NodeID(1); id <= 3; id++ {
				s.record(id, batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: s.b2, Batch: fork(s)})
				s.record(id, at(batch3pc.RecordStart, s.b2, fork(s)))
			}
		}, func(s *story) {
			z := fork(s)
			s.Coordinator(11, &batch3pc.CoordinatorStatus{State: batch3pc.StateActive, Ballot: s.b2, Committed: z.Seq, CommittedChain: z.Chain})
		}},
		{"an older decision, learned again", "", (*story).commit, func(s *story) {
			s.serve(s.x)
			s.Coordinator(10, &batch3pc.CoordinatorStatus{State: batch3pc.StateFenced, Ballot: s.b1, Committed: s.x.Seq, CommittedChain: s.x.Chain})
		}},
		{"an entry was decided, and a ballot is served without it", "I1", func(s *story) { s.decideEntry() }, func(s *story) { s.serve(nil) }},
		{"an entry was aborted, and comes again as it was", "", func(s *story) { s.vote(opens(batch3pc.Position{}, 1), 1, 2); s.serve(nil) }, func(s *story) {
			g := opens(batch3pc.Position{}, 1)
			for id := batch3pc.NodeID(1); id <= 2; id++ {
				s.record(id, batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: s.b2, Batch: g})
				s.record(id, at(batch3pc.RecordPreCommit, s.b2, g))
			}
			s.Coordinator(11, &batch3pc.CoordinatorStatus{State: batch3pc.StateActive, Ballot: s.b2, Proposed: 1, PreCommitted: 1, Committed: 1, CommittedChain: g.Chain})
		}},
		{"an entry is applied that nobody decided", "I1", func(s *story) { s.vote(opens(batch3pc.Position{}, 1), 1, 2) }, func(s *story) {
			g := opens(batch3pc.Position{}, 1)
			s.Participant(1, &batch3pc.ParticipantStatus{Voted: 1, PreCommitted: 1, Applied: 1, AppliedChain: g.Chain})
		}},
		{"an entry is applied that was decided", "", func(s *story) { s.decideEntry() }, func(s *story) {
			g := opens(batch3pc.Position{}, 1)
			s.Participant(1, &batch3pc.ParticipantStatus{Voted: 1, PreCommitted: 1, Applied: 1, AppliedChain: g.Chain})
		}},
		{"an election is told of a decision that is none", "I1", func(s *story) { s.vote(s.x, 1) }, func(s *story) {
			s.Coordinator(11, &batch3pc.CoordinatorStatus{State: batch3pc.StateElecting, Ballot: s.b2, Committed: 1, CommittedChain: s.x.Chain})
		}},
		{"two branches are accepted in a ballot, at two numbers", "I6", func(s *story) {
			s.vote(s.x, 1)
			s.accept(s.x, 1)
		}, func(s *story) {
			b := batchAfter(batch3pc.Position{}, 2, "another")
			s.vote(b, 2)
			s.accept(b, 2)
		}},
		{"decided is another branch than the one that a quorum accepted", "I6", func(s *story) {
			s.vote(s.x, 1, 2, 3)
			s.vote(s.y, 1, 2, 3)
			s.accept(s.y, 1, 2)
			s.Proposed(10, s.b1, batchAfter(batch3pc.Position{}, 1, "another"))
			s.vote(batchAfter(batch3pc.Position{}, 1, "another"), 1, 2, 3)
		}, func(s *story) {
			b := batchAfter(batch3pc.Position{}, 1, "another")
			s.Coordinator(10, &batch3pc.CoordinatorStatus{State: batch3pc.StateActive, Ballot: s.b1, Proposed: 1, Committed: 1, CommittedChain: b.Chain})
		}},
		{"a batch follows what nobody proposed", "I3", func(*story) {}, func(s *story) { s.vote(s.y, 1) }},
		{"a ballot goes back", "I3", func(s *story) { s.serve(nil) }, func(s *story) {
			s.Coordinator(11, &batch3pc.CoordinatorStatus{State: batch3pc.StateElecting, Ballot: s.b1})
		}},
		{"a state is taken over that is older than one's own", "I5", func(s *story) { s.commit(); s.Applied(1, 1, s.x.Position(), 7) }, func(s *story) {
			s.Restored(1, 0, batch3pc.Position{}, 0)
		}},
	})
}

// What promises, fences and votes can hide behind: a restart, a State, a Fill, a ballot of long ago.
func TestWatchPromises(t *testing.T) {
	state := func(s *story, attempt batch3pc.Ballot, pre batch3pc.Seq) {
		s.Sent(&batch3pc.Message{Kind: batch3pc.KindState, From: 1, Ballot: s.b2, LastElected: s.b2, LastAttempt: attempt, PreCommitted: pre})
	}
	accepted := func(s *story) {
		s.vote(s.x, 1)
		s.accept(s.x, 1)
		s.record(1, at(batch3pc.RecordPromise, s.b2, nil))
	}
	filled := func(s *story) { // an election has chosen a branch without x
		accepted(s)
		s.record(1, batch3pc.Record{Kind: batch3pc.RecordFill, Ballot: s.b2, Batch: batchAfter(batch3pc.Position{}, 2, "another")})
	}
	runStories(t, []storyTest{
		{"what was accepted is told", "", accepted, func(s *story) { state(s, s.b1, 1) }},
		{"what was accepted is not told", "I4", accepted, func(s *story) { state(s, batch3pc.Ballot{}, 0) }},
		{"less than what was accepted is told", "I4", accepted, func(s *story) { state(s, s.b1, 0) }},
		{"it lay on a branch that is settled", "", filled, func(s *story) { state(s, s.b1, 0) }},
		{"it comes back with the branch that is settled", "", filled, func(s *story) {
			s.Lost(1)
			s.Recovering(1)
			s.Recovered(1, batch3pc.ParticipantStatus{LastElected: s.b2, LastAttempt: s.b1, Voted: 2})
		}},
		{"it comes back without what it had accepted", "I4", accepted, func(s *story) {
			s.Lost(1)
			s.Recovering(1)
			s.Recovered(1, batch3pc.ParticipantStatus{LastElected: s.b2, LastAttempt: s.b1})
		}},
		{"it comes back without the ballot it had accepted in", "I4", accepted, func(s *story) {
			s.Lost(1)
			s.Recovering(1)
			s.Recovered(1, batch3pc.ParticipantStatus{LastElected: s.b2, Voted: 1, PreCommitted: 1})
		}},
		{"an older accept is read again at a start", "", func(s *story) {
			s.vote(s.x, 1)
			s.accept(s.x, 1)
			s.record(1, at(batch3pc.RecordStart, s.b2, s.x))
			s.Lost(1)
			s.Recovering(1)
			r := at(batch3pc.RecordStart, s.b1, nil)
			s.Durable(1, &r)
		}, func(s *story) {
			b3 := batch3pc.Ballot{Epoch: 3, Node: 10, Boot: 1}
			s.Recovered(1, batch3pc.ParticipantStatus{LastElected: s.b2, LastAttempt: s.b2, Voted: 1, PreCommitted: 1})
			s.record(1, at(batch3pc.RecordPromise, b3, nil))
			s.Sent(&batch3pc.Message{Kind: batch3pc.KindState, From: 1, Ballot: b3, LastElected: b3, LastAttempt: s.b2, PreCommitted: 1})
		}},
		{"filled up below a promise", "I6", func(s *story) { s.record(1, at(batch3pc.RecordPromise, s.b2, nil)) }, func(s *story) {
			s.record(1, batch3pc.Record{Kind: batch3pc.RecordFill, Ballot: s.b1, Batch: s.x})
		}},
		{"a checkpoint repeats what is in doubt", "", accepted, func(s *story) {
			s.record(1, batch3pc.Record{Kind: batch3pc.RecordFill, Batch: s.x})
			state(s, s.b1, 1)
		}},
		{"an epoch below the one in the log", "I6", func(s *story) { s.record(11, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: s.b2}); s.Lost(11) }, func(s *story) {
			s.record(11, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: batch3pc.Ballot{Epoch: 2, Node: 11, Boot: 2}})
		}},
		{"an epoch again, without the log", "", func(s *story) { s.record(11, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: s.b2}); s.Lost(11) }, func(s *story) {
			s.Forgot(11, true)
			s.record(11, batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: batch3pc.Ballot{Epoch: 2, Node: 11, Boot: 2}})
		}},
		{"a vote is missing below the last pre-commit", "I2", func(s *story) {
			s.Proposed(10, s.b1, s.x)
			s.Proposed(10, s.b1, s.y)
			s.vote(s.x, 1, 2)
			s.vote(s.y, 1, 2, 3)
			s.lead(batch3pc.StateActive, s.y, nil, nil)
		}, func(s *story) { s.lead(batch3pc.StateActive, s.y, s.y, nil) }},
		{"an entry is pre-committed on votes of another ballot", "I2", func(s *story) {
			g := opens(batch3pc.Position{}, 1)
			s.vote(g, 1, 2)
			s.serve(nil)
			s.record(1, batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: s.b2, Batch: g})
		}, func(s *story) {
			s.Coordinator(11, &batch3pc.CoordinatorStatus{State: batch3pc.StateActive, Ballot: s.b2, Proposed: 1, PreCommitted: 1})
		}},
		{"an entry of somebody else has the number of a batch whose inputs are not durable", "I11", func(s *story) {
			s.Gate(10, 0)
			s.record(2, batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: batch3pc.Ballot{Epoch: 1, Node: 11, Boot: 1}, Batch: opens(batch3pc.Position{}, 1)})
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2, 3)
			s.lead(batch3pc.StateActive, s.x, nil, nil)
		}, func(s *story) { s.lead(batch3pc.StateActive, s.x, s.x, nil) }},
		{"recovered forward, and one participant is down", "I11", func(s *story) {
			s.Gate(10, 0)
			s.Gate(11, 100)
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2, 3)
			s.Lost(3)
		}, func(s *story) { s.serve(s.x) }},
		{"what somebody had pre-committed is a base", "", func(s *story) {
			s.Gate(11, 0)
			s.Proposed(10, s.b1, s.x)
			s.vote(s.x, 1, 2, 3)
			s.accept(s.x, 1)
			s.Lost(1)
		}, func(s *story) { s.serve(s.x) }},
	})
}

// storyTest is a sound history, then what may be wrong with it.
type storyTest struct {
	name, want   string
	before, then func(*story)
}

func runStories(t *testing.T, tests []storyTest) {
	t.Helper()
	for _, test := range tests {
		s := newStory()
		if test.before(s); s.Err() != nil {
			t.Errorf("%s: %v before anything is wrong", test.name, s.Err())
			continue
		}
		test.then(s)
		if got := s.Err(); (got == nil) != (test.want == "") || got != nil && got.Invariant != test.want {
			t.Errorf("%s: %v, want %q", test.name, got, test.want)
		}
	}
}
