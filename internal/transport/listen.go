package transport

import (
	"net"
	"sync"
)

// Listener serves the link of one peer that connects. Whoever connects must pass the handshake; the
// newest connection that passed it is the link's, and an older one is dropped for it: a peer that
// comes back knows better than we do that its old connection is dead. Unless that one is of another
// process, started no earlier, which then has the same identity: the newcomer is refused.
type Listener struct {
	wire   *wire
	door   *door
	next   chan *peer // handshake done, not yet served; at most the newest
	served sync.WaitGroup

	mu      sync.Mutex
	current *session // served now, if it is alive
}

// Listen listens on addr ("host:port", port 0 for any) and serves one link. The error, if the port
// is taken or not allowed, is one line that names the address.
func Listen(addr string, o ListenOptions) (*Listener, error) { return listen(addr, o, defaultTiming) }

func listen(addr string, o ListenOptions, t timing) (*Listener, error) {
	all, err := listenAll(addr, []ListenOptions{o}, t)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// ListenAll is Listen for several peers, one link each, in the order of all: who connects is told
// apart by its node id. The port is open until the last of them is closed.
func ListenAll(addr string, all []ListenOptions) ([]*Listener, error) {
	return listenAll(addr, all, defaultTiming)
}

func listenAll(addr string, all []ListenOptions, t timing) ([]*Listener, error) {
	d, err := openDoor(addr)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		n := &Listener{wire: newWire(o, t), door: d, next: make(chan *peer, 1)}
		n.wire.link.close = n.shutDown
		d.listeners = append(d.listeners, n)
		n.served.Go(n.serveLoop)
	}
	d.open.Store(int32(len(all)))
	d.active.Go(d.acceptLoop)
	return d.listeners, nil
}

// Addr is the address listened on, with the port that was chosen for port 0.
func (n *Listener) Addr() net.Addr { return n.door.socket.Addr() }

// Link is the link that the listener serves, the same one every time.
func (n *Listener) Link() *Link { return n.wire.link }

// Close closes the link, and with it the listener. Closing the link does the same.
func (n *Listener) Close() error { return n.wire.link.Close() }

func (n *Listener) shutDown() {
	n.wire.shut()
	n.served.Wait()
	n.door.leave()
	n.mu.Lock() // from here on offer closes what it gets
	defer n.mu.Unlock()
	select {
	case p := <-n.next:
		p.hangUp()
	default:
	}
}

// offer makes p the next connection of the link and ends the present one.
func (n *Listener) offer(p *peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wire.ctx.Err() != nil || n.twinOf(p) != nil { // the other one has come between hello and now; the next hello is told so
		p.hangUp()
		return
	}
	select {
	case older := <-n.next:
		older.hangUp()
	default:
	}
	n.next <- p
	if n.current != nil {
		n.current.kill()
	}
}

// twin returns the peer that is served now if it has the identity of p and p must not take its place:
// both are alive, and p was not started later.
func (n *Listener) twin(p *peer) *peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.twinOf(p)
}

// twinOf is twin for who has the lock.
func (n *Listener) twinOf(p *peer) *peer {
	if n.current == nil || n.current.dead.Load() {
		return nil
	}
	is := n.current.peer
	if is.process == 0 || p.process == 0 || is.process == p.process || is.boot < p.boot {
		return nil
	}
	return is
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
