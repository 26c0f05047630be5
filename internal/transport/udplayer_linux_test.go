package transport

import (
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
