package rounds_test

import (
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// quietMemLink is a memLink that counts what need not wake anybody up, and looks at what is applied when something
// leaves.
type quietMemLink struct {
	*memLink
	app    *agree
	loud   []int // batches applied at each Publish
	silent int
}

func (l *quietMemLink) Publish(n int) {
	l.loud = append(l.loud, len(l.app.applied))
	l.memLink.Publish(n)
}

func (l *quietMemLink) PublishQuietly(n int) {
	l.silent++
	l.memLink.Publish(n)
}

// chain is n batches that follow one another.
func chain(n int) []batch3pc.Batch {
	batches := make([]batch3pc.Batch, n)
	for i := range batches {
		b := &batches[i]
		b.Seq, b.Generation, b.Count, b.Payload = batch3pc.Seq(i+1), 1, 1, []byte("payload")
		if i > 0 {
			b.Parent, b.ParentChain = batches[i-1].Seq, batches[i-1].Chain
		}
		b.Seal()
	}
	return batches
}

// started is a site behind a link that knows quiet messages, with its first batch pre-committed.
func started(t *testing.T, window int, batches []batch3pc.Batch) (*site, *quietMemLink) {
	t.Helper()
	s := &site{t: t}
	s.start(rounds.ParticipantConfig{Async: true}, &s.log)
	var err error
	if s.machine, err = batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: window}, &s.app); err != nil {
		t.Fatal(err)
	}
	link := &quietMemLink{memLink: s.near, app: &s.app}
	s.driver = rounds.NewParticipant(rounds.ParticipantConfig{Async: true}, s.machine, &s.log, []rounds.Peer{{Node: engine, Link: link}})
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.tell(batch3pc.Message{Kind: batch3pc.KindStart})
	s.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: 1, Batch: &batches[0]})
	s.tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: 1, Chain: batches[0].Chain})
	s.round()
	link.loud = nil
	return s, link
}

// A vote does not wait for what its message says is decided: that is applied behind it, in the same round, and the
// coordinator is told without being woken up.
func TestVoteLeavesBeforeApply(t *testing.T) {
	batches := chain(2)
	s, link := started(t, 8, batches)
	s.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: 2, Batch: &batches[1], Commit: 1, CommitChain: batches[0].Chain})
	s.want("the next batch", s.round(), batch3pc.KindYes, batch3pc.KindApplied)
	if !slices.Equal(link.loud, []int{0}) || link.silent != 1 {
		t.Errorf("the vote left with %v batches applied and %d messages left quietly, want 0 and 1", link.loud, link.silent)
	}
	if !slices.Equal(s.app.applied, []batch3pc.Seq{1}) {
		t.Errorf("applied %v, want batch 1", s.app.applied)
	}
	s.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: 2, Batch: &batches[1], Commit: 1, CommitChain: batches[0].Chain})
	s.want("the same again", s.round(), batch3pc.KindYes)
}

// A watermark that another message has told as well is not told again; one for which there is no room to vote is
// obeyed first.
func TestSplitWithoutRoom(t *testing.T) {
	batches := chain(2)
	s, link := started(t, 1, batches)
	s.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: 2, Batch: &batches[1], Commit: 1, CommitChain: batches[0].Chain})
	s.want("a batch behind a full window", s.round(), batch3pc.KindYes)
	if !slices.Equal(s.app.applied, []batch3pc.Seq{1}) || link.silent != 0 {
		t.Errorf("applied %v and told %d times, want batch 1, by the vote alone", s.app.applied, link.silent)
	}

	s, link = started(t, 8, batches)
	s.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: 2, Batch: &batches[1], Commit: 1, CommitChain: batches[0].Chain})
	s.tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: 2, Chain: batches[1].Chain, Commit: 1, CommitChain: batches[0].Chain})
	s.want("a batch and its pre-commit", s.round(), batch3pc.KindYes, batch3pc.KindPreCommitAck)
	if !slices.Equal(s.app.applied, []batch3pc.Seq{1}) || link.silent != 0 {
		t.Errorf("applied %v and told %d times, want batch 1, by the acknowledgement alone", s.app.applied, link.silent)
	}
}

// A message of a coordinator that is fenced takes no watermark's place.
func TestFencedBatchIsNotSplit(t *testing.T) {
	batches := chain(2)
	s, _ := started(t, 8, batches)
	tell := func(epoch uint64, m batch3pc.Message) {
		m.From, m.To, m.Ballot = engine, 1, batch3pc.Ballot{Epoch: epoch, Node: engine}
		s.engine.tell(m)
	}
	tell(9, batch3pc.Message{Kind: batch3pc.KindStart, Seq: 1, Chain: batches[0].Chain})
	s.round()
	m := batch3pc.Message{Kind: batch3pc.KindBatch, Seq: 2, Batch: &batches[1], Commit: 1, CommitChain: batches[0].Chain}
	tell(9, m)
	tell(8, m)
	s.want("a batch, and one of a fenced ballot", s.round(), batch3pc.KindYes, batch3pc.KindStale, batch3pc.KindApplied)
	if !slices.Equal(s.app.applied, []batch3pc.Seq{1}) {
		t.Errorf("applied %v, want batch 1", s.app.applied)
	}
}

// A commit rides on the batch that is proposed before the round without work; if there is none it leaves then.
func TestCommitRidesOnBatch(t *testing.T) {
	nodes := []batch3pc.NodeID{1, 2, 3}
	machine, err := batch3pc.NewCoordinator(batch3pc.CoordinatorConfig{
		Self: engine, Boot: 1, Participants: nodes, Members: nodes, Generation: 1, WindowMax: 1, RetainMax: 8, NoInputGate: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	var peers []rounds.Peer
	var ends []*memLink
	for _, id := range nodes {
		ours, theirs := memPair()
		peers, ends = append(peers, rounds.Peer{Node: id, Link: ours}), append(ends, theirs)
	}
	c := rounds.NewCoordinator(rounds.CoordinatorConfig{TickNs: 1 << 60, RetainMax: 8}, machine, &noLog{}, peers)
	round := func() []batch3pc.Kind {
		t.Helper()
		if _, err := c.Round(1); err != nil {
			t.Fatal(err)
		}
		for _, e := range ends[1:] {
			e.heard(t)
		}
		return ends[0].heard(t)
	}
	answer := func(kind batch3pc.Kind, seq batch3pc.Seq) []batch3pc.Kind {
		t.Helper()
		ballot, chain := c.Status().Ballot, c.Status().LastChain
		for i, e := range ends {
			e.tell(batch3pc.Message{Kind: kind, From: nodes[i], To: engine, Ballot: ballot, Seq: seq, Chain: chain, LastElected: ballot})
		}
		return round()
	}
	want := func(step string, got []batch3pc.Kind, want ...batch3pc.Kind) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Fatalf("%s: heard %v, want %v", step, got, want)
		}
	}
	decide := func(seq batch3pc.Seq) {
		t.Helper()
		if _, err := c.Propose(1, []byte("payload")); err != nil {
			t.Fatal(err)
		}
		want("proposed", round(), batch3pc.KindBatch)
		want("voted for", answer(batch3pc.KindYes, seq), batch3pc.KindPreCommit)
		want("acknowledged", answer(batch3pc.KindPreCommitAck, seq))
		if !c.Ready() {
			t.Fatal("nobody would send the commit")
		}
	}
	if err := c.Open(); err != nil {
		t.Fatal(err)
	}
	for round(); c.Ready(); {
		round()
	}
	answer(batch3pc.KindState, 0)
	answer(batch3pc.KindStartAck, 0)
	if st := c.Status().State; st != batch3pc.StateActive {
		t.Fatalf("state %v, want Active", st)
	}
	for c.Ready() {
		round()
	}
	decide(1)
	decide(2) // whose Batch was all that was said of the commit of 1
	want("nothing is proposed", round(), batch3pc.KindCommit)
	want("once", round())
}
