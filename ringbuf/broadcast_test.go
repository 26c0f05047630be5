package ringbuf

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func newBroadcastAt[T any](capacity int, start uint64, bell *Bell) *Broadcast[T] {
	b := NewBroadcast[T](capacity, bell)
	b.start(start)
	return b
}

// graphs are barrier graphs: for each reader the earlier ones that it waits for.
var graphs = map[string][][]int{
	"one":      {nil},
	"three":    {nil, nil, nil},
	"pipeline": {nil, {0}, {1}},
	"diamond":  {nil, nil, {0, 1}},
	"wide":     {nil, {0}, {0}, {1, 2}, nil, {4, 2}},
}

// TestBroadcastAgainstSlice runs random operations of the writer and all readers on a ring and on
// the obvious model: a number for each side.
func TestBroadcastAgainstSlice(t *testing.T) {
	for name, graph := range graphs {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { againstNumbers(t, graph) })
		})
	}
}

func againstNumbers(t *rapid.T, graph [][]int) {
	capacity := rapid.SampledFrom([]int{1, 2, 4, 16}).Draw(t, "capacity")
	b := newBroadcastAt[uint64](capacity, rapid.SampledFrom(starts).Draw(t, "start"), nil)
	var readers []*Reader[uint64]
	for _, after := range graph {
		var of []*Reader[uint64]
		for _, a := range after {
			of = append(of, readers[a])
		}
		readers = append(readers, b.Reader(nil, of...))
	}
	written, read := 0, make([]int, len(graph))
	limit := func(i int) int { // what reader i may see
		n := written
		for _, a := range graph[i] {
			n = min(n, read[a])
		}
		return n
	}
	t.Repeat(map[string]func(*rapid.T){
		"claim": func(t *rapid.T) {
			slots := b.Claim(rapid.IntRange(1, 20).Draw(t, "n"))
			if free := capacity - (written - slices.Min(read)); (slots == nil) != (free == 0) || len(slots) > free {
				t.Fatalf("claim lends %d with %d free", len(slots), free)
			}
			k := rapid.IntRange(0, len(slots)).Draw(t, "publish")
			for i := range k {
				slots[i] = uint64(written)
				written++
			}
			b.Publish(k)
		},
		"peek": func(t *rapid.T) {
			i := rapid.IntRange(0, len(readers)-1).Draw(t, "reader")
			slots := readers[i].Peek(rapid.IntRange(1, 20).Draw(t, "n"))
			if have := limit(i) - read[i]; (slots == nil) != (have == 0) || len(slots) > have {
				t.Fatalf("reader %d gets %d of %d", i, len(slots), have)
			}
			for j, v := range slots {
				if v != uint64(read[i]+j) {
					t.Fatalf("reader %d gets %v from %d on", i, slots, read[i])
				}
			}
			k := rapid.IntRange(0, len(slots)).Draw(t, "release")
			readers[i].Release(k)
			read[i] += k
		},
		"push": func(t *rapid.T) {
			if b.TryPush(uint64(written)) {
				written++
			}
		},
		"pop": func(t *rapid.T) {
			i := rapid.IntRange(0, len(readers)-1).Draw(t, "reader")
			v, ok := readers[i].TryPop()
			if ok != (limit(i) > read[i]) || ok && v != uint64(read[i]) {
				t.Fatalf("reader %d pops %d, %v at %d of %d", i, v, ok, read[i], limit(i))
			}
			if ok {
				read[i]++
			}
		},
	})
}

// TestBroadcastTransfer sends items through every graph. Each reader adds its mark to a field of its
// own in the slot, and checks that all those it waits for have left theirs: what they did before they
// released it is seen (I11).
func TestBroadcastTransfer(t *testing.T) {
	type stamped struct {
		no    uint64
		marks [6]uint64
	}
	for name, graph := range graphs {
		for _, capacity := range []int{1, 2, 256} {
			items := uint64(min(5_000, 100*capacity)) // a small ring makes everybody wait for each item
			for _, start := range starts {
				b := newBroadcastAt[stamped](capacity, start, NewBell(WaitAdaptive))
				var readers []*Reader[stamped]
				var done sync.WaitGroup
				for _, after := range graph {
					var of []*Reader[stamped]
					for _, a := range after {
						of = append(of, readers[a])
					}
					readers = append(readers, b.Reader(NewBell(policiesThatPark[len(readers)%len(policiesThatPark)]), of...))
				}
				for i, r := range readers {
					done.Go(func() {
						n := uint64(0)
						for slots := r.PeekWait(1 + 7*i); slots != nil; slots = r.PeekWait(1 + 7*i) {
							for k := range slots {
								s := &slots[k]
								for _, a := range graph[i] {
									if s.marks[a] != mix(uint64(a), n) {
										t.Errorf("%s: reader %d sees item %d before reader %d", name, i, n, a)
									}
								}
								if s.no != n {
									t.Errorf("%s: reader %d gets %d, want %d", name, i, s.no, n)
								}
								s.marks[i] = mix(uint64(i), n)
								n++
							}
							r.Release(len(slots))
						}
						if n != items {
							t.Errorf("%s %s: reader %d got %d items, want %d", name, capName(capacity, start), i, n, items)
						}
					})
				}
				for v := uint64(0); v < items; {
					slots := b.ClaimWait(int(min(16, items-v)))
					for i := range slots {
						slots[i].no = v
						v++
					}
					b.Publish(len(slots))
				}
				b.Close()
				done.Wait()
			}
		}
	}
}

// TestBroadcastClose: Close frees a writer that waits for the slowest reader and readers that wait
// for items or for each other, and takes nothing away (I4).
func TestBroadcastClose(t *testing.T) {
	bell, first, second := NewBell(WaitPark), NewBell(WaitPark), NewBell(WaitPark)
	b := NewBroadcast[int](2, bell)
	r1 := b.Reader(first)
	r2 := b.Reader(second, r1)
	freed := make(chan bool)
	go func() {
		b.Push(1)
		b.Push(2)
		freed <- b.Push(3)
	}()
	until(func() bool { return bell.Parks() > 0 })
	b.Close()
	if <-freed {
		t.Error("a closed ring takes items")
	}
	if v, ok := r2.TryPop(); ok {
		t.Errorf("the second reader gets %d before the first", v)
	}
	go func() {
		v, ok := r2.Pop()
		freed <- ok && v == 1
	}()
	until(func() bool { return second.Parks() > 0 })
	for want := 1; want <= 2; want++ {
		if v, ok := r1.Pop(); v != want || !ok {
			t.Errorf("got %d, %v, want %d", v, ok, want)
		}
	}
	if !<-freed {
		t.Error("the second reader did not get the first item")
	}
	if _, ok := r1.Pop(); ok || r2.Drained() {
		t.Error("drained too early or too late")
	}
	r2.Pop()
	if _, ok := r2.Pop(); ok || !r2.Drained() || !b.Closed() || b.TryPush(1) {
		t.Error("not drained, or takes items")
	}

	empty := NewBroadcast[int](2, nil)
	r := empty.Reader(first)
	go func() {
		_, ok := r.Pop()
		freed <- ok
	}()
	parks := first.Parks()
	until(func() bool { return first.Parks() > parks })
	empty.Close()
	if <-freed {
		t.Error("an item out of nothing")
	}
}

func TestBroadcastMisuse(t *testing.T) {
	b, other := NewBroadcast[int](4, nil), NewBroadcast[int](4, nil)
	mustPanic(t, "nobody listens", func() { b.Claim(1) })
	r := b.Reader(nil)
	mustPanic(t, "reader of another ring", func() { other.Reader(nil, r) })
	mustPanic(t, "publish without claim", func() { b.Publish(1) })
	mustPanic(t, "release without peek", func() { r.Release(1) })
	mustPanic(t, "wait without a bell", func() { r.PeekWait(1) })
	b.Claim(1)
	b.Close()
	b.Claim(1)
	mustPanic(t, "publish of a claim that another one has followed", func() { b.Publish(1) })
	b = NewBroadcast[int](4, nil)
	r = b.Reader(nil)
	b.TryPush(1)
	mustPanic(t, "reader that comes late", func() { b.Reader(nil) })
	r.TryPop()
	mustPanic(t, "reader that comes late to a drained ring", func() { b.Reader(nil) })
	mustPanic(t, "pointers", func() { NewBroadcast[fmt.Stringer](4, nil) })
}

func TestBroadcastStats(t *testing.T) {
	b := NewBroadcast[int](2, nil)
	r := b.Reader(nil)
	r.TryPop()
	for range 4 {
		b.TryPush(1)
	}
	if got, want := b.Stats(), (Stats{DepthMax: 2, Full: 1, FullSpins: 2}); got != want {
		t.Errorf("writer %+v, want %+v", got, want)
	}
	r.TryPop()
	if got, want := r.Stats(), (Stats{DepthMax: 2, Empty: 1, EmptySpins: 1}); got != want {
		t.Errorf("reader %+v, want %+v", got, want)
	}
}

func TestBroadcastAllocs(t *testing.T) {
	b := NewBroadcast[[8]uint64](64, NewBell(WaitPark))
	r1 := b.Reader(NewBell(WaitPark))
	r2 := b.Reader(NewBell(WaitPark), r1)
	got := testing.AllocsPerRun(1000, func() {
		b.Publish(len(b.ClaimWait(8)))
		b.Push([8]uint64{})
		for _, r := range [...]*Reader[[8]uint64]{r1, r2} {
			r.Release(len(r.PeekWait(8)))
			for _, ok := r.TryPop(); ok; _, ok = r.TryPop() {
			}
		}
	})
	if got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}

func TestBroadcastApart(t *testing.T) {
	var b Broadcast[uint64]
	var r Reader[uint64]
	for _, at := range [][]uintptr{
		{unsafe.Offsetof(b.origin), unsafe.Offsetof(b.tail), unsafe.Offsetof(b.writer), unsafe.Offsetof(b.closed)},
		{unsafe.Offsetof(r.leaf), unsafe.Offsetof(r.head), unsafe.Offsetof(r.cursor), unsafe.Sizeof(r)},
	} {
		for i := 1; i < len(at); i++ {
			if at[i]-at[i-1] < 128 {
				t.Errorf("fields at %d and %d are closer than 128 bytes", at[i-1], at[i])
			}
		}
	}
}

// TestReadersOfOneSlice: the slice that names whom a reader waits for is the caller's, who may use it for the next one.
func TestReadersOfOneSlice(t *testing.T) {
	b := NewBroadcast[int](4, nil)
	first, second := b.Reader(nil), b.Reader(nil)
	whom := []*Reader[int]{first}
	behind := b.Reader(nil, whom...)
	whom[0] = second
	b.Reader(nil, whom...)
	b.TryPush(7)
	second.TryPop()
	if v, ok := behind.TryPop(); ok {
		t.Errorf("it has got %d before the reader that it waits for", v)
	}
	first.TryPop()
	if v, ok := behind.TryPop(); !ok || v != 7 {
		t.Errorf("it has got %d, %t, want 7", v, ok)
	}
}
