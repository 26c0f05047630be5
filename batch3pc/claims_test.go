package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// One test for each claim of PROTOCOL.md 5.3 about these machines, named after it.

var origin batch3pc.Position

// S1: PreCommit(h) only if every member voted yes in this ballot for everything up to h.
func TestS1PreCommitNeedsTheVoteOfEveryMember(t *testing.T) {
	l := newLeader(t, nil).active()
	a, b := l.propose("a"), l.propose("b")
	for _, id := range []batch3pc.NodeID{1, 2} {
		if ready := l.at(id, batch3pc.KindYes, b.Position()); count(ready.Messages, batch3pc.KindPreCommit) != 0 {
			t.Fatalf("pre-commit after the vote of %d", id)
		}
	}
	ready := l.at(3, batch3pc.KindYes, a.Position())
	if n := count(ready.Messages, batch3pc.KindPreCommit); n != 3 {
		t.Fatalf("%d pre-commits, want 3", n)
	}
	if s := l.machine.Status(); s.PreCommitted != a.Seq {
		t.Fatalf("pre-committed %d, want %d, for which all voted", s.PreCommitted, a.Seq)
	}
}

// S1, "in this ballot": votes of the ballot before count for nothing.
func TestS1VotesOfAnotherBallotDoNotCount(t *testing.T) {
	l := newLeader(t, nil).active()
	a := l.propose("a")
	old := l.machine.Status().Ballot
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	l.active()
	l.propose("b")
	ready := l.answer(3, batch3pc.Message{Kind: batch3pc.KindYes, Ballot: old, Seq: a.Seq, Chain: a.Chain})
	noMessage(t, ready)
	if s := l.machine.Status(); s.Voted != 0 || s.PreCommitted != 0 {
		t.Fatalf("voted %d, pre-committed %d, want 0", s.Voted, s.PreCommitted)
	}
}

// S1: the vote of a participant that is no member is not needed.
func TestS1VoteOfALearnerIsNotNeeded(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Members = []batch3pc.NodeID{1, 2} }).active()
	a := l.propose("a")
	l.at(1, batch3pc.KindYes, a.Position())
	if ready := l.at(2, batch3pc.KindYes, a.Position()); count(ready.Messages, batch3pc.KindPreCommit) != 3 {
		t.Fatalf("messages %v, want a pre-commit for each participant", kindsOf(ready.Messages))
	}
}

// S2: the base is the highest pre-commit among the replies of the highest attempt.
func TestS2BaseIsOfTheHighestAttemptNotTheLongest(t *testing.T) {
	l := newLeader(t, nil)
	l.machine.Open()
	l.machine.Open()
	l.machine.Open() // ballot 3
	old := chain(origin, 1, 9, "old")
	young := chain(old[0].Position(), 7, 1, "young") // numbered by somebody who had not seen the old ones
	l.state(1, ballot1, old[8].Position(), old...)
	l.state(2, ballot2, young[0].Position(), old[0], young[0])
	if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Base != young[0].Seq || s.BaseChain != young[0].Chain {
		t.Fatalf("%v base %d, want Starting at %d: the longer one is of an older attempt", s.State, s.Base, young[0].Seq)
	}
}

// S2: the highest of the highest attempt, if its voices differ.
func TestS2BaseIsTheLongestOfTheHighestAttempt(t *testing.T) {
	l := newLeader(t, nil)
	l.machine.Open()
	l.machine.Open()
	log := chain(origin, 1, 3, "log")
	l.state(1, ballot1, log[0].Position(), log...)
	l.state(2, ballot1, log[1].Position(), log...)
	if s := l.machine.Status(); s.Base != log[1].Seq {
		t.Fatalf("base %d, want %d", s.Base, log[1].Seq)
	}
}

// S3: Start drops a longer pre-commit of an older ballot.
func TestS3StartTruncatesAnOlderPreCommit(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 3, "x")
	s.start(ballot1, origin)
	for _, b := range log {
		s.batch(ballot1, b)
	}
	s.preCommit(ballot1, log[2].Position())
	s.start(ballot2, log[0].Position())
	now := s.machine.Status()
	if now.PreCommitted != 1 || now.Voted != 1 || now.LastAttempt != ballot2 || s.app.dropped != 2 {
		t.Fatalf("after Start at 1: %+v, %d dropped", now, s.app.dropped)
	}
	if again := s.restart().machine.Status(); again != now {
		t.Fatalf("after a restart %+v, want %+v", again, now)
	}
}

// S3b: Start voids votes above the base; they may be cast again.
func TestS3bStartVoidsVotes(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 2, "x")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	s.batch(ballot1, log[1])
	s.start(ballot2, log[0].Position())
	if now := s.machine.Status(); now.Voted != 1 {
		t.Fatalf("voted %d after Start at 1, want 1", now.Voted)
	}
	yes := onlyMessage(t, s.batch(ballot2, log[1]).Messages, batch3pc.KindYes)
	if yes.Seq != 2 || len(s.app.reserved) != 2 {
		t.Fatalf("the batch is not voted for again: yes %d, %d reserved", yes.Seq, len(s.app.reserved))
	}
}

// S3c: a no aborts nothing; the abort is the Start of a fresh ballot.
func TestS3cOnlyAFreshBallotAborts(t *testing.T) {
	l := newLeader(t, nil).active()
	a := l.propose("a")
	old := l.machine.Status().Ballot
	noMessage(t, l.answer(2, batch3pc.Message{Kind: batch3pc.KindNo, Seq: a.Seq, Chain: a.Chain, Reason: batch3pc.ReasonVeto, Veto: []byte{1}}))
	s := l.machine.Status()
	if s.State != batch3pc.StateRefused || s.Refused == nil || s.Refused.Seq != a.Seq || s.Refused.From != 2 || s.Proposed != a.Seq {
		t.Fatalf("after the no: %+v", s)
	}
	if _, _, err := l.machine.Propose(1, nil); err != batch3pc.ErrNotActive {
		t.Fatalf("Propose: %v, want ErrNotActive", err)
	}
	ready := l.machine.Open()
	if r := onlyRecord(t, ready, batch3pc.RecordEpoch); !old.Less(r.Ballot) {
		t.Fatalf("ballot %v is not above %v", r.Ballot, old)
	}
	if len(ready.Messages) != 0 || count(ready.Durable, batch3pc.KindStateReq) != 3 {
		t.Fatalf("messages %v, durable %v: want three StateReq behind the record", kindsOf(ready.Messages), kindsOf(ready.Durable))
	}
}

// S3c: recover-forward takes what every member holds, and needs every member to say so.
func TestS3cRecoverForwardNeedsEveryMember(t *testing.T) {
	log := chain(origin, 1, 3, "log")
	other := chain(log[0].Position(), 2, 2, "other")
	for _, test := range []struct {
		name   string
		third  []*batch3pc.Batch
		silent bool
		want   batch3pc.Seq
	}{
		{"all the same", log, false, 3},
		{"one shorter", log[:2], false, 2},
		{"one on another branch with the same numbers", append(log[:1:1], other...), false, 1},
		{"one empty", nil, false, 0},
		{"one silent", nil, true, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLeader(t, nil)
			l.machine.Open()
			if !test.silent {
				l.machine.PeerUp(3)
			}
			l.state(1, batch3pc.Ballot{}, origin, log...)
			l.state(2, batch3pc.Ballot{}, origin, log...)
			if !test.silent {
				l.state(3, batch3pc.Ballot{}, origin, test.third...)
			}
			if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Base != test.want {
				t.Fatalf("%v with base %d, want Starting with %d", s.State, s.Base, test.want)
			}
		})
	}
}

// S3c: a batch that the proposer could not reproduce is not recovered forward; what a quorum may
// have decided is, whatever the gate says.
func TestS3cRecoverForwardStopsAtTheGate(t *testing.T) {
	log := chain(origin, 1, 3, "log")
	for _, pre := range []int{0, 3} {
		l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.NoInputGate = false })
		l.machine.Logged(2)
		l.machine.Open()
		at, attempt := origin, batch3pc.Ballot{}
		if pre > 0 {
			at, attempt = log[pre-1].Position(), ballot1
		}
		for _, id := range []batch3pc.NodeID{3, 1, 2} {
			l.machine.PeerUp(id)
		}
		l.state(1, attempt, at, log...)
		l.state(2, attempt, at, log...)
		l.state(3, batch3pc.Ballot{}, origin, log...)
		if s := l.machine.Status(); s.Base != batch3pc.Seq(max(2, pre)) {
			t.Fatalf("pre-committed %d: base %d, want %d", pre, s.Base, max(2, pre))
		}
	}
}

// S3c: the gate of one proposer says nothing of what another one has proposed under a number of its own.
func TestS3cGateIsThatOfTheProposer(t *testing.T) {
	for name, own := range map[string]bool{"its own": true, "another's": false} {
		l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.NoInputGate = false }).active()
		at := l.propose("a")
		if !own {
			at = chain(origin, at.Seq, 1, "b")[0]
		}
		l.machine.InputsDurable(at.Seq)
		l.machine.Open()
		for _, id := range []batch3pc.NodeID{1, 2, 3} {
			l.machine.PeerUp(id)
		}
		for _, id := range []batch3pc.NodeID{1, 2, 3} {
			l.state(id, ballot1, origin, at)
		}
		if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Base == at.Seq != own {
			t.Errorf("%s: %v with base %d", name, s.State, s.Base)
		}
	}
}

// S4: nothing of a lower ballot is obeyed, not even its commit watermark.
func TestS4LowerBallotIsRefused(t *testing.T) {
	log := chain(origin, 1, 2, "x")
	for kind := batch3pc.KindBatch; kind <= batch3pc.KindStale; kind++ {
		s := newSingle(t)
		s.start(ballot1, origin)
		s.batch(ballot1, log[0])
		s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2})
		before := s.machine.Status()
		ready := s.step(batch3pc.Message{
			Kind: kind, Ballot: ballot1, Seq: 1, Chain: log[0].Chain, Batch: log[1], Commit: 1, CommitChain: log[0].Chain,
		})
		stale := onlyMessage(t, ready.Messages, batch3pc.KindStale)
		if stale.LastElected != ballot2 || stale.Ballot != ballot1 {
			t.Errorf("%v: answer %+v does not name the promise", kind, stale)
		}
		if noRecord(t, ready); s.machine.Status() != before || len(s.app.applied) != 0 {
			t.Errorf("%v of a lower ballot changed the state", kind)
		}
	}
}

// S5: no Tick turns a pre-commit, or its absence, into a decision.
func TestS5NoTickDecides(t *testing.T) {
	l := newLeader(t, nil).active()
	a := l.propose("a")
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	l.at(1, batch3pc.KindPreCommitAck, a.Position())
	before := l.machine.Status()
	for range 1000 {
		for _, m := range l.machine.Tick().Messages {
			if m.Commit != 0 || m.Kind == batch3pc.KindStart {
				t.Fatalf("a tick sent %v with commit %d", m.Kind, m.Commit)
			}
		}
	}
	if after := l.machine.Status(); after != before {
		t.Fatalf("ticks changed %+v to %+v", before, after)
	}
}

// S6: a number is never used again: not that of an aborted batch, nor of any batch seen.
func TestS6SeqIsNeverUsedAgain(t *testing.T) {
	l := newLeader(t, nil).active()
	l.propose("a")
	b := l.propose("b")
	l.active()
	if c := l.propose("c"); c.Seq != b.Seq+1 || c.Parent != 0 {
		t.Fatalf("batch %d behind %d, want %d behind 0", c.Seq, c.Parent, b.Seq+1)
	}
	l.machine.Open()
	foreign := chain(origin, 40, 2, "foreign")
	l.machine.PeerUp(3)
	l.state(1, ballot1, origin)
	l.state(2, ballot1, origin)
	l.state(3, batch3pc.Ballot{}, origin, foreign...)
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.at(id, batch3pc.KindStartAck, origin)
	}
	if d := l.propose("d"); d.Seq != 42 || d.Parent != 0 {
		t.Fatalf("batch %d behind %d, want 42 behind 0", d.Seq, d.Parent)
	}
}

// S7: nothing is applied before its commit: neither by vote, nor by pre-commit, nor by Start.
func TestS7NothingIsAppliedBeforeItsCommit(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 2, "x")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	s.preCommit(ballot1, log[0].Position())
	s.start(ballot2, log[0].Position())
	s.batch(ballot2, log[1])
	if len(s.app.applied) != 0 {
		t.Fatalf("%d batches applied without a commit", len(s.app.applied))
	}
	s.commit(ballot2, log[0].Position())
	if len(s.app.applied) != 1 || s.machine.Status().Applied != 1 {
		t.Fatalf("applied %v after the commit of 1", s.app.applied)
	}
}

// S8: a commit is obeyed only where the chain is the same; in order, and once.
func TestS8ApplyNeedsTheSameChain(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 3, "x")
	other := chain(origin, 1, 3, "y")
	s.start(ballot1, origin)
	for _, b := range log {
		s.batch(ballot1, b)
	}
	noRecord(t, s.commit(ballot2, other[1].Position()))
	if len(s.app.applied) != 0 {
		t.Fatal("a commit of another history was applied")
	}
	fetch := onlyMessage(t, s.commit(ballot1, chain(log[2].Position(), 9, 1, "z")[0].Position()).Messages, batch3pc.KindFetch)
	if fetch.Seq != 3 {
		t.Fatalf("fetch from %d, want from the tail 3", fetch.Seq)
	}
	for range 2 {
		applied := onlyMessage(t, s.commit(ballot1, log[1].Position()).Messages, batch3pc.KindApplied)
		if applied.Applied != 2 || len(s.app.applied) != 2 {
			t.Fatalf("applied %d, %v", applied.Applied, s.app.applied)
		}
	}
	s.commit(ballot1, log[0].Position()) // an old message
	if len(s.app.applied) != 2 {
		t.Fatalf("an old commit changed what is applied: %v", s.app.applied)
	}
}
