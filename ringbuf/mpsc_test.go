package ringbuf

import (
	"slices"
	"sync"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func newMPSCAt[T any](capacity int, start uint64) *MPSC[T] {
	r := NewMPSC[T](capacity)
	r.start(start)
	return r
}

// TestMPSCAgainstSlice runs random operations of several producers and the consumer on a ring and on
// the obvious queue, in which each lot stands from its claim on, and comes out when it is published
// and everything before it is (I10).
func TestMPSCAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.SampledFrom([]int{1, 2, 4, 16}).Draw(t, "capacity")
		r := newMPSCAt[uint64](capacity, rapid.SampledFrom(starts).Draw(t, "start"))
		type slot struct {
			value     uint64
			published bool
		}
		var queue []slot
		type open struct {
			lot  Lot[uint64]
			from uint64 // of its values, which are dense over the queue
		}
		var lots []open
		next, popped := uint64(0), uint64(0)
		available := func() (n int) {
			for n < len(queue) && queue[n].published {
				n++
			}
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				lot := r.Claim(rapid.IntRange(1, 20).Draw(t, "n"))
				if (len(lot.Slots) == 0) != (len(queue) == capacity) {
					t.Fatalf("claim gives %d slots with %d of %d used", len(lot.Slots), len(queue), capacity)
				}
				if len(lot.Slots) == 0 {
					return
				}
				lots = append(lots, open{lot, next})
				for range lot.Slots {
					queue = append(queue, slot{value: next})
					next++
				}
			},
			"publish": func(t *rapid.T) {
				if len(lots) == 0 {
					t.Skip("nothing is claimed")
				}
				k := rapid.IntRange(0, len(lots)-1).Draw(t, "which")
				o := lots[k]
				lots = slices.Delete(lots, k, k+1)
				for i := range o.lot.Slots {
					o.lot.Slots[i] = o.from + uint64(i)
					queue[o.from+uint64(i)-popped].published = true
				}
				r.Publish(o.lot)
			},
			"peek": func(t *rapid.T) {
				n := rapid.IntRange(1, 20).Draw(t, "n")
				slots := r.Peek(n)
				if (slots == nil) != (available() == 0) || len(slots) > min(n, available()) {
					t.Fatalf("peek lends %d of %d", len(slots), available())
				}
				for i, v := range slots {
					if v != popped+uint64(i) {
						t.Fatalf("peek lends %v from %d on", slots, popped)
					}
				}
				k := rapid.IntRange(0, len(slots)).Draw(t, "release")
				r.Release(k)
				queue, popped = queue[k:], popped+uint64(k)
			},
			"push": func(t *rapid.T) {
				if ok := r.TryPush(next); ok != (len(queue) < capacity) {
					t.Fatalf("push says %v with %d of %d used", ok, len(queue), capacity)
				} else if ok {
					queue = append(queue, slot{next, true})
					next++
				}
			},
			"pop": func(t *rapid.T) {
				v, ok := r.TryPop()
				if ok != (available() > 0) || ok && v != popped {
					t.Fatalf("pop gives %d, %v, want %d", v, ok, popped)
				}
				if ok {
					queue, popped = queue[1:], popped+1
				}
			},
			"": func(t *rapid.T) {
				if r.Len() != len(queue) {
					t.Fatalf("Len() = %d, want %d", r.Len(), len(queue))
				}
			},
		})
	})
}

// TestMPSCTransfer: every item of every producer once and whole, and in the order of its producer
// (I3), whatever the capacity, the lots and the start position. A slow consumer is one that looks
// away now and then.
func TestMPSCTransfer(t *testing.T) {
	const producers = 3
	for _, capacity := range []int{1, 2, 8, 1024} {
		items := uint64(min(5_000, 300*capacity)) // a small ring makes everybody wait for each item
		for _, start := range starts {
			for _, batch := range []int{1, 5, 64} {
				r := newMPSCAt[[3]uint64](capacity, start)
				mine := make([]*Bell, producers)
				for i := range mine {
					mine[i] = NewBell(policiesThatPark[i%len(policiesThatPark)])
				}
				r.Bells(NewBell(WaitAdaptive), mine...)
				var done sync.WaitGroup
				for p := range uint64(producers) {
					done.Go(func() {
						for v := uint64(0); v < items; {
							lot := r.ClaimWait(int(min(uint64(batch), items-v)), mine[p])
							for i := range lot.Slots {
								lot.Slots[i] = [3]uint64{p, v, mix(p, v)}
								v++
							}
							r.Publish(lot)
						}
					})
				}
				go func() {
					done.Wait()
					r.Close()
				}()
				var next [producers]uint64
				for looks := 0; ; looks++ {
					slots := r.PeekWait(batch)
					if slots == nil {
						break
					}
					for _, s := range slots {
						if s != [3]uint64{s[0], next[s[0]], mix(s[0], s[1])} {
							t.Fatalf("%s: item %x, want number %d", capName(capacity, start), s, next[s[0]])
						}
						next[s[0]]++
					}
					r.Release(len(slots))
				}
				if next != [producers]uint64{items, items, items} {
					t.Errorf("%s batch=%d: %v came out, want %d each", capName(capacity, start), batch, next, items)
				}
			}
		}
	}
}

var policiesThatPark = []Wait{WaitPark, WaitAdaptive, {Yields: 1, Park: true}}

// TestMPSCClose races producers against Close, again and again: whatever Push has taken comes out,
// and nothing else (I4).
func TestMPSCClose(t *testing.T) {
	const producers = 3
	for round := range 300 {
		r := newMPSCAt[uint64](1<<(round%4), starts[round%len(starts)])
		bells := []*Bell{NewBell(WaitPark), NewBell(WaitAdaptive), NewBell(WaitPark)}
		r.Bells(NewBell(WaitPark), bells...)
		var pushed [producers]uint64
		var done sync.WaitGroup
		for p := range producers {
			done.Go(func() {
				for r.Push(uint64(p), bells[p]) {
					pushed[p]++
				}
			})
		}
		var popped [producers]uint64
		for range round {
			v, _ := r.Pop()
			popped[v]++
		}
		go r.Close()
		for v, ok := r.Pop(); ok; v, ok = r.Pop() {
			popped[v]++
		}
		done.Wait()
		if pushed != popped || !r.Closed() || r.Len() != 0 || !r.Drained() {
			t.Fatalf("round %d: pushed %v, popped %v, %d left", round, pushed, popped, r.Len())
		}
		if r.TryPush(1) || len(r.Claim(4).Slots) != 0 {
			t.Fatal("a closed ring takes items")
		}
		r.Close()
	}
}

// TestMPSCOpenLot: Close does not take away what is claimed and not published yet.
func TestMPSCOpenLot(t *testing.T) {
	r := NewMPSC[int](4)
	lot := r.Claim(2)
	r.TryPush(3)
	r.Close()
	if r.Peek(4) != nil || r.Drained() {
		t.Fatal("drained before an open lot")
	}
	lot.Slots[0], lot.Slots[1] = 1, 2
	r.Publish(lot)
	if got := r.Peek(4); !slices.Equal(got, []int{1, 2, 3}) {
		t.Fatalf("got %v, want 1, 2, 3", got)
	}
	r.Release(3)
	if !r.Drained() {
		t.Error("not drained")
	}
}

func TestMPSCMisuse(t *testing.T) {
	r := NewMPSC[int](4)
	mustPanic(t, "pointers", func() { NewMPSC[*int](4) })
	mustPanic(t, "empty lot", func() { r.Publish(Lot[int]{}) })
	lot := r.Claim(2)
	r.Publish(lot)
	mustPanic(t, "lot published twice", func() { r.Publish(lot) })
	mustPanic(t, "release without peek", func() { r.Release(1) })
	mustPanic(t, "negative claim", func() { r.Claim(-1) })
	mustPanic(t, "wait without a bell", func() { r.ClaimWait(1, nil); r.ClaimWait(4, nil); r.ClaimWait(1, nil) })
}

// A lot that is published again a lap later, when another one has been published in its slots, does not take that one's
// place.
func TestMPSCPublishedALapLater(t *testing.T) {
	r := NewMPSC[int](4)
	old := r.Claim(2)
	r.Publish(old)
	r.TryPush(0)
	r.TryPush(0)
	for range 4 {
		r.TryPop()
	}
	r.TryPush(7)
	mustPanic(t, "a lot of the lap before", func() { r.Publish(old) })
	if v, ok := r.TryPop(); v != 7 || !ok {
		t.Errorf("%d, %t comes out, want 7", v, ok)
	}
}

func TestMPSCStats(t *testing.T) {
	r := NewMPSC[int](2)
	r.TryPop()
	for range 4 {
		r.TryPush(1)
	}
	r.Peek(2)
	if got, want := r.Stats(), (Stats{DepthMax: 2, Full: 2, FullSpins: 2, Empty: 1, EmptySpins: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if r.Cap() != 2 || r.Len() != 2 {
		t.Errorf("cap %d, len %d", r.Cap(), r.Len())
	}
}

func TestMPSCAllocs(t *testing.T) {
	r := NewMPSC[[8]uint64](64)
	bell := NewBell(WaitPark)
	r.Bells(NewBell(WaitPark), bell)
	got := testing.AllocsPerRun(1000, func() {
		r.Publish(r.ClaimWait(8, bell))
		r.Push([8]uint64{}, bell)
		r.TryPush([8]uint64{})
		r.Release(len(r.PeekWait(9)))
		r.Pop()
	})
	if got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}

func TestMPSCApart(t *testing.T) {
	var r MPSC[uint64]
	at := []uintptr{
		unsafe.Offsetof(r.items), unsafe.Offsetof(r.claimed), unsafe.Offsetof(r.head), unsafe.Offsetof(r.consumer), unsafe.Offsetof(r.closed),
	}
	for i := 1; i < len(at); i++ {
		if at[i]-at[i-1] < 128 {
			t.Errorf("fields at %d and %d are closer than 128 bytes", at[i-1], at[i])
		}
	}
}
