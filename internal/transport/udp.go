package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/codec"
)

// A session over UDP keeps its connection, for the handshake and to notice that the other side is gone. The
// frames go in datagrams:
//
//	out ring ─▶ cut ─▶ window of packets ─▶ UDP ─▶ slots, in order ─▶ in ring
//	              ▲      resend what is lost          │
//	              └──── next, limit, what arrived ────┘
//
// The kernel drops what it has no room for without a word, so nothing is sent beyond the limit that the
// receiver has given: credit for what its socket can hold even if it does not read. A packet counts as
// lost when reorderMax of those sent after it have arrived; the end of a burst, after which nothing comes,
// when nothing is acknowledged for a while. Everything that is sent
// acknowledges what has arrived; a datagram of its own does so only where nothing else has acknowledged a quarter of
// the window, or something is missing. Pieces may arrive twice, late and in any order. What comes
// out is what a connection gives: every frame, once, in order.
type udp struct {
	s       *session
	socket  packets
	token   uint64
	size    int // of a datagram, at most
	window  uint64
	written sync.WaitGroup

	arrived atomic.Uint64 // reader: every packet below this number has arrived
	told    atomic.Uint64 // writer: as the latest data has told the peer

	failed error // writer: why it gave the session up, for the keeper when it has ended

	mu   sync.Mutex
	news acknowledgement // reader to writer: the latest
	seen bool            // writer: has taken it
}

// packets is the socket of a session. Tests put one in its place that loses and mixes up.
type packets interface {
	// send sends datagrams of segment bytes each that lie one after the other in b; the last may be
	// shorter. The bytes may be used again when it returns.
	send(b []byte, segment int) error
	// receive waits for datagrams; what was sent together may arrive together.
	receive(b []byte) (n int, err error)
	Close() error
}

// udpOffer is the body of a FrameUDP, and of the answer: u64 token, u32 size of a datagram, u16 port. A token of
// 0 in the answer: no, and the connection is used.
type udpOffer struct {
	token uint64
	size  uint32
	port  uint16
}

const udpOfferSize = 14

var errUDPOffer = errors.New("malformed offer of UDP")

func (o udpOffer) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, o.token)
	b = binary.LittleEndian.AppendUint32(b, o.size)
	return binary.LittleEndian.AppendUint16(b, o.port)
}

func decodeUDPOffer(b []byte) (o udpOffer, err error) {
	if len(b) != udpOfferSize {
		return o, fmt.Errorf("%w: %d bytes, want %d", errUDPOffer, len(b), udpOfferSize)
	}
	o = udpOffer{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint16(b[12:])}
	if o.token != 0 && (o.size <= dataHead || o.size > datagramMax || o.port == 0) {
		return o, fmt.Errorf("%w: datagrams of %d bytes to port %d, want %d to %d, and a port", errUDPOffer, o.size, o.port, dataHead+1, datagramMax)
	}
	return o, nil
}

// offerUDP opens a socket and offers it. It reports whether there was anything to offer.
func (p *peer) offerUDP() bool {
	socket, err := p.openUDP()
	if err != nil {
		p.wire.notUsed(noUDP, err.Error())
		return false
	}
	o := udpOffer{token: rand.Uint64() | 1, size: uint32(p.datagram()), port: portOf(socket)}
	p.udp = newUDP(socket, o)
	return p.send(codec.FrameUDP, o.append(nil)) == nil // a connection that is gone fails at the next step
}

// datagram is the size of a datagram to the peer: one for a whole batch where the way is memory, and what
// Ethernet carries elsewhere.
func (p *peer) datagram() int {
	if n := p.wire.timing.datagram; n > 0 {
		return n
	}
	n, ip := datagramWire, p.conn.RemoteAddr().(*net.TCPAddr).IP
	if ip.IsLoopback() {
		n = datagramMax
	}
	if ip.To4() == nil {
		n -= headIPv6 - headIPv4
	}
	return n
}

// udpAnswer takes the listener's answer to the offer.
func (p *peer) udpAnswer() error {
	_, body, err := p.handshakeFrame(codec.FrameUDP)
	if err != nil {
		return err
	}
	answer, err := decodeUDPOffer(body)
	if err != nil {
		return p.wire.mismatch(nil, err.Error())
	}
	if answer.token == 0 {
		p.wire.notUsed(noUDP, name(p.wire.want)+" cannot")
		p.unshare()
		return nil
	}
	return p.aim(answer.port)
}

// takeUDP answers an offer.
func (p *peer) takeUDP(body []byte) error {
	o, err := decodeUDPOffer(body)
	if err == nil && o.token == 0 { // which only an answer may have, and whose size nobody has looked at
		err = fmt.Errorf("%w: no token", errUDPOffer)
	}
	if err != nil {
		return p.wire.mismatch(nil, err.Error())
	}
	if p.process != 0 && p.process == p.wire.deafTo.Load() {
		return p.send(codec.FrameUDP, udpOffer{}.append(nil))
	}
	socket, err := p.openUDP()
	if err != nil {
		p.wire.notUsed(noUDP, err.Error())
		return p.send(codec.FrameUDP, udpOffer{}.append(nil))
	}
	p.udp = newUDP(socket, o)
	if err := p.aim(o.port); err != nil {
		return err
	}
	o.port = portOf(socket)
	return p.send(codec.FrameUDP, o.append(nil))
}

func newUDP(socket *net.UDPConn, o udpOffer) *udp {
	u := &udp{token: o.token, size: int(o.size), socket: &udpSocket{UDPConn: socket}}
	u.window = packetsMin
	for u.window < packetsMax && 2*u.window*uint64(o.size) <= inFlightMax {
		u.window *= 2
	}
	u.seen = true
	return u
}

// openUDP opens a socket at the connection's own address.
func (p *peer) openUDP() (*net.UDPConn, error) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: p.conn.LocalAddr().(*net.TCPAddr).IP})
	if err != nil {
		return nil, plain(err)
	}
	if err := errors.Join(socket.SetReadBuffer(socketBuffer), socket.SetWriteBuffer(socketBuffer)); err != nil {
		socket.Close()
		return nil, plain(err)
	}
	return socket, nil
}

func portOf(socket *net.UDPConn) uint16 { return uint16(socket.LocalAddr().(*net.UDPAddr).Port) }

// aim makes the peer's port the one that is sent to and heard.
func (p *peer) aim(port uint16) error {
	socket := p.udp.socket.(*udpSocket)
	ip, _ := netip.AddrFromSlice(p.conn.RemoteAddr().(*net.TCPAddr).IP)
	if err := socket.connect(netip.AddrPortFrom(ip.Unmap(), port)); err != nil {
		return err
	}
	socket.offload(p.udp.size, func(why string) { p.wire.notUsed(noOffload, why) })
	if p.wire.timing.lossy != nil {
		p.udp.socket = p.wire.timing.lossy(socket)
	}
	return nil
}

// carryUDP is the session: it ends with the connection. Where that lives and no datagram arrives, or one never does, which
// something between the two must be keeping back, the writer whose datagram it is ends it, and the next session goes over
// the connection.
func (s *session) carryUDP() error {
	u := s.udp
	u.s = s
	u.written.Go(u.read)
	u.written.Go(u.write)
	err := s.why(s.hearBell())
	s.dead.Store(true) // the writer looks at it
	s.wire.link.wake.Ring()
	u.socket.Close()
	s.wire.link.room.Ring()
	u.written.Wait()
	close(s.written)
	if u.failed != nil {
		err = u.failed
	}
	return err
}
