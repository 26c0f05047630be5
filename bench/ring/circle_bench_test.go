package ring

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// stageCount is how many stages hand an item on, as on the way from feeder to participant.
const stageCount = 5

// BenchmarkCircle sends one item at a time around five stages, as goroutines that nobody pins, which
// is profile shared; the policy is what internal/host would choose (wait=chosen), or another. A lap
// is five hops; the percentiles are those of a lap, per hop. The anchor is the same circle of
// channels.
func BenchmarkCircle(b *testing.B) {
	p, err := host.Choose(host.Shared, stageCount, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		wait ringbuf.Wait
	}{{"chosen", p.Wait()}, {"park", ringbuf.WaitPark}, {"adaptive", ringbuf.WaitAdaptive}} {
		b.Run(fmt.Sprintf("stages=%d/ring=spsc/wait=%s", stageCount, c.name), func(b *testing.B) { circle(b, c.wait) })
	}
	b.Run(fmt.Sprintf("stages=%d/ring=chan", stageCount), circleOfChannels)
}

func circle(b *testing.B, w ringbuf.Wait) {
	b.ReportAllocs()
	var rings [stageCount]*ringbuf.SPSC[small]
	for i := range rings { // ring i leads to stage i
		rings[i] = ringbuf.NewSPSC[small](64)
		rings[i].Bells(ringbuf.NewBell(w), ringbuf.NewBell(w))
	}
	for i := 1; i < stageCount; i++ {
		go func() {
			next := rings[(i+1)%stageCount]
			defer next.Close()
			for v, ok := rings[i].Pop(); ok; v, ok = rings[i].Pop() {
				next.Push(v)
			}
		}()
	}
	laps(b, func(v uint64) {
		rings[1].Push(small{v})
		if got, _ := rings[0].Pop(); got[0] != v {
			b.Errorf("lap %d ends with %d", v, got[0])
		}
	})
	rings[1].Close()
	rings[0].Pop() // closed by the last stage: all have ended
}

func circleOfChannels(b *testing.B) {
	b.ReportAllocs()
	var chans [stageCount]chan small
	for i := range chans {
		chans[i] = make(chan small, 64)
	}
	for i := 1; i < stageCount; i++ {
		go func() {
			next := chans[(i+1)%stageCount]
			defer close(next)
			for v := range chans[i] {
				next <- v
			}
		}()
	}
	laps(b, func(v uint64) {
		chans[1] <- small{v}
		if got := <-chans[0]; got[0] != v {
			b.Errorf("lap %d ends with %d", v, got[0])
		}
	})
	close(chans[1])
	<-chans[0]
}

// laps measures one lap after the other.
func laps(b *testing.B, lap func(v uint64)) {
	stamp, h := clock.New(), hdrhistogram.New(1, hopMaxNs, 3)
	for v := range uint64(100) { // the stages find their places
		lap(v)
	}
	b.ResetTimer()
	for v := range uint64(b.N) {
		begin := clock.Ticks()
		lap(v)
		if err := h.RecordValue(min(stamp.Ns(clock.Since(begin)), hopMaxNs)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(h.ValueAtQuantile(50))/stageCount, "p50-ns/hop")
	b.ReportMetric(float64(h.ValueAtQuantile(99))/stageCount, "p99-ns/hop")
	b.ReportMetric(float64(h.ValueAtQuantile(99.9))/stageCount, "p99.9-ns/hop")
	b.ReportMetric(float64(h.Max())/stageCount, "max-ns/hop")
}

// BenchmarkStream sends a stream through five stages, each of which takes whatever waits, up to
// batch, and hands it on. An op is one item, from end to end.
func BenchmarkStream(b *testing.B) {
	p, err := host.Choose(host.Shared, stageCount, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, batch := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("stages=%d/batch=%d", stageCount, batch), func(b *testing.B) { stream(b, batch, p.Wait()) })
	}
}

func stream(b *testing.B, batch int, w ringbuf.Wait) {
	b.ReportAllocs()
	var rings [stageCount - 1]*ringbuf.SPSC[small]
	for i := range rings {
		rings[i] = ringbuf.NewSPSC[small](capacity)
		rings[i].Bells(ringbuf.NewBell(w), ringbuf.NewBell(w))
	}
	work := []func(){func() {
		for v := uint64(0); v < uint64(b.N); {
			slots := rings[0].ClaimWait(int(min(uint64(batch), uint64(b.N)-v)))
			for i := range slots {
				set(&slots[i], v)
				v++
			}
			rings[0].Publish(len(slots))
		}
		rings[0].Close()
	}}
	for i := range stageCount - 2 {
		work = append(work, func() { pass(rings[i], rings[i+1], batch) })
	}
	work = append(work, takeAll(uint64(b.N), 1, batch, rings[stageCount-2]))
	took := team{}.run(work...)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/item")
}

// pass moves everything from one ring to the next.
func pass(from, to *ringbuf.SPSC[small], batch int) {
	for in := from.PeekWait(batch); in != nil; in = from.PeekWait(batch) {
		out := to.ClaimWait(len(in))
		n := copy(out, in)
		to.Publish(n)
		from.Release(n)
	}
	to.Close()
}

// BenchmarkIdle lets a consumer that has been busy wait for nothing: the share of one core that the
// process uses from 10 ms after the last item on, and how long the item takes that ends the wait. An
// op is one such idle time of 50 ms.
func BenchmarkIdle(b *testing.B) {
	for _, profile := range []string{host.Shared} {
		p, err := host.Choose(profile, stageCount, "")
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range []struct {
			name string
			wait ringbuf.Wait
		}{{"chosen", p.Wait()}, {"adaptive", ringbuf.WaitAdaptive}} {
			b.Run("profile="+profile+"/wait="+c.name, func(b *testing.B) { idle(b, c.wait) })
		}
	}
}

const (
	idleAfter = 10 * time.Millisecond
	idleFor   = 50 * time.Millisecond
)

func idle(b *testing.B, w ringbuf.Wait) {
	ping, pong := ringbuf.NewSPSC[small](64), ringbuf.NewSPSC[small](64)
	ping.Bells(nil, ringbuf.NewBell(w))
	pong.Bells(nil, ringbuf.NewBell(w))
	go func() {
		defer pong.Close()
		for v, ok := ping.Pop(); ok; v, ok = ping.Pop() {
			pong.TryPush(v)
		}
	}()
	h := hdrhistogram.New(1, hopMaxNs, 3)
	var used, passed time.Duration
	for range b.N {
		time.Sleep(idleAfter)
		cpu, begin := processTime(), time.Now()
		time.Sleep(idleFor)
		used += processTime() - cpu
		passed += time.Since(begin)
		begin = time.Now()
		ping.TryPush(small{1})
		pong.Pop()
		if err := h.RecordValue(min(int64(time.Since(begin))/2, hopMaxNs)); err != nil {
			b.Fatal(err)
		}
	}
	ping.Close()
	pong.Pop()
	runtime.KeepAlive(pong)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(100*used.Seconds()/passed.Seconds(), "cpu-%")
	b.ReportMetric(float64(h.ValueAtQuantile(50)), "wake-p50-ns/hop")
	b.ReportMetric(float64(h.Max()), "wake-max-ns/hop")
}
