package batch3pc_test

import (
	"encoding/binary"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// counter is the cheapest App: what is measured is the protocol.
type counter struct{ voted, applied, dropped int }

func (c *counter) Vote(*batch3pc.Batch, bool) batch3pc.Vote {
	c.voted++
	return batch3pc.Vote{Yes: true}
}
func (c *counter) Apply(*batch3pc.Batch) { c.applied++ }
func (c *counter) Drop(*batch3pc.Batch)  { c.dropped++ }

// rig is a coordinator and three participants that hand each other messages without a copy: a
// message is delivered before the machine that made it is called again.
type rig struct {
	tb           testing.TB
	coordinator  *batch3pc.Coordinator
	participants [3]*batch3pc.Participant
	apps         [3]counter
	queue, next  []batch3pc.Message
	payload      []byte
}

// newRig has an active ballot and payloads of size bytes.
func newRig(tb testing.TB, window, size int) *rig {
	tb.Helper()
	nodes := []batch3pc.NodeID{1, 2, 3}
	r := &rig{tb: tb, payload: make([]byte, size)}
	var err error
	if r.coordinator, err = batch3pc.NewCoordinator(batch3pc.CoordinatorConfig{
		Self: 10, Boot: 1, Participants: nodes, Members: nodes, Generation: 1,
		WindowMax: window, RetainMax: 2 * window, NoInputGate: true,
	}); err != nil {
		tb.Fatal(err)
	}
	for i := range r.participants {
		cfg := batch3pc.ParticipantConfig{Self: nodes[i], Generation: 1, WindowMax: window, RetainMax: 2 * window}
		if r.participants[i], err = batch3pc.NewParticipant(cfg, &r.apps[i]); err != nil {
			tb.Fatal(err)
		}
	}
	r.take(r.coordinator.Open())
	r.run()
	if s := r.coordinator.Status(); s.State != batch3pc.StateActive {
		tb.Fatalf("state %v, want Active", s.State)
	}
	return r
}

func (r *rig) take(ready batch3pc.Ready) {
	r.next = append(r.next, ready.Messages...)
	r.next = append(r.next, ready.Durable...)
}

// run delivers generation by generation; a batch stays in the coordinator's log as long as it is
// in flight.
func (r *rig) run() {
	for len(r.next) > 0 {
		r.queue, r.next = r.next, r.queue[:0]
		for i := range r.queue {
			m := &r.queue[i]
			if m.To == 10 {
				r.take(r.coordinator.Step(m))
			} else {
				r.take(r.participants[m.To-1].Step(m))
			}
		}
	}
}

// commit proposes n batches at once and decides them.
func (r *rig) commit(n int) {
	for range n {
		binary.LittleEndian.PutUint64(r.payload, binary.LittleEndian.Uint64(r.payload)+1)
		_, ready, err := r.coordinator.Propose(1000, r.payload)
		if err != nil {
			r.tb.Fatal(err)
		}
		r.take(ready)
		if n == 1 {
			continue
		}
		// The payload buffer is shared: the participants take their copies before it changes.
		r.deliverBatches()
	}
	r.run()
}

// deliverBatches hands the batches in r.next to the participants, so that they leave their copies.
func (r *rig) deliverBatches() {
	r.queue, r.next = r.next, r.queue[:0]
	for i := range r.queue {
		if m := &r.queue[i]; m.Kind == batch3pc.KindBatch {
			r.take(r.participants[m.To-1].Step(m))
		} else {
			r.next = append(r.next, *m)
		}
	}
}
