package transport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tezi-exchange/tezi/codec"
)

// TestOrder sends frames of random sizes both ways at once, through rings much smaller than the
// whole, and checks every byte of every frame (I1).
func TestOrder(t *testing.T) {
	const frames = 4000
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t, 1<<18)
			sizes := func() func() int {
				rng := rand.New(rand.NewPCG(1, 2))
				return func() int {
					if rng.IntN(16) == 0 {
						return 64 << 10
					}
					return codec.FrameHeaderSize + rng.IntN(2000)
				}
			}
			var done sync.WaitGroup
			for _, e := range []end{a, b} {
				done.Go(func() { exchange(e, frames, sizes(), sizes()) })
			}
			done.Wait()
			for _, e := range []end{a, b} {
				if s := e.Stats(); s.Sessions != 1 || s.BadFrames != 0 || s.FramesIn != frames || s.FramesOut != frames || s.BytesIn != s.BytesOut {
					t.Errorf("stats %+v, want %d frames each way in one session", s, frames)
				}
			}
		})
	}
}

// exchange is a user who sends and receives as many frames, whichever is possible.
func exchange(e end, frames uint64, outSize, inSize func() int) {
	e.take(EventUp)
	size := outSize()
	for sent, got := uint64(0), uint64(0); sent < frames || got < frames; {
		if sent < frames && e.trySend(sent, size) {
			sent++
			size = outSize()
			continue
		}
		if got == frames {
			until(e.t, func() bool { return e.trySend(sent, size) })
			sent++
			size = outSize()
			continue
		}
		if event, frame := e.Next(); event == EventFrame {
			checkFrame(e.t, frame, got, inSize())
			e.Release()
			got++
			continue
		}
		e.bell.WaitUntil(func() bool { event, _ := e.Next(); return event != EventNone }, 1e6)
	}
}

// TestLargePipelined keeps as many 64 KB frames on the way as the rings hold.
func TestLargePipelined(t *testing.T) {
	const frames, size = 2000, 64 << 10
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t, ringCap)
			var done sync.WaitGroup
			done.Go(func() {
				a.take(EventUp)
				for i := range uint64(frames) {
					a.send(i, size)
				}
			})
			b.take(EventUp)
			for i := range uint64(frames) {
				b.receive(i, size)
			}
			done.Wait()
		})
	}
}

// TestClaimNeedsUp: a link takes no frame before its user has seen the Up, and none after the Down.
func TestClaimNeedsUp(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t, ringCap)
			if a.Claim(codec.FrameHeaderSize) != nil {
				t.Error("claim before the up event")
			}
			a.await(EventUp)
			a.await(EventUp) // the same one until Release
			if a.Claim(codec.FrameHeaderSize) == nil {
				t.Error("no claim although the user has seen the up event")
			}
			a.Release()
			b.take(EventUp)
			b.Close()
			if a.await(EventDown); a.Claim(codec.FrameHeaderSize) != nil {
				t.Error("claim at the down event")
			}
			a.Release()
			if b.Claim(codec.FrameHeaderSize) != nil {
				t.Error("claim after Close")
			}
			if event, _ := b.Next(); event != EventNone {
				t.Errorf("event %v after Close", event)
			}
		})
	}
}

// TestCloseSendsWhatIsPublished: every frame that was published before Close arrives if the peer
// reads on, however much of it was still in the ring, and the Down comes behind them (I2). What the
// peer has sent meanwhile and nobody reads must not get in the way of that: none, all that fits
// into the in ring, or more.
func TestCloseSendsWhatIsPublished(t *testing.T) {
	const size = 60_000
	for name, connect := range transports {
		for _, unread := range []int{0, 4, 10} {
			t.Run(fmt.Sprintf("%s/unread=%d", name, unread), func(t *testing.T) {
				a, b := connect(t, 1<<18)
				a.take(EventUp)
				b.take(EventUp)
				for range unread {
					b.trySend(0, size)
				}
				published := fillUp(a, size)
				var done sync.WaitGroup
				done.Go(func() { a.Close() })
				for i := range published {
					b.receive(i, size)
				}
				b.take(EventDown)
				done.Wait()
			})
		}
	}
}

// fillUp sends until neither ring nor kernel takes more, and returns how many frames it was.
func fillUp(e end, size int) (frames uint64) {
	e.t.Helper()
	refused := 0
	until(e.t, func() bool { // the writer makes room as long as the kernel takes more
		if refused++; e.trySend(frames, size) {
			refused = 0
			frames++
		}
		return refused > 1000
	})
	return frames
}

// TestCloseWhileFull closes links whose rings are full in both directions and whose peers do not
// read: Close returns after the time that it gives such a peer.
func TestCloseWhileFull(t *testing.T) {
	brief := quick
	brief.flush = time.Millisecond
	for name, connect := range map[string]func(testing.TB, int) (a, b end){
		"pair": overPair,
		"tcp":  func(t testing.TB, inCap int) (a, b end) { return overTCPIn(t, inCap, brief) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t, 1<<16)
			a.take(EventUp)
			b.take(EventUp)
			for a.trySend(1, 20_000) || b.trySend(1, 20_000) {
			}
			a.Close()
			b.Close()
		})
	}
}

// TestPairEnds: the other end of a closed pair reads what is left, then one Down, then nothing.
func TestPairEnds(t *testing.T) {
	a, b := overPair(t, ringCap)
	a.take(EventUp)
	b.take(EventUp)
	a.send(1, 100)
	a.send(2, 200)
	a.Close()
	if b.Claim(100) != nil {
		t.Error("claim towards a closed end")
	}
	b.receive(1, 100)
	b.receive(2, 200)
	b.await(EventDown)
	b.take(EventDown) // the same one until Release
	if event, _ := b.Next(); event != EventNone {
		t.Errorf("event %v after the last Down", event)
	}
}

// TestPairLastFrame races Close against the other end's look: the last frame is seen before the
// Down, however the two interleave.
func TestPairLastFrame(t *testing.T) {
	for range 5000 {
		a, b := end{t: t, bell: newBell()}, end{t: t, bell: newBell()}
		a.Link, b.Link = Pair(1<<10, 1<<10, a.bell, b.bell)
		a.take(EventUp)
		b.take(EventUp)
		go func() {
			a.trySend(1, codec.FrameHeaderSize)
			a.Close()
		}()
		var event Event
		for event == EventNone {
			event, _ = b.Next()
		}
		if event != EventFrame {
			t.Fatalf("event %v, want the frame", event)
		}
		b.Release()
		b.take(EventDown)
	}
}

// TestAllocs: in steady state a frame costs no allocation, on whichever goroutine.
func TestAllocs(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t, ringCap)
			a.take(EventUp)
			b.take(EventUp)
			frame := newFrame(1, 1000)
			round := func() {
				for range 20 {
					copy(a.Claim(len(frame)), frame)
					a.Publish(len(frame))
				}
				for range 20 {
					b.take(EventFrame)
				}
			}
			round()
			if got := testing.AllocsPerRun(200, round); got != 0 {
				t.Errorf("%v allocations per 20 frames, want 0", got)
			}
		})
	}
}

// TestNoGoroutinePerFrame: however many frames fly, the goroutines of a link are those that it began with.
func TestNoGoroutinePerFrame(t *testing.T) {
	const frames = 1000
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t, ringCap)
			a.take(EventUp)
			b.take(EventUp)
			began := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
			metrics.Read(began)
			for i := range uint64(frames) {
				a.send(i, 1000)
				b.receive(i, 1000)
			}
			ended := slices.Clone(began)
			metrics.Read(ended)
			if n := ended[0].Value.Uint64() - began[0].Value.Uint64(); n > frames/10 { // timers of others make some
				t.Errorf("%d goroutines for %d frames", n, frames)
			}
		})
	}
}

// TestNoDelay: a small frame does not wait for the acknowledgement of the one before.
func TestNoDelay(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
	n.mu.Lock()
	conn := n.current.conn
	n.mu.Unlock()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	on := 0
	failed := raw.Control(func(fd uintptr) { on, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY) })
	if err := errors.Join(failed, err); err != nil || on == 0 {
		t.Errorf("TCP_NODELAY is %d, %v", on, err)
	}
}
