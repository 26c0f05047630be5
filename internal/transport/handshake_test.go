package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// TestMisconfigured starts a dialer and a listener that do not belong together. Neither comes up;
// both say in one line whom they expected and whom they got, and say it once however often the
// dialer tries again.
func TestMisconfigured(t *testing.T) {
	settlement := codec.Hello{Node: 3, Role: "settlement"}
	for _, c := range []struct {
		name         string
		adapt        func(d *DialOptions, l *ListenOptions)
		dialer, peer []string // what the two lines must contain
	}{
		{"cluster",
			func(d *DialOptions, _ *ListenOptions) { d.Header.Cluster = 8 },
			[]string{"expected risk (node 2) of cluster 8", "refused by node 2 of cluster 7"},
			[]string{"expected engine (node 1) of cluster 7, got engine (node 1) of cluster 8"}},
		{"listener's role",
			func(_ *DialOptions, l *ListenOptions) { l.Hello.Role = "marketdata" },
			[]string{"expected risk (node 2) of cluster 7, got marketdata (node 2) of cluster 7"},
			[]string{"expected engine (node 1) of cluster 7, was refused by node 1 of cluster 7"}},
		{"dialer's role",
			func(d *DialOptions, _ *ListenOptions) { d.Hello.Role = "gateway" },
			[]string{"expected risk (node 2) of cluster 7", "got gateway (node 1) of cluster 7"},
			[]string{"expected engine (node 1) of cluster 7, got gateway (node 1) of cluster 7"}},
		{"dialer's node",
			func(d *DialOptions, _ *ListenOptions) { d.Hello.Node = 9 },
			[]string{"expected risk (node 2) of cluster 7", "got engine (node 9) of cluster 7"},
			[]string{"expected engine (node 1) of cluster 7, got engine (node 9) of cluster 7"}},
		{"wrong port",
			func(_ *DialOptions, l *ListenOptions) { l.Hello = settlement },
			[]string{"expected risk (node 2) of cluster 7", "settlement (node 3) of cluster 7"},
			[]string{"expected engine (node 1) of cluster 7, got engine (node 1) of cluster 7 looking for node 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var dialLog, listenLog journal
			d := DialOptions{Hello: engine, Header: header, Want: risk, Bell: newBell(), Log: dialLog.logger()}
			l := ListenOptions{Hello: risk, Header: header, Want: engine, Bell: newBell(), Log: listenLog.logger()}
			c.adapt(&d, &l)
			n, err := listen("127.0.0.1:0", l, quick)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			d.Addr = n.Addr().String()
			a := dial(d, quick)
			defer a.Close()
			until(t, func() bool { return a.Stats().Refused >= 4 && n.Link().Stats().Refused >= 4 })
			for _, link := range []*Link{a, n.Link()} {
				if event, _ := link.Next(); event != EventNone || link.Stats().Sessions != 0 {
					t.Errorf("event %v, stats %+v, want nothing", event, link.Stats())
				}
			}
			oneLine(t, "dialer", &dialLog, c.dialer)
			oneLine(t, "listener", &listenLog, c.peer)
		})
	}
}

// oneLine checks that the log has exactly one error, which contains all of want.
func oneLine(t *testing.T, whose string, log *journal, want []string) {
	t.Helper()
	lines := log.with("level=ERROR")
	if len(lines) != 1 {
		t.Fatalf("%s: %d error lines, want 1: %q", whose, len(lines), lines)
	}
	for _, w := range want {
		if !strings.Contains(lines[0], w) {
			t.Errorf("%s says %q, want %q in it", whose, lines[0], w)
		}
	}
}

// TestAnyone: the zero Want takes whoever is of the cluster.
func TestAnyone(t *testing.T) {
	bell := newBell()
	n, err := Listen("127.0.0.1:0", ListenOptions{Hello: risk, Header: header, OutCap: 1 << 12, InCap: 1 << 12, Bell: bell})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	a := dialEngine(t, n.Addr().String(), ringCap, nil)
	a.take(EventUp)
	end{n.Link(), t, bell}.take(EventUp)
}

// TestOtherVersion: a peer of another protocol version is told so in a frame, and the log names
// both versions.
func TestOtherVersion(t *testing.T) {
	log := new(journal)
	_, n := listenRisk(t, "127.0.0.1:0", ringCap, log.logger())
	r := rawDial(t, n.Addr())
	hello := helloFrame(header, engine)
	hello[10] = codec.FrameVersion + 1
	r.send(reseal(hello))
	want := fmt.Sprintf("%d, want %d", codec.FrameVersion+1, codec.FrameVersion)
	if got := r.expect(codec.FrameRefuse); !bytes.Contains(got, []byte(want)) {
		t.Errorf("refused with %q, want %q in it", got, want)
	}
	r.gone()
	until(t, func() bool { return n.Link().Stats().Refused == 1 })
	oneLine(t, "listener", log, []string{want, "expected engine (node 1) of cluster 7"})
}

// TestLogSpeaksAgain: after the link was up, the same failure is news again.
func TestLogSpeaksAgain(t *testing.T) {
	log := new(journal)
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	addr := n.Addr().String()
	a := dialEngine(t, addr, ringCap, log.logger())
	for i := range 3 {
		a.take(EventUp)
		b.Close()
		a.take(EventDown)
		until(t, func() bool { return len(log.with("connection refused")) == i+1 })
		b, _ = listenRisk(t, addr, ringCap, nil)
	}
	a.take(EventUp)
	if got := log.with("link up"); len(got) != 4 {
		t.Errorf("%d lines about the link being up, want 4", len(got))
	}
	if got := log.with("connection refused"); len(got) != 3 {
		t.Errorf("%d lines about refused connections, want 3, one per outage: %q", len(got), got)
	}
}

// TestStrangersFillNoLog: those who say something else each time are all refused and counted, and not all told of. After
// the link was up they are news again.
func TestStrangersFillNoLog(t *testing.T) {
	log := new(journal)
	e, n := listenRisk(t, "127.0.0.1:0", ringCap, log.logger())
	for i, others := range []int{2 * noLinkMax, 1} {
		for k := range others {
			h := header
			h.Cluster += uint32(1 + k)
			r := rawDial(t, n.Addr())
			r.send(helloFrame(h, engine))
			r.gone()
		}
		until(t, func() bool { return n.Link().Stats().Refused == uint64(2*noLinkMax+i) })
		if i == 0 {
			dialEngine(t, n.Addr().String(), ringCap, nil)
			e.take(EventUp)
		}
	}
	if got, last := len(log.with("no link")), len(log.with("is not told")); got != noLinkMax+1 || last != 1 {
		t.Errorf("%d lines about strangers, want %d and another one when the link was up; %d of them say that there are more", got, noLinkMax, last)
	}
}

// TestSilentListener: a listener that accepts and says nothing is given up after the time for a
// handshake, and tried again.
func TestSilentListener(t *testing.T) {
	addr, accept := rawListener(t)
	impatient := quick
	impatient.handshake = 20 * time.Millisecond
	log := new(journal)
	a := dial(DialOptions{Addr: addr, Hello: engine, Header: header, Want: risk, Bell: newBell(), Log: log.logger()}, impatient)
	defer a.Close()
	for range 3 {
		accept().gone()
	}
	until(t, func() bool { return len(log.with("no hello from the peer: i/o timeout")) > 0 })
	if a.Stats().Sessions != 0 {
		t.Errorf("stats %+v, want no session", a.Stats())
	}
}

// TestSilentDialers: connections that say nothing occupy the listener for the time of a handshake.
func TestSilentDialers(t *testing.T) {
	impatient := quick
	impatient.handshake = 200 * time.Millisecond
	_, n := listenRiskIn(t, "127.0.0.1:0", ringCap, nil, impatient)
	for range handshakesMax {
		defer rawDial(t, n.Addr()).gone()
	}
	until(t, func() bool { return n.door.busy() == 0 })
}

// TestStrangersGiveWay: however many hold the listener up, the peer gets in, and it is the oldest of those who have not said
// who they are that gives way; where all of them have, and go no further, it is the oldest.
func TestStrangersGiveWay(t *testing.T) {
	for _, known := range []int{0, 1, handshakesMax - 1, handshakesMax} {
		e, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
		var guests []raw
		for i := range handshakesMax {
			r := rawDial(t, n.Addr())
			if i < known {
				r.send(helloFrame(header, engine))
				r.expect(codec.FrameHello)
			}
			guests = append(guests, r)
			until(t, func() bool { return n.door.busy() == i+1 })
		}
		dialEngine(t, n.Addr().String(), ringCap, nil)
		e.take(EventUp)
		first := known % handshakesMax
		guests[first].gone()
		until(t, func() bool { return n.door.busy() == handshakesMax-1 }) // nobody else has had to go
		for range 2 * handshakesMax {
			rawDial(t, n.Addr())
		}
		until(t, func() bool { return n.door.busy() == handshakesMax })
		if n.Link().Stats().Sessions != 1 || !n.Link().Live() {
			t.Errorf("known %d: a peer that is in had to go for those who are not", known)
		}
	}
}

// busy counts the handshakes in progress.
func (d *door) busy() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.guests)
}

// TestCloseDuringHandshake: Close does not wait for a peer that takes its time.
func TestCloseDuringHandshake(t *testing.T) {
	addr, accept := rawListener(t)
	a := dialEngine(t, addr, ringCap, nil)
	r := accept()
	r.expect(codec.FrameHello)
	a.Close()
	r.gone()

	_, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	r = rawDial(t, n.Addr())
	until(t, func() bool { return n.door.busy() == 1 })
	n.Close()
	r.gone()
}

// TestBackoff: pauses grow from the lower to the upper bound and never leave them; a refusal goes
// to the upper end at once, a session that lasted back to the lower one.
func TestBackoff(t *testing.T) {
	b := backoff{min: backoffMin, max: backoffMax}
	for range 100 {
		for i := range 20 {
			if got := b.afterFailure(false); got < backoffMin || got > backoffMax {
				t.Fatalf("pause %d is %v, want %v to %v", i, got, backoffMin, backoffMax)
			}
		}
		if got := b.afterSession(backoffMax - 1); got < backoffMax/2 {
			t.Errorf("pause %v after a session that did not last, want at least %v", got, backoffMax/2)
		}
		if got := b.afterSession(backoffMax); got > 2*backoffMin {
			t.Errorf("pause %v after a session that lasted, want at most %v", got, 2*backoffMin)
		}
		if got := b.afterFailure(true); got < backoffMax/2 {
			t.Errorf("pause %v after a refusal, want at least %v", got, backoffMax/2)
		}
		b.afterSession(backoffMax)
	}
}

// FuzzReadFrame reads any bytes as a connection: whatever gets into the in ring is a whole frame
// of our cluster, and no input makes the reader panic.
func FuzzReadFrame(f *testing.F) {
	f.Add(newFrame(1, 100))
	f.Add(append(newFrame(1, 24), newFrame(2, 300)...))
	for _, d := range damages {
		f.Add(d.spoil(newFrame(3, 200)))
	}
	f.Add(binary.LittleEndian.AppendUint32(nil, codec.FrameSizeMax))
	f.Add(binary.LittleEndian.AppendUint32(nil, 100)) // the rest does not come
	f.Fuzz(func(t *testing.T, in []byte) {
		w := newWire(ListenOptions{Header: header, InCap: 1 << 14, OutCap: 64, Bell: newBell()}, quick)
		defer w.cancel()
		s := w.newSession(newPeer(w, new(net.TCPConn))) // without a socket: deadlines are errors that mean nothing
		s.read.Reset(bytes.NewReader(in))
		rest := in
		for {
			err := s.readFrame()
			frame := w.link.in.Peek()
			if err != nil {
				if frame != nil {
					t.Fatal("a bad frame was passed on")
				}
				return
			}
			if h, _, err := codec.CheckFrame(frame); err != nil || h.Cluster != cluster || !bytes.HasPrefix(rest, frame) {
				t.Fatalf("frame %x: %v", frame, err)
			}
			rest = rest[len(frame):]
			w.link.in.Release()
		}
	})
}
