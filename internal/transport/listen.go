package transport

import (
	"fmt"
	"net"
	"sync"
)

// Listener accepts connections for one link. Whoever connects must pass the handshake; the newest
// connection that passed it is the link's, and an older one is dropped for it: a peer that comes
// back knows better than we do that its old connection is dead.
type Listener struct {
	wire   *wire
	socket net.Listener
	next   chan *peer    // handshake done, not yet served; at most the newest
	slots  chan struct{} // one per handshake in progress
	active sync.WaitGroup

	mu      sync.Mutex
	current *session // served now
}

// Listen listens on addr ("host:port", port 0 for any) and serves one link. The error, if the port
// is taken or not allowed, is one line that names the address.
func Listen(addr string, o ListenOptions) (*Listener, error) { return listen(addr, o, defaultTiming) }

func listen(addr string, o ListenOptions, t timing) (*Listener, error) {
	socket, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("transport: cannot listen on %s: %w", addr, plain(err))
	}
	n := &Listener{
		wire:   newWire(o, t),
		socket: socket,
		next:   make(chan *peer, 1),
		slots:  make(chan struct{}, handshakesMax),
	}
	n.wire.link.close = n.shutDown
	n.active.Go(n.acceptLoop)
	n.active.Go(n.serveLoop)
	return n, nil
}

// Addr is the address listened on, with the port that was chosen for port 0.
func (n *Listener) Addr() net.Addr { return n.socket.Addr() }

// Link is the link that the listener serves, the same one every time.
func (n *Listener) Link() *Link { return n.wire.link }

// Close closes the link, and with it the listener. Closing the link does the same.
func (n *Listener) Close() error { return n.wire.link.Close() }

func (n *Listener) shutDown() {
	n.wire.shut()
	n.socket.Close()
	n.active.Wait()
	select {
	case p := <-n.next:
		p.conn.Close()
	default:
	}
}

// acceptLoop starts a handshake for each connection. Above handshakesMax of them, a connection is
// closed at once: strangers who connect and say nothing cost a few buffers and keep nobody out for
// longer than a handshake may take.
func (n *Listener) acceptLoop() {
	for n.wire.ctx.Err() == nil {
		conn, err := n.socket.Accept()
		if err != nil {
			n.wire.noLink(n.Addr().String(), err)
			n.wire.sleep(n.wire.timing.backoffMin) // out of file descriptors: some may come back
			continue
		}
		select {
		case n.slots <- struct{}{}:
			n.active.Go(func() {
				n.greet(conn.(*net.TCPConn))
				<-n.slots
			})
		default:
			conn.Close()
		}
	}
}

func (n *Listener) greet(conn *net.TCPConn) {
	p, err := n.wire.shake(conn, (*peer).greetBack)
	if err != nil {
		n.wire.noLink(conn.RemoteAddr().String(), err)
		return
	}
	n.offer(p)
}

// offer makes p the next connection of the link and ends the present one.
func (n *Listener) offer(p *peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case older := <-n.next:
		older.conn.Close()
	default:
	}
	n.next <- p
	if n.current != nil {
		n.current.kill()
	}
}

// serveLoop is the life of a listening link: one session after the other.
func (n *Listener) serveLoop() {
	for {
		select {
		case <-n.wire.ctx.Done():
			return
		case p := <-n.next:
			n.wire.serve(n.take(p))
		}
	}
}

// take makes a session of p, which dies at once if a newer connection came while p was picked up.
func (n *Listener) take(p *peer) *session {
	s := n.wire.newSession(p)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.current = s
	if len(n.next) > 0 {
		s.kill()
	}
	return s
}
