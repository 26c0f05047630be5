package box

import (
	"context"
	"fmt"
	"sync"

	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Sizes of the rings of a link, in bytes. The engine's side carries batches, several windows of
// them. The participant's side carries answers of a few hundred bytes, but now and then a batch of
// any size, for a participant that fell behind.
const (
	batchRingBytes  = 16 << 20
	answerRingBytes = 16 << 20
)

// group is the participants of a run, however they run.
type group interface {
	links() []*transport.Link
	// stop ends the participants and waits for them. It returns their first error.
	stop() error
}

// localGroup runs the participants as goroutines of this process, over rings.
type localGroup struct {
	ends   []*transport.Link // the engine's ends
	cancel context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	failed error
	onFail func(error)
}

// startLocal starts the participants; onFail is called once for one that ends with an error.
func startLocal(o *Options, run *rundir.Run, wait ringbuf.Wait, engineBell *ringbuf.Bell, onFail func(error)) (*localGroup, error) {
	ctx, cancel := context.WithCancel(context.Background())
	g := &localGroup{cancel: cancel, onFail: onFail}
	for i, name := range rundir.RoleNames {
		bell := ringbuf.NewBell(wait)
		ours, theirs := transport.Pair(batchRingBytes, answerRingBytes, engineBell, bell)
		role, err := rundir.NewRole(name, rundir.RoleDir(o.Dir, name), run.Roles)
		if err == nil {
			var node *participant.Node
			role := &careful{Role: role, space: newSpace(rundir.RoleDir(o.Dir, name), o.DiskReserve, o.Log)}
			node, err = openNode(nodeConfig(o, run, i, 1), name, role, []rounds.Peer{{Node: engineNode, Link: theirs}}, bell, o.Log)
			role.live = true
			if err == nil {
				g.ends = append(g.ends, ours)
				g.serve(ctx, name, node, func() (func(), error) { return o.Profile.Pin(stageParticipants + i) })
				continue
			}
		}
		g.stop() //nolint:errcheck // the error that stopped us says more
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}

// serve runs a participant on the core that pin gives it.
func (g *localGroup) serve(ctx context.Context, name string, node *participant.Node, pin func() (func(), error)) {
	g.done.Add(1)
	go func() {
		defer g.done.Done()
		unpin, err := pin()
		if err == nil {
			err = node.Run(ctx)
			unpin()
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			g.mu.Lock()
			first := g.failed == nil
			if first {
				g.failed = err
			}
			g.mu.Unlock()
			if first {
				g.onFail(err)
			}
		}
	}()
}

func (g *localGroup) links() []*transport.Link { return g.ends }

func (g *localGroup) stop() error {
	g.cancel()
	g.done.Wait()
	for _, l := range g.ends {
		if err := l.Close(); err != nil && g.failed == nil {
			g.failed = err
		}
	}
	return g.failed
}
