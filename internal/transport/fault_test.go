package transport

import (
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// TestReconnect: the peer's process dies and comes back on the same port.
func TestReconnect(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	addr := n.Addr().String()
	a := dialEngine(t, addr, ringCap, nil)
	for i := range uint64(3) {
		a.take(EventUp)
		b.take(EventUp)
		a.send(i, 500)
		b.receive(i, 500)
		b.send(i, 700)
		a.receive(i, 700)
		b.Close()
		a.take(EventDown)
		b, _ = listenRisk(t, addr, ringCap, nil)
	}
	if s := a.Stats(); s.Sessions < 3 || s.Reconnects != s.Sessions-1 {
		t.Errorf("stats %+v, want at least 3 sessions", s)
	}
}

// TestStalledPeerThenNewSession: a peer that reads nothing fills the kernel's buffers and the out
// ring, and Claim says so instead of waiting. When it is gone, what was published for it is not
// sent to its successor (I3).
func TestStalledPeerThenNewSession(t *testing.T) {
	addr, accept := rawListener(t)
	a := dialEngine(t, addr, ringCap, nil)
	stalled := accept().joinDialer()
	a.take(EventUp)
	fillUp(a, 60_000)
	if event, _ := a.Next(); event != EventNone {
		t.Fatalf("event %v from a silent peer", event)
	}
	stalled.Close()
	fresh := accept().joinDialer()
	until(t, func() bool { return a.Claim(codec.FrameHeaderSize) == nil }) // already before the user knows
	a.take(EventDown)
	a.await(EventUp)
	if a.Claim(a.MaxFrame()) == nil {
		t.Error("the out ring is not empty at the start of a session")
	}
	a.Release()
	a.send(2, 3000)
	checkFrame(t, fresh.next(), 2, 3000)
}

// TestClaimAtTheEnd: when the connection is gone the link takes no more frames, even before its
// user reads the Down, and wherever the end was noticed.
func TestClaimAtTheEnd(t *testing.T) {
	for name, received := range map[string]int{"by the reader": 0, "by the writer": 3} {
		next := EventDown
		if received > 0 {
			next = EventFrame
		}
		t.Run(name, func(t *testing.T) {
			b, n := listenRisk(t, "127.0.0.1:0", 1<<12, nil)
			r := rawDial(t, n.Addr()).joinListener()
			b.take(EventUp)
			for range received { // one more than the in ring takes: the reader waits for room
				r.send(newFrame(1, 2024))
			}
			until(t, func() bool { return received == 0 || b.room.Parks() > 0 })
			r.Close()
			until(t, func() bool {
				if received > 0 {
					b.trySend(1, 100) // the writer notices when it writes
				}
				return b.live.Load() == 0
			})
			if b.Claim(100) != nil {
				t.Error("claim without a connection")
			}
			b.await(next)
		})
	}
}

// TestOutRingEmptyAtUp: a session begins with an empty out ring, so that what the user sends in
// answer to the Up finds room. The in ring is filled so that the Down of the first session just
// fits behind what the user has not read, and the Up of the second does not: there the keeper
// stands still.
func TestOutRingEmptyAtUp(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", 1<<12, nil)
	older := rawDial(t, n.Addr()).joinListener()
	b.await(EventUp)
	older.send(newFrame(1, 2016))
	older.send(newFrame(1, 2016))
	until(t, func() bool { return b.Stats().FramesIn == 2 })
	fillUp(b, 60_000)
	rawDial(t, n.Addr()).joinListener()
	until(t, func() bool { return b.live.Load() == 2 })
	if got := b.out.Len(); got != 0 {
		t.Errorf("%d frames of the old session wait in the new one", got)
	}
}

// TestWriterEndsSession: a connection that cannot be written to any more is over, although the peer
// keeps its side of it open.
func TestWriterEndsSession(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	r := rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
	n.mu.Lock()
	conn := n.current.conn
	n.mu.Unlock()
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	r.send(newFrame(1, 100))
	b.receive(1, 100)
	b.send(2, 100)
	b.take(EventDown)
	r.gone()
}

// TestClaimAcrossSessions publishes a frame whose session ended between Claim and Publish: it must
// not reach the next session, in which the user has not even seen the Down (I3).
func TestClaimAcrossSessions(t *testing.T) {
	addr, accept := rawListener(t)
	a := dialEngine(t, addr, ringCap, nil)
	first := accept().joinDialer()
	a.take(EventUp)
	late := a.Claim(500)
	first.Close()
	second := accept().joinDialer()
	until(t, func() bool { return a.Stats().Sessions == 2 })
	makeFrame(late, 1)
	a.Publish(500)
	a.take(EventDown)
	a.take(EventUp)
	a.send(2, 600)
	checkFrame(t, second.next(), 2, 600)
	until(t, func() bool { return a.Stats().Discarded == 1 })
}

// damage makes a bad frame of a good one.
type damage struct {
	name   string
	reason BadReason
	spoil  func(frame []byte) []byte
}

func reseal(frame []byte) []byte {
	codec.SealFrame(frame)
	return frame
}

var damages = []damage{
	{"length too small", BadLength, func(f []byte) []byte { binary.LittleEndian.PutUint32(f, 23); return f }},
	{"length too large", BadLength, func(f []byte) []byte { binary.LittleEndian.PutUint32(f, 1<<31); return f }},
	{"too large for the ring", BadTooLarge, func([]byte) []byte { return newFrame(1, ringCap/2) }},
	{"bit flip in the body", BadChecksum, func(f []byte) []byte { f[len(f)-1] ^= 4; return f }},
	{"bit flip in the checksum", BadChecksum, func(f []byte) []byte { f[5] ^= 128; return f }},
	{"magic", BadMagic, func(f []byte) []byte { f[8]++; return reseal(f) }},
	{"version", BadVersion, func(f []byte) []byte { f[10]++; return reseal(f) }},
	{"cluster", BadCluster, func(f []byte) []byte { f[12]++; return reseal(f) }},
	{"hello", BadKind, func([]byte) []byte { return helloFrame(header, engine) }},
	{"refusal", BadKind, func(f []byte) []byte { f[11] = byte(codec.FrameRefuse); return reseal(f) }},
	{"twin", BadKind, func(f []byte) []byte { f[11] = byte(codec.FrameTwin); return reseal(f) }},
	{"offer of memory", BadKind, func(f []byte) []byte { f[11] = byte(codec.FrameShare); return reseal(f) }},
	{"answer to it", BadKind, func(f []byte) []byte { f[11] = byte(codec.FrameShared); return reseal(f) }},
	{"offer of UDP", BadKind, func(f []byte) []byte { f[11] = byte(codec.FrameUDP); return reseal(f) }},
	{"text", BadLength, func([]byte) []byte { return []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") }},
}

// TestBadFrames: a bad frame is never passed on, is counted under its reason, ends its connection,
// and nothing else: what came before it is there, and the next connection works.
func TestBadFrames(t *testing.T) {
	log := new(journal)
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, log.logger())
	var want [BadReasonCount]uint64
	for _, d := range damages {
		r := rawDial(t, n.Addr()).joinListener()
		b.take(EventUp)
		r.send(newFrame(5, 900))
		r.send(d.spoil(newFrame(6, 900)))
		b.receive(5, 900)
		b.take(EventDown)
		r.gone()
		want[d.reason]++
		if got := b.Stats(); got.Bad != want || got.BadFrames != sum(want[:]) {
			t.Fatalf("%s: counted %v, want %v", d.name, got.Bad, want)
		}
		if len(log.with("bad frame ("+d.reason.String()+")")) != int(want[d.reason]) {
			t.Errorf("%s: no line about it in the log", d.name)
		}
	}
}

func sum(vs []uint64) (s uint64) {
	for _, v := range vs {
		s += v
	}
	return s
}

// TestHalfFrame: a connection that ends within a frame delivers nothing of it.
func TestHalfFrame(t *testing.T) {
	log := new(journal)
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, log.logger())
	for i, k := range []int{1, 4, 23, 500, 899} {
		r := rawDial(t, n.Addr()).joinListener()
		b.take(EventUp)
		r.send(newFrame(1, 900)[:k])
		r.Close()
		b.take(EventDown)
		until(t, func() bool { return len(log.with(errHungUp.Error())) == i+1 })
	}
}

// TestSlowFrame: a frame that takes longer than a damaged one may is no damage while it comes on.
func TestSlowFrame(t *testing.T) {
	if testing.Short() {
		t.Skip("it is slow")
	}
	times := quick
	times.frame = 8 * time.Second
	b, n := listenRiskIn(t, "127.0.0.1:0", ringCap, nil, times)
	r := rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
	frame := newFrame(1, 500_000)
	var sent sync.WaitGroup
	defer sent.Wait()
	sent.Go(func() {
		for piece := range slices.Chunk(frame, 90_000) { // one each 8 s would be enough
			_, _ = r.Write(piece) // what is not taken is missed below
			time.Sleep(times.frame / 4)
		}
	})
	b.receive(1, len(frame))
}

// TestLengthThatIsTooLong: a length that a bit flip has made longer must not let a link wait for bytes that
// never come, while everything that comes is taken for the rest of that frame.
func TestLengthThatIsTooLong(t *testing.T) {
	times := quick
	times.frame = 10 * time.Millisecond
	b, n := listenRiskIn(t, "127.0.0.1:0", ringCap, nil, times)
	r := rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
	frame := newFrame(1, 900)
	frame[1] ^= 1 << 7 // 32 KiB more
	r.send(frame)
	r.gone()
	b.take(EventDown)
	if s := b.Stats(); s.Bad[BadLength] != 1 {
		t.Errorf("stats %+v, want a bad length", s)
	}
	rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
}

// TestGarbageInsteadOfHello: strangers are turned away without an event, and the peer still gets in
// between them.
func TestGarbageInsteadOfHello(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	otherKind := helloFrame(header, engine)
	otherKind[11] = byte(codec.FrameFinish)
	garbage := [][]byte{
		[]byte("GET / HTTP/1.1\r\n\r\n"),
		make([]byte, 100),
		slices.Repeat([]byte{0xff}, 100),
		newFrame(1, 900),
		newFrame(1, 5000)[:100], // the length alone is above what a stranger may send
		reseal(otherKind),
		damages[3].spoil(helloFrame(header, engine)),
		{},
	}
	for i, g := range garbage {
		r := rawDial(t, n.Addr())
		r.send(g)
		if err := r.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		r.gone()
		if event, _ := b.Next(); event != EventNone {
			t.Fatalf("garbage %d: event %v", i, event)
		}
	}
	rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
	until(t, func() bool { return b.Stats().Refused == uint64(len(garbage)-1) }) // silence is not a refusal
	if got := b.Stats().Sessions; got != 1 {
		t.Errorf("%d sessions, want 1", got)
	}
}

// TestNewerReplacesOlder: the newest connection of the peer is the link's.
func TestNewerReplacesOlder(t *testing.T) {
	log := new(journal)
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, log.logger())
	older := rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
	older.send(newFrame(1, 100))
	b.receive(1, 100)
	newer := rawDial(t, n.Addr()).joinListener()
	older.gone()
	b.take(EventDown)
	b.take(EventUp)
	newer.send(newFrame(2, 100))
	b.receive(2, 100)
	b.send(3, 100)
	checkFrame(t, newer.next(), 3, 100)
	if got := log.with(errReplaced.Error()); len(got) != 1 {
		t.Errorf("log says %q about the replacement, want one line", got)
	}
}

// TestNewerReplacesStalled replaces a connection whose reader waits for room in the in ring.
func TestNewerReplacesStalled(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", 1<<12, nil)
	older := rawDial(t, n.Addr()).joinListener()
	b.await(EventUp)
	for range 10 { // more than the ring takes
		older.send(newFrame(1, 1000))
	}
	until(t, func() bool { return b.Stats().FramesIn >= 3 })
	newer := rawDial(t, n.Addr()).joinListener()
	older.gone()
	b.Release()
	for event, _ := b.Next(); event != EventDown; event, _ = b.Next() {
		if event == EventFrame {
			b.Release()
		}
	}
	b.take(EventDown)
	b.take(EventUp)
	newer.send(newFrame(2, 100))
	b.receive(2, 100)
}

// TestRefusedDialerKeepsOut: a dialer that is refused, or refuses, does not push out the connection
// that works.
func TestRefusedDialerKeepsOut(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	good := rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
	foreign := header
	foreign.Cluster++
	refused := rawDial(t, n.Addr())
	refused.send(helloFrame(foreign, engine))
	refused.expect(codec.FrameRefuse)
	refused.gone()
	refusing := rawDial(t, n.Addr())
	refusing.send(helloFrame(header, engine))
	refusing.expect(codec.FrameHello)
	h := header
	h.Kind = codec.FrameRefuse
	refusing.send(reseal(append(codec.BeginFrame(nil, h), "wanted somebody else"...)))
	refusing.gone()
	good.send(newFrame(1, 100))
	b.receive(1, 100)
	until(t, func() bool { return b.Stats().Refused == 2 }) // counted after the socket is closed
	if got := b.Stats().Sessions; got != 1 {
		t.Errorf("%d sessions, want 1", got)
	}
}

// TestCloseWithoutReader closes links whose keeper waits for room in the in ring: for a frame, and
// for the Down of a connection that has ended.
func TestCloseWithoutReader(t *testing.T) {
	// Two records of 2,032 bytes behind the Up's 16, and the end of 8, leave no room for another.
	for name, frames := range map[string]int{"frame": 3, "down": 2} {
		t.Run(name, func(t *testing.T) {
			b, n := listenRisk(t, "127.0.0.1:0", 1<<12, nil)
			r := rawDial(t, n.Addr()).joinListener()
			b.await(EventUp)
			for range frames {
				r.send(newFrame(1, 2024))
			}
			until(t, func() bool { return b.Stats().FramesIn == 2 })
			r.Close()
			until(t, func() bool { return b.room.Parks() > 0 })
			b.Close()
		})
	}
}

// TestPortInUse: the error is one line that names the address and the reason.
func TestPortInUse(t *testing.T) {
	_, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	addr := n.Addr().String()
	_, err := Listen(addr, ListenOptions{Bell: newBell()})
	if err == nil {
		t.Fatal("listened on a port in use")
	}
	want := "transport: cannot listen on " + addr + ": bind: address already in use"
	if got := err.Error(); got != want || strings.Contains(got, "\n") {
		t.Errorf("error %q, want %q", got, want)
	}
}
