package transport

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tezi-exchange/tezi/codec"
)

// oneThread is an end of a session over UDP whose user, reader and writer are all the caller: what is left of a round trip
// is what our layer and the kernel do, without anybody who wakes up.
type oneThread struct {
	*Link
	writer *udpWriter
	reader *udpReader
	buffer []byte
}

const (
	layerRing  = 256 << 10 // bytes: its lines stay in the cache, as those of the bare calls do
	layerTrips = 16        // at a time: what is done once in a while has its share
)

func newOneThread(b testing.TB, me, peer codec.Hello, socket *udpSocket, size int) *oneThread {
	w := newWire(ListenOptions{Hello: me, Header: header, Want: peer, OutCap: layerRing, InCap: layerRing, Bell: newBell()}, quick)
	p := newPeer(w, new(net.TCPConn))
	p.udp = newUDP(socket.UDPConn, udpOffer{token: 1, size: uint32(size)})
	p.udp.socket = socket
	s := w.newSession(p)
	p.udp.s = s
	w.link.up, w.link.session = true, s.number
	w.link.live.Store(s.number)
	b.Cleanup(func() { socket.Close() })
	return &oneThread{w.link, newUDPWriter(p.udp), newUDPReader(p.udp), make([]byte, datagramMax+1)}
}

func (o *oneThread) send(frame []byte) {
	copy(o.Claim(len(frame)), frame)
	o.Publish(len(frame))
	o.writer.work()
}

func (o *oneThread) take(b testing.TB, size int) {
	for {
		if event, frame := o.Next(); event == EventFrame {
			if len(frame) != size {
				b.Fatalf("a frame of %d bytes, want %d", len(frame), size)
			}
			o.Release()
			return
		}
		n, err := o.reader.socket.receive(o.buffer)
		if err != nil {
			b.Fatal(err)
		}
		if err := o.reader.take(o.buffer[:n]); err != nil {
			b.Fatal(err)
		}
	}
}

// udpPair is two sockets that speak to each other, with offload.
func udpPair(b testing.TB, size int) (ends [2]*udpSocket) {
	for i := range ends {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		ends[i] = &udpSocket{UDPConn: c}
	}
	for i, e := range ends {
		if err := e.connect(ends[1-i].LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
			b.Fatal(err)
		}
		e.offload(size, func(why string) { b.Skip(why) })
	}
	return ends
}

// asked is a socket that counts datagrams which do nothing but acknowledge.
type asked struct {
	packets
	acks int
}

func (c *asked) send(b []byte, segment int) error {
	if b[5] == datagramAck {
		c.acks++
	}
	return c.packets.send(b, segment)
}

// Where every frame is answered, the answers acknowledge, and no datagram is sent for that alone; where none is, a quarter of
// the window is not passed without one.
func TestUDPAnswersAcknowledge(t *testing.T) {
	ends := udpPair(t, datagramMax)
	a, z := newOneThread(t, engine, risk, ends[0], datagramMax), newOneThread(t, risk, engine, ends[1], datagramMax)
	count := &asked{packets: ends[1]}
	z.reader.socket, z.writer.socket = count, count
	quarter := int(z.reader.window) / 4
	for i := range uint64(100) {
		a.send(newFrame(i, 100))
		z.take(t, 100)
		z.send(newFrame(i, 64))
		a.take(t, 64)
	}
	if count.acks > 0 {
		t.Errorf("%d datagrams that only acknowledge, beside 100 answers", count.acks)
	}
	for i := range uint64(quarter) {
		a.send(newFrame(i, 100))
		z.take(t, 100)
	}
	if count.acks != 1 {
		t.Errorf("%d datagrams that acknowledge, after %d frames without an answer, want 1", count.acks, quarter)
	}
}

// counted is a socket that counts its calls and the datagrams in them, and loses one datagram of data in so many.
type counted struct {
	packets
	calls, datagrams, bytes int
	lose, lost              int // 0: none
}

func (c *counted) send(b []byte, segment int) error {
	c.calls++
	for one := range slices.Chunk(b, segment) {
		if c.datagrams++; c.lose > 0 && one[5] == datagramData && c.datagrams%c.lose == 0 {
			c.lost++
			continue
		}
		c.bytes += len(one)
		if c.lose == 0 {
			continue
		}
		if err := c.packets.send(one, len(one)); err != nil {
			return err
		}
	}
	if c.lose > 0 {
		return nil
	}
	return c.packets.send(b, segment)
}

// takeAll takes in all that a socket has sent, of which so many bytes are known.
func (o *oneThread) takeAll(t *testing.T, sent, known int) int {
	t.Helper()
	for known < sent {
		n, err := o.reader.socket.receive(o.buffer)
		if err := errors.Join(err, o.reader.take(o.buffer[:n])); err != nil {
			t.Fatal(err)
		}
		known += n
	}
	return known
}

// One call sends a frame: one datagram where it fits, all of its pieces where it does not, which arrive in one call as well.
func TestUDPOneCallPerFrame(t *testing.T) {
	const size = 40_000
	for _, datagram := range []int{datagramMax, datagramWire} {
		ends := udpPair(t, datagram)
		a, z := newOneThread(t, engine, risk, ends[0], datagram), newOneThread(t, risk, engine, ends[1], datagram)
		count := &counted{packets: ends[0]}
		a.writer.socket = count
		a.send(newFrame(1, size))
		pieces := (size + datagram - dataHead - 1) / (datagram - dataHead)
		if count.calls != 1 || count.datagrams != pieces {
			t.Errorf("%d calls with %d datagrams, want 1 with %d", count.calls, count.datagrams, pieces)
		}
		n, err := z.reader.socket.receive(z.buffer)
		if err != nil || n != size+pieces*dataHead {
			t.Errorf("%d bytes in one call, %v, want %d", n, err, size+pieces*dataHead)
		}
	}
}

// No more is sent than the reader has given credit for, and what it has lost is sent again, once, and nothing else.
func TestUDPSendsWhatIsWanted(t *testing.T) {
	const size, frames = 100, 1000
	ends := udpPair(t, datagramMax) // so few packets are in flight that every socket holds them
	a, z := newOneThread(t, engine, risk, ends[0], datagramMax), newOneThread(t, risk, engine, ends[1], datagramMax)
	there, back := &counted{packets: ends[0], lose: 20}, &counted{packets: ends[1]}
	a.writer.socket, z.reader.socket = there, back
	window := int(a.writer.window)
	sent, got, full := 0, 0, false
	for knownThere, knownBack := 0, 0; got < frames; {
		for range 3 * window / 2 { // nothing of what is acknowledged meanwhile is heard
			if sent < frames && a.Claim(size) != nil {
				a.send(newFrame(uint64(sent), size))
				sent++
			}
			if sent > frames-reorderMax {
				there.lose = 0 // nothing comes behind it that shows the loss
			}
			knownThere = z.takeAll(t, there.bytes, knownThere)
			for event, frame := z.Next(); event == EventFrame; event, frame = z.Next() {
				checkFrame(t, frame, uint64(got), size)
				z.Release()
				got++
			}
		}
		ahead := int(a.writer.next - a.writer.acked)
		if full = full || ahead == window; ahead > window {
			t.Fatalf("%d packets are sent ahead, want at most %d", ahead, window)
		}
		z.reader.acknowledge() // what a packet that comes twice would bring about
		knownBack = a.takeAll(t, back.bytes, knownBack)
		a.writer.work()
	}
	if resent := int(a.Stats().Resent); there.lost == 0 || resent != there.lost || z.Stats().Duplicates > 0 || !full {
		t.Errorf("%d datagrams lost, %d sent again, %d came twice; the window was full %t", there.lost, resent, z.Stats().Duplicates, full)
	}
}

// BenchmarkUDPLayer is a frame there and one of 64 bytes back by one thread, beside the same bytes in bare system calls, by
// turns: what our layer adds to what the kernel takes.
//
//	go test -run '^$' -bench UDPLayer -benchtime 1000x ./internal/transport
func BenchmarkUDPLayer(b *testing.B) {
	for _, c := range []struct{ size, datagram int }{{64, datagramMax}, {40_000, datagramMax}, {40_000, datagramWire}} {
		b.Run(fmt.Sprintf("size=%d/datagram=%d", c.size, c.datagram), func(b *testing.B) { udpLayer(b, c.size, c.datagram) })
	}
}

func udpLayer(b *testing.B, size, datagram int) {
	ends := udpPair(b, datagram)
	a := newOneThread(b, engine, risk, ends[0], datagram)
	z := newOneThread(b, risk, engine, ends[1], datagram)
	frame, answer := newFrame(1, size), newFrame(1, 64)
	var fd [2]int
	for i, e := range udpPair(b, datagram) {
		b.Cleanup(func() { e.Close() })
		if err := e.control(func(n int) error { fd[i] = n; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	pass := func(from, to int, p []byte) {
		if _, err := unix.Write(fd[from], p); err != nil {
			b.Fatal(err)
		}
		for got := 0; got < len(p); {
			n, err := unix.Read(fd[to], a.buffer)
			if err != nil {
				b.Fatal(err)
			}
			got += n
		}
	}
	var ours, bare []float64
	for b.Loop() {
		from := time.Now()
		for range layerTrips {
			a.send(frame)
			z.take(b, size)
			z.send(answer)
			a.take(b, 64)
		}
		ours = append(ours, float64(time.Since(from))/layerTrips)
		from = time.Now()
		for range layerTrips {
			pass(0, 1, frame)
			pass(1, 0, answer)
		}
		bare = append(bare, float64(time.Since(from))/layerTrips)
	}
	slices.Sort(ours)
	slices.Sort(bare)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours[len(ours)/2], "p50-ns")
	b.ReportMetric(ours[len(ours)/2]/bare[len(bare)/2], "x-bare")
}
