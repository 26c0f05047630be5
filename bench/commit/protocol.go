package commit

import (
	"path/filepath"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/textbook"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Protocols of a Case. All but E3PC are unsafe, and are here for the comparison alone: 2PC blocks
// when its coordinator dies, and 3PC splits (batch3pc/textbook).
const (
	Protocol2PC  = "2pc"
	Protocol3PC  = "3pc"
	ProtocolE3PC = "e3pc"
)

// Protocols lists them.
var Protocols = []string{Protocol2PC, Protocol3PC, ProtocolE3PC}

// timeoutTicks is how long the textbooks' timers wait, in Ticks of tickEvery: longer than a run may
// stall.
const timeoutTicks = int(2 * stallMax / tickEvery)

// textbookConfig configures the machines of another protocol.
func textbookConfig(protocol string) textbook.Config {
	p := textbook.TwoPhase
	if protocol == Protocol3PC {
		p = textbook.ThreePhase
	}
	return textbook.Config{Protocol: p, Self: coordinatorNode, Boot: boot, Generation: 1, TimeoutTicks: timeoutTicks}
}

// proposer makes the coordinator's machine. One of another protocol has a disk if the case is durable:
// the decision of two-phase commit is a record there.
func (c *Case) proposer(dir string, bell *ringbuf.Bell) (rounds.Proposer, *rounds.Disk, error) {
	var nodes []batch3pc.NodeID
	for i := range c.Participants {
		nodes = append(nodes, batch3pc.NodeID(i+1))
	}
	if c.Protocol == ProtocolE3PC {
		cfg := batch3pc.CoordinatorConfig{
			Self: coordinatorNode, Boot: boot, Participants: nodes, Members: nodes, Generation: 1,
			WindowMax: c.Window, RetainMax: c.retain(), NoInputGate: true,
		}
		if c.Behind > 0 {
			cfg.Excludable = []batch3pc.NodeID{away}
		}
		m, err := batch3pc.NewCoordinator(cfg)
		return m, nil, err
	}
	cfg := textbookConfig(c.Protocol)
	cfg.Participants, cfg.WindowMax, cfg.RetainMax = nodes, c.Window, c.retain()
	m, err := textbook.NewCoordinator(cfg)
	if err != nil || !c.Durable {
		return m, nil, err
	}
	disk, err := rounds.OpenDisk(filepath.Join(dir, "coordinator"), bell, rounds.Replay(m))
	if err != nil {
		return nil, nil, err
	}
	disk.Start()
	return m, disk, nil
}

// waiting is a message of the coordinator that may leave when the record with its LSN is durable.
type waiting struct {
	lsn uint64
	msg batch3pc.Message
}

// keep writes the records of a Ready and lets its promises wait for them.
func (k *coordinator) keep(r *batch3pc.Ready) {
	for i := range r.Records {
		rec := &r.Records[i]
		k.scratch = codec.AppendRecordHead(k.scratch[:0], rec)
		if err := k.disk.Append(uint8(rec.Kind), k.scratch, codec.RecordPayload(rec)); err != nil {
			k.diskErr = err
		}
	}
	for i := range r.Durable {
		k.waiting = append(k.waiting, waiting{k.disk.LSN(), r.Durable[i]})
	}
}

// synced reports whether a message that waits may leave, or has left for the coordinator itself.
func (k *coordinator) synced() bool {
	if k.disk == nil {
		return len(k.own) > 0
	}
	synced, err := k.disk.Synced()
	return err != nil || len(k.own) > 0 || len(k.waiting) > 0 && k.waiting[0].lsn <= synced
}

// release sends the waiting messages whose records are durable, and asks for a sync if some are not.
func (k *coordinator) release() error {
	if k.disk == nil || len(k.waiting) == 0 {
		return k.diskErr
	}
	if err := k.disk.Flush(); err != nil {
		return err
	}
	k.disk.Want(k.disk.LSN())
	synced, err := k.disk.Synced()
	if err != nil {
		return err
	}
	sent := 0
	for sent < len(k.waiting) && k.waiting[sent].lsn <= synced {
		k.send(&k.waiting[sent].msg)
		sent++
	}
	k.waiting = append(k.waiting[:0], k.waiting[sent:]...)
	return k.diskErr
}

func (k *coordinator) close() error {
	if k.disk == nil {
		return nil
	}
	return k.disk.Close()
}
