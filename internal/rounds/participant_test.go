package rounds_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

const (
	engine batch3pc.NodeID = 16
	backup batch3pc.NodeID = 17
)

// site is a participant, its log, and the coordinators' ends of its links.
type site struct {
	t       *testing.T
	app     agree
	machine *batch3pc.Participant
	log     memLog
	driver  *rounds.Participant
	engine  *memLink
	backup  *memLink
	near    *memLink // the participant's end of the engine's link
}

func newSite(t *testing.T, cfg rounds.ParticipantConfig) *site {
	t.Helper()
	s := &site{t: t}
	return s.start(cfg, &s.log)
}

// start makes the participant, whose log is s.log or one around it.
func (s *site) start(cfg rounds.ParticipantConfig, log rounds.Log) *site {
	t := s.t
	t.Helper()
	var err error
	s.machine, err = batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 8}, &s.app)
	if err != nil {
		t.Fatal(err)
	}
	var peers [2]rounds.Peer
	peers[0].Node, peers[1].Node = engine, backup
	s.engine, s.near = memPair()
	peers[0].Link = s.near
	s.backup, peers[1].Link = pairOf()
	s.driver = rounds.NewParticipant(cfg, s.machine, log, peers[:])
	return s
}

func pairOf() (*memLink, rounds.Link) { a, b := memPair(); return a, b }

// round runs one round and returns what the engine has heard.
func (s *site) round() []batch3pc.Kind {
	s.t.Helper()
	if _, err := s.driver.Round(1); err != nil {
		s.t.Fatal(err)
	}
	return s.engine.heard(s.t)
}

func (s *site) want(step string, got []batch3pc.Kind, want ...batch3pc.Kind) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		s.t.Fatalf("%s: answers %v, want %v", step, got, want)
	}
}

var first = batch3pc.Ballot{Epoch: 1, Node: engine, Boot: 1}

func (s *site) tell(m batch3pc.Message) {
	m.From, m.To, m.Ballot = engine, 1, first
	s.engine.tell(m)
}

// TestDurableMessagesWait: D1. A vote leaves without a sync, promises do not, and one sync serves
// all that came before it.
func TestDurableMessagesWait(t *testing.T) {
	s := newSite(t, rounds.ParticipantConfig{})
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.want("promise on its way to the disk", s.round())
	s.want("still", s.round())
	if s.driver.Ready() {
		t.Error("ready without a sync that ended")
	}
	s.log.sync(t)
	if !s.driver.Ready() {
		t.Error("not ready although the promise is durable")
	}
	s.want("promise durable", s.round(), batch3pc.KindState)
	s.tell(batch3pc.Message{Kind: batch3pc.KindStart})
	s.want("start on its way to the disk", s.round())
	s.log.sync(t)
	s.want("start durable", s.round(), batch3pc.KindStartAck)

	b := batch3pc.Batch{Seq: 1, Generation: 1, Count: 1, Payload: []byte("payload")}
	b.Seal()
	before := s.log.wanted
	s.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: 1, Batch: &b})
	s.want("vote", s.round(), batch3pc.KindYes)
	if s.log.wanted != before {
		t.Error("a sync for a vote alone: it should ride on the next PRE-COMMIT")
	}
	s.tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: 1, Chain: b.Chain})
	s.want("pre-commit on its way to the disk", s.round())
	s.log.sync(t)
	s.want("pre-commit durable", s.round(), batch3pc.KindPreCommitAck)
	s.tell(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: 1, CommitChain: b.Chain})
	s.want("commit", s.round(), batch3pc.KindApplied)
	if !slices.Equal(s.app.applied, []batch3pc.Seq{1}) {
		t.Errorf("applied %v, want batch 1", s.app.applied)
	}
}

// TestAsync: to measure what the disk costs, promises leave at once.
func TestAsync(t *testing.T) {
	s := newSite(t, rounds.ParticipantConfig{Async: true})
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.want("promise", s.round(), batch3pc.KindState)
	if s.log.wanted != 0 {
		t.Error("a sync was asked for")
	}
}

// TestRestart: D2. A machine to which the log is replayed is the same machine.
func TestRestart(t *testing.T) {
	s := newSite(t, rounds.ParticipantConfig{Async: true})
	b := batch3pc.Batch{Seq: 1, Generation: 1, Count: 1, Payload: []byte("payload")}
	b.Seal()
	for _, m := range []batch3pc.Message{
		{Kind: batch3pc.KindStateReq}, {Kind: batch3pc.KindStart}, {Kind: batch3pc.KindBatch, Seq: 1, Batch: &b},
		{Kind: batch3pc.KindPreCommit, Seq: 1, Chain: b.Chain}, {Kind: batch3pc.KindCommit, Commit: 1, CommitChain: b.Chain},
	} {
		s.tell(m)
		s.round()
		again := newSite(t, rounds.ParticipantConfig{})
		replay := rounds.Replay(again.machine)
		for _, r := range s.log.records {
			if err := replay(r[0], r[1:]); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := again.machine.Status(), s.machine.Status(); got != want {
			t.Errorf("after %v: replayed %+v, want %+v", m.Kind, got, want)
		}
	}
	if err := rounds.Replay(s.machine)(99, nil); !errors.Is(err, codec.ErrRecord) {
		t.Errorf("a record of kind 99: %v, want ErrRecord", err)
	}
}

// TestTwoCoordinators: an answer goes to the coordinator that asked, and a node may not speak for
// another.
func TestTwoCoordinators(t *testing.T) {
	s := newSite(t, rounds.ParticipantConfig{Async: true})
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.want("engine", s.round(), batch3pc.KindState)
	s.backup.tell(batch3pc.Message{Kind: batch3pc.KindStateReq, From: backup, To: 1, Ballot: batch3pc.Ballot{Epoch: 2, Node: backup, Boot: 1}})
	s.want("backup", s.round())
	s.want("backup", s.backup.heard(t), batch3pc.KindState)
	if n := s.driver.Connected(); n != 2 {
		t.Errorf("%d connected, want 2", n)
	}
	s.tell(batch3pc.Message{Kind: batch3pc.KindStart})
	s.want("engine, fenced", s.round(), batch3pc.KindStale)
	s.backup.tell(batch3pc.Message{Kind: batch3pc.KindStateReq, From: engine, To: 1, Ballot: batch3pc.Ballot{Epoch: 3, Node: engine}})
	s.want("the backup speaks for the engine", s.round())
	if n := s.driver.Bad(); n != 1 || s.machine.Status().LastElected.Epoch != 2 {
		t.Errorf("%d frames dropped, promised %v: the backup was taken for the engine", n, s.machine.Status().LastElected)
	}
}

// TestLinkTrouble: a full link loses messages, a broken one is not connected, and neither ends the
// node.
func TestLinkTrouble(t *testing.T) {
	s := newSite(t, rounds.ParticipantConfig{Async: true})
	s.near.full = true
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.want("no room", s.round())
	s.near.full = false
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.want("asked again", s.round(), batch3pc.KindState)
	*s.engine.out = append(*s.engine.out, memEvent{event: rounds.EventDown})
	s.round()
	if n := s.driver.Connected(); n != 1 {
		t.Errorf("%d connected, want 1", n)
	}
}

// TestLogFailure: D3.
func TestLogFailure(t *testing.T) {
	s := newSite(t, rounds.ParticipantConfig{})
	s.round()
	s.log.failed = errors.New("disk on fire")
	if !s.driver.Ready() {
		t.Error("nobody would notice that the log has failed")
	}
	if _, err := s.driver.Round(1); !errors.Is(err, s.log.failed) {
		t.Errorf("error %v, want that of the log", err)
	}
}

// TestOtherFrames: what is not the protocol's goes to whoever is there for it, and is dropped if nobody
// is. So is a message that is none.
func TestOtherFrames(t *testing.T) {
	frame := codec.BeginFrame(nil, codec.Header{Kind: codec.FrameFinish})
	codec.SealFrame(frame)
	s := newSite(t, rounds.ParticipantConfig{})
	*s.engine.out = append(*s.engine.out, memEvent{rounds.EventFrame, frame})
	message := codec.BeginFrame(nil, codec.Header{Kind: codec.FrameMessage, From: uint8(engine)})
	codec.SealFrame(message)
	*s.engine.out = append(*s.engine.out, memEvent{rounds.EventFrame, message})
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.round()
	if n := s.driver.Bad(); n != 2 || s.machine.Status().LastElected != first {
		t.Errorf("%d frames dropped, promised %v: want 2, and the next message heard", n, s.machine.Status().LastElected)
	}
	var got batch3pc.NodeID
	s = newSite(t, rounds.ParticipantConfig{Other: func(from batch3pc.NodeID, h codec.Header, _ []byte) error {
		if h.Kind == codec.FrameFinish {
			got = from
		}
		return nil
	}})
	*s.engine.out = append(*s.engine.out, memEvent{rounds.EventFrame, frame})
	if s.round(); got != engine {
		t.Errorf("finish from node %d, want %d", got, engine)
	}
}

// TestOtherFrameIsMalformed: what the taker of a frame cannot read is dropped; any other error of his ends the node.
func TestOtherFrameIsMalformed(t *testing.T) {
	frame := codec.BeginFrame(nil, codec.Header{Kind: codec.FrameFinish})
	codec.SealFrame(frame)
	why := fmt.Errorf("%w: a finish", codec.ErrFrameBody)
	s := newSite(t, rounds.ParticipantConfig{Other: func(batch3pc.NodeID, codec.Header, []byte) error { return why }})
	*s.engine.out = append(*s.engine.out, memEvent{rounds.EventFrame, frame})
	if s.round(); s.driver.Bad() != 1 {
		t.Errorf("%d frames dropped, want 1", s.driver.Bad())
	}
	why = errors.New("no more")
	*s.engine.out = append(*s.engine.out, memEvent{rounds.EventFrame, frame})
	if _, err := s.driver.Round(2); !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
}
