package batch3pc_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// The nodes of the tests.
const (
	engineID batch3pc.NodeID = 10
	backupID batch3pc.NodeID = 11
)

var participantIDs = []batch3pc.NodeID{1, 2, 3}

// single is one participant under test, driven message by message, with the log it wrote.
type single struct {
	t       *testing.T
	app     *ledger
	machine *batch3pc.Participant
	log     []batch3pc.Record
}

var (
	ballot1 = batch3pc.Ballot{Epoch: 1, Node: 10, Boot: 1}
	ballot2 = batch3pc.Ballot{Epoch: 2, Node: 11, Boot: 1}
	ballot3 = batch3pc.Ballot{Epoch: 3, Node: 10, Boot: 1}
)

func newSingle(t *testing.T) *single {
	t.Helper()
	s := &single{t: t, app: &ledger{id: 1}}
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 4, RetainMax: 4}, s.app)
	if err != nil {
		t.Fatal(err)
	}
	s.machine = machine
	return s
}

// step feeds m and keeps what was recorded.
func (s *single) step(m batch3pc.Message) batch3pc.Ready {
	s.t.Helper()
	m.From, m.To = m.Ballot.Node, 1
	ready := s.machine.Step(&m)
	for _, r := range ready.Records {
		r.Batch = cloneBatch(r.Batch)
		s.log = append(s.log, r)
	}
	return ready
}

func (s *single) start(ballot batch3pc.Ballot, base batch3pc.Position) batch3pc.Ready {
	return s.step(batch3pc.Message{Kind: batch3pc.KindStart, Ballot: ballot, Seq: base.Seq, Chain: base.Chain})
}

func (s *single) batch(ballot batch3pc.Ballot, b *batch3pc.Batch) batch3pc.Ready {
	return s.step(batch3pc.Message{Kind: batch3pc.KindBatch, Ballot: ballot, Batch: b})
}

func (s *single) preCommit(ballot batch3pc.Ballot, at batch3pc.Position) batch3pc.Ready {
	return s.step(batch3pc.Message{Kind: batch3pc.KindPreCommit, Ballot: ballot, Seq: at.Seq, Chain: at.Chain})
}

func (s *single) commit(ballot batch3pc.Ballot, at batch3pc.Position) batch3pc.Ready {
	return s.step(batch3pc.Message{Kind: batch3pc.KindCommit, Ballot: ballot, Commit: at.Seq, CommitChain: at.Chain})
}

// fill sends b as decided.
func (s *single) fill(ballot batch3pc.Ballot, b *batch3pc.Batch) batch3pc.Ready {
	return s.step(batch3pc.Message{Kind: batch3pc.KindFill, Ballot: ballot, Batch: b, Commit: b.Seq, CommitChain: b.Chain})
}

// restart rebuilds the participant from the log it wrote.
func (s *single) restart() *single {
	s.t.Helper()
	fresh := newSingle(s.t)
	for i := range s.log {
		if err := fresh.machine.Recover(&s.log[i]); err != nil {
			s.t.Fatalf("record %d: %v", i, err)
		}
	}
	fresh.log = s.log
	return fresh
}

// chain makes n batches numbered from first, each the parent of the next.
func chain(parent batch3pc.Position, first batch3pc.Seq, n int, text string) []*batch3pc.Batch {
	var batches []*batch3pc.Batch
	for i := range n {
		b := &batch3pc.Batch{
			Seq: first + batch3pc.Seq(i), Parent: parent.Seq, ParentChain: parent.Chain,
			Generation: 1, Count: 4, Payload: []byte{byte(i), text[0]},
		}
		b.Seal()
		batches = append(batches, b)
		parent = b.Position()
	}
	return batches
}

// onlyMessage wants exactly one message in list and of that kind.
func onlyMessage(t *testing.T, list []batch3pc.Message, kind batch3pc.Kind) batch3pc.Message {
	t.Helper()
	if len(list) != 1 || list[0].Kind != kind {
		t.Fatalf("messages %v, want one %v", kindsOf(list), kind)
	}
	return list[0]
}

// noMessage wants silence.
func noMessage(t *testing.T, ready batch3pc.Ready) {
	t.Helper()
	if len(ready.Messages)+len(ready.Durable) != 0 {
		t.Fatalf("messages %v %v, want none", kindsOf(ready.Messages), kindsOf(ready.Durable))
	}
}

// onlyRecord wants exactly one record and of that kind.
func onlyRecord(t *testing.T, ready batch3pc.Ready, kind batch3pc.RecordKind) batch3pc.Record {
	t.Helper()
	if len(ready.Records) != 1 || ready.Records[0].Kind != kind {
		t.Fatalf("records %v, want one %v", ready.Records, kind)
	}
	return ready.Records[0]
}

func noRecord(t *testing.T, ready batch3pc.Ready) {
	t.Helper()
	if len(ready.Records) != 0 {
		t.Fatalf("records %v, want none", ready.Records)
	}
}

func kindsOf(list []batch3pc.Message) []batch3pc.Kind {
	var kinds []batch3pc.Kind
	for _, m := range list {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

// leader is one coordinator under test; the answers of its participants are made up.
type leader struct {
	t       *testing.T
	machine *batch3pc.Coordinator
}

func leaderConfig() batch3pc.CoordinatorConfig {
	return batch3pc.CoordinatorConfig{
		Self: 10, Boot: 1, Participants: []batch3pc.NodeID{1, 2, 3}, Members: []batch3pc.NodeID{1, 2, 3},
		Generation: 1, WindowMax: 4, RetainMax: 8, NoInputGate: true,
	}
}

func newLeader(t *testing.T, change func(*batch3pc.CoordinatorConfig)) *leader {
	t.Helper()
	cfg := leaderConfig()
	if change != nil {
		change(&cfg)
	}
	machine, err := batch3pc.NewCoordinator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &leader{t: t, machine: machine}
}

// answer feeds m from a participant, in the current ballot unless it names another.
func (l *leader) answer(from batch3pc.NodeID, m batch3pc.Message) batch3pc.Ready {
	m.From, m.To = from, 10
	if m.Ballot.IsZero() {
		m.Ballot = l.machine.Status().Ballot
	}
	return l.machine.Step(&m)
}

// state is a promise with a log that ends at voted, of which pre was accepted in attempt.
func (l *leader) state(from batch3pc.NodeID, attempt batch3pc.Ballot, pre batch3pc.Position, log ...*batch3pc.Batch) batch3pc.Ready {
	m := batch3pc.Message{
		Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, LastAttempt: attempt,
		PreCommitted: pre.Seq, PreChain: pre.Chain,
	}
	for _, b := range log {
		m.Voted, m.VotedChain = b.Seq, b.Chain
		m.Tail = batch3pc.AppendTail(m.Tail, b.Position())
	}
	return l.answer(from, m)
}

func (l *leader) at(from batch3pc.NodeID, kind batch3pc.Kind, at batch3pc.Position) batch3pc.Ready {
	return l.answer(from, batch3pc.Message{Kind: kind, Seq: at.Seq, Chain: at.Chain})
}

// active opens a ballot on empty logs.
func (l *leader) active() *leader {
	l.t.Helper()
	l.machine.Open()
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		l.state(id, batch3pc.Ballot{}, batch3pc.Position{})
	}
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		l.at(id, batch3pc.KindStartAck, batch3pc.Position{})
	}
	if s := l.machine.Status(); s.State != batch3pc.StateActive {
		l.t.Fatalf("state %v, want Active", s.State)
	}
	return l
}

func (l *leader) propose(text string) *batch3pc.Batch {
	l.t.Helper()
	b, _, err := l.machine.Propose(4, []byte(text))
	if err != nil {
		l.t.Fatal(err)
	}
	return cloneBatch(b)
}

// count counts the messages of a kind.
func count(list []batch3pc.Message, kind batch3pc.Kind) int {
	n := 0
	for _, m := range list {
		if m.Kind == kind {
			n++
		}
	}
	return n
}

// mustPanic wants call to stop the process, naming the invariant.
func mustPanic(t *testing.T, invariant string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		text, _ := r.(string)
		if want := "batch3pc: " + invariant + " violated"; len(text) < len(want) || text[:len(want)] != want {
			t.Fatalf("panic %v, want %s", r, want)
		}
	}()
	call()
}
