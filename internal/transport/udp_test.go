package transport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// lossy is a socket whose sends lose, repeat, damage and overtake, by a seed.
type lossy struct {
	packets
	faults
	mu     sync.Mutex
	random *rand.Rand
	held   [][]byte
	lost   int
}

// faults are shares of datagrams.
type faults struct {
	drop, repeat, damage float64
	late                 float64 // kept back until some later ones have gone
}

func (l *lossy) send(b []byte, segment int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(b) > 0 {
		one := b[:min(segment, len(b))]
		b = b[len(one):]
		if err := l.one(one); err != nil {
			return err
		}
	}
	return nil
}

func (l *lossy) one(b []byte) error {
	hit := func(share float64) bool { return l.random.Float64() < share }
	switch {
	case hit(l.drop):
		l.lost++
		return nil
	case hit(l.late):
		l.held = append(l.held, append([]byte(nil), b...))
		return nil
	case hit(l.damage):
		damaged := append([]byte(nil), b...)
		damaged[l.random.IntN(len(b))] ^= 1 << l.random.IntN(8)
		return l.packets.send(damaged, len(damaged))
	}
	if hit(l.repeat) {
		if err := l.packets.send(b, len(b)); err != nil {
			return err
		}
	}
	if err := l.packets.send(b, len(b)); err != nil || !hit(0.3) || len(l.held) == 0 {
		return err
	}
	late := l.held[0]
	l.held = l.held[1:]
	return l.packets.send(late, len(late))
}

// overLossy is overUDP through lossy sockets both ways.
func overLossy(t testing.TB, datagram int, seed uint64, f faults) (a, b end, sockets *[]*lossy) {
	times := quick
	times.datagram = datagram
	sockets = new([]*lossy)
	var mu sync.Mutex
	times.lossy = func(p packets) packets {
		mu.Lock()
		defer mu.Unlock()
		l := &lossy{packets: p, faults: f, random: rand.New(rand.NewPCG(seed, uint64(len(*sockets))))}
		*sockets = append(*sockets, l)
		return l
	}
	a, b = overUDPIn(t, ringCap, times)
	return a, b, sockets
}

// Every frame comes out once, whole and in order, in both directions, whatever becomes of the datagrams; with
// a reader who stalls now and then.
func TestUDPOverLossySockets(t *testing.T) {
	f := faults{drop: 0.05, repeat: 0.05, damage: 0.02, late: 0.05}
	for name, c := range map[string]struct{ datagram, size, frames int }{
		"large": {datagramMax, 60_000, 300}, "wire": {datagramWire, 60_000, 100}, "small": {datagramWire, 300, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			a, b, sockets := overLossy(t, c.datagram, seed, f)
			a.take(EventUp)
			b.take(EventUp)
			var done sync.WaitGroup
			done.Go(func() {
				for i := range c.frames {
					b.receive(uint64(i), c.size)
					if i%50 == 49 { // the window and the ring fill meanwhile
						until(t, func() bool { return a.Stats().FramesOut > uint64(min(i+3, c.frames-1)) })
					}
				}
			})
			done.Go(func() {
				for i := range c.frames {
					b.send(uint64(i), 200)
				}
			})
			for sent, got := 0, 0; sent < c.frames || got < c.frames; {
				if sent < c.frames && a.trySend(uint64(sent), c.size) {
					sent++
				} else if got < c.frames {
					a.receive(uint64(got), 200)
					got++
				}
			}
			done.Wait()
			lost := 0
			for _, l := range *sockets {
				l.mu.Lock()
				lost += l.lost
				l.mu.Unlock()
			}
			if s := a.Stats(); lost == 0 || s.Resent == 0 || b.Stats().Duplicates == 0 {
				t.Errorf("%d datagrams lost, %d sent again, %d came twice: nothing was tested", lost, s.Resent, b.Stats().Duplicates)
			}
			if a.Stats().Sessions != 1 {
				t.Errorf("%d sessions, want 1", a.Stats().Sessions)
			}
		})
	}
}

// What is refused is said once, and the datagrams go one by one; the session does not notice.
func TestUDPWithoutOffload(t *testing.T) {
	log := &journal{}
	w := &wire{unusedLog: log.logger()}
	for range 2 {
		w.notUsed(noOffload, "sending: refused")
	}
	if lines := log.with(noOffload); len(lines) != 1 {
		t.Errorf("%d lines %q, want 1", len(lines), lines)
	}
	if r := w.unused(); len(r) != 1 || !strings.Contains(r[0], noOffload+": sending: refused") {
		t.Errorf("not used: %q", r)
	}
	times := quick
	times.datagram = datagramWire
	times.lossy = func(p packets) packets { return oneByOne{p} }
	a, b := overUDPIn(t, ringCap, times)
	a.take(EventUp)
	b.take(EventUp)
	for i := range uint64(20) {
		a.send(i, 50_000)
		b.receive(i, 50_000)
	}
}

// The head of IPv6 is longer than that of IPv4. Datagrams that were cut for that went in fragments, one by one.
func TestUDPOverIPv6(t *testing.T) {
	n, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip(err)
	}
	n.Close()
	if lo, err := net.InterfaceByName("lo"); err != nil || lo.MTU < 1<<16 {
		t.Skip("datagrams are too long for the loopback of this machine anyway")
	}
	b, l := listenRisk(t, "[::1]:0", ringCap, nil)
	a := dialUDP(t, l.Addr().String(), ringCap, nil, quick)
	a.take(EventUp)
	b.take(EventUp)
	a.send(1, 200_000)
	b.receive(1, 200_000)
	b.send(2, 200_000)
	a.receive(2, 200_000)
	for _, line := range append(a.NotUsed(), b.NotUsed()...) {
		if strings.Contains(line, "too long") {
			t.Error(line)
		}
	}
}

// oneByOne is a socket without segmentation offload.
type oneByOne struct{ packets }

func (o oneByOne) send(b []byte, segment int) error {
	for len(b) > 0 {
		n := min(segment, len(b))
		if err := o.packets.send(b[:n], n); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// Where no datagram arrives although the connection stands, as behind a wall that lets TCP pass, the session ends and
// says why, and the next one goes over the connection.
func TestUDPKeptBack(t *testing.T) {
	log := &journal{}
	times := quick
	times.unacked = 50 * time.Millisecond
	times.lossy = func(p packets) packets {
		return &lossy{packets: p, faults: faults{drop: 1}, random: rand.New(rand.NewPCG(1, 1))}
	}
	b, n := listenRiskIn(t, "127.0.0.1:0", ringCap, nil, times)
	a := dialUDP(t, n.Addr().String(), ringCap, log.logger(), times)
	a.take(EventUp)
	a.send(1, 100)
	a.take(EventDown)
	a.take(EventUp)
	b.take(EventUp)
	b.take(EventDown)
	b.take(EventUp)
	a.send(2, 100)
	b.receive(2, 100)
	if lines := log.with("link down"); len(lines) != 1 || !strings.Contains(lines[0], "nothing that was sent over UDP has arrived") {
		t.Errorf("the log says %q", lines)
	}
	if r := a.NotUsed(); len(r) != 1 || !strings.Contains(r[0], noUDP) {
		t.Errorf("not used: %q", r)
	}
}

// narrow is a way that swallows what is longer than it takes, as beyond a tunnel whose router does not say so.
type narrow struct {
	packets
	most int
}

func (n narrow) send(b []byte, segment int) error {
	for len(b) > 0 {
		k := min(segment, len(b))
		if k <= n.most {
			if err := n.packets.send(b[:k], k); err != nil {
				return err
			}
		}
		b = b[k:]
	}
	return nil
}

// Where short datagrams arrive and long ones never do, a session ends at its first long frame, and the next one goes over the
// connection: over UDP it would end at the same frame.
func TestUDPNarrowWay(t *testing.T) {
	log := &journal{}
	times := quick
	times.unacked = time.Second // and not less: the first frame has to be acknowledged in it
	times.datagram = datagramWire
	times.lossy = func(p packets) packets { return narrow{p, 1000} }
	b, n := listenRiskIn(t, "127.0.0.1:0", ringCap, nil, times)
	a := dialUDP(t, n.Addr().String(), ringCap, log.logger(), times)
	a.take(EventUp)
	b.take(EventUp)
	a.send(1, 100)
	b.receive(1, 100)
	a.send(2, 5000)
	a.take(EventDown)
	a.take(EventUp)
	b.take(EventDown)
	b.take(EventUp)
	a.send(3, 5000)
	b.receive(3, 5000)
	if lines := log.with("no UDP"); len(lines) != 1 || !strings.Contains(lines[0], "does not arrive, while others do") {
		t.Errorf("log %q, want one line that says why", lines)
	}
}

// What is swallowed on the way back only is noticed by the listener, and the next session goes over the connection as well,
// whatever the dialer asks for. Another process of the dialer is believed again: it may be elsewhere.
func TestUDPNarrowWayBack(t *testing.T) {
	log := &journal{}
	times := quick
	times.unacked = time.Second
	times.datagram = datagramWire
	back := times
	back.lossy = func(p packets) packets { return narrow{p, 1000} }
	b, n := listenRiskIn(t, "127.0.0.1:0", ringCap, log.logger(), back)
	a := dialUDP(t, n.Addr().String(), ringCap, nil, times)
	a.take(EventUp)
	b.take(EventUp)
	b.send(1, 100)
	a.receive(1, 100)
	b.send(2, 5000)
	a.take(EventDown)
	a.take(EventUp)
	b.take(EventDown)
	b.take(EventUp)
	b.send(3, 5000)
	a.receive(3, 5000)
	if lines := log.with("no UDP"); len(lines) != 1 || !strings.Contains(lines[0], "does not arrive, while others do") {
		t.Errorf("log %q, want one line that says why", lines)
	}
	a.Close()
	b.take(EventDown)
	a = dialUDP(t, n.Addr().String(), ringCap, nil, times)
	a.take(EventUp)
	if r := a.NotUsed(); len(r) > 0 {
		t.Errorf("not used: %q", r)
	}
}

// Why a session over UDP has ended is what its connection says.
func TestUDPDownReason(t *testing.T) {
	log := &journal{}
	b, n := listenRiskIn(t, "127.0.0.1:0", ringCap, log.logger(), quick)
	a := dialUDP(t, n.Addr().String(), ringCap, nil, quick)
	a.take(EventUp)
	b.take(EventUp)
	a.Close()
	b.take(EventDown)
	if lines := log.with("link down"); len(lines) != 1 || !strings.Contains(lines[0], errHungUp.Error()) {
		t.Errorf("the log says %q, want that %v", lines, errHungUp)
	}
}

// A peer that breaks the rules loses its session; datagrams of strangers and of other sessions do not.
func TestUDPBadPeers(t *testing.T) {
	a, b := overUDP(t, ringCap)
	a.take(EventUp)
	b.take(EventUp)
	a.send(1, 100)
	b.receive(1, 100)
	if !checkDatagram(sealed(datagramData, 7, make([]byte, dataHead-datagramHead+1)), 7) {
		t.Error("a good datagram is refused")
	}
	for name, bad := range map[string][]byte{
		"short":   make([]byte, datagramHead-1),
		"token":   sealed(datagramData, 8, make([]byte, 100)),
		"kind":    sealed(3, 7, make([]byte, 100)),
		"no data": sealed(datagramData, 7, make([]byte, dataHead-datagramHead)),
		"bits":    sealed(datagramAck, 7, make([]byte, 7)),
		"many":    sealed(datagramAck, 7, make([]byte, packetsMax/8+8)),
	} {
		if checkDatagram(bad, 7) {
			t.Errorf("%s: taken", name)
		}
	}
	damaged := sealed(datagramData, 7, make([]byte, 100))
	damaged[60] ^= 1
	if checkDatagram(damaged, 7) {
		t.Error("a damaged datagram is taken")
	}
}

func sealed(kind byte, token uint64, rest []byte) []byte {
	b := append(make([]byte, datagramHead), rest...)
	putHead(b, kind, token, 1, 2)
	sealDatagram(b)
	return b
}

func FuzzDatagram(f *testing.F) {
	f.Add(sealed(datagramData, 7, make([]byte, 100)))
	f.Add(sealed(datagramAck, 7, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if checkDatagram(b, 7) {
			var a acknowledgement
			acknowledgementAt(b, &a)
		}
		if o, err := decodeUDPOffer(b); err == nil && o.token != 0 {
			if back, err := decodeUDPOffer(o.append(nil)); err != nil || back != o {
				t.Fatalf("%+v came back as %+v, %v", o, back, err)
			}
		}
		if o, err := decodeOffer(b); err == nil && string(o.append(nil)) != string(b) {
			t.Fatalf("%+v is not what was read", o)
		}
	})
}

// BenchmarkLoss sends frames of 64 KB over UDP and loses some of the datagrams: what is left of the clean
// throughput is of-clean.
//
//	go test -run '^$' -bench Loss ./internal/transport
func BenchmarkLoss(b *testing.B) {
	const size = 64 << 10
	for _, datagram := range []int{datagramMax, datagramWire} {
		clean := 0.0
		for _, loss := range []float64{0, 0.01, 0.05} {
			b.Run(fmt.Sprintf("datagram=%d/loss=%g", datagram, loss), func(b *testing.B) {
				a, z, _ := overLossy(b, datagram, 1, faults{drop: loss})
				a.take(EventUp)
				z.take(EventUp)
				frame := newFrame(1, size)
				b.SetBytes(size)
				b.ResetTimer()
				began := time.Now()
				go func() {
					for range b.N {
						until(b, func() bool {
							f := a.Claim(size)
							copy(f, frame)
							return f != nil
						})
						a.Publish(size)
					}
				}()
				for range b.N {
					z.wait()
					z.Release()
				}
				rate := float64(b.N) / time.Since(began).Seconds()
				if loss == 0 {
					clean = rate
				}
				b.ReportMetric(rate/clean, "of-clean")
				b.ReportMetric(float64(a.Stats().Resent)/float64(b.N), "resent/op")
			})
		}
	}
}
