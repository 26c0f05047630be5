package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// ends are an engine and a participant with the proxy between them.
type ends struct {
	t        *testing.T
	p        *Proxy
	held     chan string
	dialer   *transport.Link
	listener *transport.Link
	dials    *ringbuf.Bell
	listens  *ringbuf.Bell
	log      *bytes.Buffer
}

func connect(t *testing.T, carrier transport.Carrier, up, down string) *ends {
	t.Helper()
	e := &ends{t: t, held: make(chan string, 10), dials: ringbuf.NewBell(ringbuf.WaitPark), listens: ringbuf.NewBell(ringbuf.WaitPark), log: &bytes.Buffer{}}
	engine, risk := codec.Hello{Node: 16, Role: "engine"}, codec.Hello{Node: 1, Role: "risk"}
	l, err := transport.Listen("127.0.0.1:0", transport.ListenOptions{
		Hello: risk, Want: engine, Header: codec.Header{Cluster: 7}, OutCap: 1 << 20, InCap: 1 << 20, Bell: e.listens,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.listener = l.Link()
	o := Options{Network: Tezi, Target: l.Addr().String()}
	o.Held = func(up bool, at Mark) { e.held <- map[bool]string{true: "up ", false: "down "}[up] + at.String() }
	o.Up, err = ParseRules(up)
	if err == nil {
		o.Down, err = ParseRules(down)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.p = start(t, o)
	e.dialer = transport.Dial(transport.DialOptions{
		Addr: e.p.Addr(), Hello: engine, Want: risk, Header: codec.Header{Cluster: 7}, OutCap: 1 << 20, InCap: 1 << 20, Bell: e.dials,
		Carrier: carrier, Log: slog.New(slog.NewTextHandler(e.log, nil)),
	})
	t.Cleanup(func() { e.dialer.Close(); e.p.Lose(); e.listener.Close() })
	e.up(e.dialer, e.dials)
	e.up(e.listener, e.listens)
	return e
}

func (e *ends) next(l *transport.Link, bell *ringbuf.Bell) (transport.Event, []byte) {
	for {
		if ev, frame := l.Next(); ev != transport.EventNone {
			return ev, frame
		}
		bell.Wait(func() bool { ev, _ := l.Next(); return ev != transport.EventNone })
	}
}

func (e *ends) up(l *transport.Link, bell *ringbuf.Bell) {
	e.t.Helper()
	if ev, _ := e.next(l, bell); ev != transport.EventUp {
		e.t.Fatalf("event %v, want up", ev)
	}
	l.Release()
}

// send publishes messages with the given watermark.
func (e *ends) send(l *transport.Link, kind batch3pc.Kind, seqs ...batch3pc.Seq) {
	for _, seq := range seqs {
		m := &batch3pc.Message{Kind: kind, From: 16, To: 1, Seq: seq, Applied: seq, Commit: seq / 10}
		if kind == batch3pc.KindBatch {
			m.Batch = &batch3pc.Batch{Seq: seq, Payload: bytes.Repeat([]byte{byte(seq)}, 100_000)}
		}
		frame := codec.AppendMessage(l.Claim(codec.MessageSize(m))[:0], codec.Header{Cluster: 7}, m)
		l.Publish(len(frame))
	}
}

// sendCounted sends a batch of so many items.
func (e *ends) sendCounted(seq batch3pc.Seq, items uint32) {
	m := &batch3pc.Message{Kind: batch3pc.KindBatch, From: 16, To: 1, Batch: &batch3pc.Batch{Seq: seq, Count: items}}
	e.dialer.Publish(len(codec.AppendMessage(e.dialer.Claim(codec.MessageSize(m))[:0], codec.Header{Cluster: 7}, m)))
}

// gets reads messages and compares their kinds and numbers.
func (e *ends) gets(l *transport.Link, bell *ringbuf.Bell, seqs ...batch3pc.Seq) {
	e.t.Helper()
	for _, want := range seqs {
		ev, frame := e.next(l, bell)
		if ev != transport.EventFrame {
			e.t.Fatalf("event %v, want a frame", ev)
		}
		s, ok := codec.LookAt(frame)
		if !ok || s.At != want {
			e.t.Fatalf("message %+v, want number %d", s, want)
		}
		l.Release()
	}
}

func (e *ends) isHeld(want string) {
	e.t.Helper()
	if got := <-e.held; got != want {
		e.t.Fatalf("held %q, want %q", got, want)
	}
}

var carriers = map[string]transport.Carrier{"tcp": transport.TCP, "udp": transport.UDP}

// TestHold: a link stands still in front of a message or behind it, and goes on.
func TestHold(t *testing.T) {
	for name, carrier := range carriers {
		t.Run(name, func(t *testing.T) {
			e := connect(t, carrier, "hold=PreCommit@5", "")
			e.send(e.dialer, batch3pc.KindPreCommit, 3, 4, 7, 8)
			e.gets(e.listener, e.listens, 3, 4)
			e.isHeld("up PreCommit@5")
			e.send(e.listener, batch3pc.KindYes, 3) // the other direction is open
			if carrier == transport.TCP {
				e.gets(e.dialer, e.dials, 3)
			}
			if ev, _ := e.listener.Next(); ev != transport.EventNone {
				t.Errorf("event %v came through a link that is held", ev)
			}
			e.p.Go()
			e.gets(e.listener, e.listens, 7, 8)
			if s := e.p.Stats(); s.Up.Held != 1 || s.Down.Held != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// TestPass: the message is the last one that passes, however many datagrams it takes.
func TestPass(t *testing.T) {
	for name, carrier := range carriers {
		t.Run(name, func(t *testing.T) {
			e := connect(t, carrier, "pass=Batch@2", "")
			e.send(e.dialer, batch3pc.KindBatch, 1, 2, 3)
			e.gets(e.listener, e.listens, 1, 2)
			e.isHeld("up Batch@2")
			if ev, _ := e.listener.Next(); ev != transport.EventNone {
				t.Errorf("event %v came through a link that is held", ev)
			}
			e.p.Lose()
			for _, l := range []*transport.Link{e.listener, e.dialer} { // the third one is lost with the connection
				bell := map[bool]*ringbuf.Bell{true: e.listens, false: e.dials}[l == e.listener]
				if ev, _ := e.next(l, bell); ev != transport.EventDown {
					t.Errorf("event %v, want down", ev)
				}
				l.Release()
				e.up(l, bell)
			}
			e.send(e.dialer, batch3pc.KindBatch, 4)
			e.gets(e.listener, e.listens, 4)
		})
	}
}

// TestMarks: what a mark means depends on the kind.
func TestMarks(t *testing.T) {
	e := connect(t, transport.TCP, "hold=StateReq@2", "hold=DoCommit@3")
	e.send(e.dialer, batch3pc.KindStateReq, 9, 9) // they are counted
	e.gets(e.listener, e.listens, 9)
	e.isHeld("up StateReq@2")
	e.send(e.listener, batch3pc.KindApplied, 20, 29, 30) // any kind with the watermark, here a tenth
	e.gets(e.dialer, e.dials, 20, 29)
	e.isHeld("down DoCommit@3")

	e = connect(t, transport.TCP, "hold=Generation@2", "")
	e.sendCounted(1, 1000)
	e.sendCounted(2, batch3pc.CountGeneration)
	e.sendCounted(3, 1000)
	e.gets(e.listener, e.listens, 1, 2, 3)
	e.sendCounted(4, batch3pc.CountGeneration)
	e.isHeld("up Generation@2")
}

// TestCutHeals: a cut is no end, neither of a connection nor of a session over UDP.
func TestCutHeals(t *testing.T) {
	for name, carrier := range carriers {
		t.Run(name, func(t *testing.T) {
			e := connect(t, carrier, "", "")
			e.p.SetUp(Rules{Cut: true})
			e.send(e.dialer, batch3pc.KindYes, 1, 2)
			e.p.SetUp(Rules{})
			e.gets(e.listener, e.listens, 1, 2)
			if s := e.dialer.Stats(); s.Sessions != 1 {
				t.Errorf("%d sessions", s.Sessions)
			}
		})
	}
}

// TestLossOverUDP: the datagrams of a session go through the proxy, and what it does to them is repaired.
func TestLossOverUDP(t *testing.T) {
	e := connect(t, transport.UDP, "drop=0.2,dup=0.2,flip=0.1,jitter=1ms", "drop=0.2,dup=0.2")
	for seq := batch3pc.Seq(1); seq <= 50; seq++ {
		e.send(e.dialer, batch3pc.KindBatch, seq)
		e.gets(e.listener, e.listens, seq)
		e.send(e.listener, batch3pc.KindYes, seq)
		e.gets(e.dialer, e.dials, seq)
	}
	s := e.p.Stats()
	if s.Up.Dropped == 0 || s.Up.Flipped == 0 || s.Down.Duplicated == 0 || s.Connections != 1 {
		t.Errorf("stats %+v: the rules did nothing, or broke the connection", s)
	}
	if bad := e.listener.Stats().Bad[transport.BadDatagram]; bad == 0 {
		t.Error("no damaged datagram was counted")
	}
}

// TestSharedMemoryIsDeclined: where the proxy could not see what passes, the nodes use the connection.
func TestSharedMemoryIsDeclined(t *testing.T) {
	e := connect(t, transport.Shared, "", "")
	e.send(e.dialer, batch3pc.KindYes, 1)
	e.gets(e.listener, e.listens, 1)
	if e.p.Stats().Up.Bytes < 224 {
		t.Error("the message has not passed the proxy")
	}
}

// TestStrangers: what is no frame breaks the connection, whatever it says of its length.
func TestStrangers(t *testing.T) {
	share := codec.BeginFrame(nil, codec.Header{Kind: codec.FrameShare})
	codec.SealFrame(share)
	offer := append(codec.BeginFrame(nil, codec.Header{Kind: codec.FrameUDP}), make([]byte, offerSize+1)...)
	codec.SealFrame(offer)
	for name, text := range map[string]string{
		"long":  string(binary.LittleEndian.AppendUint32(nil, 1<<31)),
		"short": string(binary.LittleEndian.AppendUint32(nil, 3)),
		"http":  "GET / HTTP/1.0\r\n\r\n",
		"share": string(share), "udp": string(offer),
	} {
		p := start(t, Options{Network: Tezi, Target: echo(t)})
		c := dial(t, p)
		if _, err := io.Copy(c, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 100)); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %d bytes came back", name, n)
		}
	}
}

// FuzzFrames takes any bytes as what a node says: no frame is longer than it may be, and none is made up.
func FuzzFrames(f *testing.F) {
	m := batch3pc.Message{Kind: batch3pc.KindYes, Seq: 3}
	f.Add(codec.AppendMessage(nil, codec.Header{}, &m))
	f.Fuzz(func(t *testing.T, text []byte) {
		next, read := frames(bytes.NewReader(text)), 0
		for {
			frame, err := next()
			if err != nil {
				return
			}
			if !bytes.HasPrefix(text[read:], frame) {
				t.Fatal("other bytes than were sent")
			}
			read += len(frame)
			mark := Mark{Kind: "Yes", At: 3}
			if s, ok := codec.LookAt(frame); ok {
				mark.meets(s)
			}
			firstPiece(frame)
		}
	})
}

// FuzzParseRules: what is understood means what it says.
func FuzzParseRules(f *testing.F) {
	f.Add("drop=0.5,delay=1ms,hold=PreCommit@3")
	f.Add("cut,pass=DoCommit@1")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRules(text)
		if err != nil {
			return
		}
		if min(r.Drop, r.Dup, r.Flip) < 0 || max(r.Drop, r.Dup, r.Flip) > 1 || r.Delay < 0 || r.Jitter < 0 || r.Rate < 0 || r.Hold.Kind != "" && r.Hold.At == 0 {
			t.Errorf("%q is %+v", text, r)
		}
	})
}
