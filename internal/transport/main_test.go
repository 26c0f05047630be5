package transport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/ringbuf"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == echoCommand || os.Args[1] == echoDialling) {
		echoMain()
	}
	goleak.VerifyTestMain(m)
}

// The cast of all tests: an engine that dials and a risk participant that listens, in cluster 7.
const cluster = 7

var (
	engine = codec.Hello{Node: 1, Role: "engine"}
	risk   = codec.Hello{Node: 2, Role: "risk"}
	header = codec.Header{Cluster: cluster, Boot: 3}

	// quick makes dialers come back at once. The times to wait for a peer are so long that a test
	// fails if it comes to that.
	quick = timing{handshake: time.Hour, frame: time.Hour, unacked: time.Hour, flush: time.Hour, backoffMin: time.Millisecond, backoffMax: 2 * time.Millisecond}
)

const (
	ringCap  = 1 << 20
	patience = 2 * time.Minute // for what must happen: only a failing test waits so long
)

// end is one side of a connection under test.
type end struct {
	*Link
	t    testing.TB
	bell *ringbuf.Bell
}

func newBell() *ringbuf.Bell { return ringbuf.NewBell(ringbuf.WaitPark) }

// await returns the next event, which must be want, and its frame.
func (e end) await(want Event) []byte {
	e.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if got, frame := e.Next(); got == want {
			return frame
		} else if got != EventNone {
			e.t.Fatalf("event %v, want %v", got, want)
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("no event, want %v", want)
		}
		e.bell.WaitUntil(func() bool { got, _ := e.Next(); return got != EventNone }, patience)
	}
}

// take is await and Release.
func (e end) take(want Event) {
	e.t.Helper()
	e.await(want)
	e.Release()
}

// send publishes one frame and waits for room if there is none.
func (e end) send(number uint64, size int) {
	e.t.Helper()
	until(e.t, func() bool { return e.trySend(number, size) })
}

func (e end) trySend(number uint64, size int) bool {
	b := e.Claim(size)
	if b == nil {
		return false
	}
	makeFrame(b, number)
	e.Publish(size)
	return true
}

// receive takes one frame, which must be the one that send made of the same arguments.
func (e end) receive(number uint64, size int) {
	e.t.Helper()
	checkFrame(e.t, e.await(EventFrame), number, size)
	e.Release()
}

// makeFrame fills b, which is as long as the frame, with a frame that depends on its number.
func makeFrame(b []byte, number uint64) {
	h := header
	h.Kind, h.From, h.Boot = codec.FrameMessage, engine.Node, uint32(number)
	codec.BeginFrame(b[:0], h)
	body := b[codec.FrameHeaderSize:]
	for i := range body {
		body[i] = byte(uint64(i) * (2*number + 1))
	}
	codec.SealFrame(b)
}

func newFrame(number uint64, size int) []byte {
	b := make([]byte, size)
	makeFrame(b, number)
	return b
}

func checkFrame(t testing.TB, got []byte, number uint64, size int) {
	t.Helper()
	if want := newFrame(number, size); !bytes.Equal(got, want) {
		t.Fatalf("frame of %d bytes is not frame %d of %d bytes", len(got), number, size)
	}
}

// until yields until ok, or fails the test.
func until(t testing.TB, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// listenRisk makes the listening end.
func listenRisk(t testing.TB, addr string, inCap int, log *slog.Logger) (end, *Listener) {
	t.Helper()
	return listenRiskIn(t, addr, inCap, log, quick)
}

func listenRiskIn(t testing.TB, addr string, inCap int, log *slog.Logger, times timing) (end, *Listener) {
	t.Helper()
	bell := newBell()
	var n *Listener
	var err error
	until(t, func() bool { // somebody else on this machine may have the port of one that has died for a moment
		n, err = listen(addr, ListenOptions{
			Hello: risk, Header: header, Want: engine, OutCap: ringCap, InCap: inCap, Bell: bell, Log: log,
		}, times)
		return !errors.Is(err, syscall.EADDRINUSE)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return end{n.Link(), t, bell}, n
}

// dialEngine makes the dialing end.
func dialEngine(t testing.TB, addr string, inCap int, log *slog.Logger) end {
	return dialEngineIn(t, addr, inCap, log, quick)
}

func dialEngineIn(t testing.TB, addr string, inCap int, log *slog.Logger, times timing) end {
	bell := newBell()
	l := dial(DialOptions{
		Addr: addr, Hello: engine, Header: header, Want: risk, OutCap: ringCap, InCap: inCap, Bell: bell, Log: log,
	}, times)
	t.Cleanup(func() { l.Close() })
	return end{l, t, bell}
}

// overTCP returns two connected ends that are not yet told so.
func overTCP(t testing.TB, inCap int) (a, b end) { return overTCPIn(t, inCap, quick) }

func overTCPIn(t testing.TB, inCap int, times timing) (a, b end) {
	b, n := listenRiskIn(t, "127.0.0.1:0", inCap, nil, times)
	return dialEngineIn(t, n.Addr().String(), inCap, nil, times), b
}

// overPair is overTCP in memory.
func overPair(t testing.TB, inCap int) (a, b end) {
	a, b = end{t: t, bell: newBell()}, end{t: t, bell: newBell()}
	a.Link, b.Link = Pair(inCap, inCap, a.bell, b.bell)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// overShared is overTCP with memory that both ends map.
func overShared(t testing.TB, inCap int) (a, b end) {
	needShared(t)
	b, n := listenRisk(t, "127.0.0.1:0", inCap, nil)
	return dialShared(t, n.Addr().String(), inCap, nil, quick), b
}

// needShared skips a test where processes have no memory to share, as in a container without /dev/shm, or hardly any.
func needShared(t testing.TB) {
	t.Helper()
	o := offer{out: 4 * ringCap, in: 4 * ringCap}
	s, err := o.create(sharedDir, "tezi-test-")
	if err != nil {
		t.Skip(err)
	}
	o.remove(sharedDir)
	s.drop()
}

func dialShared(t testing.TB, addr string, inCap int, log *slog.Logger, times timing) end {
	bell := newBell()
	l := dial(DialOptions{
		Addr: addr, Hello: engine, Header: header, Want: risk, OutCap: max(ringCap, inCap), InCap: max(ringCap, inCap),
		Bell: bell, Log: log, Carrier: Shared,
	}, times)
	t.Cleanup(func() { l.Close() })
	return end{l, t, bell}
}

// overUDP is overTCP with datagrams as large as they come.
func overUDP(t testing.TB, inCap int) (a, b end) { return overUDPIn(t, inCap, quick) }

// overWire is overUDP with datagrams of Ethernet's size.
func overWire(t testing.TB, inCap int) (a, b end) {
	times := quick
	times.datagram = datagramWire
	return overUDPIn(t, inCap, times)
}

func overUDPIn(t testing.TB, inCap int, times timing) (a, b end) {
	b, n := listenRiskIn(t, "127.0.0.1:0", inCap, nil, times)
	return dialUDP(t, n.Addr().String(), inCap, nil, times), b
}

func dialUDP(t testing.TB, addr string, inCap int, log *slog.Logger, times timing) end {
	bell := newBell()
	l := dial(DialOptions{
		Addr: addr, Hello: engine, Header: header, Want: risk, OutCap: ringCap, InCap: inCap, Bell: bell, Log: log, Carrier: UDP,
	}, times)
	t.Cleanup(func() { l.Close() })
	return end{l, t, bell}
}

var transports = map[string]func(t testing.TB, inCap int) (a, b end){"tcp": overTCP, "pair": overPair, "shared": overShared, "udp": overUDP, "udp_wire": overWire}

// raw is a peer made by hand, who can do everything wrong.
type raw struct {
	net.Conn
	t    testing.TB
	read *bufio.Reader
}

func newRaw(t testing.TB, conn net.Conn, err error) raw {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return raw{conn, t, bufio.NewReader(conn)}
}

func rawDial(t testing.TB, addr net.Addr) raw {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	return newRaw(t, conn, err)
}

func (r raw) send(frame []byte) {
	r.t.Helper()
	if _, err := r.Write(frame); err != nil {
		r.t.Fatal(err)
	}
}

func helloFrame(h codec.Header, hello codec.Hello) []byte {
	h.Kind, h.From = codec.FrameHello, hello.Node
	b := codec.AppendHello(codec.BeginFrame(nil, h), hello)
	codec.SealFrame(b)
	return b
}

// next reads one frame.
func (r raw) next() []byte {
	r.t.Helper()
	head, err := r.read.Peek(4)
	if err != nil {
		r.t.Fatal(err)
	}
	n, err := codec.FrameLen(head)
	if err != nil {
		r.t.Fatal(err)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.read, b); err != nil {
		r.t.Fatal(err)
	}
	return b
}

// expect reads a frame of the handshake.
func (r raw) expect(kind codec.FrameKind) []byte {
	r.t.Helper()
	h, body, err := codec.CheckFrame(r.next())
	if err != nil || h.Kind != kind {
		r.t.Fatalf("frame of kind %d (%v), want kind %d", h.Kind, err, kind)
	}
	return body
}

// gone waits until the other side has closed the connection.
func (r raw) gone() {
	r.t.Helper()
	if _, err := io.Copy(io.Discard, r.read); err != nil && strings.Contains(err.Error(), "timeout") {
		r.t.Fatal("the connection is still open")
	}
}

// joinListener is the dialer's half of a handshake.
func (r raw) joinListener() raw {
	r.t.Helper()
	r.send(helloFrame(header, engine))
	r.expect(codec.FrameHello)
	r.send(helloFrame(header, engine))
	return r
}

// joinDialer is the listener's half of a handshake.
func (r raw) joinDialer() raw {
	r.t.Helper()
	r.expect(codec.FrameHello)
	r.send(helloFrame(header, risk))
	r.expect(codec.FrameHello)
	return r
}

// rawListener accepts the connections of a dialer under test by hand.
func rawListener(t testing.TB) (addr string, accept func() raw) {
	t.Helper()
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n.Addr().String(), func() raw {
		t.Helper()
		conn, err := n.Accept()
		return newRaw(t, conn, err)
	}
}

// journal collects log lines.
type journal struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(b)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// with returns the lines that contain text.
func (j *journal) with(text string) (lines []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.lines.String()) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}
