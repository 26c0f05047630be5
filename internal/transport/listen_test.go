package transport

import (
	"net"
	"testing"
)

// TestNewestWins takes the listener's loops away and puts connections to it in the order that they
// reach only when they race: whatever the keeper is doing, the newest connection is the next to be
// served, and no other stays open.
func TestNewestWins(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &Listener{
		wire: newWire(ListenOptions{Header: header, InCap: 64, OutCap: 64, Bell: newBell()}, quick),
		door: &door{socket: socket, cancel: func() {}},
		next: make(chan *peer, 1),
	}
	arrive := func() (raw, *peer) {
		r := rawDial(t, socket.Addr())
		conn, err := socket.Accept()
		if err != nil {
			t.Fatal(err)
		}
		p := newPeer(n.wire, conn.(*net.TCPConn))
		datagrams, err := p.openUDP()
		if err != nil {
			t.Fatal(err)
		}
		p.udp = newUDP(datagrams, udpOffer{token: 1, size: datagramMax})
		return r, p
	}
	first, p1 := arrive()
	if s := n.take(p1); s.dead.Load() {
		t.Error("the only connection is not served")
	}
	second, p2 := arrive()
	n.offer(p2)
	first.gone() // it was being served
	third, p3 := arrive()
	n.offer(p3)
	second.gone() // it was still waiting
	fourth, p4 := arrive()
	if s := n.take(p4); !s.dead.Load() {
		t.Error("a connection was picked up and served although a newer one waits")
	}
	fourth.gone()
	fifth, p5 := arrive()
	n.shutDown()
	third.gone() // nobody serves it any more
	n.offer(p5)
	fifth.gone()
	for i, p := range []*peer{p2, p3, p5} {
		if p.udp != nil {
			t.Errorf("%d: a connection that is never served keeps its socket", i)
		}
	}
}
