package transport

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// The benchmarks run between two users on two goroutines. The anchor in the same run is a bare TCP
// connection, written and read by the same two goroutines themselves, without checksums.
//
//	go test -run '^$' -bench . ./internal/transport

const benchRing = 4 << 20

// BenchmarkRoundTrip sends a frame and waits for the answer: one op is two hops.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{64, 64 << 10} {
		for _, transport := range []string{"pair", "shared", "tcp"} {
			b.Run(fmt.Sprintf("impl=%s/size=%d", transport, size), func(b *testing.B) {
				a, z := transports[transport](b, benchRing)
				a.take(EventUp)
				frame := newFrame(1, size)
				var echo sync.WaitGroup
				echo.Go(func() {
					z.take(EventUp)
					for range b.N {
						reply(z, z.wait())
						z.Release()
					}
				})
				b.SetBytes(2 * int64(size))
				b.ResetTimer()
				for range b.N {
					reply(a, frame)
					a.wait()
					a.Release()
				}
				echo.Wait() // what it releases is unmapped at the end
			})
		}
		b.Run(fmt.Sprintf("impl=bare/size=%d", size), func(b *testing.B) { bareRoundTrip(b, size) })
	}
}

// wait is await without a timer, which costs as much as the rest. A bell may wake for no reason: the ring that told of the
// session can come late.
func (e end) wait() []byte {
	for {
		if event, frame := e.Next(); event != EventNone {
			return frame
		}
		e.bell.Wait(func() bool { event, _ := e.Next(); return event != EventNone })
	}
}

func reply(e end, frame []byte) {
	copy(e.Claim(len(frame)), frame)
	e.Publish(len(frame))
}

func barePair(b *testing.B) (x, y net.Conn) {
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	if x, err = net.Dial("tcp", n.Addr().String()); err != nil {
		b.Fatal(err)
	}
	if y, err = n.Accept(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { x.Close(); y.Close() })
	return x, y
}

func bareRoundTrip(b *testing.B, size int) {
	x, y := barePair(b)
	go io.CopyBuffer(struct{ io.Writer }{y}, struct{ io.Reader }{y}, make([]byte, size))
	frame := newFrame(1, size)
	b.SetBytes(2 * int64(size))
	for b.Loop() {
		if _, err := x.Write(frame); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(x, frame); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOneWay is the throughput of frames of 64 KB, about one batch of 1,000 trades each.
func BenchmarkOneWay(b *testing.B) {
	const size = 64 << 10
	for _, transport := range []string{"pair", "shared", "tcp"} {
		b.Run(fmt.Sprintf("impl=%s/size=%d", transport, size), func(b *testing.B) {
			a, z := transports[transport](b, benchRing)
			a.take(EventUp)
			z.take(EventUp)
			frame := newFrame(1, size)
			b.SetBytes(size)
			b.ResetTimer()
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
				if h, _ := codec.TrustFrame(z.wait()); h.Kind != codec.FrameMessage {
					b.Fatalf("frame of kind %d", h.Kind)
				}
				z.Release()
			}
		})
	}
	b.Run(fmt.Sprintf("impl=bare/size=%d", size), func(b *testing.B) {
		x, y := barePair(b)
		frame, got := newFrame(1, size), make([]byte, size)
		b.SetBytes(size)
		b.ResetTimer()
		go func() {
			for range b.N {
				if _, err := x.Write(frame); err != nil {
					return
				}
			}
		}()
		for range b.N {
			if _, err := io.ReadFull(y, got); err != nil {
				b.Fatal(err)
			}
		}
	})
}
