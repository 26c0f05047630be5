package ringbuf

import (
	"sync"
	"sync/atomic"
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

// TestCloseBehindTheLastItem has a consumer look just when the last item is published and the ring closed: it must not take
// the ring for drained (I4).
func TestCloseBehindTheLastItem(t *testing.T) {
	rounds := meetings()
	type pair struct {
		ring *SPSC[uint64]
		cast *Broadcast[uint64]
		all  *Reader[uint64]
	}
	pairs := make([]pair, rounds)
	var at atomic.Uint64 // the round that the consumer is in
	for i := range pairs {
		ring, cast := NewSPSC[uint64](1), NewBroadcast[uint64](1, nil)
		ring.Bells(nil, NewBell(Wait{Yields: 1}))
		pairs[i] = pair{ring, cast, cast.Reader(NewBell(Wait{Yields: 1}))}
	}
	var done sync.WaitGroup
	done.Go(func() {
		for i := range rounds {
			soon(func() bool { return at.Load() == 2*i+1 })
			pairs[i].ring.TryPush(i)
			pairs[i].ring.Close()
			soon(func() bool { return at.Load() == 2*i+2 })
			pairs[i].cast.TryPush(i)
			pairs[i].cast.Close()
		}
	})
	for i := range rounds {
		at.Store(2*i + 1)
		for range i % 1024 { // the producer has to see it first, and nobody knows how long that takes
		}
		if got := pairs[i].ring.PeekWait(1); len(got) != 1 || got[0] != i {
			t.Errorf("round %d: an SPSC gives %v", i, got)
		}
		at.Store(2*i + 2)
		for range i % 1024 {
		}
		if got := pairs[i].all.PeekWait(1); len(got) != 1 || got[0] != i {
			t.Errorf("round %d: a Broadcast gives %v", i, got)
		}
	}
	done.Wait()
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
	both, cast := NewMPSC[int](1), NewBroadcast[int](1, room)
	both.Bells(items, room)
	for name, got := range map[string]uint64{
		"SPSC": full.Stats().RoomParks, "MPSC": both.Stats().RoomParks, "Broadcast": cast.Stats().RoomParks,
		"SPSC's items": empty.Stats().ItemParks, "MPSC's items": both.Stats().ItemParks, "Reader": cast.Reader(items).Stats().ItemParks,
	} {
		if got != 1 { // each bell has slept once
			t.Errorf("%s: %d parks are told, want 1", name, got)
		}
	}
	both.TryPush(1)
	go func() { freed <- both.Push(2, room) }()
	until(func() bool { return room.Parks() > 1 })
	both.Close()
	if <-freed {
		t.Error("a closed ring of many producers took an item")
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

// mpscLooks are the looks of a producer, which are counted when it claims, and not while it waits: the first one is enough.
func mpscLooks(r *MPSC[int]) func() uint64 {
	return func() uint64 { return 4 * r.Stats().FullSpins }
}

// TestCloseFreesWhoLooks: who waits without ever parking is woken by no bell, and has to see Close by itself.
func TestCloseFreesWhoLooks(t *testing.T) {
	bell := NewBell(Wait{Yields: 1})
	type waiter struct {
		name  string
		wait  func() bool // true if it was given something
		looks func() uint64
		close func()
	}
	spsc := func(full bool) *SPSC[int] {
		r := NewSPSC[int](1)
		r.Bells(bell, bell)
		for full && r.TryPush(1) {
		}
		return r
	}
	mpsc := func(full bool) *MPSC[int] {
		r := NewMPSC[int](1)
		r.Bells(bell)
		for full && r.TryPush(1) {
		}
		return r
	}
	cast := func(full bool) (*Broadcast[int], *Reader[int]) {
		b := NewBroadcast[int](1, bell)
		r := b.Reader(bell)
		for full && b.TryPush(1) {
		}
		return b, r
	}
	frames := func(full bool) *Frames {
		r := NewFrames(64)
		r.Bells(bell, bell)
		for full && r.Claim(20) != nil {
			r.Publish(20)
		}
		return r
	}
	for range 20 {
		a, b, c, d := spsc(true), spsc(true), spsc(false), spsc(false)
		e, f := mpsc(true), mpsc(false)
		g, _ := cast(true)
		h, last := cast(false)
		i, j := frames(true), frames(false)
		for _, w := range []waiter{
			{"SPSC.ClaimWait", func() bool { return a.ClaimWait(1) != nil }, func() uint64 { return a.Stats().FullSpins }, a.Close},
			{"SPSC.Push", func() bool { return b.Push(2) }, func() uint64 { return b.Stats().FullSpins }, b.Close},
			{"SPSC.PeekWait", func() bool { return c.PeekWait(1) != nil }, func() uint64 { return c.Stats().EmptySpins }, c.Close},
			{"SPSC.Pop", func() bool { _, ok := d.Pop(); return ok }, func() uint64 { return d.Stats().EmptySpins }, d.Close},
			{"MPSC.ClaimWait", func() bool { return e.ClaimWait(1, bell).Slots != nil }, mpscLooks(e), e.Close},
			{"MPSC.PeekWait", func() bool { return f.PeekWait(1) != nil }, func() uint64 { return f.Stats().EmptySpins }, f.Close},
			{"Broadcast.ClaimWait", func() bool { return g.ClaimWait(1) != nil }, func() uint64 { return g.Stats().FullSpins }, g.Close},
			{"Reader.PeekWait", func() bool { return last.PeekWait(1) != nil }, func() uint64 { return last.Stats().EmptySpins }, h.Close},
			{"Frames.ClaimWait", func() bool { return i.ClaimWait(20) != nil }, func() uint64 { return i.Stats().FullSpins }, i.Close},
			{"Frames.PeekWait", func() bool { return j.PeekWait() != nil }, func() uint64 { return j.Stats().EmptySpins }, j.Close},
		} {
			begun, freed := w.looks(), make(chan bool)
			go func() { freed <- w.wait() }()
			until(func() bool { return w.looks() > begun+3 })
			w.close()
			if <-freed {
				t.Errorf("%s: a closed ring gives something", w.name)
			}
		}
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
