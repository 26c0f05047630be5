package batch3pc_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

func identity(node batch3pc.NodeID, incarnation uint64) batch3pc.Record {
	return batch3pc.Record{Kind: batch3pc.RecordIdentity, Ballot: batch3pc.Ballot{Node: node}, Incarnation: incarnation}
}

// A log begins with whose it is, once, and every message says so.
func TestLogBeginsWithItsIdentity(t *testing.T) {
	s := newSingle(t)
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Incarnation: 77, Generation: 1, WindowMax: 4}, s.app)
	if err != nil {
		t.Fatal(err)
	}
	s.machine = machine
	ready := s.start(ballot1, origin)
	if len(ready.Records) != 2 || ready.Records[0].Kind != batch3pc.RecordIdentity || ready.Records[0].Incarnation != 77 || ready.Durable[0].Incarnation != 77 {
		t.Fatalf("records %+v, messages %+v", ready.Records, ready.Durable)
	}
	onlyRecord(t, s.batch(ballot1, chain(origin, 1, 1, "x")[0]), batch3pc.RecordBatch)
	// The log's incarnation wins over that of the configuration.
	again, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Incarnation: 88, Generation: 1, WindowMax: 4}, &ledger{id: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.log {
		if err := again.Recover(&s.log[i]); err != nil {
			t.Fatal(err)
		}
	}
	if now := again.Status(); now.Incarnation != 77 {
		t.Fatalf("incarnation %d after a restart, want 77", now.Incarnation)
	}
}

// The log of another node, or of two, is refused with the reason.
func TestForeignLogsAreRefused(t *testing.T) {
	promise := batch3pc.Record{Kind: batch3pc.RecordPromise, Ballot: ballot1}
	for name, test := range map[string]struct {
		log    []batch3pc.Record
		reason string
	}{
		"another node's": {[]batch3pc.Record{identity(2, 5)}, "the log is that of participant 2, this is 1"},
		"two in one":     {[]batch3pc.Record{identity(1, 5), promise, identity(1, 6)}, "incarnation 0000000000000006"},
		"in the middle":  {[]batch3pc.Record{promise, identity(1, 5)}, "in the middle"},
	} {
		s := newSingle(t)
		var err error
		for i := range test.log {
			if err == nil {
				err = s.machine.Recover(&test.log[i])
			}
		}
		var refused *batch3pc.RecoverError
		if !errors.As(err, &refused) || refused.Kind != batch3pc.RecordIdentity || !strings.Contains(refused.Reason, test.reason) {
			t.Errorf("%s: %v, want %q", name, err, test.reason)
		}
	}
}

// identified is a leader whose participants have named logs, the entry that names them decided.
func identified(t *testing.T) *leader {
	t.Helper()
	l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Identified = true })
	l.machine.Open()
	for _, id := range participantIDs {
		if s := l.machine.Status(); s.State != batch3pc.StateElecting {
			t.Fatalf("N1: state %v before %d has promised", s.State, id)
		}
		l.named(id, batch3pc.Message{Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot})
	}
	for _, kind := range []batch3pc.Kind{batch3pc.KindStartAck, batch3pc.KindYes, batch3pc.KindPreCommitAck} {
		for _, id := range participantIDs {
			at := batch3pc.Position{}
			if kind != batch3pc.KindStartAck {
				at = l.machine.Generation().At
			}
			l.named(id, batch3pc.Message{Kind: kind, Seq: at.Seq, Chain: at.Chain})
		}
	}
	if s := l.machine.Status(); s.Committed != 1 || s.Changing || s.Generation != 2 {
		t.Fatalf("N1: %+v, want the first entry decided", s)
	}
	return l
}

// named is an answer of the log that participant from has in these tests.
func (l *leader) named(from batch3pc.NodeID, m batch3pc.Message) batch3pc.Ready {
	m.Incarnation = 100 + uint64(from)
	return l.answer(from, m)
}

// N1, N2: the first entry names the logs, and an answer of another log counts for nothing.
func TestN2AnotherLogDoesNotCount(t *testing.T) {
	l := identified(t)
	g := l.machine.Generation()
	for _, id := range participantIDs {
		if g.Find(id).Incarnation != 100+uint64(id) {
			t.Fatalf("generation %+v", g)
		}
	}
	b := l.propose("a")
	for _, id := range participantIDs {
		l.named(id, batch3pc.Message{Kind: batch3pc.KindYes, Seq: b.Seq, Chain: b.Chain})
	}
	l.named(1, batch3pc.Message{Kind: batch3pc.KindPreCommitAck, Seq: b.Seq, Chain: b.Chain})
	ready := l.answer(2, batch3pc.Message{Kind: batch3pc.KindPreCommitAck, Seq: b.Seq, Chain: b.Chain, Incarnation: 7})
	if s := l.machine.Status(); s.Committed != 1 || count(ready.Durable, batch3pc.KindStateReq) != 1 {
		t.Fatalf("committed %d by the word of another log; %v", s.Committed, kindsOf(ready.Durable))
	}
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, Incarnation: 7})
	if p := l.machine.AppendPeers(nil)[1]; p.Counts || p.Trouble != batch3pc.TroubleIncarnation || p.Incarnation != 7 || p.Known != 102 {
		t.Fatalf("peer %+v", p)
	}
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindStartAck, Seq: 1, Chain: g.At.Chain, Incarnation: 7})
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindPreCommitAck, Seq: b.Seq, Chain: b.Chain, Incarnation: 7})
	if s := l.machine.Status(); s.Committed != 1 {
		t.Fatal("the acknowledgement of a log that nobody knows decided")
	}
	l.named(3, batch3pc.Message{Kind: batch3pc.KindPreCommitAck, Seq: b.Seq, Chain: b.Chain})
	if s := l.machine.Status(); s.Committed != b.Seq {
		t.Fatal("the two that count are a quorum")
	}
}

// A log that has lost what was durable in it has its right name, and counts for nothing from the moment on at which
// the driver says so, until it says otherwise; another log is not meant by that.
func TestDistrustedLogDoesNotCount(t *testing.T) {
	l := identified(t)
	state := func(incarnation uint64) batch3pc.PeerStatus {
		l.answer(2, batch3pc.Message{Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, Incarnation: incarnation})
		return l.machine.AppendPeers(nil)[1]
	}
	b := l.propose("a")
	for _, id := range participantIDs {
		l.named(id, batch3pc.Message{Kind: batch3pc.KindYes, Seq: b.Seq, Chain: b.Chain})
	}
	l.named(1, batch3pc.Message{Kind: batch3pc.KindPreCommitAck, Seq: b.Seq, Chain: b.Chain})
	l.machine.Distrust(2, 102, true)
	l.machine.Distrust(9, 102, true) // nobody
	l.machine.Distrust(3, 0, true)   // no name
	if p := state(102); p.Counts || p.Trouble != batch3pc.TroubleForgotten {
		t.Fatalf("peer %+v", p)
	}
	l.named(2, batch3pc.Message{Kind: batch3pc.KindPreCommitAck, Seq: b.Seq, Chain: b.Chain})
	if s := l.machine.Status(); s.Committed != 1 {
		t.Fatal("the acknowledgement of a log that has forgotten decided")
	}
	if p := state(7); p.Trouble != batch3pc.TroubleIncarnation {
		t.Fatalf("another log: %+v", p)
	}
	l.machine.Open()
	if p := l.machine.AppendPeers(nil)[1]; p.Counts {
		t.Fatalf("a ballot later: %+v", p)
	}
	g := l.machine.Generation()
	for lacks, want := range map[bool]batch3pc.Trouble{true: batch3pc.TroubleForgotten, false: batch3pc.TroubleNone} {
		l.machine.Open()
		l.machine.Distrust(2, 102, lacks)
		for _, id := range participantIDs {
			l.named(id, batch3pc.Message{
				Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, Voted: 1, VotedChain: g.At.Chain,
				PreCommitted: 1, PreChain: g.At.Chain, Applied: 1, AppliedChain: g.At.Chain, Generations: batch3pc.AppendGeneration(nil, &g),
			})
		}
		if p := l.machine.AppendPeers(nil)[1]; p.Counts == lacks || p.Trouble != want {
			t.Fatalf("lacks %v: %+v", lacks, p)
		}
	}
}

// N3: only one at a time, only one in trouble, and only when it has caught up.
func TestN3ReplacementsAreRefused(t *testing.T) {
	l := identified(t)
	for name, replaced := range map[string][]batch3pc.NodeID{"has its log": {2}, "two": {1, 2}, "stranger": {9}} {
		_, err := l.machine.ProposeGeneration(participantIDs, replaced...)
		if !errors.Is(err, batch3pc.ErrMembership) {
			t.Errorf("%s: %v, want a MembershipError", name, err)
		}
	}
	l.answer(2, batch3pc.Message{Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, Incarnation: 7})
	if _, err := l.machine.ProposeGeneration(participantIDs, 2); !errors.Is(err, batch3pc.ErrMembership) {
		t.Errorf("has not caught up: %v, want a MembershipError", err)
	}
}

// entry is a generation of all participants as members, the log of participant 2 being second.
func entry(parent batch3pc.Position, seq batch3pc.Seq, number uint32, second uint64) *batch3pc.Batch {
	b := &batch3pc.Batch{Seq: seq, Parent: parent.Seq, ParentChain: parent.Chain, Generation: number, Count: batch3pc.CountGeneration}
	for i, incarnation := range []uint64{101, second, 103} {
		b.Payload = append(b.Payload, byte(i+1), 1, 0, 0, 0, 0, 0, 0)
		b.Payload = binary.LittleEndian.AppendUint64(b.Payload, incarnation)
	}
	b.Seal()
	return b
}

// N2 while a replacement is in doubt: one participant has pre-committed the entry that names the new
// log of 2, and knows only the one before it to be decided. Neither log of 2 may make up a quorum.
func TestN2NeitherLogCountsWhileInDoubt(t *testing.T) {
	first := entry(origin, 1, 2, 102)
	second := entry(first.Position(), 2, 3, 202)
	var known []byte
	for _, b := range []*batch3pc.Batch{first, second} {
		g, ok := batch3pc.GenerationOf(b)
		if !ok {
			t.Fatal("no generation")
		}
		known = batch3pc.AppendGeneration(known, &g)
	}
	knower := batch3pc.Message{
		Kind: batch3pc.KindState, LastAttempt: ballot1, PreCommitted: 2, PreChain: second.Chain, Voted: 2, VotedChain: second.Chain,
		Applied: 1, AppliedChain: first.Chain, Tail: batch3pc.AppendTail(nil, second.Position()), Generations: known, Incarnation: 101,
	}
	for name, log := range map[string]uint64{"the old": 102, "the new": 202, "none of both": 7} {
		t.Run(name, func(t *testing.T) {
			l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) { cfg.Identified = true })
			l.machine.Open()
			l.machine.Open() // above the attempt
			m := knower
			m.LastElected = l.machine.Status().Ballot
			l.answer(1, m)
			other := batch3pc.Message{Kind: batch3pc.KindState, LastElected: m.LastElected, Incarnation: log}
			if log == 202 { // it was filled up
				other = m
				other.Incarnation = log
			}
			l.answer(2, other)
			if s, p := l.machine.Status(), l.machine.AppendPeers(nil)[1]; s.State != batch3pc.StateElecting || p.Counts {
				t.Fatalf("elected by 1 and %s log of 2: %v, %+v", name, s.State, p)
			}
			l.answer(3, batch3pc.Message{Kind: batch3pc.KindState, LastElected: m.LastElected, Incarnation: 103})
			if s := l.machine.Status(); s.State != batch3pc.StateStarting || s.Base != 2 {
				t.Fatalf("with 3: %v at %d, want Starting at 2", s.State, s.Base)
			}
		})
	}
}

// N2: a coordinator that is configured with fewer participants than the stream names is elected by nobody. Its quorum
// would be smaller, and need not share a participant with that of the others.
func TestN2FewerParticipantsThanNamed(t *testing.T) {
	first := entry(origin, 1, 2, 102)
	g, ok := batch3pc.GenerationOf(first)
	if !ok {
		t.Fatal("no generation")
	}
	for _, configured := range [][]batch3pc.NodeID{{1}, {1, 2}, {1, 2, 3}} {
		l := newLeader(t, func(cfg *batch3pc.CoordinatorConfig) {
			cfg.Identified, cfg.Participants, cfg.Members, cfg.Excludable = true, configured, configured, nil
		})
		l.machine.Open()
		l.machine.Open() // above the attempt
		for _, id := range configured {
			l.named(id, batch3pc.Message{
				Kind: batch3pc.KindState, LastElected: l.machine.Status().Ballot, LastAttempt: ballot1, Voted: 1, VotedChain: first.Chain,
				PreCommitted: 1, PreChain: first.Chain, Applied: 1, AppliedChain: first.Chain, Generations: batch3pc.AppendGeneration(nil, &g),
			})
		}
		want, trouble := batch3pc.StateElecting, batch3pc.TroubleUnknown
		if len(configured) == 3 {
			want, trouble = batch3pc.StateStarting, batch3pc.TroubleNone
		}
		if s, p := l.machine.Status(), l.machine.AppendPeers(nil)[0]; s.State != want || p.Trouble != trouble {
			t.Errorf("of %v: state %v, %+v, want %v and %v", configured, s.State, p, want, trouble)
		}
	}
}
