package transport

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"

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

// ErrRefused is wrapped by the errors of a handshake that failed because of who is on the other
// side: another attempt will fail in the same way until somebody changes a configuration.
var ErrRefused = errors.New("wrong peer")

// handshakeFrameMax bounds what a stranger can make us read.
const handshakeFrameMax = 1024

func isRefusal(err error) bool { return errors.Is(err, ErrRefused) }

// peer is a connection, from the first byte of the handshake on. What the buffered reader holds
// after the handshake belongs to the session.
type peer struct {
	wire *wire
	conn *net.TCPConn
	read *bufio.Reader
}

func newPeer(w *wire, conn *net.TCPConn) *peer {
	return &peer{wire: w, conn: conn, read: bufio.NewReaderSize(conn, readBuffer)}
}

// greetFirst is the dialer's half.
func (p *peer) greetFirst() error {
	if err := p.sendHello(); err != nil {
		return err
	}
	if err := p.checkHello(); err != nil {
		return err
	}
	return p.sendHello()
}

// greetBack is the listener's half.
func (p *peer) greetBack() error {
	if err := p.checkHello(); err != nil {
		return err
	}
	if err := p.sendHello(); err != nil {
		return err
	}
	return p.checkHello()
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
// one line whom we expected and whom we got, and the peer is told the same.
func (p *peer) checkHello() error {
	w := p.wire
	frame, err := p.frame()
	if err != nil {
		return err
	}
	h, body, err := codec.CheckFrame(frame)
	if err != nil {
		refusal := w.mismatch(err.Error())
		if errors.Is(err, codec.ErrFrameVersion) {
			p.sayRefused(refusal)
		}
		return refusal
	}
	if h.Kind == codec.FrameRefuse {
		return fmt.Errorf("%w: expected %s, was refused by node %d of cluster %d: %q",
			ErrRefused, who(w.want, w.header.Cluster), h.From, h.Cluster, body)
	}
	if h.Kind != codec.FrameHello {
		return w.mismatch(fmt.Sprintf("a frame of kind %d instead of a hello", h.Kind))
	}
	got, err := codec.DecodeHello(body)
	if err != nil {
		return w.mismatch(err.Error())
	}
	if fault := w.judge(h, got); fault != "" {
		err := w.mismatch(fault)
		p.sayRefused(err)
		return err
	}
	return nil
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
		return nil, p.wire.mismatch(err.Error())
	}
	frame := make([]byte, n)
	_, err = io.ReadFull(p.read, frame)
	return frame, err
}

// judge compares a hello with whom we want; it describes the peer if it is somebody else.
func (w *wire) judge(h codec.Header, got codec.Hello) string {
	ok := h.Cluster == w.header.Cluster &&
		(w.want.Node == 0 || got.Node == w.want.Node) &&
		(w.want.Role == "" || got.Role == w.want.Role)
	if ok && (h.To == 0 || h.To == w.hello.Node) {
		return ""
	}
	text := who(got, h.Cluster)
	if h.To != 0 && h.To != w.hello.Node {
		text += fmt.Sprintf(" looking for node %d", h.To)
	}
	return text
}

func (w *wire) mismatch(got string) error {
	return fmt.Errorf("%w: expected %s, got %s", ErrRefused, who(w.want, w.header.Cluster), got)
}

// sayRefused tells the peer why. It is a courtesy: the connection ends whether it arrives or not.
func (p *peer) sayRefused(why error) {
	text := who(p.wire.hello, p.wire.header.Cluster) + ": " + why.Error()
	text = text[:min(len(text), handshakeFrameMax-codec.FrameHeaderSize)]
	_ = p.send(codec.FrameRefuse, []byte(text))
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
