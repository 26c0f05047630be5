package driver

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// CoordinatorOptions say which coordinator to run, and where its log is.
type CoordinatorOptions struct {
	Group Group
	Self  batch3pc.NodeID // one of Group.Coordinators
	Dir   string          // its own; made if it is not there
	// Outcome is told what became of each proposal, in the order of Propose, by the node's goroutine.
	// The Outcome is valid during the call, which must not wait for the node. May be nil.
	Outcome func(*Outcome)
	// InputGate holds every batch back until InputsDurable has named it: for a proposer that could
	// not repeat what went into the batch if it crashed now.
	InputGate bool
	Resend    time.Duration // watermarks are sent again to a silent participant; 0: 100 ms
	Wait      ringbuf.Wait  // as in ParticipantOptions
	Log       *slog.Logger  // connects, disconnects and refusals; nil discards
}

const resendDefault = 100 * time.Millisecond

// CoordinatorNode is a coordinator that runs: it leads from the start. All methods may be called by
// any goroutine, but for those that wait, which CoordinatorOptions.Outcome must not call.
type CoordinatorNode struct {
	*node
	options CoordinatorOptions
	machine *batch3pc.Coordinator
	driver  *rounds.Coordinator

	free    chan *request // requests that nobody uses: the back-pressure
	changes chan change   // of the members, asked for
	queue   chan *request // waiting for room in the window, in the order of their numbers

	mu      sync.Mutex
	last    uint64                     // number of the last proposal
	told    uint64                     // outcomes up to here are told
	waiters map[uint64]chan<- error    // by number: who waits for the outcome
	drains  []drain                    // who waits for all outcomes up to a number
	closed  error                      // why the loop has ended, and nothing is queued any more; nil: it has not
	active  chan struct{}              // closed while the state is Active
	status  batch3pc.CoordinatorStatus // a recent one; Refused is not kept
	peers   []batch3pc.PeerStatus      // recent

	inputs  atomic.Uint64 // InputsDurable
	carried uint64        // that of it which the machine knows
	led     bool          // has been Active
	said    Outcome       // the last one
	bidNs   int64         // when it opens the next ballot; 0: at no time
}

// request is a proposal on its way to the loop.
type request struct {
	no      uint64
	count   uint32
	payload []byte
}

// DialCoordinator starts a coordinator of the participants at addrs ("host:port", one for each of
// Group.Participants), which it does not keep. It returns before it is connected; WaitActive waits, and where a host
// cannot be reached, Log says why. Errors: ErrConfig, ErrInUse, *WrongDirError, ErrDamaged, *batch3pc.RecoverError for
// a log that does not fit, and those of the disk.
func DialCoordinator(addrs map[batch3pc.NodeID]string, o CoordinatorOptions) (*CoordinatorNode, error) {
	for _, n := range o.Group.Participants {
		if err := dialable(addrs[n]); err != nil {
			return nil, fmt.Errorf("%w: address %q of participant %d: %w", ErrConfig, addrs[n], n, err)
		}
	}
	c, err := openCoordinator(o)
	if err != nil {
		return nil, err
	}
	for _, n := range c.group.Participants {
		c.links = append(c.links, transport.Dial(transport.DialOptions{
			Addr:   addrs[n],
			Hello:  codec.Hello{Node: uint8(c.self), Role: c.group.named(roleCoordinator)},
			Want:   codec.Hello{Node: uint8(n), Role: c.group.named(roleParticipant)},
			Header: c.header(), OutCap: c.group.ringBytes(), InCap: c.group.ringBytes(), Bell: c.bell, Log: quiet(o.Log),
		}))
	}
	if err := c.start(); err != nil {
		return nil, err
	}
	return c, nil
}

// dialable says why nobody can ever be reached at addr, as far as that is known without asking for the host.
func dialable(addr string) error {
	_, service, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	port, err := net.LookupPort("tcp", service)
	if err == nil && port == 0 {
		err = errors.New("want a port")
	}
	return err
}

// openCoordinator rebuilds a coordinator from its log.
func openCoordinator(o CoordinatorOptions) (*CoordinatorNode, error) {
	if err := o.Group.withDefaults(); err != nil {
		return nil, err
	}
	if o.Resend == 0 {
		o.Resend = resendDefault
	}
	if o.Resend < 0 {
		return nil, fmt.Errorf("%w: Resend is %v, want more than 0", ErrConfig, o.Resend)
	}
	if !slices.Contains(o.Group.Coordinators, o.Self) {
		return nil, fmt.Errorf("%w: node %d is not among the coordinators", ErrConfig, o.Self)
	}
	var epochs epochs
	n, err := openNode(o.Group, o.Self, o.Dir, roleCoordinator, o.Wait, func(bell *ringbuf.Bell) (*rounds.Disk, error) {
		return rounds.OpenDisk(o.Dir, bell, rounds.Replay(&epochs))
	})
	if err != nil {
		return nil, err
	}
	c := &CoordinatorNode{
		node: n, options: o, changes: make(chan change, 1), waiters: map[uint64]chan<- error{}, active: make(chan struct{}),
		free: make(chan *request, o.Group.WindowMax), queue: make(chan *request, o.Group.WindowMax),
	}
	for range o.Group.WindowMax {
		c.free <- &request{}
	}
	cfg := o.Group.coordinator(o.Self)
	cfg.NoInputGate = !o.InputGate
	cfg.Boot = rounds.BootNumber(rounds.RandomBits(), n.disk.LSN())
	machine, err := batch3pc.NewCoordinator(cfg)
	for i := 0; err == nil && i < len(epochs); i++ {
		err = machine.Recover(&epochs[i])
	}
	if err != nil {
		c.abandon()
		return nil, err
	}
	c.machine = machine
	return c, nil
}

// epochs keeps a coordinator's log until the machine is made: its boot number follows from it.
type epochs []batch3pc.Record

// Recover takes the next record.
func (e *epochs) Recover(r *batch3pc.Record) error {
	*e = append(*e, *r)
	return nil
}

// Close ends the node, makes its log durable, and waits for both. It returns the error that had ended the node
// before, if any.
func (c *CoordinatorNode) Close() error { return c.close() }

// Done is closed when the node has ended, by Close or by an error.
func (c *CoordinatorNode) Done() <-chan struct{} { return c.ended }

// Err is the error that ended the node; nil before it has ended, and after a Close in peace.
func (c *CoordinatorNode) Err() error { return c.why() }

// start connects the links, one for each participant, and opens the first ballot.
func (c *CoordinatorNode) start() error {
	var peers []rounds.Peer
	for i, l := range c.links {
		peers = append(peers, rounds.Peer{Node: c.group.Participants[i], Link: l})
	}
	c.driver = rounds.NewCoordinator(rounds.CoordinatorConfig{
		Header: c.header(), TickNs: int64(c.options.Resend), RetainMax: c.group.RetainMax, Gated: c.options.InputGate, Outcome: c.outcome,
	}, c.machine, c.disk, peers)
	if err := c.driver.Open(); err != nil {
		c.abandon()
		return err
	}
	c.serve(coordinatorDuty{c}, c.end)
	return nil
}
