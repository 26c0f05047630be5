package proxy

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"

	"github.com/tezi-exchange/tezi/codec"
)

// The handshake of a link between nodes (docs/formats/wire.md, "Carriers"). Where they agree to speak UDP,
// each is told of a socket of the proxy instead of the other's:
//
//	dialer ══▶ near socket ── up ──▶ far socket ══▶ listener
//
// An offer of UDP is u64 token, u32 size of a datagram, u16 port, in both directions; a token of 0 says no.
const (
	offerSize  = 14
	offerPort  = 12
	shareToken = codec.FrameHeaderSize // of an offer of shared memory: its first 8 bytes
)

// side is where a link whose nodes speak UDP goes beside its connection. What comes to near goes from far to
// the target, and back.
type side struct {
	near, far      *net.UDPConn
	client, target netip.AddrPort
}

func (s *side) close() {
	s.near.Close()
	s.far.Close()
}

var errNoFrame = errors.New("not a frame of the handshake")

// handshake looks at a frame that passes. It changes an offer, and reports whether the rules of chance are
// for this frame, which they are not for a handshake: it is there to be passed.
func (p *Proxy) handshake(b *both, up bool, frame []byte) (chance bool, err error) {
	h, body := codec.TrustFrame(frame)
	switch h.Kind {
	case codec.FrameHello, codec.FrameRefuse, codec.FrameTwin, codec.FrameShared:
		return false, nil
	case codec.FrameShare:
		if len(body) < 8 {
			return false, errNoFrame
		}
		frame[shareToken] ^= 1 // the listener finds memory with another token, says so, and uses the connection
	case codec.FrameUDP:
		if len(body) != offerSize {
			return false, errNoFrame
		}
		if binary.LittleEndian.Uint64(body) == 0 {
			return false, nil
		}
		if err := p.standBetween(b, up, body); err != nil {
			return false, err
		}
	default:
		return true, nil
	}
	codec.SealFrame(frame)
	return false, nil
}

// standBetween takes the port that one node offers, and offers another one in its place. The answer, which
// comes down, begins the datagrams' way.
func (p *Proxy) standBetween(b *both, up bool, offer []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	port := offer[offerPort:]
	offered := binary.LittleEndian.Uint16(port)
	if up {
		s, err := openSide(b)
		if err != nil {
			return err
		}
		if b.side != nil {
			b.side.close()
		}
		b.side = s
		s.client = netip.AddrPortFrom(hostOf(b.client.RemoteAddr()), offered)
		binary.LittleEndian.PutUint16(port, portOf(s.far))
		return nil
	}
	s := b.side
	if s == nil {
		return errNoFrame
	}
	s.target = netip.AddrPortFrom(hostOf(b.target.RemoteAddr()), offered)
	binary.LittleEndian.PutUint16(port, portOf(s.near))
	p.active.Go(func() { p.besides(p.up, s.near, s.client, s.far, s.target) })
	p.active.Go(func() { p.besides(p.down, s.far, s.target, s.near, s.client) })
	return nil
}

// openSide opens a socket at each of the connection's own addresses.
func openSide(b *both) (*side, error) {
	near, err := socketAt(b.client.LocalAddr())
	if err != nil {
		return nil, err
	}
	far, err := socketAt(b.target.LocalAddr())
	if err != nil {
		near.Close()
		return nil, err
	}
	if b.ctx.Err() != nil { // broken meanwhile, and nobody would close them
		near.Close()
		far.Close()
		return nil, b.ctx.Err()
	}
	return &side{near: near, far: far}, nil
}

// sideBuffer is what is asked for as buffer of a socket: it should not be the proxy that loses.
const sideBuffer = 4 << 20

func socketAt(addr net.Addr) (*net.UDPConn, error) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: addr.(*net.TCPAddr).IP})
	if err == nil {
		_ = c.SetReadBuffer(sideBuffer) // the system may give less
		_ = c.SetWriteBuffer(sideBuffer)
	}
	return c, err
}

func hostOf(a net.Addr) netip.Addr { return a.(*net.TCPAddr).AddrPort().Addr().Unmap() }
func portOf(c *net.UDPConn) uint16 { return c.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// besides moves the datagrams of one direction until its socket is closed.
func (p *Proxy) besides(l *lane, from *net.UDPConn, source netip.AddrPort, to *net.UDPConn, sink netip.AddrPort) {
	var last []byte // the frame that is passing: it has passed when the next one begins
	for {
		b := make([]byte, datagramMax)
		n, sender, err := from.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || netip.AddrPortFrom(sender.Addr().Unmap(), sender.Port()) != source {
			continue
		}
		if head := firstPiece(b[:n]); head != nil {
			l.sees(last, true)
			l.sees(head, false)
			last = head
		}
		p.send(l, b[:n], func(b []byte) { _, _ = to.WriteToUDPAddrPort(b, sink) })
	}
}

// A datagram that begins a frame (docs/formats/wire.md).
const (
	datagramKind   = 5
	datagramData   = 1
	datagramOffset = 44
	datagramPiece  = 48
)

// firstPiece is the beginning of the frame that a datagram begins; nil if it begins none.
func firstPiece(b []byte) []byte {
	if len(b) <= datagramPiece || b[datagramKind] != datagramData || binary.LittleEndian.Uint32(b[datagramOffset:]) != 0 {
		return nil
	}
	return b[datagramPiece:]
}
