package ringbuf

import (
	"sync"
	"testing"
)

// TestPushPop passes items with the forms that wait, under every policy: a wake-up that a ring does
// not give (I7), to either side, and it hangs.
func TestPushPop(t *testing.T) {
	for name, w := range policies {
		for _, capacity := range []int{1, 2, 64} {
			items := uint64(min(20_000, 2_000*capacity))
			if !w.Park {
				items = 200 // whoever spins on a shared core costs the other one a time slice
			}
			r := NewSPSC[[2]uint64](capacity)
			r.Bells(NewBell(w), NewBell(w))
			var done sync.WaitGroup
			done.Go(func() {
				for v := range items {
					if !r.Push([2]uint64{v, mix(7, v)}) {
						t.Errorf("%s: an open ring refuses item %d", name, v)
					}
				}
				r.Close()
				if r.Push([2]uint64{}) {
					t.Errorf("%s: a closed ring takes an item", name)
				}
			})
			n := uint64(0)
			for v, ok := r.Pop(); ok; v, ok = r.Pop() {
				if v != [2]uint64{n, mix(7, n)} {
					t.Fatalf("%s cap=%d: item %d is %x", name, capacity, n, v)
				}
				n++
			}
			done.Wait()
			if n != items {
				t.Errorf("%s cap=%d: %d items came out, want %d", name, capacity, n, items)
			}
		}
	}
}

// TestClaimPeekWait does the same in batches, and with frames.
func TestClaimPeekWait(t *testing.T) {
	const items = 20_000
	r, f := NewSPSC[uint64](16), NewFrames(256)
	r.Bells(NewBell(WaitPark), NewBell(WaitAdaptive))
	f.Bells(NewBell(WaitAdaptive), NewBell(WaitPark))
	go func() {
		for v := uint64(0); v < items; {
			slots := r.ClaimWait(int(min(5, items-v)))
			for i := range slots {
				slots[i] = v
				v++
			}
			r.Publish(len(slots))
		}
		r.Close()
	}()
	go func() { // from the one into the other
		for slots := r.PeekWait(7); slots != nil; slots = r.PeekWait(7) {
			for _, v := range slots {
				stamp(f.ClaimWait(int(8+v%64)), v)
				f.Publish(int(8 + v%64))
			}
			r.Release(len(slots))
		}
		f.Close()
	}()
	want := make([]byte, 128)
	n := uint64(0)
	for b := f.PeekWait(); b != nil; b = f.PeekWait() {
		if uint64(len(b)) != 8+n%64 {
			t.Fatalf("frame %d has %d bytes", n, len(b))
		}
		stamp(want[:len(b)], n)
		if string(b[:8]) != string(want[:8]) {
			t.Fatalf("frame %d is %x", n, b)
		}
		f.Release()
		n++
	}
	if n != items {
		t.Errorf("%d frames came out, want %d", n, items)
	}
	if f.ClaimWait(1) != nil || r.ClaimWait(1) != nil || r.PeekWait(1) != nil || f.PeekWait() != nil {
		t.Error("a closed ring is not dead")
	}
	if r.ClaimWait(0) != nil || r.PeekWait(0) != nil {
		t.Error("none is not none")
	}
	if s := r.Stats(); s.RoomParks == 0 && s.ItemParks == 0 && s.FullSpins == 0 && s.EmptySpins == 0 {
		t.Errorf("nobody ever waited: %+v", s)
	}
}

// TestCloseWakes: Close rings the bells of the ring, so that both sides are freed from a full and
// from an empty ring.
func TestCloseWakes(t *testing.T) {
	room, items := NewBell(WaitPark), NewBell(WaitPark)
	full, empty := NewSPSC[int](1), NewSPSC[int](1)
	full.Bells(room, nil)
	empty.Bells(nil, items)
	freed := make(chan bool)
	go func() {
		full.Push(1)
		freed <- full.Push(2)
	}()
	go func() {
		_, ok := empty.Pop()
		freed <- ok
	}()
	until(func() bool { return room.Parks() > 0 && items.Parks() > 0 })
	full.Close()
	empty.Close()
	if first, second := <-freed, <-freed; first || second {
		t.Error("a closed ring took or gave an item")
	}
	frames := NewFrames(64)
	frames.Bells(room, items)
	parks := items.Parks()
	go func() { freed <- frames.PeekWait() != nil }()
	until(func() bool { return items.Parks() > parks })
	frames.Close()
	if <-freed {
		t.Error("a frame out of nothing")
	}
}

func TestWaitWithoutBell(t *testing.T) {
	mustPanic(t, "pop", func() { NewSPSC[int](1).Pop() })
	mustPanic(t, "push", func() {
		r := NewSPSC[int](1)
		r.Push(1) // has room, and need not wait
		r.Push(2)
	})
	mustPanic(t, "frame", func() { NewFrames(64).PeekWait() })
}

func TestWaitAllocs(t *testing.T) {
	r, f := NewSPSC[[8]uint64](8), NewFrames(1024)
	r.Bells(NewBell(WaitAdaptive), NewBell(WaitPark))
	f.Bells(NewBell(WaitAdaptive), NewBell(WaitPark))
	got := testing.AllocsPerRun(1000, func() {
		r.Push([8]uint64{})
		r.Publish(len(r.ClaimWait(4)))
		r.Release(len(r.PeekWait(2)))
		for r.Len() > 0 {
			r.Pop()
		}
		f.Publish(len(f.ClaimWait(100)))
		f.PeekWait()
		f.Release()
	})
	if got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}
