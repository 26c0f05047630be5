package driver

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// ParticipantOptions say which participant to run, and where its log is.
type ParticipantOptions struct {
	Group Group
	Self  batch3pc.NodeID // one of Group.Participants
	Dir   string          // its own; made if it is not there
	// App is the business. At the start the log is replayed to it, so it begins empty. Afterwards it
	// is called by the node's goroutine alone.
	App batch3pc.App
	// Wait is how the node's goroutine waits for something to do; zero: it parks at once. Spinning is
	// faster where the node has a core of its own, and slower where it has not.
	Wait ringbuf.Wait
	// CheckpointBatches is after how many applied batches the log gets a checkpoint and loses what
	// nobody needs any more, if App is a batch3pc.Snapshotter; 0: never.
	CheckpointBatches uint64
	Log               *slog.Logger // connects, disconnects and refusals; nil discards
}

// ParticipantNode is a participant that runs. All methods may be called by any goroutine; its App must not Close it.
type ParticipantNode struct {
	*node
	driver   *rounds.Participant
	machine  *batch3pc.Participant
	listener *transport.Listener // nil in one process
	every    uint64              // CheckpointBatches
	log      *slog.Logger
	mu       sync.Mutex
	status   batch3pc.ParticipantStatus
}

// ListenParticipant starts a participant that coordinators reach at addr ("host:port", port 0 for
// any). Errors: ErrConfig, ErrInUse, *WrongDirError, ErrDamaged, *batch3pc.RecoverError for a log that does not
// fit, and those of the disk and the network.
func ListenParticipant(addr string, o ParticipantOptions) (*ParticipantNode, error) {
	p, err := openParticipant(o)
	if err != nil {
		return nil, err
	}
	var all []transport.ListenOptions
	for _, c := range p.group.Coordinators {
		all = append(all, transport.ListenOptions{
			Hello:  codec.Hello{Node: uint8(p.self), Role: p.group.named(roleParticipant)},
			Want:   codec.Hello{Node: uint8(c), Role: p.group.named(roleCoordinator)},
			Header: p.header(), OutCap: p.group.ringBytes(), InCap: p.group.ringBytes(), Bell: p.bell, Log: quiet(o.Log),
		})
	}
	listeners, err := transport.ListenAll(addr, all)
	if err != nil {
		p.abandon()
		return nil, err
	}
	p.listener = listeners[0]
	for _, l := range listeners {
		p.links = append(p.links, l.Link())
	}
	p.start()
	return p, nil
}

// openParticipant rebuilds a participant from its log.
func openParticipant(o ParticipantOptions) (*ParticipantNode, error) {
	if err := o.Group.withDefaults(); err != nil {
		return nil, err
	}
	if !slices.Contains(o.Group.Participants, o.Self) {
		return nil, fmt.Errorf("%w: node %d is not among the participants", ErrConfig, o.Self)
	}
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{
		Self: o.Self, Incarnation: rounds.NewIncarnation(), Generation: 1, WindowMax: o.Group.RetainMax, RetainMax: o.Group.RetainMax, Older: true,
	}, o.App)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	replayed := sized{Participant: machine}
	n, err := openNode(o.Group, o.Self, o.Dir, roleParticipant, o.Wait, func(bell *ringbuf.Bell) (*rounds.Disk, error) {
		disk, holes, err := rounds.OpenCutDisk(o.Dir, o.Group.Cluster, o.Self, bell, &replayed)
		for _, h := range holes {
			quiet(o.Log).Warn("damaged log: fetching what is missing from the other participants", "dir", o.Dir, "hole", h)
		}
		if err == nil {
			for _, d := range disk.DamagedMarks() {
				quiet(o.Log).Warn("damaged mark of the log: the log is read from further back", "dir", o.Dir, "damage", d)
			}
		}
		return disk, err
	})
	if errors.Is(err, batch3pc.ErrNarrow) {
		err = fmt.Errorf("%w: RetainMax is %d, and the log in %s has more undecided batches", ErrConfig, o.Group.RetainMax, o.Dir)
	}
	if err != nil {
		return nil, err
	}
	if replayed.largest > o.Group.PayloadMax {
		n.abandon()
		return nil, fmt.Errorf("%w: PayloadMax is %d, and the log in %s has a payload of %d bytes", ErrConfig, o.Group.PayloadMax, o.Dir, replayed.largest)
	}
	return &ParticipantNode{node: n, machine: machine, every: o.CheckpointBatches, log: quiet(o.Log), status: machine.Status()}, nil
}

// sized is a machine that is rebuilt from its log, and the largest payload there: others may ask for it, and the links
// have to take it.
type sized struct {
	*batch3pc.Participant
	largest int
}

// Recover feeds the machine.
func (s *sized) Recover(r *batch3pc.Record) error {
	if r.Batch != nil && !r.Batch.IsGeneration() {
		s.largest = max(s.largest, len(r.Batch.Payload))
	}
	return s.Participant.Recover(r)
}

// start connects the links, one for each coordinator, and begins to serve.
func (p *ParticipantNode) start() {
	var peers []rounds.Peer
	for i, l := range p.links {
		peers = append(peers, rounds.Peer{Node: p.group.Coordinators[i], Link: l})
	}
	p.driver = rounds.NewParticipant(rounds.ParticipantConfig{Header: p.header(), CheckpointBatches: p.every, Unreadable: p.unreadable}, p.machine, p.disk, peers)
	p.serve(participantDuty{p}, func(error) { p.driver.Close() })
}

func (p *ParticipantNode) unreadable(err error) {
	p.log.Error("damaged log: it cannot supply the other participants", "node", p.self, "err", err)
}

// Addr is where coordinators reach it, as host:port; "" in one process.
func (p *ParticipantNode) Addr() string {
	if p.listener == nil {
		return ""
	}
	return p.listener.Addr().String()
}

// Status is a recent state of the machine.
func (p *ParticipantNode) Status() batch3pc.ParticipantStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// Close ends the node, makes its log durable, and waits for both. It returns the error that had ended the node
// before, if any.
func (p *ParticipantNode) Close() error { return p.close() }

// Done is closed when the node has ended, by Close or by an error.
func (p *ParticipantNode) Done() <-chan struct{} { return p.ended }

// Err is the error that ended the node; nil before it has ended, and after a Close in peace.
func (p *ParticipantNode) Err() error { return p.why() }

// participantDuty is the duty cycle of a ParticipantNode.
type participantDuty struct{ *ParticipantNode }

func (d participantDuty) Round(nowNs int64) (bool, error) {
	worked, err := d.driver.Round(nowNs)
	if worked {
		d.mu.Lock()
		d.status = d.machine.Status()
		d.mu.Unlock()
	}
	return worked, err
}

func (d participantDuty) Ready() bool   { return d.driver.Ready() }
func (d participantDuty) WakeNs() int64 { return d.driver.WakeNs() }
