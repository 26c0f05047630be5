package commit

import (
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/internal/host"
)

// datagramSize is what a frame is cut into, as on an Ethernet.
const datagramSize = 1440

// sockets are two of UDP on this host, each of which speaks to the other one only.
type sockets struct {
	there, back *net.UDPConn
	fd          [2]int // of the same
}

func newSockets(b *testing.B) *sockets {
	a, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	z, err := net.DialUDP("udp4", nil, a.LocalAddr().(*net.UDPAddr))
	if err != nil {
		b.Fatal(err)
	}
	s := &sockets{there: z, back: a}
	for i, c := range []*net.UDPConn{z, a} {
		b.Cleanup(func() { c.Close() })
		s.control(b, c, func(fd int) error { s.fd[i] = fd; return nil })
	}
	to := z.LocalAddr().(*net.UDPAddr).AddrPort()
	s.control(b, a, func(fd int) error {
		return unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	})
	return s
}

func (s *sockets) control(b *testing.B, c *net.UDPConn, call func(fd int) error) {
	raw, err := c.SyscallConn()
	if err != nil {
		b.Fatal(err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = call(int(fd)) }); err != nil || failed != nil {
		b.Fatal(err, failed)
	}
}

// spinRead reads a datagram, and never sleeps for it.
func spinRead(fd int, p []byte) error {
	for {
		if _, err := unix.Read(fd, p); err != unix.EAGAIN {
			return err
		}
	}
}

// BenchmarkSocket is what the kernel takes for UDP on this host, below every carrier that goes through it: 64 bytes to
// and fro between two threads that never sleep, beside goroutines that wait as usual, and beside the same two datagrams by
// one thread, without another core to carry lines to; and 40,000 bytes, sent and
// received by one thread, cut and put together by the kernel (UDP_SEGMENT, UDP_GRO), beside a call for each datagram.
//
//	go test -run '^$' -bench Socket -benchtime 20000x ./bench/commit
func BenchmarkSocket(b *testing.B) {
	b.Run("size=64/wait=spin", spinTrips)
	b.Run("size=40000/segments=kernel", segments)
}

func spinTrips(b *testing.B) {
	cores := host.Detect().Cores
	if len(cores) < 2 {
		b.Skip("two cores are wanted")
	}
	s, c := newSockets(b), clock.New()
	median := func(pinned bool, write func(end int, p []byte) error, read func(end int, p []byte) error) (p50, p99 int64) {
		h := newHistogram()
		var done sync.WaitGroup
		side := func(core int, f func(p []byte) error) {
			if pinned {
				unpin, err := host.Pin(core)
				if err != nil {
					b.Error(err)
				} else {
					defer unpin()
				}
			}
			p := make([]byte, 64)
			for range b.N {
				if err := f(p); err != nil {
					b.Error(err)
					return
				}
			}
		}
		done.Go(func() {
			side(cores[1], func(p []byte) error {
				if err := read(1, p); err != nil {
					return err
				}
				return write(1, p)
			})
		})
		side(cores[0], func(p []byte) error {
			from := clock.Ticks()
			if err := write(0, p); err != nil {
				return err
			}
			if err := read(0, p); err != nil {
				return err
			}
			return h.RecordValue(c.Ns(uint32(clock.Ticks() - from)))
		})
		done.Wait()
		return h.ValueAtPercentile(50), h.ValueAtPercentile(99)
	}
	p50, p99 := median(true, func(end int, p []byte) error { _, err := unix.Write(s.fd[end], p); return err },
		func(end int, p []byte) error { return spinRead(s.fd[end], p) })
	b.StopTimer()
	ends := [2]*net.UDPConn{s.there, s.back}
	usual, _ := median(false, func(end int, p []byte) error { _, err := ends[end].Write(p); return err },
		func(end int, p []byte) error { _, err := ends[end].Read(p); return err })
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(p50), "p50-ns")
	b.ReportMetric(float64(p99), "p99-ns")
	b.ReportMetric(float64(p50)/float64(usual), "x-usual")
	b.ReportMetric(float64(p50)/float64(s.oneThread(b, c)), "x-one-thread")
	runtime.KeepAlive(s)
}

// oneThread sends and receives a datagram each way, and returns the median in ns.
func (s *sockets) oneThread(b *testing.B, c clock.Clock) int64 {
	h, p := newHistogram(), make([]byte, 64)
	for range b.N {
		from := clock.Ticks()
		for end := range s.fd {
			if _, err := unix.Write(s.fd[end], p); err != nil {
				b.Fatal(err)
			}
			if err := spinRead(s.fd[1-end], p); err != nil {
				b.Fatal(err)
			}
		}
		if err := h.RecordValue(c.Ns(uint32(clock.Ticks() - from))); err != nil {
			b.Fatal(err)
		}
	}
	return h.ValueAtPercentile(50)
}

func segments(b *testing.B) {
	const size = 40_000
	s := newSockets(b)
	p, into := make([]byte, size), make([]byte, size)
	for i, c := range []*net.UDPConn{s.there, s.back} {
		s.control(b, c, func(fd int) error {
			if i == 1 {
				return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1)
			}
			return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, datagramSize)
		})
	}
	pass := func(cut int) {
		for rest := p; len(rest) > 0; rest = rest[min(cut, len(rest)):] {
			if _, err := unix.Write(s.fd[0], rest[:min(cut, len(rest))]); err != nil {
				b.Fatal(err)
			}
		}
		for got := 0; got < size; {
			n, err := unix.Read(s.fd[1], into)
			if err != nil {
				b.Fatal(err) // it never has to wait for its own thread
			}
			got += n
		}
	}
	var ours, theirs []float64
	for range b.N {
		from := time.Now()
		pass(size)
		ours = append(ours, float64(time.Since(from)))
		from = time.Now()
		pass(datagramSize)
		theirs = append(theirs, float64(time.Since(from)))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours[len(ours)/2], "p50-ns")
	b.ReportMetric(ours[len(ours)/2]/theirs[len(theirs)/2], "x-single")
}
