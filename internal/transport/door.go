package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/codec"
)

// door is a listening socket and the connections that have not yet said who they are. It is shared
// by the listeners of one address.
type door struct {
	socket    net.Listener
	listeners []*Listener
	open      atomic.Int32 // listeners that are not closed
	active    sync.WaitGroup
	ctx       context.Context // done when the door is closed
	cancel    context.CancelFunc

	mu     sync.Mutex
	guests []*guest // handshakes in progress, the oldest first; at most handshakesMax
}

// guest is a connection in its handshake.
type guest struct {
	conn  *net.TCPConn
	known bool // it has said who it is, and is one of those we wait for
}

func openDoor(addr string) (*door, error) {
	socket, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("transport: cannot listen on %s: %w", addr, plain(err))
	}
	d := &door{socket: socket}
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

// acceptLoop starts a handshake for each connection.
func (d *door) acceptLoop() {
	first := d.listeners[0].wire
	for d.ctx.Err() == nil {
		conn, err := d.socket.Accept()
		if err != nil {
			first.noLink(d.socket.Addr().String(), err)
			pause(d.ctx, first.timing.backoffMin) // out of file descriptors: some may come back
			continue
		}
		g := d.admit(conn.(*net.TCPConn))
		d.active.Go(func() { d.greet(g) })
	}
}

// admit lets a connection begin its handshake. Where handshakesMax of them are in progress, one gives way: the oldest
// that has not said who it is, which a peer does with its first packet, or else the oldest. So strangers who connect,
// however often, cost a few buffers and keep nobody out.
func (d *door) admit(conn *net.TCPConn) *guest {
	g := &guest{conn: conn}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.guests) == handshakesMax {
		i := max(0, slices.IndexFunc(d.guests, func(g *guest) bool { return !g.known }))
		d.guests[i].conn.Close()
		d.guests = slices.Delete(d.guests, i, i+1)
	}
	d.guests = append(d.guests, g)
	return g
}

// dismiss ends the time of a guest as one, and reports whether it has not had to give way.
func (d *door) dismiss(g *guest) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.guests, g)
	if i < 0 {
		return false
	}
	d.guests = slices.Delete(d.guests, i, i+1)
	return true
}

func (d *door) know(g *guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g.known = true
}

// errGaveWay is why a handshake ended that was not over when many others had begun.
var errGaveWay = errors.New("gave way to a newer connection: too many are in their handshake")

func (d *door) greet(g *guest) {
	owner := d.listeners[0]
	addr := g.conn.RemoteAddr().String()
	p, err := owner.wire.shake(d.ctx, g.conn, func(p *peer) error {
		err := p.checkHello(func(who codec.Hello) *Listener {
			owner = d.of(who)
			return owner
		})
		if err != nil {
			return err
		}
		d.know(g)
		return p.greetBack()
	})
	stays := d.dismiss(g)
	switch {
	case stays && err == nil:
		owner.offer(p)
		return
	case err == nil:
		p.hangUp()
	}
	if !stays {
		err = errGaveWay
	}
	owner.wire.noLink(addr, err)
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
