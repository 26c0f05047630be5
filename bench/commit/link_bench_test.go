package commit

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// waits are the policies of both ends of BenchmarkLink.
var waits = map[string]ringbuf.Wait{"park": ringbuf.WaitPark, "spin": ringbuf.WaitSpin}

var (
	linkHeader = codec.Header{Cluster: cluster, Boot: boot}
	linkDialer = codec.Hello{Node: coordinatorNode, Role: coordinatorRole}
	linkEcho   = codec.Hello{Node: 1, Role: "risk"}
)

// echo answers every frame with as many bytes as its first 4 behind the header say, until it is killed.
func echo(wait string) error {
	bell := ringbuf.NewBell(waits[wait])
	n, err := transport.Listen("127.0.0.1:0", transport.ListenOptions{
		Hello: linkEcho, Want: linkDialer, Header: linkHeader, OutCap: ringBytes, InCap: ringBytes, Bell: bell,
	})
	if err != nil {
		return err
	}
	fmt.Println(listening + n.Addr().String())
	l := n.Link()
	answers := map[int][]byte{}
	for _, size := range linkSizes {
		n := min(size, linkAnswer)
		answers[n] = make([]byte, n)
		seal(answers[n])
	}
	ready := func() bool { event, _ := l.Next(); return event != transport.EventNone }
	for {
		event, frame := l.Next()
		switch event {
		case transport.EventNone:
			bell.Wait(ready)
			continue
		case transport.EventFrame:
			n := min(len(frame), linkAnswer)
			if b := l.Claim(n); b != nil {
				copy(b, answers[n])
				l.Publish(n)
			}
		}
		l.Release()
	}
}

// linkAnswer is the longest answer.
const linkAnswer = 64

var linkSizes = []int{64, 64_240}

// seal makes b a frame; the body stays as it is.
func seal(b []byte) {
	h := linkHeader
	h.Kind = codec.FrameMessage
	codec.BeginFrame(b[:0], h)
	codec.SealFrame(b)
}

// BenchmarkLink is a frame to another process, and its answer of 64 bytes: percentiles of the round trip.
// Spinning, each end keeps a core for itself; over a socket the readers and writers behind the link are on
// the way too.
//
//	go test -run '^$' -bench Link -benchtime 200000x ./bench/commit
func BenchmarkLink(b *testing.B) {
	for _, wait := range []string{"park", "spin"} {
		for name, carrier := range carriers {
			for _, size := range linkSizes {
				if wait == "spin" && carrier != transport.Shared {
					continue // what reads the socket has no core left
				}
				b.Run(fmt.Sprintf("transport=%s/wait=%s/size=%d", name, wait, size), func(b *testing.B) {
					benchLink(b, carrier, wait, size)
				})
			}
		}
	}
}

func benchLink(b *testing.B, carrier transport.Carrier, wait string, size int) {
	cmd := exec.Command(os.Args[0], "echo", wait)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stop := sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	defer stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	bell := ringbuf.NewBell(waits[wait])
	l := transport.Dial(transport.DialOptions{
		Addr: strings.TrimSpace(strings.TrimPrefix(line, listening)), Hello: linkDialer, Want: linkEcho, Header: linkHeader,
		OutCap: ringBytes, InCap: ringBytes, Bell: bell, Carrier: carrier,
	})
	defer l.Close()
	ready := func() bool { event, _ := l.Next(); return event != transport.EventNone }
	await := func(want transport.Event) {
		for {
			switch event, _ := l.Next(); event {
			case want:
				l.Release()
				return
			case transport.EventNone:
				bell.Wait(ready)
			default:
				b.Fatalf("event %v, want %v", event, want)
			}
		}
	}
	await(transport.EventUp)
	frame := make([]byte, size)
	seal(frame)
	c, h := clock.New(), newHistogram()
	trip := func() {
		copy(l.Claim(size), frame)
		l.Publish(size)
		await(transport.EventFrame)
	}
	for range 1000 {
		trip()
	}
	for b.Loop() {
		from := clock.Ticks()
		trip()
		if err := h.RecordValue(c.Ns(uint32(clock.Ticks() - from))); err != nil {
			b.Fatal(err)
		}
	}
	for _, q := range []float64{50, 99, 99.9} {
		b.ReportMetric(float64(h.ValueAtPercentile(q)), "p"+strconv.FormatFloat(q, 'f', -1, 64)+"-ns")
	}
	if wait != "spin" {
		return
	}
	l.Close()
	stop()
	if word := wordTrip(b, c); word > 0 {
		b.ReportMetric(float64(h.ValueAtPercentile(50))/float64(word), "x-word")
	}
}

// wordTrip is the anchor of those that spin: the median round trip, in ns, of a bare word to another core and of
// another one back, in this process. It is 0 without two cores.
func wordTrip(b *testing.B, c clock.Clock) int64 {
	cores := host.Detect().Cores
	if len(cores) < 2 {
		return 0
	}
	const trips = 100_000
	var there, back struct {
		_ [128]byte
		atomic.Uint64
		_ [128]byte
	}
	var done sync.WaitGroup
	defer done.Wait()
	done.Go(func() {
		unpin, err := host.Pin(cores[1])
		if err != nil {
			b.Error(err)
			back.Store(trips) // nobody waits any more
			return
		}
		defer unpin()
		for i := range uint64(trips) {
			for there.Load() != i+1 {
			}
			back.Store(i + 1)
		}
	})
	unpin, err := host.Pin(cores[0])
	if err != nil {
		b.Fatal(err)
	}
	defer unpin()
	h := newHistogram()
	for i := range uint64(trips) {
		from := clock.Ticks()
		there.Store(i + 1)
		for back.Load() <= i {
		}
		if err := h.RecordValue(c.Ns(uint32(clock.Ticks() - from))); err != nil {
			b.Fatal(err)
		}
	}
	return h.ValueAtPercentile(50)
}
