package peers

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Workiva/go-datastructures/queue"
	"github.com/puzpuzpuz/xsync/v4"

	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/ringbuf"
)

const (
	capacity = 4096
	rounds   = 9
)

type (
	small [1]uint64
	large [8]uint64
)

type item interface{ small | large }

// stream is the two ends of one queue: send passes items with the numbers 0 to n-1, receive checks
// that they come in order.
type stream struct {
	name          string
	send, receive func(n uint64)
}

func BenchmarkRing(b *testing.B) {
	rings[small](b, 8)
	rings[large](b, 64)
}

func rings[T item](b *testing.B, size int) {
	all := []stream{
		channel[T](), teziCopy[T](), teziBatch[T](64), xsyncSPSC[T](), xsyncMPMC[T](), workiva[T](),
	}
	anchor := all[0]
	for _, s := range all {
		b.Run(fmt.Sprintf("ring=%s/size=%d", s.name, size), func(b *testing.B) {
			n := uint64(max(b.N/rounds, 1))
			var ours, theirs []float64
			for range rounds {
				ours = append(ours, pass(s, n))
				b.StopTimer()
				theirs = append(theirs, pass(anchor, max(n/8, 1)))
				b.StartTimer()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ours), "ns/item")
			b.ReportMetric(slices.Min(ours)/slices.Min(theirs), "x-chan") // a round is made slower by others, never faster
		})
	}
}

// pass sends n items between two threads, each on a core of its own if there are two, and returns ns
// an item, from when both are awake until both are through.
func pass(s stream, n uint64) float64 {
	m := host.Detect()
	var ready, done sync.WaitGroup
	var awake atomic.Int64
	var begins, ends [2]time.Time
	start := make(chan struct{})
	for i, end := range []func(uint64){s.send, s.receive} {
		ready.Add(1)
		done.Go(func() {
			if len(m.Cores) > 1 {
				unpin, err := host.Pin(m.Cores[i])
				if err != nil {
					panic(err)
				}
				defer unpin()
			}
			ready.Done()
			<-start
			awake.Add(1)
			for awake.Load() < 2 {
				if len(m.Cores) < 2 {
					runtime.Gosched()
				}
			}
			begins[i] = time.Now()
			end(n)
			ends[i] = time.Now()
		})
	}
	ready.Wait()
	runtime.GC() // not in the middle of it
	close(start)
	done.Wait()
	first, last := slices.MinFunc(begins[:], time.Time.Compare), slices.MaxFunc(ends[:], time.Time.Compare)
	return float64(last.Sub(first).Nanoseconds()) / float64(n)
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// set makes every word of the item v. The compiler knows its length, but would make a loop even for one word; so in check.
func set[T item](t *T, v uint64) {
	if len(*t) == 1 {
		(*t)[0] = v
		return
	}
	for i := range len(*t) {
		(*t)[i] = v
	}
}

func check[T item](t *T, v uint64) {
	if len(*t) == 1 && (*t)[0] == v {
		return
	}
	for i := range len(*t) {
		if (*t)[i] != v {
			panic(fmt.Sprintf("peers: item %d is %v", v, *t))
		}
	}
}

// oneByOne makes a stream of what puts and takes one item, and says whether it could. Both ends of
// every queue rest alike when they cannot: the bells of tezi's rings do it inside.
func oneByOne[T item](name string, put func(T) bool, take func() (T, bool)) stream {
	rest := func() {
		for range 2000 { // not quite a microsecond
		}
	}
	return stream{name,
		func(n uint64) {
			var t T
			for v := range n {
				set(&t, v)
				for !put(t) {
					rest()
				}
			}
		},
		func(n uint64) {
			for v := range n {
				t, ok := take()
				for ; !ok; t, ok = take() {
					rest()
				}
				check(&t, v)
			}
		},
	}
}

func channel[T item]() stream {
	c := make(chan T, capacity)
	return oneByOne("chan", func(t T) bool { c <- t; return true }, func() (T, bool) { return <-c, true })
}

func teziCopy[T item]() stream {
	r := ringbuf.NewSPSC[T](capacity)
	return oneByOne("tezi-spsc/batch=1", r.TryPush, r.TryPop)
}

func teziBatch[T item](batch int) stream {
	w := ringbuf.Wait{Spins: 1024, Pauses: 32}
	r := ringbuf.NewSPSC[T](capacity)
	r.Bells(ringbuf.NewBell(w), ringbuf.NewBell(w))
	return stream{fmt.Sprintf("tezi-spsc/batch=%d", batch),
		func(n uint64) {
			for v := uint64(0); v < n; {
				slots := r.ClaimWait(int(min(uint64(batch), n-v)))
				for i := range slots {
					set(&slots[i], v)
					v++
				}
				r.Publish(len(slots))
			}
		},
		func(n uint64) {
			for v := uint64(0); v < n; {
				slots := r.PeekWait(batch)
				for i := range slots {
					check(&slots[i], v)
					v++
				}
				r.Release(len(slots))
			}
		},
	}
}

func xsyncSPSC[T item]() stream {
	q := xsync.NewSPSCQueue[T](capacity)
	return oneByOne("xsync-spsc", q.TryEnqueue, q.TryDequeue)
}

func xsyncMPMC[T item]() stream {
	q := xsync.NewMPMCQueue[T](capacity)
	return oneByOne("xsync-mpmc", q.TryEnqueue, q.TryDequeue)
}

// workiva's ring takes any; an item of more than a word is allocated on its way in.
func workiva[T item]() stream {
	q := queue.NewRingBuffer(capacity)
	put := func(t T) bool {
		ok, err := q.Offer(t)
		return ok && err == nil
	}
	take := func() (t T, ok bool) {
		if q.Len() == 0 { // Get would wait by itself
			return t, false
		}
		v, err := q.Get()
		if err != nil {
			return t, false
		}
		return v.(T), true
	}
	return oneByOne("workiva", put, take)
}
