package ringbuf

import (
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestSPSCCapacity(t *testing.T) {
	for _, c := range []struct{ ask, want int }{{0, 1}, {1, 1}, {2, 2}, {3, 4}, {64, 64}, {65, 128}} {
		if got := NewSPSC[byte](c.ask).Cap(); got != c.want {
			t.Errorf("NewSPSC(%d).Cap() = %d, want %d", c.ask, got, c.want)
		}
	}
	mustPanic(t, "negative capacity", func() { NewSPSC[byte](-1) })
}

func TestSPSCRefusesPointers(t *testing.T) {
	type clean struct {
		A [4]int32
		B struct{ C uintptr }
		D [0]*int
	}
	NewSPSC[clean](1)
	mustPanic(t, "pointer", func() { NewSPSC[*int](1) })
	mustPanic(t, "string", func() { NewSPSC[string](1) })
	mustPanic(t, "slice", func() { NewSPSC[[]byte](1) })
	mustPanic(t, "interface", func() { NewSPSC[any](1) })
	mustPanic(t, "unsafe pointer", func() { NewSPSC[unsafe.Pointer](1) })
	mustPanic(t, "nested", func() { NewSPSC[struct{ A [2]struct{ B chan int } }](1) })
}

func TestSPSCContiguous(t *testing.T) {
	r := NewSPSC[int](8)
	if got := len(r.Claim(6)); got != 6 {
		t.Fatalf("Claim(6) in an empty ring of 8 lends %d", got)
	}
	r.Publish(6)
	if got := len(r.Claim(6)); got != 2 {
		t.Errorf("Claim(6) with 2 free lends %d", got)
	}
	r.Publish(2)
	if r.Claim(1) != nil {
		t.Error("Claim in a full ring lends a slot")
	}
	r.Peek(6)
	r.Release(6)
	if got := len(r.Claim(8)); got != 6 {
		t.Errorf("Claim(8) with 6 free at the start lends %d", got)
	}
	r.Publish(3)
	if got := len(r.Peek(8)); got != 2 {
		t.Errorf("Peek(8) before the wrap lends %d, want the 2 up to the end", got)
	}
	r.Release(2)
	if got := len(r.Peek(8)); got != 3 {
		t.Errorf("Peek(8) after the wrap lends %d, want 3", got)
	}
}

func TestSPSCMisuse(t *testing.T) {
	r := NewSPSC[int](4)
	mustPanic(t, "publish without claim", func() { r.Publish(1) })
	r.Claim(2)
	mustPanic(t, "publish above claim", func() { r.Publish(3) })
	mustPanic(t, "negative publish", func() { r.Publish(-1) })
	r.Publish(2)
	mustPanic(t, "publish twice", func() { r.Publish(1) })
	mustPanic(t, "release without peek", func() { r.Release(1) })
	r.Peek(1)
	mustPanic(t, "release above peek", func() { r.Release(2) })
	mustPanic(t, "negative claim", func() { r.Claim(-1) })
	mustPanic(t, "negative peek", func() { r.Peek(-1) })
	r.Claim(1)
	r.TryPush(7)
	mustPanic(t, "publish of a claim that TryPush has taken", func() { r.Publish(1) })
	r.Peek(1)
	r.TryPop()
	mustPanic(t, "release of a peek that TryPop has taken", func() { r.Release(1) })
	r.Claim(1)
	r.Close()
	r.Claim(1)
	mustPanic(t, "publish of a claim that another one has followed", func() { r.Publish(1) })
}

// TestSPSCAgainstSlice runs random operations of both sides on a ring and on the obvious queue
// (I2, I3).
func TestSPSCAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.SampledFrom([]int{1, 2, 4, 16}).Draw(t, "capacity")
		r := newSPSCAt[uint64](capacity, rapid.SampledFrom(starts).Draw(t, "start"))
		var queue []uint64
		next := uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				slots := r.Claim(rapid.IntRange(1, 20).Draw(t, "n"))
				if (slots == nil) != (len(queue) == capacity) {
					t.Fatalf("claim lends %d slots with %d of %d used", len(slots), len(queue), capacity)
				}
				k := rapid.IntRange(0, len(slots)).Draw(t, "publish")
				for i := range k {
					slots[i] = next
					queue = append(queue, next)
					next++
				}
				r.Publish(k)
			},
			"peek": func(t *rapid.T) {
				slots := r.Peek(rapid.IntRange(1, 20).Draw(t, "n"))
				if (slots == nil) != (len(queue) == 0) || !slices.Equal(slots, queue[:len(slots)]) {
					t.Fatalf("peek lends %v, want a prefix of %v", slots, queue)
				}
				k := rapid.IntRange(0, len(slots)).Draw(t, "release")
				r.Release(k)
				queue = queue[k:]
			},
			"push": func(t *rapid.T) {
				if ok := r.TryPush(next); ok != (len(queue) < capacity) {
					t.Fatalf("push says %v with %d of %d used", ok, len(queue), capacity)
				} else if ok {
					queue = append(queue, next)
					next++
				}
			},
			"pop": func(t *rapid.T) {
				v, ok := r.TryPop()
				if ok != (len(queue) > 0) || ok && v != queue[0] {
					t.Fatalf("pop gives %d, %v with %v waiting", v, ok, queue)
				}
				if ok {
					queue = queue[1:]
				}
			},
			"": func(t *rapid.T) {
				if r.Len() != len(queue) {
					t.Fatalf("Len() = %d, want %d", r.Len(), len(queue))
				}
				if s := r.Stats(); s.DepthMax > uint64(capacity) {
					t.Fatalf("depth %d in a ring of %d", s.DepthMax, capacity)
				}
			},
		})
	})
}

// TestSPSCTransfer passes items between two goroutines and checks every one of them, in order (I3),
// whatever the capacity, the batch and the start position.
func TestSPSCTransfer(t *testing.T) {
	const items = 20_000
	for _, capacity := range []int{1, 2, 8, 1024} {
		for _, start := range starts {
			for _, batch := range []int{1, 7, 64} {
				r := newSPSCAt[[2]uint64](capacity, start)
				go func() {
					for v := uint64(0); v < items; {
						slots := r.Claim(int(min(uint64(batch), items-v)))
						if slots == nil {
							until(func() bool { return r.Claim(1) != nil })
							continue
						}
						for i := range slots {
							slots[i] = [2]uint64{v, mix(7, v)}
							v++
						}
						r.Publish(len(slots))
					}
					r.Close()
				}()
				if got := drain(t, r, batch); got != items {
					t.Errorf("%s batch=%d: %d items came out, want %d", capName(capacity, start), batch, got, items)
				}
			}
		}
	}
}

// drain takes everything out of r until it is closed and returns how many items came in order and
// whole.
func drain(t *testing.T, r *SPSC[[2]uint64], batch int) (n uint64) {
	for {
		closed := r.Closed() // before the look: what was published before Close must be seen
		slots := r.Peek(batch)
		for _, v := range slots {
			if v != [2]uint64{n, mix(7, n)} {
				t.Fatalf("item %d is %x", n, v)
			}
			n++
		}
		r.Release(len(slots))
		if slots == nil && closed {
			return n
		}
		if slots == nil {
			until(func() bool { return r.Len() > 0 || r.Closed() })
		}
	}
}

// TestSPSCTryTransfer is TestSPSCTransfer for the forms that copy.
func TestSPSCTryTransfer(t *testing.T) {
	const items = 20_000
	for _, capacity := range []int{1, 2, 64} {
		for _, start := range starts {
			r := newSPSCAt[uint64](capacity, start)
			go func() {
				for v := range uint64(items) {
					until(func() bool { return r.TryPush(v) })
				}
			}()
			for want := range uint64(items) {
				var v uint64
				until(func() (ok bool) { v, ok = r.TryPop(); return ok })
				if v != want {
					t.Fatalf("%s: got %d, want %d", capName(capacity, start), v, want)
				}
			}
		}
	}
}

// TestSPSCClose: Close frees a producer that waits for room and a consumer that waits for items,
// and takes nothing away that was published (I4).
func TestSPSCClose(t *testing.T) {
	full, bell := NewSPSC[int](2), NewBell(WaitPark)
	full.TryPush(1)
	full.TryPush(2)
	freed := make(chan struct{})
	go func() {
		defer close(freed)
		for full.Claim(1) == nil && !full.Closed() {
			bell.Wait(func() bool { return full.Claim(1) != nil || full.Closed() })
		}
	}()
	until(func() bool { return bell.Parks() > 0 })
	full.Close()
	full.Close()
	bell.Ring()
	<-freed
	if full.Claim(1) != nil || full.TryPush(3) {
		t.Error("a closed ring takes items")
	}
	if got := full.Peek(2); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("a closed ring has %v left, want [1 2]", got)
	}
	full.Release(1)
	if full.Claim(1) != nil || full.TryPush(3) {
		t.Error("a closed ring with room takes items")
	}
	if v, ok := full.TryPop(); v != 2 || !ok {
		t.Errorf("TryPop of a closed ring gives %d, %v, want 2", v, ok)
	}

	empty := NewSPSC[int](2)
	freed = make(chan struct{})
	go func() {
		defer close(freed)
		for empty.Peek(1) == nil && !empty.Closed() {
			bell.Wait(func() bool { return empty.Peek(1) != nil || empty.Closed() })
		}
	}()
	parks := bell.Parks()
	until(func() bool { return bell.Parks() > parks })
	empty.Close()
	bell.Ring()
	<-freed
}

func TestSPSCStats(t *testing.T) {
	r := NewSPSC[int](4)
	for range 3 {
		r.TryPop() // one wait, three looks
	}
	for range 6 {
		r.TryPush(0) // four fit, then one wait of two looks
	}
	for range 4 {
		r.TryPop()
	}
	r.TryPush(0)
	if got, want := r.Stats(), (Stats{DepthMax: 4, Full: 1, FullSpins: 2, Empty: 1, EmptySpins: 3}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	r.TryPop()
	r.TryPop()
	if got := r.Stats().Empty; got != 2 {
		t.Errorf("empty %d after the second wait, want 2", got)
	}
}

func TestSPSCAllocs(t *testing.T) {
	r := NewSPSC[[8]uint64](64)
	got := testing.AllocsPerRun(1000, func() {
		s := r.Claim(8)
		r.Publish(len(s))
		r.TryPush([8]uint64{})
		r.Release(len(r.Peek(9)))
		r.TryPop()
	})
	if got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}

// TestSidesApart guards the layout: no word that one side writes within 128 bytes of what the other
// side uses, whatever the heap makes of the alignment.
func TestSidesApart(t *testing.T) {
	var c control
	var r SPSC[uint64]
	for _, at := range [][]uintptr{
		{unsafe.Offsetof(c.closed), unsafe.Offsetof(c.tail), unsafe.Offsetof(c.head), unsafe.Sizeof(c) + 8},
		{
			unsafe.Offsetof(r.shared), unsafe.Offsetof(r.producer), unsafe.Offsetof(r.consumer),
			unsafe.Offsetof(r.slots), unsafe.Sizeof(r),
		},
	} {
		for i := 1; i < len(at); i++ {
			if at[i]-at[i-1] < 112 {
				t.Errorf("fields at %d and %d are too close", at[i-1], at[i])
			}
		}
	}
}
