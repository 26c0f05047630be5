package ringbuf

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// frameStarts are starts that are multiples of 8, as all positions of a Frames are.
var frameStarts = []uint64{0, 40, math.MaxUint64 - 1023, math.MaxUint64 - 63, math.MaxUint64 - 7}

// fill makes a payload whose every byte depends on seed.
func fill(b []byte, seed uint64) {
	for i := range b {
		b[i] = byte(mix(seed, uint64(i)) >> 56)
	}
}

func filled(n int, seed uint64) []byte {
	b := make([]byte, n)
	fill(b, seed)
	return b
}

// TestFramesAgainstSlice runs random operations of both sides on a ring and on the obvious queue.
func TestFramesAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newFramesAt(rapid.SampledFrom([]int{64, 256, 1024}).Draw(t, "capacity"), rapid.SampledFrom(frameStarts).Draw(t, "start"))
		var queue [][]byte
		seed := uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				n := rapid.IntRange(0, r.MaxFrame()).Draw(t, "n")
				b := r.Claim(n)
				if b == nil {
					if len(queue) == 0 {
						t.Fatalf("an empty ring of %d has no room for %d bytes", r.Cap(), n)
					}
					return
				}
				checkLent(t, b, n)
				seed++
				fill(b, seed)
				k := rapid.IntRange(0, n).Draw(t, "final length")
				r.Publish(k)
				queue = append(queue, bytes.Clone(b[:k]))
			},
			"forget": func(t *rapid.T) { r.Claim(rapid.IntRange(0, r.MaxFrame()).Draw(t, "n")) },
			"peek": func(t *rapid.T) {
				b := r.Peek()
				if (b == nil) != (len(queue) == 0) {
					t.Fatalf("peek lends %v with %d records waiting", b, len(queue))
				}
				if b != nil {
					checkLent(t, b, len(queue[0]))
					same(t, b, queue[0])
					r.Release()
					queue = queue[1:]
				}
			},
			"batch": func(t *rapid.T) {
				limit := rapid.IntRange(0, 5).Draw(t, "limit")
				got := r.PeekBatch(make([][]byte, 0, limit))
				if len(got) != min(limit, len(queue)) {
					t.Fatalf("batch of %d, want %d", len(got), min(limit, len(queue)))
				}
				for i := range got {
					same(t, got[i], queue[i])
				}
				k := rapid.IntRange(0, len(got)).Draw(t, "release")
				r.ReleaseBatch(k)
				queue = queue[k:]
			},
			"": func(t *rapid.T) {
				if r.Len() != len(queue) {
					t.Fatalf("Len() = %d, want %d", r.Len(), len(queue))
				}
			},
		})
	})
}

// checkLent checks what every lent payload promises: not nil, its length, no way to grow into the
// neighbour, and 8-byte alignment.
func checkLent(t *rapid.T, b []byte, n int) {
	if b == nil || len(b) != n || cap(b) != n {
		t.Fatalf("lent %d bytes with capacity %d, want %d", len(b), cap(b), n)
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 != 0 {
		t.Fatalf("payload of %d bytes is not 8-byte aligned", n)
	}
}

func same(t *rapid.T, got, want []byte) {
	if !bytes.Equal(got, want) {
		t.Fatalf("record is %x, want %x", got, want)
	}
}

// TestFramesMaxFrame: an empty ring takes the largest record wherever it stands (I6), and a claim
// above that is a mistake of the caller at once, not a wait for ever.
func TestFramesMaxFrame(t *testing.T) {
	for at := uint64(0); at < 512; at += 8 {
		r := newFramesAt(512, at)
		for i := range uint64(9) {
			b := r.Claim(r.MaxFrame())
			if b == nil {
				t.Fatalf("start %d, round %d: no room for %d bytes in an empty ring of %d", at, i, r.MaxFrame(), r.Cap())
			}
			fill(b, i)
			r.Publish(len(b))
			if got := r.Peek(); !bytes.Equal(got, filled(r.MaxFrame(), i)) {
				t.Fatalf("start %d, round %d: record damaged", at, i)
			}
			r.Release()
		}
	}
	r := NewFrames(512)
	mustPanic(t, "claim above MaxFrame", func() { r.Claim(r.MaxFrame() + 1) })
	mustPanic(t, "negative claim", func() { r.Claim(-1) })
}

func TestFramesMisuse(t *testing.T) {
	r := NewFrames(512)
	mustPanic(t, "publish without claim", func() { r.Publish(0) })
	r.Claim(9)
	mustPanic(t, "publish above claim", func() { r.Publish(10) })
	mustPanic(t, "negative publish", func() { r.Publish(-1) })
	r.Publish(9)
	mustPanic(t, "publish twice", func() { r.Publish(0) })
	mustPanic(t, "release without peek", func() { r.Release() })
	r.Peek()
	mustPanic(t, "release above peek", func() { r.ReleaseBatch(2) })
	mustPanic(t, "negative release", func() { r.ReleaseBatch(-1) })
	for range 3 {
		r.Claim(1)
		r.Publish(1)
	}
	r.Release()
	mustPanic(t, "release twice", func() { r.Release() })
	r.PeekBatch(make([][]byte, 0, 1))
	r.PeekBatch(make([][]byte, 0, 1))
	mustPanic(t, "release of one record for each look at the same", func() { r.ReleaseBatch(2) })
	r.Claim(r.MaxFrame())
	r.Publish(r.MaxFrame())
	if r.Claim(8) == nil || r.Claim(r.MaxFrame()) != nil {
		t.Fatal("want room for a small frame and none for a large one")
	}
	mustPanic(t, "publish after a claim in vain", func() { r.Publish(1) })
	r.header(r.consumer.pos).Store(1)
	mustPanic(t, "record overwritten by somebody else", func() { r.Peek() })
}

// TestFramesTransfer passes records of random length between two goroutines and checks every byte
// of them, in order (I3, I5).
func TestFramesTransfer(t *testing.T) {
	const records = 20_000
	for _, capacity := range []int{64, 1024, 1 << 16} {
		for _, start := range frameStarts {
			r := newFramesAt(capacity, start)
			sizes := func() func() int {
				rng := rand.New(rand.NewPCG(1, start))
				return func() int {
					if rng.IntN(8) == 0 {
						return r.MaxFrame()
					}
					return rng.IntN(min(r.MaxFrame(), 200) + 1)
				}
			}
			go func() {
				size := sizes()
				for i := range uint64(records) {
					n := size()
					var b []byte
					until(func() bool { b = r.Claim(n); return b != nil })
					stamp(b, i)
					r.Publish(n)
				}
				r.Close()
			}()
			if got := drainFrames(t, r, sizes()); got != records {
				t.Errorf("%s: %d records came out, want %d", capName(capacity, start), got, records)
			}
		}
	}
}

// stamp marks both ends of a payload with its number: cheaper than to fill a large one.
func stamp(b []byte, i uint64) {
	if len(b) >= 8 {
		binary.LittleEndian.PutUint64(b[len(b)-8:], mix(2, i))
		binary.LittleEndian.PutUint64(b, mix(1, i))
		return
	}
	fill(b, i)
}

// drainFrames takes everything out of r until it is closed, one by one and in batches by turns.
func drainFrames(t *testing.T, r *Frames, size func() int) (n uint64) {
	want := make([]byte, r.MaxFrame())
	check := func(b []byte) {
		expect := want[:size()]
		stamp(expect, n)
		k := min(8, len(b))
		if len(b) != len(expect) || !bytes.Equal(b[:k], expect[:k]) || !bytes.Equal(b[len(b)-k:], expect[len(b)-k:]) {
			t.Fatalf("record %d is wrong", n)
		}
		n++
	}
	batch := make([][]byte, 0, 16)
	for {
		closed := r.Closed()
		if b := r.Peek(); b != nil {
			check(b)
			r.Release()
			batch = r.PeekBatch(batch[:0])
			for _, b := range batch {
				check(b)
			}
			r.ReleaseBatch(len(batch))
			continue
		}
		if closed {
			return n
		}
		until(func() bool { return r.Len() > 0 || r.Closed() })
	}
}

// TestFramesClose: Close frees a producer that waits for room and a consumer that waits for
// records, and takes nothing away that was published (I4).
func TestFramesClose(t *testing.T) {
	r, bell := NewFrames(128), NewBell(WaitPark)
	for _, n := range []int{40, 0, 48} {
		r.Claim(n)
		r.Publish(n)
	}
	freed := make(chan struct{})
	go func() {
		defer close(freed)
		for r.Claim(8) == nil && !r.Closed() {
			bell.Wait(func() bool { return r.Claim(8) != nil || r.Closed() })
		}
	}()
	until(func() bool { return bell.Parks() > 0 })
	r.Close()
	bell.Ring()
	<-freed
	for _, want := range []int{40, 0, 48} {
		if got := r.Peek(); got == nil || len(got) != want {
			t.Errorf("a closed ring gives %v, want %d bytes", got, want)
		}
		r.Release()
	}
	if r.Peek() != nil || r.Claim(8) != nil {
		t.Error("a closed and drained ring is not dead")
	}

	empty := NewFrames(64)
	freed = make(chan struct{})
	parks := bell.Parks()
	go func() {
		defer close(freed)
		for empty.Peek() == nil && !empty.Closed() {
			bell.Wait(func() bool { return empty.Peek() != nil || empty.Closed() })
		}
	}()
	until(func() bool { return bell.Parks() > parks })
	empty.Close()
	bell.Ring()
	<-freed
}

func TestFramesStats(t *testing.T) {
	r := NewFrames(128)
	r.Peek()
	for range 5 {
		if r.Claim(24) != nil {
			r.Publish(24)
		}
	}
	if got, want := r.Stats(), (Stats{DepthMax: 96, Full: 1, FullSpins: 2, Empty: 1, EmptySpins: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestFramesAllocs(t *testing.T) {
	r := NewFrames(4096)
	batch := make([][]byte, 0, 8)
	got := testing.AllocsPerRun(1000, func() {
		for range 5 {
			r.Claim(300)
			r.Publish(300)
		}
		r.Peek()
		r.Release()
		batch = r.PeekBatch(batch[:0])
		r.ReleaseBatch(len(batch))
	})
	if got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}
