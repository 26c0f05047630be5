package transport

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// TestTwin: while a process is connected, another one with the same node id gets in only if it was
// started later. The one that does not is told why, and gets in when the other is gone.
func TestTwin(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	join := func(process uint64, boot uint32) raw {
		t.Helper()
		r := rawDial(t, n.Addr())
		h := header
		h.Boot = boot
		hello := helloFrame(h, codec.Hello{Node: engine.Node, Role: engine.Role, Process: process})
		r.send(hello)
		if got, _, err := codec.CheckFrame(r.next()); err != nil || got.Kind != codec.FrameHello {
			if got.Kind != codec.FrameTwin {
				t.Fatalf("frame of kind %d (%v), want Hello or Twin", got.Kind, err)
			}
			r.gone()
			return raw{}
		}
		r.send(hello)
		return r
	}
	refused := uint64(0)
	served := func(r raw, wantUp bool) {
		t.Helper()
		if up := r.t != nil; up != wantUp {
			t.Fatalf("up is %v, want %v", up, wantUp)
		}
		if wantUp {
			b.take(EventUp)
			return
		}
		refused++
		until(t, func() bool { return b.Stats().Refused == refused }) // it is noted after the connection is closed
	}
	first := join(100, 5)
	served(first, true)
	served(join(200, 5), false)
	served(join(200, 4), false)
	if err := n.Link().Refusal(); !errors.Is(err, ErrTwin) || !errors.Is(err, ErrRefused) {
		t.Errorf("refusal %v, want ErrTwin", err)
	}
	again := join(100, 5) // its own connection broke unnoticed
	first.gone()
	b.take(EventDown)
	served(again, true)
	later := join(200, 6) // started again, while the old connection seems alive
	again.gone()
	b.take(EventDown)
	served(later, true)
	served(join(100, 5), false)
	later.Close()
	b.take(EventDown)
	served(join(100, 5), true)
	if err := n.Link().Refusal(); err != nil {
		t.Errorf("refusal %v although the link is up", err)
	}
}

// TestRefusalTyped: a dialer that is refused learns the reason as an error it can test for.
func TestRefusalTyped(t *testing.T) {
	refusedWith := func(name string, want error, adapt func(*DialOptions)) {
		t.Helper()
		b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
		o := DialOptions{Addr: n.Addr().String(), Hello: engine, Header: header, Want: risk, InCap: ringCap, OutCap: ringCap, Bell: newBell()}
		a := dial(o, quick)
		defer a.Close()
		b.take(EventUp) // somebody is there
		adapt(&o)
		o.Bell = newBell()
		second := dial(o, quick)
		defer second.Close()
		until(t, func() bool { return second.Refusal() != nil })
		if err := second.Refusal(); !errors.Is(err, want) || !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	refusedWith("cluster", ErrCluster, func(o *DialOptions) { o.Header.Cluster++ })
	refusedWith("identity", ErrTwin, func(*DialOptions) {})
	refusedWith("role", ErrRefused, func(o *DialOptions) { o.Hello.Role = "gateway" })
}

// TestListenAll: several peers connect to one port, each to its own link, and a stranger to none. The
// port is open until the last link is closed.
func TestListenAll(t *testing.T) {
	backup := codec.Hello{Node: 9, Role: "backup"}
	bells := []end{{t: t, bell: newBell()}, {t: t, bell: newBell()}}
	all, err := listenAll("127.0.0.1:0", []ListenOptions{
		{Hello: risk, Header: header, Want: engine, InCap: ringCap, OutCap: ringCap, Bell: bells[0].bell},
		{Hello: risk, Header: header, Want: backup, InCap: ringCap, OutCap: ringCap, Bell: bells[1].bell},
	}, quick)
	if err != nil {
		t.Fatal(err)
	}
	dialAs := func(who codec.Hello) end {
		e := end{t: t, bell: newBell()}
		e.Link = dial(DialOptions{Addr: all[0].Addr().String(), Hello: who, Header: header, Want: risk, InCap: ringCap, OutCap: ringCap, Bell: e.bell}, quick)
		t.Cleanup(func() { e.Close() })
		return e
	}
	for i, who := range []codec.Hello{engine, backup} {
		bells[i].Link = all[i].Link()
		a := dialAs(who)
		a.take(EventUp)
		bells[i].take(EventUp)
		a.send(uint64(i), 100)
		bells[i].receive(uint64(i), 100)
	}
	stranger := dialAs(codec.Hello{Node: 33, Role: "stranger"})
	until(t, func() bool { return errors.Is(stranger.Refusal(), ErrRefused) })
	if err := all[0].Close(); err != nil {
		t.Fatal(err)
	}
	bells[1].send(7, 100) // the other link goes on
	late := rawDial(t, all[0].Addr())
	late.send(helloFrame(header, engine))
	if n, err := late.read.WriteTo(io.Discard); n > 0 || err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("a link that is closed greets its peer with %d bytes, %v", n, err)
	}
	if err := all[1].Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", all[0].Addr().String()); err == nil {
		conn.Close()
		t.Error("the port is open although all links are closed")
	}
}

// TestVersionTyped: both sides learn that the other one speaks another version.
func TestVersionTyped(t *testing.T) {
	_, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	r := rawDial(t, n.Addr())
	hello := helloFrame(header, engine)
	hello[10] = codec.FrameVersion + 1
	r.send(reseal(hello))
	until(t, func() bool { return errors.Is(n.Link().Refusal(), ErrVersion) })

	addr, accept := rawListener(t)
	a := dialEngine(t, addr, ringCap, nil)
	r = accept()
	r.expect(codec.FrameHello)
	h := header
	h.Kind = codec.FrameRefuse
	refuse := codec.BeginFrame(nil, h)
	refuse[10] = codec.FrameVersion + 1
	r.send(reseal(refuse))
	until(t, func() bool { return errors.Is(a.Refusal(), ErrVersion) })
}

// TestTwinThatHesitates: whoever is connected when a handshake ends counts, and not when it began. A process that
// stood still in the middle of its own does not throw out one that was started later.
func TestTwinThatHesitates(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	begin := func(process uint64, boot uint32) (r raw, agree func()) {
		t.Helper()
		h := header
		h.Boot = boot
		hello := helloFrame(h, codec.Hello{Node: engine.Node, Role: engine.Role, Process: process})
		r = rawDial(t, n.Addr())
		r.send(hello)
		r.expect(codec.FrameHello)
		return r, func() { r.send(hello) }
	}
	old, agreeOld := begin(100, 5)
	young, agreeYoung := begin(200, 6)
	agreeYoung()
	b.take(EventUp)
	agreeOld()
	old.gone()
	young.send(newFrame(1, 100))
	b.receive(1, 100)
}
