package commit

import (
	"errors"
	"net"
	"os"
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

// sockets are two of UDP on this host, each of which speaks to the other one only. They are not the runtime's: what
// its poller watches costs a look at the poller for each datagram that comes.
type sockets [2]int

func newSockets(b *testing.B) (s sockets) {
	for i := range s {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { unix.Close(fd) }) //nolint:errcheck // nothing that was written is wanted any more
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			b.Fatal(err)
		}
		s[i] = fd
	}
	for i, fd := range s {
		peer, err := unix.Getsockname(s[1-i])
		if err == nil {
			err = unix.Connect(fd, peer)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// polled are two such sockets of the runtime, which waits for them.
func polled(b *testing.B) (ends [2]*net.UDPConn) {
	for i, fd := range newSockets(b) {
		own, err := unix.Dup(fd)
		if err != nil {
			b.Fatal(err)
		}
		f := os.NewFile(uintptr(own), "udp")
		c, err := net.FileConn(f) // which takes a copy
		f.Close()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		ends[i] = c.(*net.UDPConn)
	}
	return ends
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
// and fro between two threads that never sleep, beside goroutines that wait as usual (x-usual), beside the same two
// datagrams by one thread, without another core to carry lines to (x-one-thread), and beside a system call that does
// nothing (x-call): a trip is four of them that do something; and 40,000 bytes, sent and received by one thread, cut
// and put together by the kernel (UDP_SEGMENT, UDP_GRO), beside a call for each datagram, and beside the two system
// calls (x-call).
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
			return h.RecordValue(c.Ns(clock.Since(from)))
		})
		done.Wait()
		return h.ValueAtPercentile(50), h.ValueAtPercentile(99)
	}
	p50, p99 := median(true, func(end int, p []byte) error { _, err := unix.Write(s[end], p); return err },
		func(end int, p []byte) error { return spinRead(s[end], p) })
	b.StopTimer()
	ends := polled(b)
	usual, _ := median(false, func(end int, p []byte) error { _, err := ends[end].Write(p); return err },
		func(end int, p []byte) error { _, err := ends[end].Read(p); return err })
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(p50), "p50-ns")
	b.ReportMetric(float64(p99), "p99-ns")
	b.ReportMetric(float64(p50)/float64(usual), "x-usual")
	b.ReportMetric(float64(p50)/float64(s.oneThread(b, c)), "x-one-thread")
	b.ReportMetric(float64(p50)/callNs(), "x-call")
}

// callNs is what a system call takes that does nothing.
func callNs() float64 {
	const calls = 10_000
	from := time.Now()
	for range calls {
		unix.Getppid()
	}
	return float64(time.Since(from)) / calls
}

// oneThread sends and receives a datagram each way, and returns the median in ns.
func (s sockets) oneThread(b *testing.B, c clock.Clock) int64 {
	h, p := newHistogram(), make([]byte, 64)
	for range b.N {
		from := clock.Ticks()
		for end := range s {
			if _, err := unix.Write(s[end], p); err != nil {
				b.Fatal(err)
			}
			if err := spinRead(s[1-end], p); err != nil {
				b.Fatal(err)
			}
		}
		if err := h.RecordValue(c.Ns(clock.Since(from))); err != nil {
			b.Fatal(err)
		}
	}
	return h.ValueAtPercentile(50)
}

func segments(b *testing.B) {
	const size = 40_000
	s := newSockets(b)
	p, into := make([]byte, size), make([]byte, size)
	err := errors.Join(unix.SetsockoptInt(s[0], unix.SOL_UDP, unix.UDP_SEGMENT, datagramSize), unix.SetsockoptInt(s[1], unix.SOL_UDP, unix.UDP_GRO, 1))
	if err != nil {
		b.Skip(err) // an old kernel
	}
	pass := func(cut int) {
		for rest := p; len(rest) > 0; rest = rest[min(cut, len(rest)):] {
			if _, err := unix.Write(s[0], rest[:min(cut, len(rest))]); err != nil {
				b.Fatal(err)
			}
		}
		for got := 0; got < size; {
			n, err := unix.Read(s[1], into)
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
	b.ReportMetric(ours[len(ours)/2]/callNs(), "x-call")
}
