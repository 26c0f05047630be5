package driver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Roles in a Hello.
const (
	roleParticipant = "participant"
	roleCoordinator = "coordinator"
)

// node is what the nodes of both roles share: a disk, links, and the goroutine of the loop.
type node struct {
	group  Group
	self   batch3pc.NodeID
	bell   *ringbuf.Bell
	disk   *rounds.Disk
	links  []*transport.Link
	cancel context.CancelFunc
	ended  chan struct{} // closed when the loop has ended, and err is final
	err    error
}

// openNode opens the directory of a node, whose log open replays to the machine.
func openNode(g Group, self batch3pc.NodeID, dir, role string, wait ringbuf.Wait, open func(*ringbuf.Bell) (*rounds.Disk, error)) (*node, error) {
	if wait == (ringbuf.Wait{}) {
		wait = ringbuf.WaitPark
	}
	if dir == "" {
		return nil, fmt.Errorf("%w: Dir is empty, want a directory of the node's own", ErrConfig)
	}
	n := &node{group: g, self: self, bell: ringbuf.NewBell(wait), ended: make(chan struct{})}
	if _, err := g.owns(disk.Real, dir, role, self); err != nil {
		return nil, err
	}
	var err error
	if n.disk, err = open(n.bell); err != nil {
		if errors.As(err, new(*journal.DamageError)) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil, err
	}
	if err := g.claim(disk.Real, dir, role, self); err != nil {
		n.disk.Close() //nolint:errcheck // nothing was written; the error that stopped us says more
		return nil, err
	}
	return n, nil
}

// header is the template of the node's frames. Every start of a coordinator writes to its log before
// it says anything, so the number of the last record tells a later start from an earlier one.
func (n *node) header() codec.Header {
	return codec.Header{Cluster: n.group.Cluster, From: uint8(n.self), Boot: uint32(n.disk.LSN() + 1)}
}

// serve runs the loop until ctx or the node ends; finally runs in the same goroutine after it.
func (n *node) serve(d rounds.Duty, finally func(err error)) {
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.disk.Start()
	go func() {
		defer close(n.ended)
		err := rounds.Loop(ctx, n.bell, d)
		if finally != nil {
			finally(err)
		}
		if cerr := n.disk.Close(); err == nil {
			err = cerr
		}
		for _, l := range n.links {
			l.Close() //nolint:errcheck // it has no error to tell
		}
		n.err = err
	}()
}

// close ends the node and waits for it. It returns the error that had ended it before, if any.
func (n *node) close() error {
	n.cancel()
	<-n.ended
	return n.err
}

// why is the error that ended the node; nil before it has ended, and after a close in peace.
func (n *node) why() error {
	select {
	case <-n.ended:
		return n.err
	default:
		return nil
	}
}

// abandon gives up a node that was opened and not served.
func (n *node) abandon() {
	n.disk.Close() //nolint:errcheck // the error that stopped us says more
	for _, l := range n.links {
		l.Close() //nolint:errcheck // it has no error to tell
	}
}

// quiet is log, or one that says nothing.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
