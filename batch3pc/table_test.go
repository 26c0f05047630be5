package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// One test for each row and remark of PROTOCOL.md 3.3 to 3.6, as the stream of section 5 has it.

// VOTE-REQ: the batch is written, the yes leaves without waiting for the disk.
func TestVoteRequestIsRecordedAndAnsweredAtOnce(t *testing.T) {
	s := newSingle(t)
	b := chain(origin, 1, 1, "x")[0]
	s.start(ballot1, origin)
	ready := s.batch(ballot1, b)
	if r := onlyRecord(t, ready, batch3pc.RecordBatch); r.Batch.Position() != b.Position() {
		t.Fatalf("recorded %d", r.Batch.Seq)
	}
	yes := onlyMessage(t, ready.Messages, batch3pc.KindYes)
	if yes.Seq != b.Seq || yes.Chain != b.Chain || len(ready.Durable) != 0 {
		t.Fatalf("yes %+v, durable %v", yes, kindsOf(ready.Durable))
	}
	b.Payload[0]++ // the caller's memory: the machine has its own copy
	if again := s.batch(ballot1, chain(origin, 1, 1, "x")[0]); len(again.Records) != 0 || again.Messages[0].Kind != batch3pc.KindYes {
		t.Fatalf("a duplicate is recorded again: %v", again.Records)
	}
}

// VOTE-REQ outside of the ballot that was accepted gets no vote, but the state.
func TestVoteRequestNeedsItsStart(t *testing.T) {
	s := newSingle(t)
	b := chain(origin, 1, 1, "x")[0]
	for _, ballot := range []batch3pc.Ballot{ballot1, ballot2} {
		ready := s.batch(ballot, b)
		state := onlyMessage(t, ready.Durable, batch3pc.KindState)
		if noRecord(t, ready); !state.LastElected.Less(ballot) {
			t.Fatalf("a batch of %v was taken for a promise: %v", ballot, state.LastElected)
		}
	}
}

// NO: nothing is written, nothing is aborted, and descendants are dropped in silence.
func TestNoIsAdvice(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 4, "x")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	s.app.vetoed = func(_ batch3pc.NodeID, b *batch3pc.Batch) bool { return b.Seq == 2 }
	ready := s.batch(ballot1, log[1])
	no := onlyMessage(t, ready.Messages, batch3pc.KindNo)
	if noRecord(t, ready); no.Seq != 2 || no.Chain != log[1].Chain || no.Reason != batch3pc.ReasonVeto || batch3pc.VetoBits(no.Veto, 0) != batch3pc.VetoTaker {
		t.Fatalf("no %+v", no)
	}
	noMessage(t, s.batch(ballot1, log[2]))
	noMessage(t, s.batch(ballot1, log[3]))
	if now := s.machine.Status(); now.Voted != 1 || len(s.app.reserved) != 1 {
		t.Fatalf("after the no: %+v", now)
	}
	onlyMessage(t, s.batch(ballot1, log[1]).Messages, batch3pc.KindNo) // asked again, answered again
	s.app.vetoed = nil
	onlyMessage(t, s.batch(ballot1, log[1]).Messages, batch3pc.KindYes)
	onlyMessage(t, s.batch(ballot1, log[2]).Messages, batch3pc.KindYes)
}

// NO(hash) and NO(generation) come from the machine, before the application is asked.
func TestNoForDamageAndForeignGeneration(t *testing.T) {
	s := newSingle(t)
	s.start(ballot1, origin)
	damaged := chain(origin, 1, 1, "x")[0]
	damaged.Payload[0] ^= 1
	backward := &batch3pc.Batch{Seq: 0, Generation: 1}
	backward.Seal()
	foreign := &batch3pc.Batch{Seq: 1, Generation: 2}
	foreign.Seal()
	for _, test := range []struct {
		batch *batch3pc.Batch
		want  batch3pc.Reason
	}{{damaged, batch3pc.ReasonHash}, {foreign, batch3pc.ReasonGeneration}} {
		if no := onlyMessage(t, s.batch(ballot1, test.batch).Messages, batch3pc.KindNo); no.Reason != test.want {
			t.Errorf("reason %v, want %v", no.Reason, test.want)
		}
	}
	noRecord(t, s.batch(ballot1, backward))
	if len(s.app.reserved) != 0 {
		t.Fatal("a bad batch reached the application")
	}
}

// PRE-COMMIT: the acknowledgement rides behind the record, the first time and every time.
func TestPreCommitIsDurableBeforeItsAck(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 2, "x")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	s.batch(ballot1, log[1])
	ready := s.preCommit(ballot1, log[1].Position())
	r := onlyRecord(t, ready, batch3pc.RecordPreCommit)
	if ack := onlyMessage(t, ready.Durable, batch3pc.KindPreCommitAck); ack.Seq != 2 || r.Seq != 2 || r.Ballot != ballot1 || len(ready.Messages) != 0 {
		t.Fatalf("ack %+v, record %+v", ack, r)
	}
	for _, b := range log { // a duplicate, and one that is overtaken
		ready = s.preCommit(ballot1, b.Position())
		if ack := onlyMessage(t, ready.Durable, batch3pc.KindPreCommitAck); ack.Seq != 2 || len(ready.Records) != 0 {
			t.Fatalf("again: ack %d, records %v", ack.Seq, ready.Records)
		}
	}
	if now := s.restart().machine.Status(); now.PreCommitted != 2 || now.LastAttempt != ballot1 {
		t.Fatalf("after a restart: %+v", now)
	}
}

// PRE-COMMIT of what is not in the log, or in another ballot, is not accepted.
func TestPreCommitNeedsBallotAndLog(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 2, "x")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	ready := s.preCommit(ballot1, log[1].Position())
	if fetch := onlyMessage(t, ready.Messages, batch3pc.KindFetch); fetch.Seq != 1 || fetch.Chain != log[0].Chain {
		t.Fatalf("fetch %+v, want from 1", fetch)
	}
	noRecord(t, ready)
	ready = s.preCommit(ballot2, log[0].Position())
	onlyMessage(t, ready.Durable, batch3pc.KindState)
	noRecord(t, ready)
	sameNumber := chain(origin, 1, 1, "y")[0].Position()
	s.batch(ballot1, log[1])
	noRecord(t, s.preCommit(ballot1, chain(sameNumber, 2, 1, "y")[0].Position()))
	if now := s.machine.Status(); now.PreCommitted != 0 || now.LastAttempt != ballot1 || now.LastElected != ballot1 {
		t.Fatalf("state %+v", now)
	}
}

// START twice: the second one drops nothing.
func TestStartDuplicateDoesNotTruncate(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 2, "x")
	ready := s.start(ballot1, origin)
	onlyRecord(t, ready, batch3pc.RecordStart)
	onlyMessage(t, ready.Durable, batch3pc.KindStartAck)
	s.batch(ballot1, log[0])
	s.batch(ballot1, log[1])
	ready = s.start(ballot1, origin)
	onlyMessage(t, ready.Durable, batch3pc.KindStartAck)
	noRecord(t, ready)
	if now := s.machine.Status(); now.Voted != 2 || s.app.dropped != 0 {
		t.Fatalf("a duplicate of Start dropped votes: %+v", now)
	}
}

// START on a base that is not in the log is not accepted: the answer says from where on to fill.
func TestStartNeedsItsBase(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 3, "x")
	other := chain(origin, 1, 3, "y")
	s.start(ballot1, origin)
	s.batch(ballot1, log[0])
	s.batch(ballot1, log[1])
	s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2})
	ready := s.start(ballot2, other[2].Position())
	if fetch := onlyMessage(t, ready.Messages, batch3pc.KindFetch); fetch.Seq != 0 {
		t.Fatalf("fetch from %d, want from the applied prefix", fetch.Seq)
	}
	noRecord(t, ready)
	// The base is settled but not decided: Fill brings it before Start, batch by batch.
	for i, b := range other {
		ready = s.step(batch3pc.Message{Kind: batch3pc.KindFill, Ballot: ballot2, Seq: other[2].Seq, Chain: other[2].Chain, Batch: b})
		onlyRecord(t, ready, batch3pc.RecordFill)
		if i == 0 {
			fetch := onlyMessage(t, s.start(ballot2, other[2].Position()).Messages, batch3pc.KindFetch)
			if fetch.Seq != 1 || fetch.Chain != b.Chain {
				t.Fatalf("fetch %+v, want from the batch that was filled", fetch)
			}
		}
	}
	onlyMessage(t, s.start(ballot2, other[2].Position()).Durable, batch3pc.KindStartAck)
	now := s.machine.Status()
	if now.Voted != 3 || now.VotedChain != other[2].Chain || now.PreCommitted != 3 || len(s.app.applied) != 0 || s.app.dropped != 2 {
		t.Fatalf("state %+v, applied %v, dropped %d", now, s.app.applied, s.app.dropped)
	}
	if again := s.restart().machine.Status(); again != now {
		t.Fatalf("after a restart %+v, want %+v", again, now)
	}
}

// STATE-REQ: the promise is durable before the state leaves; asked again, it answers again.
func TestPromiseIsDurableBeforeState(t *testing.T) {
	s := newSingle(t)
	ready := s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2})
	if r := onlyRecord(t, ready, batch3pc.RecordPromise); r.Ballot != ballot2 || len(ready.Messages) != 0 {
		t.Fatalf("record %+v, messages %v", r, kindsOf(ready.Messages))
	}
	if state := onlyMessage(t, ready.Durable, batch3pc.KindState); state.LastElected != ballot2 {
		t.Fatalf("state %+v", state)
	}
	ready = s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2})
	noRecord(t, ready)
	onlyMessage(t, ready.Durable, batch3pc.KindState)
	if now := s.restart().machine.Status(); now.LastElected != ballot2 || !now.LastAttempt.IsZero() {
		t.Fatalf("after a restart: %+v: promised and attempted are two facts", now)
	}
}

// "Acks are counted per epoch: acks of e1 never help e2."
func TestAcksOfOneBallotNeverHelpAnother(t *testing.T) {
	l := newLeader(t, nil).active()
	a := l.propose("a")
	old := l.machine.Status().Ballot
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	l.at(1, batch3pc.KindPreCommitAck, a.Position())
	l.machine.Open()
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.state(id, old, a.Position(), a)
	}
	l.at(1, batch3pc.KindStartAck, a.Position())
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindPreCommitAck, Ballot: old, Seq: a.Seq, Chain: a.Chain})
	l.answer(3, batch3pc.Message{Kind: batch3pc.KindStartAck, Ballot: old, Seq: a.Seq, Chain: a.Chain})
	if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Committed != 0 {
		t.Fatalf("%v, committed %d with one acknowledgement of this ballot", s.State, s.Committed)
	}
	l.at(2, batch3pc.KindStartAck, a.Position())
	if s := l.machine.Status(); s.State != batch3pc.StateActive || s.Committed != a.Seq {
		t.Fatalf("%v, committed %d with a quorum", s.State, s.Committed)
	}
}

// COMMIT: sent when a quorum of the configured set has acknowledged, learners included.
func TestCommitNeedsAQuorumOfTheConfiguredSet(t *testing.T) {
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
		cfg.Participants, cfg.Members = []batch3pc.NodeID{1, 2, 3, 4, 5}, []batch3pc.NodeID{1, 2, 3}
	}).active()
	a := l.propose("a")
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		l.at(id, batch3pc.KindYes, a.Position())
	}
	for _, id := range []batch3pc.NodeID{1, 2} {
		l.at(id, batch3pc.KindPreCommitAck, a.Position())
		l.at(id, batch3pc.KindPreCommitAck, a.Position()) // a duplicate is no second voice
	}
	if s := l.machine.Status(); s.Committed != 0 {
		t.Fatal("committed with 2 of 5")
	}
	l.at(4, batch3pc.KindStartAck, origin)
	ready := l.at(4, batch3pc.KindPreCommitAck, a.Position())
	if s := l.machine.Status(); s.Committed != a.Seq {
		t.Fatal("not committed with 3 of 5")
	}
	if n := count(ready.Messages, batch3pc.KindCommit); n != 4 {
		t.Fatalf("%d commits, want one for each of the four that are started", n)
	}
}

// 3.4: fewer than a quorum of states is no election, however long it takes.
func TestElectionBlocksWithoutAQuorum(t *testing.T) {
	l := newLeader(t, nil)
	l.machine.Open()
	log := chain(origin, 1, 1, "x")
	l.state(1, ballot1, log[0].Position(), log...)
	l.state(1, ballot1, log[0].Position(), log...)
	for range 100 {
		l.machine.Tick()
	}
	if s := l.machine.Status(); s.State != batch3pc.StateElecting {
		t.Fatalf("%v with one state of three", s.State)
	}
	// A state that is no promise of this ballot is none of the quorum.
	m := batch3pc.Message{Kind: batch3pc.KindState, LastElected: batch3pc.Ballot{}}
	if ready := l.answer(2, m); count(ready.Durable, batch3pc.KindStateReq) != 1 || l.machine.Status().State != batch3pc.StateElecting {
		t.Fatalf("an unpromised state was counted; answer %v", kindsOf(ready.Durable))
	}
}

// An election with a quorum waits for connected members, but not for ever.
func TestElectionPrefersAllMembers(t *testing.T) {
	l := newLeader(t, nil)
	l.machine.Open()
	l.machine.PeerUp(3)
	l.state(1, batch3pc.Ballot{}, origin)
	l.state(2, batch3pc.Ballot{}, origin)
	if s := l.machine.Status(); s.State != batch3pc.StateElecting {
		t.Fatalf("%v although 3 is connected and silent", s.State)
	}
	for range 3 {
		l.machine.Tick()
	}
	if s := l.machine.Status(); s.State != batch3pc.StateStarting {
		t.Fatalf("%v, still waiting for 3", s.State)
	}
}

// STALE: the coordinator steps down, and comes back only above what it has seen.
func TestStaleFences(t *testing.T) {
	l := newLeader(t, nil).active()
	l.propose("a")
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindStale, LastElected: batch3pc.Ballot{Epoch: 9, Node: 11, Boot: 3}})
	s := l.machine.Status()
	if s.State != batch3pc.StateFenced || l.machine.Room() {
		t.Fatalf("state %v", s.State)
	}
	noMessage(t, l.machine.Tick())
	noMessage(t, l.machine.PeerUp(1))
	noMessage(t, l.at(1, batch3pc.KindYes, origin))
	l.machine.Open()
	if s := l.machine.Status(); s.Ballot.Epoch != 10 {
		t.Fatalf("ballot %v, want epoch 10", s.Ballot)
	}
	// The fence of the ballot before is about this one's past.
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindStale, LastElected: l.machine.Status().Ballot})
	if s := l.machine.Status(); s.State != batch3pc.StateElecting {
		t.Fatalf("fenced by its own ballot: %v", s.State)
	}
}

// 3.1: a restart never uses a ballot again.
func TestRestartOpensAHigherBallot(t *testing.T) {
	l := newLeader(t, nil)
	r := l.machine.Open().Records[0]
	again := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Boot = 2 })
	if err := again.machine.Recover(&r); err != nil {
		t.Fatal(err)
	}
	if next := again.machine.Open().Records[0]; !r.Ballot.Less(next.Ballot) || next.Ballot.Epoch != r.Ballot.Epoch+1 {
		t.Fatalf("ballot %v after %v", next.Ballot, r.Ballot)
	}
}

// 3.6 (ii): a participant that restarts with votes keeps them, and never aborts by itself.
func TestRestartKeepsVotes(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 3, "x")
	s.start(ballot1, origin)
	for _, b := range log {
		s.batch(ballot1, b)
	}
	s.preCommit(ballot1, log[1].Position())
	s.commit(ballot1, log[0].Position())
	before := s.machine.Status()
	again := s.restart()
	if now := again.machine.Status(); now != before {
		t.Fatalf("after a restart %+v, want %+v", now, before)
	}
	if len(again.app.reserved) != 2 || len(again.app.applied) != 1 || again.app.dropped != 0 {
		t.Fatalf("application after a restart: %+v", again.app)
	}
}

// Fill, decided: a suffix that differs goes, and what is applied never does.
func TestFillReplacesAnUndecidedSuffix(t *testing.T) {
	s := newSingle(t)
	mine := chain(origin, 1, 3, "x")
	theirs := chain(mine[0].Position(), 5, 2, "y")
	s.start(ballot1, origin)
	for _, b := range mine {
		s.batch(ballot1, b)
	}
	s.preCommit(ballot1, mine[2].Position())
	ready := s.fill(ballot2, theirs[0])
	now := s.machine.Status()
	if len(ready.Records) != 4 || now.Applied != 5 || now.PreCommitted != 5 || now.Voted != 5 || s.app.dropped != 2 {
		t.Fatalf("after Fill of 5: %+v, records %v", now, ready.Records)
	}
	if now.LastElected != ballot2 || now.LastAttempt != ballot1 {
		t.Fatalf("a decision of a ballot promises it, and accepts nothing: %+v", now)
	}
	if again := s.restart().machine.Status(); again != now {
		t.Fatalf("after a restart %+v, want %+v", again, now)
	}
	noRecord(t, s.fill(ballot2, theirs[0]))
	gap := chain(theirs[1].Position(), 8, 1, "z")[0]
	fetch := onlyMessage(t, s.fill(ballot2, gap).Messages, batch3pc.KindFetch)
	if fetch.Seq != 5 {
		t.Fatalf("fetch from %d, want 5", fetch.Seq)
	}
	mustPanic(t, "I1", func() { s.fill(ballot2, chain(mine[0].Position(), 5, 1, "other")[0]) })
}

// Fill, decided: a pre-commit above it goes with the suffix, whatever its number.
func TestFillTakesAHigherPreCommitBack(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 1, "x")
	mine := chain(log[0].Position(), 7, 2, "mine")
	theirs := chain(log[0].Position(), 5, 1, "theirs")[0]
	s.start(ballot1, origin)
	for _, b := range append(log, mine...) {
		s.batch(ballot1, b)
	}
	s.preCommit(ballot1, mine[1].Position())
	s.fill(ballot2, theirs)
	now := s.machine.Status()
	if now.PreCommitted != 5 || now.PreChain != theirs.Chain || now.Voted != 5 || now.Applied != 5 {
		t.Fatalf("after Fill of 5: %+v", now)
	}
	if again := s.restart().machine.Status(); again != now {
		t.Fatalf("after a restart %+v, want %+v", again, now)
	}
}

// Fill above the commit watermark is obeyed only on the way to a Start that was promised.
func TestFillOfAnUndecidedBatchNeedsThePromise(t *testing.T) {
	s := newSingle(t)
	b := chain(origin, 1, 1, "x")[0]
	fill := batch3pc.Message{Kind: batch3pc.KindFill, Ballot: ballot2, Seq: 1, Chain: b.Chain, Batch: b}
	noRecord(t, s.step(fill))
	s.step(batch3pc.Message{Kind: batch3pc.KindStateReq, Ballot: ballot2})
	above := fill
	above.Seq = 0
	noRecord(t, s.step(above))
	onlyRecord(t, s.step(fill), batch3pc.RecordFill)
	if len(s.app.applied) != 0 {
		t.Fatal("an undecided batch was applied")
	}
}

// The window bounds what is undecided: more is dropped without a word.
func TestWindowFullIsSilent(t *testing.T) {
	s := newSingle(t)
	log := chain(origin, 1, 5, "x")
	s.start(ballot1, origin)
	for _, b := range log[:4] {
		s.batch(ballot1, b)
	}
	noMessage(t, s.batch(ballot1, log[4]))
	// The commit that rides on the same message makes room first.
	ready := s.step(batch3pc.Message{Kind: batch3pc.KindBatch, Ballot: ballot1, Batch: log[4], Commit: 1, CommitChain: log[0].Chain})
	if yes := onlyMessage(t, ready.Messages, batch3pc.KindYes); yes.Seq != 5 || yes.Applied != 1 {
		t.Fatalf("yes %+v", yes)
	}
}
