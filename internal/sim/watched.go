package sim

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// A driver calls its machine many times in a round. These stand between the two, so that the Watch
// sees every step.

// watchedParticipant is a rounds.Machine and rounds.Repairer.
type watchedParticipant struct {
	*batch3pc.Participant
	world *World
	id    batch3pc.NodeID
	read  []batch3pc.Record // of the log, as it was replayed
}

// Step implements rounds.Machine.
func (p *watchedParticipant) Step(m *batch3pc.Message) batch3pc.Ready {
	ready := p.Participant.Step(m)
	p.world.recorded(p.id, &ready)
	now := p.Status()
	p.world.watch.Participant(p.id, &now)
	return ready
}

// Checkpoint is that of the machine, which writes records too.
func (p *watchedParticipant) Checkpoint() (batch3pc.Ready, error) {
	ready, err := p.Participant.Checkpoint()
	if err == nil {
		p.world.recorded(p.id, &ready)
	}
	return ready, err
}

// recorded shows the Watch what a machine wants to have logged.
func (w *World) recorded(id batch3pc.NodeID, ready *batch3pc.Ready) {
	for i := range ready.Records {
		w.watch.Recorded(id, &ready.Records[i])
	}
}

// Recover implements rounds.Repairer.
func (p *watchedParticipant) Recover(r *batch3pc.Record) error {
	c := *r
	c.Batch, c.Chunk = p.world.memory.batch(r.Batch), p.world.memory.clone(r.Chunk)
	p.read = append(p.read, c)
	return p.Participant.Recover(r)
}

// watchedCoordinator is a rounds.Proposer.
type watchedCoordinator struct {
	rounds.Proposer
	machine *batch3pc.Coordinator
	world   *World
	c       *coordinator
}

// saw shows the Watch where the machine stands.
func (m *watchedCoordinator) saw(ready batch3pc.Ready) batch3pc.Ready {
	now := m.machine.Status()
	w := m.world
	w.recorded(m.c.id, &ready)
	if w.setup.Gate {
		w.watch.Gate(m.c.id, m.c.inputs)
	}
	w.watch.Coordinator(m.c.id, &now)
	return ready
}

// The calls of rounds.Proposer that move the machine.

func (m *watchedCoordinator) Open() batch3pc.Ready { return m.saw(m.Proposer.Open()) }

func (m *watchedCoordinator) Step(msg *batch3pc.Message) batch3pc.Ready {
	return m.saw(m.Proposer.Step(msg))
}

func (m *watchedCoordinator) Tick() batch3pc.Ready { return m.saw(m.Proposer.Tick()) }

func (m *watchedCoordinator) PeerUp(id batch3pc.NodeID) batch3pc.Ready {
	return m.saw(m.Proposer.PeerUp(id))
}

func (m *watchedCoordinator) InputsDurable(s batch3pc.Seq) batch3pc.Ready {
	return m.saw(m.Proposer.InputsDurable(s))
}

func (m *watchedCoordinator) ProposeGeneration(members []batch3pc.NodeID, replaced ...batch3pc.NodeID) (batch3pc.Ready, error) {
	ready, err := m.machine.ProposeGeneration(members, replaced...)
	if err != nil {
		return ready, err
	}
	return m.saw(ready), nil
}

// Propose implements rounds.Proposer.
func (m *watchedCoordinator) Propose(count uint32, payload []byte) (*batch3pc.Batch, batch3pc.Ready, error) {
	b, ready, err := m.Proposer.Propose(count, payload)
	if err != nil {
		return nil, ready, err
	}
	m.world.numbered(m.c, b)
	m.world.watch.Proposed(m.c.id, m.machine.Status().Ballot, b)
	return b, m.saw(ready), nil
}
