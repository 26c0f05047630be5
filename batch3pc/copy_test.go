package batch3pc

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
)

// TestCopyKnowsEveryField fails when a machine has a field that CopyFrom and AppendState may not
// know: a copy that forgets state, or a state that is not compared, makes a search skip what it
// should see. Teach both, then name the field here.
func TestCopyKnowsEveryField(t *testing.T) {
	for _, test := range []struct {
		of    any
		known string
	}{
		{Participant{}, "cfg app elected attempt pre log decided appliedBatches refused path pathBallot incarnation identified begun hole proved lost truncate logRoot incoming badSnapshots image imageAt imageDigest heard tail generations out"},
		{Coordinator{}, "cfg quorum peers state ballot epoch patience giveUp base baseGeneration preSent committed inputs logged truncate seqSeen log decided wishing refused refusal ignored nowNs tickNs clock out"},
		{Standby{}, "cfg coordinator watching watched takeovers"},
		{progress{}, "id member wished replaced incarnation distrusted counts trouble durable serves snapshotFrom snapshotAt snapshotOffset up down phase behindNs silentNs moved reply based voted accepted acked applied sent preSent commitSent fetched fetching want wantLeft asking helper unanswered"},
		{stateReply{}, "attempt pre voted applied tail generations"},
		{history{}, "slots first count root rootGeneration tailGeneration"},
		{Refusal{}, "Seq From Reason Veto"},
	} {
		kind := reflect.TypeOf(test.of)
		known := bytes.Fields([]byte(test.known))
		for i := range kind.NumField() {
			name := []byte(kind.Field(i).Name)
			if !slices.ContainsFunc(known, func(k []byte) bool { return bytes.Equal(k, name) }) {
				t.Errorf("%v has a field %s that CopyFrom and AppendState have to be taught", kind, name)
			}
		}
	}
}

type yesMan struct{}

func (yesMan) Vote(*Batch, bool) Vote { return Vote{Yes: true} }
func (yesMan) Apply(*Batch)           {}
func (yesMan) Drop(*Batch)            {}

// A copy behaves like its original, and what happens to one does not reach the other.
func TestCopiesAreEqualAndApart(t *testing.T) {
	newPair := func() (*Coordinator, *Participant) {
		c, err := NewCoordinator(CoordinatorConfig{Self: 10, Boot: 1, Participants: []NodeID{1}, Members: []NodeID{1}, Generation: 1, WindowMax: 2, RetainMax: 3, NoInputGate: true})
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewParticipant(ParticipantConfig{Self: 1, Generation: 1, WindowMax: 2, RetainMax: 3}, yesMan{})
		if err != nil {
			t.Fatal(err)
		}
		return c, p
	}
	c, p := newPair()
	c2, p2 := newPair()
	work := func(c *Coordinator, p *Participant, ready Ready) {
		queue := slices.Concat(ready.Messages, ready.Durable)
		for len(queue) > 0 {
			m := queue[0]
			if queue = queue[1:]; m.To == 10 {
				ready = c.Step(&m)
			} else {
				ready = p.Step(&m)
			}
			queue = append(queue, slices.Concat(ready.Messages, ready.Durable)...)
		}
	}
	state := func(c *Coordinator, p *Participant) string { return string(p.AppendState(c.AppendState(nil))) }
	work(c, p, c.Open())
	for i := range 9 {
		c2.CopyFrom(c)
		p2.CopyFrom(p, yesMan{})
		before := state(c, p)
		if state(c2, p2) != before {
			t.Fatalf("round %d: a copy has another state", i)
		}
		_, ready, err := c.Propose(1, []byte{byte(i), 1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		work(c, p, ready)
		after := state(c, p)
		if state(c2, p2) != before || after == before {
			t.Fatalf("round %d: the copy changed with its original, or the original not at all", i)
		}
		_, ready, _ = c2.Propose(1, []byte{byte(i), 1, 2, 3})
		if work(c2, p2, ready); state(c2, p2) != after {
			t.Fatalf("round %d: a copy goes another way", i)
		}
		if at := p.log.len() - 1; &p.log.at(at).Payload[0] == &p2.log.at(at).Payload[0] {
			t.Fatal("two participants share a payload")
		}
	}
}
