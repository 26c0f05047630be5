package ringbuf

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

// The benchmarks pass items between two goroutines, each beside a Go channel that does the same, as
// the anchor: on a shared machine only the ratio within one run means something. Every consumer
// checks the order of every item.
//
// Both sides of a ring spin here. With fewer free cores than spinners each waits for a time slice,
// and the channel, which parks, wins by far: then WaitPark is the policy, and this no measure of it.
//
//	go test -run '^$' -bench . ./ringbuf

const benchCapacity = 4096

type small [1]uint64

type large [8]uint64

type item interface{ small | large }

// idle is how both sides of a ring wait in the benchmarks: a pause, so that items pile up and the
// other side keeps its cache lines, and now and then room for others.
type idle int

func (n *idle) wait() {
	if *n++; *n%64 == 0 {
		runtime.Gosched()
		return
	}
	for range 3000 { // not quite a microsecond
	}
}

func BenchmarkSPSC(b *testing.B) {
	benchSPSC[small](b)
	benchSPSC[large](b)
}

func benchSPSC[T item](b *testing.B) {
	var t T
	size := 8 * len(t)
	b.Run(fmt.Sprintf("impl=ring/size=%d/batch=1", size), benchTry[T])
	b.Run(fmt.Sprintf("impl=ring/size=%d/batch=64", size), benchBatch[T])
	b.Run(fmt.Sprintf("impl=chan/size=%d/batch=1", size), benchChan[T])
}

func benchTry[T item](b *testing.B) {
	r := NewSPSC[T](benchCapacity)
	go func() {
		var i idle
		var t T
		for v := range uint64(b.N) {
			for i := range len(t) {
				t[i] = v
			}
			for !r.TryPush(t) {
				i.wait()
			}
		}
	}()
	var i idle
	for want := uint64(0); want < uint64(b.N); {
		t, ok := r.TryPop()
		if !ok {
			i.wait()
			continue
		}
		for i := range len(t) {
			if t[i] != want {
				b.Fatalf("item %d is %v", want, t)
			}
		}
		want++
	}
}

// BenchmarkOneCore is a push and a pop, or their shares of batches of 64, without a second core: the instructions and no
// line on its way.
func BenchmarkOneCore(b *testing.B) {
	const items, batch = 256, 64
	r := NewSPSC[small](items)
	r.Bells(NewBell(WaitSpin), NewBell(WaitSpin))
	pass := map[string]func(){
		"batch=1": func() {
			for v := range uint64(items) {
				r.Push(small{v})
			}
			for v := range uint64(items) {
				if t, _ := r.Pop(); t[0] != v {
					b.Fatalf("item %d is %v", v, t)
				}
			}
		},
		"batch=64": func() {
			for v := uint64(0); v < items; r.Publish(batch) {
				for i, slots := 0, r.ClaimWait(batch); i < len(slots); i++ {
					slots[i][0] = v
					v++
				}
			}
			for v := uint64(0); v < items; r.Release(batch) {
				for i, slots := 0, r.PeekWait(batch); i < len(slots); i++ {
					if slots[i][0] != v {
						b.Fatalf("item %d is %v", v, slots[i])
					}
					v++
				}
			}
		},
	}
	for _, name := range []string{"batch=1", "batch=64"} {
		b.Run("impl=ring/size=8/"+name, func(b *testing.B) {
			for b.Loop() {
				pass[name]()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/items, "ns/item")
		})
	}
}

func benchBatch[T item](b *testing.B) {
	const batch = 64
	r := NewSPSC[T](benchCapacity)
	go func() {
		var i idle
		for v := uint64(0); v < uint64(b.N); {
			slots := r.Claim(int(min(batch, uint64(b.N)-v)))
			if slots == nil {
				i.wait()
				continue
			}
			for k := range slots {
				for i := range len(slots[k]) {
					slots[k][i] = v
				}
				v++
			}
			r.Publish(len(slots))
		}
	}()
	var i idle
	for want := uint64(0); want < uint64(b.N); {
		slots := r.Peek(batch)
		if slots == nil {
			i.wait()
			continue
		}
		for k := range slots {
			for i := range len(slots[k]) {
				if slots[k][i] != want {
					b.Fatalf("item %d is %v", want, slots[k])
				}
			}
			want++
		}
		r.Release(len(slots))
	}
}

func benchChan[T item](b *testing.B) {
	c := make(chan T, benchCapacity)
	go func() {
		var t T
		for v := range uint64(b.N) {
			for i := range len(t) {
				t[i] = v
			}
			c <- t
		}
	}()
	for want := range uint64(b.N) {
		t := <-c
		for i := range len(t) {
			if t[i] != want {
				b.Fatalf("item %d is %v", want, t)
			}
		}
	}
}

// BenchmarkFrames writes every payload anew and reads it whole, as a codec would. The channel
// passes pooled buffers, which is how it is done without a ring.
func BenchmarkFrames(b *testing.B) {
	for _, size := range []int{64, 40_000} {
		b.Run(fmt.Sprintf("impl=ring/size=%d", size), func(b *testing.B) { benchFrames(b, size) })
		b.Run(fmt.Sprintf("impl=chan/size=%d", size), func(b *testing.B) { benchFrameChan(b, size) })
	}
}

const (
	benchSlab    = 1 << 20
	benchBuffers = 26 // buffers of 40,000 bytes in such a slab
)

func benchFrames(b *testing.B, size int) {
	r := NewFrames(benchSlab)
	source, sink := make([]byte, size), make([]byte, size)
	b.SetBytes(int64(size))
	b.ResetTimer()
	go func() {
		var i idle
		for range b.N {
			var f []byte
			for f = r.Claim(size); f == nil; f = r.Claim(size) {
				i.wait()
			}
			copy(f, source)
			r.Publish(size)
		}
	}()
	var i idle
	for range b.N {
		f := r.Peek()
		for ; f == nil; f = r.Peek() {
			i.wait()
		}
		copy(sink, f)
		r.Release()
	}
}

func benchFrameChan(b *testing.B, size int) {
	full, free := make(chan []byte, benchBuffers), make(chan []byte, benchBuffers)
	for range benchBuffers {
		free <- make([]byte, size)
	}
	source, sink := make([]byte, size), make([]byte, size)
	b.SetBytes(int64(size))
	b.ResetTimer()
	go func() {
		for range b.N {
			f := <-free
			copy(f, source)
			full <- f
		}
	}()
	for range b.N {
		f := <-full
		copy(sink, f)
		free <- f
	}
}

// BenchmarkBell passes a turn to and fro; one op is two hops. Spinning is left out where the cores
// cannot carry two spinners and the rest.
func BenchmarkBell(b *testing.B) {
	for _, c := range []struct {
		name string
		wait Wait
	}{{"park", WaitPark}, {"adaptive", WaitAdaptive}, {"spin", WaitSpin}} {
		b.Run("impl=bell/wait="+c.name, func(b *testing.B) {
			if c.name == "spin" && runtime.GOMAXPROCS(0) < 3 {
				b.Skip("needs 3 processors")
			}
			pingPong(NewBell(c.wait), NewBell(c.wait), 2*uint64(b.N))
		})
	}
	b.Run("impl=chan/wait=chan", func(b *testing.B) {
		ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
		go func() {
			for range b.N {
				<-ping
				pong <- struct{}{}
			}
		}()
		for range b.N {
			ping <- struct{}{}
			<-pong
		}
	})
}

// BenchmarkRingAwake is what a producer pays per Ring while the consumer works.
func BenchmarkRingAwake(b *testing.B) {
	bell := NewBell(WaitPark)
	var work atomic.Uint64
	for b.Loop() {
		work.Store(1)
		bell.Ring()
	}
}
