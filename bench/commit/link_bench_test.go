package commit

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/bench/word"
	"github.com/tezi-exchange/tezi/codec"
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

// aroundMax bounds the first way around the rings, on a machine where the two ends take turns on one core.
const aroundMax = 2 * time.Second

// faults is how often this process has had to be given a page.
func faults() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // fails only for a wrong argument
	return int64(r.Minflt)
}

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
// The memory of a ring is mapped with all its pages, so there is no page fault (faults: those of this process). Under a
// hypervisor that keeps page tables of its own the first use of a page is dear all the same: first-p99-ns is of the first
// way around, the other percentiles are of what comes after it. The anchor is the median of a bare word to and fro.
//
//	go test -run '^$' -bench Link -benchtime 200000x ./bench/commit
func BenchmarkLink(b *testing.B) {
	for _, wait := range []string{"park", "spin"} {
		for _, name := range []string{TransportTCP, TransportUDP, TransportShm} {
			carrier := carriers[name]
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
	line, stop := startOther(b, "echo", wait)
	defer stop()
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
	c := clock.New()
	trip := func(h *hdrhistogram.Histogram) {
		from := clock.Ticks()
		copy(l.Claim(size), frame)
		l.Publish(size)
		await(transport.EventFrame)
		if err := h.RecordValue(c.Ns(clock.Since(from))); err != nil {
			b.Fatal(err)
		}
	}
	first, h := newHistogram(), newHistogram()
	around := 1000
	if wait == "spin" {
		around = ringBytes / linkAnswer
	}
	for end := time.Now().Add(aroundMax); around > 0 && time.Now().Before(end); around-- {
		trip(first)
	}
	before := faults()
	for b.Loop() {
		trip(h)
	}
	b.ReportMetric(float64(faults()-before), "faults")
	reportTrips(b, h)
	if wait != "spin" {
		return
	}
	b.ReportMetric(float64(first.ValueAtPercentile(99)), "first-p99-ns")
	l.Close()
	stop()
	reportWord(b, c, h)
}

// startOther starts this program again as the other end of a benchmark. It returns the first line that it says, and
// what ends it.
func startOther(b *testing.B, args ...string) (line string, stop func()) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stop = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		stop()
		b.Fatal(err)
	}
	return line, stop
}

func reportTrips(b *testing.B, h *hdrhistogram.Histogram) {
	for _, q := range []float64{50, 99, 99.9} {
		b.ReportMetric(float64(h.ValueAtPercentile(q)), "p"+strconv.FormatFloat(q, 'f', -1, 64)+"-ns")
	}
}

// reportWord reports trips as multiples of those of a bare word, which has the cores to itself now.
func reportWord(b *testing.B, c clock.Clock, h *hdrhistogram.Histogram) {
	if t := word.Trips(c, 100_000); t != nil {
		p50 := float64(t.ValueAtPercentile(50))
		b.ReportMetric(float64(h.ValueAtPercentile(50))/p50, "x-word")
		b.ReportMetric(float64(h.ValueAtPercentile(99))/p50, "p99-x-word")
	}
}
