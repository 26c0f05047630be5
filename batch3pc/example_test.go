package batch3pc_test

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// printer is an App that agrees to everything.
type printer struct{ name string }

func (p printer) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }
func (p printer) Apply(b *batch3pc.Batch) {
	fmt.Printf("%s applies %d: %s\n", p.name, b.Seq, b.Payload)
}
func (p printer) Drop(b *batch3pc.Batch) { fmt.Printf("%s drops %d\n", p.name, b.Seq) }

// bus is a driver in memory: a queue instead of links, a slice instead of a log.
type bus struct {
	coordinator  *batch3pc.Coordinator
	participants map[batch3pc.NodeID]*batch3pc.Participant
	queue        []batch3pc.Message
	log          []batch3pc.Record
}

// do obeys a Ready. A slice is durable at once; with a disk, the sync stands between Messages and
// Durable, and one sync serves all that came before it. What waits must not alias the machine.
func (b *bus) do(ready batch3pc.Ready) {
	for _, r := range ready.Records {
		r.Batch = cloneBatch(r.Batch)
		b.log = append(b.log, r)
	}
	for _, m := range append(ready.Messages, ready.Durable...) {
		b.queue = append(b.queue, cloneMessage(m))
	}
}

// run delivers until nothing is left to say.
func (b *bus) run() {
	for len(b.queue) > 0 {
		m := b.queue[0]
		b.queue = b.queue[1:]
		if p, ok := b.participants[m.To]; ok {
			b.do(p.Step(&m))
		} else {
			b.do(b.coordinator.Step(&m))
		}
	}
}

func Example() {
	const engine batch3pc.NodeID = 10
	nodes := []batch3pc.NodeID{1, 2, 3}
	coordinator, err := batch3pc.NewCoordinator(batch3pc.CoordinatorConfig{
		Self: engine, Boot: 1, Participants: nodes, Members: nodes, Generation: 1,
		WindowMax: 8, RetainMax: 32, NoInputGate: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	b := &bus{coordinator: coordinator, participants: map[batch3pc.NodeID]*batch3pc.Participant{}}
	for i, name := range []string{"risk", "settlement", "market data"} {
		p, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: nodes[i], Generation: 1, WindowMax: 8, RetainMax: 32}, printer{name})
		if err != nil {
			fmt.Println(err)
			return
		}
		b.participants[nodes[i]] = p
	}
	for _, id := range nodes {
		b.do(coordinator.PeerUp(id))
	}
	b.do(coordinator.Open())
	b.run()
	_, ready, err := coordinator.Propose(1, []byte("100 RELIANCE @ 1402.50"))
	if err != nil {
		fmt.Println(err)
		return
	}
	b.do(ready)
	b.run()
	fmt.Println(coordinator.Status().State, "committed", coordinator.Status().Committed)
	// Output:
	// risk applies 1: 100 RELIANCE @ 1402.50
	// settlement applies 1: 100 RELIANCE @ 1402.50
	// market data applies 1: 100 RELIANCE @ 1402.50
	// Active committed 1
}
