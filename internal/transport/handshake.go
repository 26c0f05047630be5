package transport

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/tezi-exchange/tezi/codec"
)

// The handshake, three frames. The last one keeps a listener from giving up a working connection
// for a dialer that then does not want it.
//
//	dialer                               listener
//	   │ hello: who I am ──────────────────▶ │ checks it
//	   │ ◀──────────────── hello: who I am   │ or refuse: why, and closes
//	   │ checks it                           │
//	   │ hello: agreed ────────────────────▶ │ or refuse: why, and closes
//	   up                                    up
//
// A dialer that wants to share memory, or to use UDP, says so in place of the last frame (share, udp), and
// gets an answer (shared, udp). Whatever it is, the session comes up: it goes over the connection then.

// ErrRefused is wrapped by the errors of a handshake that failed because of who is on the other
// side: another attempt will fail in the same way until somebody changes a configuration. Where the
// reason is one of the others below, that is wrapped as well.
var (
	ErrRefused = errors.New("wrong peer")
	ErrCluster = errors.New("another cluster")
	ErrVersion = errors.New("another protocol version")
	ErrTwin    = errors.New("two live processes with one identity")
)

// refusal is an error of a handshake: ErrRefused for a reason.
type refusal struct {
	reason error // one of the other errors, or nil
	text   string
}

func (r *refusal) Error() string   { return ErrRefused.Error() + ": " + r.text }
func (r *refusal) Unwrap() []error { return []error{ErrRefused, r.reason} }

// handshakeFrameMax bounds what a stranger can make us read.
const handshakeFrameMax = 1024

func isRefusal(err error) bool { return errors.Is(err, ErrRefused) }

// peer is a connection, from the first byte of the handshake on. What the buffered reader holds
// after the handshake belongs to the session.
type peer struct {
	wire    *wire
	conn    *net.TCPConn
	read    *bufio.Reader
	process uint64 // as its hello says
	boot    uint32
	shared  *shared // memory that the frames go through, and
	offered offer   // the dialer's offer of it until it is answered; or
	udp     *udp    // sockets; neither: they go over the connection
}

func newPeer(w *wire, conn *net.TCPConn) *peer {
	return &peer{wire: w, conn: conn, read: bufio.NewReaderSize(conn, readBuffer)}
}

// greetFirst is the dialer's half.
func (p *peer) greetFirst() error {
	if err := p.sendHello(); err != nil {
		return err
	}
	if err := p.checkHello(nil); err != nil {
		return err
	}
	switch {
	case p.wire.carrier == Shared && p.makeShared():
		return p.offerShared()
	case p.wire.carrier == UDP && p.offerUDP():
		return p.udpAnswer()
	}
	return p.sendHello()
}

// greetBack is the listener's half, behind the hello of the peer.
func (p *peer) greetBack() error {
	if err := p.sendHello(); err != nil {
		return err
	}
	h, body, err := p.handshakeFrame(codec.FrameHello, codec.FrameShare, codec.FrameUDP)
	switch {
	case err != nil || h.Kind == codec.FrameHello:
		return err
	case h.Kind == codec.FrameUDP:
		return p.takeUDP(body)
	}
	return p.takeShared(body)
}

func (p *peer) sendHello() error {
	w := p.wire
	return p.send(codec.FrameHello, codec.AppendHello(nil, w.hello))
}

func (p *peer) send(kind codec.FrameKind, body []byte) error {
	h := p.wire.header
	h.Kind, h.From, h.To = kind, p.wire.hello.Node, p.wire.want.Node
	frame := append(codec.BeginFrame(nil, h), body...)
	codec.SealFrame(frame)
	_, err := p.conn.Write(frame)
	return err
}

// checkHello reads one frame, which must be the hello of whom we want. Otherwise the error says in
// one line whom we expected and whom we got, and the peer is told the same. A listener's ownerOf tells whose the peer
// is, by its hello.
func (p *peer) checkHello(ownerOf func(codec.Hello) *Listener) error {
	h, body, err := p.handshakeFrame(codec.FrameHello)
	if err != nil {
		return err
	}
	got, err := codec.DecodeHello(body)
	if err != nil {
		return p.wire.mismatch(nil, err.Error())
	}
	p.process, p.boot = got.Process, h.Boot
	var owner *Listener
	if ownerOf != nil {
		owner = ownerOf(got)
		p.wire = owner.wire
		if err := p.wire.ctx.Err(); err != nil { // the link is closed: the peer would come up, and go down at once
			return err
		}
	}
	if fault, reason := p.wire.judge(h, got); fault != "" {
		err := p.wire.mismatch(reason, fault)
		p.sayRefused(codec.FrameRefuse, err)
		return err
	}
	if owner == nil {
		return nil
	}
	if twin := owner.twin(p); twin != nil {
		err := p.wire.mismatch(ErrTwin, fmt.Sprintf("a second process (boot %d), while the one of boot %d is connected from %s",
			p.boot, twin.boot, twin.conn.RemoteAddr()))
		p.sayRefused(codec.FrameTwin, err)
		return err
	}
	return nil
}

// handshakeFrame reads and checks one frame, which must be of one of the kinds.
func (p *peer) handshakeFrame(kinds ...codec.FrameKind) (h codec.Header, body []byte, err error) {
	w := p.wire
	frame, err := p.frame()
	if err != nil {
		return h, nil, err
	}
	h, body, err = codec.CheckFrame(frame)
	switch {
	case errors.Is(err, codec.ErrFrameVersion):
		err = w.mismatch(ErrVersion, err.Error())
		p.sayRefused(codec.FrameRefuse, err)
	case err != nil:
		err = w.mismatch(nil, err.Error())
	case h.Kind == codec.FrameRefuse, h.Kind == codec.FrameTwin:
		var reason error
		if h.Kind == codec.FrameTwin {
			reason = ErrTwin
		} else if h.Cluster != w.header.Cluster {
			reason = ErrCluster
		}
		err = &refusal{reason, fmt.Sprintf("expected %s, was refused by node %d of cluster %d: %q", who(w.want, w.header.Cluster), h.From, h.Cluster, body)}
	case !slices.Contains(kinds, h.Kind):
		err = w.mismatch(nil, fmt.Sprintf("a frame of kind %d instead of a hello", h.Kind))
	}
	return h, body, err
}

// frame reads one frame of the handshake, unchecked but for its length.
func (p *peer) frame() ([]byte, error) {
	head, err := p.read.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("no hello from the peer: %w", plain(err))
	}
	n, err := codec.FrameLen(head)
	if err == nil && n > handshakeFrameMax {
		err = fmt.Errorf("%w: %d in a handshake, want at most %d", codec.ErrFrameLength, n, handshakeFrameMax)
	}
	if err != nil {
		return nil, p.wire.mismatch(nil, err.Error())
	}
	frame := make([]byte, n)
	_, err = io.ReadFull(p.read, frame)
	return frame, err
}

// judge compares a hello with whom we want; it describes the peer if it is somebody else.
func (w *wire) judge(h codec.Header, got codec.Hello) (fault string, reason error) {
	ok := h.Cluster == w.header.Cluster &&
		(w.want.Node == 0 || got.Node == w.want.Node) &&
		(w.want.Role == "" || got.Role == w.want.Role)
	if ok && (h.To == 0 || h.To == w.hello.Node) {
		return "", nil
	}
	if h.Cluster != w.header.Cluster {
		reason = ErrCluster
	}
	fault = who(got, h.Cluster)
	if h.To != 0 && h.To != w.hello.Node {
		fault += fmt.Sprintf(" looking for node %d", h.To)
	}
	return fault, reason
}

func (w *wire) mismatch(reason error, got string) error {
	return &refusal{reason, fmt.Sprintf("expected %s, got %s", who(w.want, w.header.Cluster), got)}
}

// sayRefused tells the peer why. It is a courtesy: the connection ends whether it arrives or not.
func (p *peer) sayRefused(kind codec.FrameKind, why error) {
	text := who(p.wire.hello, p.wire.header.Cluster) + ": " + why.Error()
	text = text[:min(len(text), handshakeFrameMax-codec.FrameHeaderSize)]
	_ = p.send(kind, []byte(text))
}

// name is a node for people.
func name(h codec.Hello) string {
	role := h.Role
	if role == "" {
		role = "any role"
	}
	if h.Node == 0 {
		return role
	}
	return fmt.Sprintf("%s (node %d)", role, h.Node)
}

func who(h codec.Hello, cluster uint32) string {
	return fmt.Sprintf("%s of cluster %d", name(h), cluster)
}
