package commit

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// group is the participants of a case and the coordinator's ends of their links.
type group struct {
	links     []*transport.Link
	processes []*process      // of the participants, if they have some
	locals    []*local        // otherwise
	back      <-chan comeback // nil: nobody is on the way back
	lostNs    int64           // processor time of processes that were killed
	cancel    context.CancelFunc
	done      sync.WaitGroup
	mu        sync.Mutex
	errs      []error
	bell      *ringbuf.Bell // the coordinator's
}

// specOf describes node i of a case, from 0.
func specOf(o *Options, c *Case, i int, floor bool) *nodeSpec {
	s := &nodeSpec{
		Floor: floor, Node: uint8(i + 1), Dir: o.Dir, Window: c.retain(), Durable: c.Durable,
		Transport: c.Transport, Protocol: c.Protocol, Bytes: c.batchBytesMax(), Addr: "127.0.0.1:0",
	}
	if !floor {
		s.Profile = o.Profile
	}
	return s
}

// startGroup starts the participants and connects to them.
func startGroup(ctx context.Context, o *Options, c *Case, bell *ringbuf.Bell) (*group, error) {
	g := &group{bell: bell}
	ctx, g.cancel = context.WithCancel(ctx)
	for i := range c.Participants {
		s := specOf(o, c, i, false)
		start := g.startProcess
		if c.Transport == TransportRings {
			start = g.startLocal
		}
		if err := start(ctx, o, s); err != nil {
			_, cerr := g.stop()
			return nil, errors.Join(err, cerr)
		}
	}
	return g, nil
}

func (g *group) startProcess(_ context.Context, o *Options, s *nodeSpec) error {
	p, err := startProcess(o.Command, s)
	if err != nil {
		return err
	}
	g.processes = append(g.processes, p)
	g.links = append(g.links, transport.Dial(transport.DialOptions{
		Addr:   p.addr,
		Hello:  codec.Hello{Node: coordinatorNode, Role: coordinatorRole},
		Want:   codec.Hello{Node: s.Node, Role: s.role()},
		Header: codec.Header{Cluster: cluster, Boot: boot},
		OutCap: ringFor(s.Bytes), InCap: ringBytes, Bell: g.bell, Log: slog.New(slog.DiscardHandler),
		Carrier: carriers[s.Transport],
	}))
	return nil
}

// startLocal runs a participant as a goroutine of this process.
func (g *group) startLocal(ctx context.Context, _ *Options, s *nodeSpec) error {
	l, err := g.openLocal(s)
	if err != nil {
		return err
	}
	g.links, g.locals = append(g.links, l.ours), append(g.locals, l)
	g.runLocal(ctx, l)
	return nil
}

// local is a participant inside this process.
type local struct {
	ours   *transport.Link
	node   runner
	cancel context.CancelFunc
	ended  chan struct{}
}

func (g *group) openLocal(s *nodeSpec) (*local, error) {
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	ours, theirs := transport.Pair(ringFor(s.Bytes), ringBytes, g.bell, bell)
	node, err := openNode(s, theirs, bell)
	return &local{ours: ours, node: node, ended: make(chan struct{})}, err
}

func (g *group) runLocal(ctx context.Context, l *local) {
	ctx, l.cancel = context.WithCancel(ctx)
	g.done.Go(func() {
		defer close(l.ended)
		if err := l.node.Run(ctx); err != nil {
			g.mu.Lock()
			g.errs = append(g.errs, err)
			g.mu.Unlock()
			g.bell.Ring()
		}
	})
}

// stop ends the participants and returns what their processes have used.
func (g *group) stop() (usage, error) {
	sum := usage{CPUNs: g.lostNs}
	var errs []error
	if g.back != nil {
		if b := <-g.back; b.process != nil { // the run has failed meanwhile
			_, err := b.process.end()
			errs = append(errs, err)
		}
	}
	for _, p := range g.processes {
		if p.dead {
			continue
		}
		u, err := p.end()
		sum.CPUNs += u.CPUNs
		sum.Mallocs += u.Mallocs
		errs = append(errs, err)
	}
	g.cancel()
	for _, l := range g.locals {
		l.cancel() // one that has come back knows nothing of the group's context
	}
	g.done.Wait()
	for _, l := range g.links {
		errs = append(errs, l.Close())
	}
	return sum, errors.Join(append(errs, g.errs...)...)
}

// refused is what the links could not use.
func (g *group) refused() (lines []string) {
	for _, l := range g.links {
		lines = append(lines, l.NotUsed()...)
	}
	return lines
}

// err is the first error of a participant inside this process.
func (g *group) err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.errs...)
}
