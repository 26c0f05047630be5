package transport

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/codec"
)

// door is a listening socket and the connections that have not yet said who they are. It is shared
// by the listeners of one address.
type door struct {
	socket    net.Listener
	listeners []*Listener
	open      atomic.Int32  // listeners that are not closed
	slots     chan struct{} // one per handshake in progress
	active    sync.WaitGroup
	ctx       context.Context // done when the door is closed
	cancel    context.CancelFunc
}

func openDoor(addr string) (*door, error) {
	socket, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("transport: cannot listen on %s: %w", addr, plain(err))
	}
	d := &door{socket: socket, slots: make(chan struct{}, handshakesMax)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d, nil
}

// leave is called by each listener that is closed. The last one closes the door.
func (d *door) leave() {
	if d.open.Add(-1) > 0 {
		return
	}
	d.cancel()
	d.socket.Close()
	d.active.Wait()
}

// acceptLoop starts a handshake for each connection. Above handshakesMax of them, a connection is
// closed at once: strangers who connect and say nothing cost a few buffers and keep nobody out for
// longer than a handshake may take.
func (d *door) acceptLoop() {
	first := d.listeners[0].wire
	for d.ctx.Err() == nil {
		conn, err := d.socket.Accept()
		if err != nil {
			first.noLink(d.socket.Addr().String(), err)
			pause(d.ctx, first.timing.backoffMin) // out of file descriptors: some may come back
			continue
		}
		select {
		case d.slots <- struct{}{}:
			d.active.Go(func() {
				d.greet(conn.(*net.TCPConn))
				<-d.slots
			})
		default:
			conn.Close()
		}
	}
}

func (d *door) greet(conn *net.TCPConn) {
	owner := d.listeners[0]
	p, err := owner.wire.shake(d.ctx, conn, func(p *peer) error {
		return p.greetBack(func(who codec.Hello) *Listener {
			owner = d.of(who)
			return owner
		})
	})
	if err != nil {
		owner.wire.noLink(conn.RemoteAddr().String(), err)
		return
	}
	owner.offer(p)
}

// of is the listener that waits for the node; a stranger is for the first one to refuse.
func (d *door) of(who codec.Hello) *Listener {
	for _, n := range d.listeners {
		if n.wire.want.Node == who.Node {
			return n
		}
	}
	return d.listeners[0]
}
