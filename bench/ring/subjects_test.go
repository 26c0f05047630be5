package ring

import (
	"sync/atomic"

	"github.com/tezi-exchange/tezi/ringbuf"
)

func spsc[T item](capacity int) *ringbuf.SPSC[T] {
	r := ringbuf.NewSPSC[T](capacity)
	r.Bells(ringbuf.NewBell(waits(2)), ringbuf.NewBell(waits(2)))
	return r
}

func spscOne[T item](capacity int) subject {
	r := spsc[T](capacity)
	return func(n uint64) []func() {
		return []func(){func() {
			var t T
			for v := range n {
				set(&t, v)
				r.Push(t)
			}
		}, func() {
			for v := range n {
				if t, _ := r.Pop(); check(&t, v) != 0 {
					wrong(v)
				}
			}
		}}
	}
}

// spscBatch fills up to batch items in place at a time, and takes up to drain.
func spscBatch[T item](batch, drain, capacity int) subject {
	r := spsc[T](capacity)
	return func(n uint64) []func() {
		return []func(){func() {
			for v := uint64(0); v < n; {
				slots := r.ClaimWait(int(min(uint64(batch), n-v)))
				for i := range slots {
					set(&slots[i], v)
					v++
				}
				r.Publish(len(slots))
			}
		}, takeAll(n, 1, drain, r)}
	}
}

// order checks the items of several producers: producer p sends p, p + producers, and so on.
type order struct {
	want []uint64
}

func newOrder(producers int) *order {
	o := &order{}
	for p := range producers {
		o.want = append(o.want, uint64(p))
	}
	return o
}

func nextOf[T item](o *order, t *T) bool {
	p := (*t)[0] % uint64(len(o.want))
	v := o.want[p]
	o.want[p] += uint64(len(o.want))
	return check(t, v) == 0
}

func mpsc[T item](producers int) (*ringbuf.MPSC[T], []*ringbuf.Bell) {
	r := ringbuf.NewMPSC[T](capacity)
	bells := make([]*ringbuf.Bell, producers)
	for i := range bells {
		bells[i] = ringbuf.NewBell(waits(producers + 1))
	}
	r.Bells(ringbuf.NewBell(waits(producers+1)), bells...)
	return r, bells
}

func mpscOne[T item](producers int) subject {
	r, bells := mpsc[T](producers)
	return func(n uint64) (work []func()) {
		for p := range producers {
			work = append(work, func() {
				var t T
				for v := uint64(p); v < n; v += uint64(producers) {
					set(&t, v)
					r.Push(t, bells[p])
				}
			})
		}
		return append(work, takeAll(n, producers, 1, r))
	}
}

func mpscBatch[T item](producers, batch int) subject {
	r, bells := mpsc[T](producers)
	return func(n uint64) (work []func()) {
		for p := range producers {
			work = append(work, func() {
				step := uint64(producers)
				for v := uint64(p); v < n; {
					left := (n - v + step - 1) / step
					lot := r.ClaimWait(int(min(uint64(batch), left)), bells[p])
					for i := range lot.Slots {
						set(&lot.Slots[i], v)
						v += step
					}
					r.Publish(lot)
				}
			})
		}
		return append(work, takeAll(n, producers, batch, r))
	}
}

// reader is the consumer's side of every ring.
type reader[T any] interface {
	PeekWait(n int) []T
	Release(n int)
}

// takeAll takes n items, up to batch at a time, and checks each of them.
func takeAll[T item](n uint64, producers, batch int, r reader[T]) func() {
	if producers == 1 {
		return func() { takeFromOne(n, batch, r) }
	}
	return func() {
		o := newOrder(producers)
		for got := uint64(0); got < n; {
			slots := r.PeekWait(batch)
			for i := range slots {
				if !nextOf(o, &slots[i]) {
					wrong(slots[i][0])
				}
			}
			r.Release(len(slots))
			got += uint64(len(slots))
		}
	}
}

// takeFromOne is takeAll for one producer: the check is a comparison, and little beside the ring.
func takeFromOne[T item](n uint64, batch int, r reader[T]) {
	for v := uint64(0); v < n; {
		slots := r.PeekWait(batch)
		for i := range slots {
			if check(&slots[i], v) != 0 {
				wrong(v)
			}
			v++
		}
		r.Release(len(slots))
	}
}

// broadcast sends every item to all readers of a graph, in which each names the earlier ones that it
// waits for.
func broadcast[T item](batch int, graph [][]int) subject {
	policy := waits(1 + len(graph))
	b := ringbuf.NewBroadcast[T](capacity, ringbuf.NewBell(policy))
	var readers []*ringbuf.Reader[T]
	for _, after := range graph {
		var of []*ringbuf.Reader[T]
		for _, a := range after {
			of = append(of, readers[a])
		}
		readers = append(readers, b.Reader(ringbuf.NewBell(policy), of...))
	}
	return func(n uint64) (work []func()) {
		work = append(work, func() {
			for v := uint64(0); v < n; {
				slots := b.ClaimWait(int(min(uint64(batch), n-v)))
				for i := range slots {
					set(&slots[i], v)
					v++
				}
				b.Publish(len(slots))
			}
		})
		for _, r := range readers {
			work = append(work, takeAll(n, 1, batch, r))
		}
		return work
	}
}

// naive is a ring as one writes it at first: no padding, no memory of the other side, a division, and
// the store that Go has.
type naive[T any] struct {
	head, tail atomic.Uint64
	slots      []T
}

func naiveOne[T item]() subject {
	r := &naive[T]{slots: make([]T, capacity)}
	return func(n uint64) []func() {
		return []func(){func() {
			for v := range n {
				for r.tail.Load()-r.head.Load() == uint64(len(r.slots)) {
				}
				set(&r.slots[r.tail.Load()%uint64(len(r.slots))], v)
				r.tail.Add(1)
			}
		}, func() {
			for v := range n {
				for r.tail.Load() == r.head.Load() {
				}
				if check(&r.slots[r.head.Load()%uint64(len(r.slots))], v) != 0 {
					wrong(v)
				}
				r.head.Add(1)
			}
		}}
	}
}
