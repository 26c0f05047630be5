package ringbuf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// memory is room for a ring with a slab of at least capacity bytes, aligned as a mapping is.
func memory(capacity int) []byte {
	words := make([]uint64, FramesBytes(capacity)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)
}

func framesOn(t testing.TB, mem []byte) *Frames {
	t.Helper()
	r, err := FramesOn(mem)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openFrames(t testing.TB, mem []byte) *Frames {
	t.Helper()
	r, err := OpenFrames(mem)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMemoryTransfer: two Frames over the same bytes, each used on one side only, as by two
// processes.
func TestMemoryTransfer(t *testing.T) {
	mem := memory(1024)
	in := framesOn(t, mem)
	out := openFrames(t, mem)
	const records = 50_000
	go func() {
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range uint64(records) {
			n := rng.IntN(in.MaxFrame() + 1)
			var b []byte
			until(func() bool { b = in.Claim(n); return b != nil })
			stamp(b, i)
			in.Publish(n)
		}
		in.Close()
	}()
	rng := rand.New(rand.NewPCG(3, 4))
	if got := drainFrames(t, out, func() int { return rng.IntN(out.MaxFrame() + 1) }); got != records {
		t.Errorf("%d records came out, want %d", got, records)
	}
	if out.Err() != nil || in.Err() != nil || out.Len() != 0 || in.Len() != 0 {
		t.Errorf("errors %v and %v, lengths %d and %d", out.Err(), in.Err(), out.Len(), in.Len())
	}
}

// TestMemoryTakenUp replaces either side in the middle of its work (I9): nothing that was published
// is lost, nothing that was released comes again, and what was claimed was never there.
func TestMemoryTakenUp(t *testing.T) {
	mem := memory(256)
	put := func(r *Frames, seeds ...uint64) {
		for _, s := range seeds {
			fill(r.Claim(40), s)
			r.Publish(40)
		}
	}
	producer, consumer := framesOn(t, mem), openFrames(t, mem)
	put(producer, 1, 2)
	fill(producer.Claim(40), 99) // and dies
	producer = openFrames(t, mem)
	put(producer, 3)
	for _, want := range []uint64{1, 2} {
		if !bytes.Equal(consumer.Peek(), filled(40, want)) {
			t.Fatalf("record %d is wrong", want)
		}
		consumer.Release()
	}
	consumer.PeekBatch(make([][]byte, 0, 2)) // and dies
	consumer = openFrames(t, mem)
	put(producer, 4, 5) // across the end of the slab
	for _, want := range []uint64{3, 4, 5} {
		if !bytes.Equal(consumer.Peek(), filled(40, want)) {
			t.Fatalf("record %d is wrong", want)
		}
		consumer.Release()
	}
	if consumer.Peek() != nil || consumer.Len() != 0 {
		t.Error("something is left")
	}
	consumer.Close()
	if openFrames(t, mem).Claim(1) != nil {
		t.Error("a ring that was closed takes a record")
	}
	if framesOn(t, mem).Claim(1) == nil {
		t.Error("memory cannot be used again for a new ring")
	}
}

func TestMemoryRefused(t *testing.T) {
	for _, mem := range [][]byte{nil, memory(64)[:100], memory(128)[:controlSize+64], memory(128)[1:], memory(128)[:controlSize+127]} {
		if _, err := FramesOn(mem); !errors.Is(err, ErrMemory) {
			t.Errorf("FramesOn %d bytes: %v", len(mem), err)
		}
		if _, err := OpenFrames(mem); !errors.Is(err, ErrMemory) {
			t.Errorf("OpenFrames of %d bytes: %v", len(mem), err)
		}
	}
	long := memory(1024)
	if _, err := FramesOn(long[8 : 8+FramesBytes(512)]); err != nil {
		t.Errorf("in the middle of a mapping: %v", err)
	}
	for name, damage := range map[string]func(c *control){
		"nothing there":  func(c *control) { c.magic.Store(0) },
		"another layout": func(c *control) { c.magic.Add(1 << 56) },
		"another size":   func(c *control) { c.size = 512 },
		"head first":     func(c *control) { c.head.Store(8) },
		"too deep":       func(c *control) { c.tail.Store(1024 + lineSize) },
		"crooked":        func(c *control) { c.tail.Store(8) },
	} {
		mem := memory(1024)
		damage(framesOn(t, mem).shared)
		if r, err := OpenFrames(mem); !errors.Is(err, ErrMemory) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// A ring in memory that was something else before is empty (I12).
func TestMemoryUsedBefore(t *testing.T) {
	mem := memory(256)
	old := framesOn(t, mem)
	fill(old.Claim(24), 1)
	old.Publish(24)
	r := framesOn(t, mem)
	if got := r.Peek(); got != nil {
		t.Fatalf("a new ring gives %x", got)
	}
	fill(r.Claim(40), 2)
	r.Publish(40)
	if got := r.Peek(); !bytes.Equal(got, filled(40, 2)) || r.Len() != 1 || r.Err() != nil {
		t.Errorf("record %x, %d of them, error %v", got, r.Len(), r.Err())
	}
}

func put(b []byte, length, tag uint64) { binary.LittleEndian.PutUint64(b, length|headed|tag<<32) }

// sized is a record of n bytes that begins with its length, if it is long enough for it.
func sized(n int, seed uint64) []byte {
	b := filled(n, seed)
	if n >= 4 {
		binary.LittleEndian.PutUint32(b, uint32(n))
	}
	return b
}

// A record that begins with its length takes one line if it fits into it, and no other does; both come out as they went
// in, across the end of the slab too, and a successor of either side finds them (I9).
func TestMemoryOwnHeader(t *testing.T) {
	mem := memory(512)
	p, c := framesOn(t, mem), openFrames(t, mem)
	for n := range 200 {
		for i, want := range [][]byte{sized(n, uint64(n)), filled(n, uint64(n))} {
			b := p.Claim(n)
			if copy(b, want) != n || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 != 0 {
				t.Fatalf("claim of %d bytes: %d bytes at %p", n, len(b), unsafe.SliceData(b))
			}
			tail, skip := p.producer.pos, p.skip
			p.Publish(n)
			lines := (recordHeader + uint64(n) + 63) / 64
			if i == 0 && n >= recordHeader && n <= lineSize {
				lines = 1
			}
			if got := p.producer.pos - tail - skip; got != 64*lines {
				t.Errorf("record %d of %d bytes takes %d bytes, want %d lines", i, n, got, lines)
			}
			if n%7 == 0 {
				p, c = openFrames(t, mem), openFrames(t, mem)
			}
			if got := c.Peek(); got == nil || !bytes.Equal(got, want) || cap(got) != n {
				t.Fatalf("record %d of %d bytes: %x, want %x; %v", i, n, got, want, c.Err())
			}
			c.Release()
			if c.Peek() != nil {
				t.Fatalf("record %d of %d bytes comes twice", i, n)
			}
		}
	}
}

// A record whose final length is shorter than its claim is its own header if it says that final length.
func TestMemoryShortened(t *testing.T) {
	mem := memory(512)
	p, c := framesOn(t, mem), openFrames(t, mem)
	for _, claim := range []int{64, 65} {
		copy(p.Claim(claim), sized(30, 1))
		p.Publish(30)
		if got := c.Peek(); !bytes.Equal(got, sized(30, 1)) {
			t.Errorf("claim of %d: %x", claim, got)
		}
		c.Release()
	}
}

// A producer that died between handing a record over and saying so in the control block: its successor finds the
// record and goes on behind it (I9, I12).
func TestMemoryTakenOver(t *testing.T) {
	for _, sizes := range [][]int{{40}, {40, 40, 40, 40, 40, 40, 40, 100}, {40, 40, 40, 40, 40, 40, 40, 64}} { // the last two go around the end of the slab
		mem := memory(512)
		producer, consumer := framesOn(t, mem), openFrames(t, mem)
		tail := uint64(0)
		for i, n := range sizes {
			if i > 0 {
				consumer.Peek()
				consumer.Release()
			}
			copy(producer.Claim(n), sized(n, uint64(i)))
			tail = producer.shared.tail.Load()
			producer.Publish(n)
		}
		producer.shared.tail.Store(tail)
		producer = openFrames(t, mem)
		fill(producer.Claim(24), 9)
		producer.Publish(24)
		last := len(sizes) - 1
		for _, want := range [][]byte{sized(sizes[last], uint64(last)), filled(24, 9)} {
			if !bytes.Equal(consumer.Peek(), want) {
				t.Fatalf("sizes %v: record of %d bytes is wrong", sizes, len(want))
			}
			consumer.Release()
		}
		if consumer.Peek() != nil || producer.Err() != nil || consumer.Err() != nil {
			t.Errorf("sizes %v: something is left, or %v, %v", sizes, producer.Err(), consumer.Err())
		}
	}
}

// What somebody else writes where the next record belongs does not stop a producer that is at work: it does not look there
// again, and its record lies over it.
func TestMemoryWrittenOver(t *testing.T) {
	mem := memory(256)
	p, c := framesOn(t, mem), openFrames(t, mem)
	for _, n := range []int{24, 40} {
		b := p.Claim(n)
		if b == nil {
			t.Fatalf("no room for %d bytes: %v", n, p.Err())
		}
		fill(b, uint64(n))
		p.Publish(n)
		put(p.slab[p.producer.pos:], 1, 7)
	}
	for _, n := range []int{24, 40} {
		if got := c.Peek(); !bytes.Equal(got, filled(n, uint64(n))) {
			t.Errorf("a record of %d bytes, %v; want one of %d", len(got), c.Err(), n)
		}
		c.Release()
	}
}

// A header that is damaged while its record is lent does not mislead Release, which knows where the record ended.
func TestMemoryDamagedWhileLent(t *testing.T) {
	mem := memory(256)
	p, c := framesOn(t, mem), openFrames(t, mem)
	for _, n := range []int{24, 40} {
		fill(p.Claim(n), uint64(n))
		p.Publish(n)
	}
	c.Peek()
	put(p.slab, 96, tagRecord)
	c.Release()
	if got := c.Peek(); !bytes.Equal(got, filled(40, 40)) || c.Err() != nil {
		t.Errorf("a record of %d bytes, %v; want the second one", len(got), c.Err())
	}
	c.Release()
	if got := c.Peek(); got != nil {
		t.Errorf("a third record, of %d bytes", len(got))
	}
}

// TestMemoryDamaged: what another process writes where it should not ends the ring with an error on
// the side that sees it. The side that wrote it has nothing to fear but that.
func TestMemoryDamaged(t *testing.T) {
	for name, test := range map[string]struct {
		damage   func(c *control, slab []byte)
		producer bool // who sees it: a new one, which looks where it begins
	}{
		"head ahead":   {func(c *control, _ []byte) { c.head.Store(1 << 40) }, true},
		"tag":          {func(_ *control, slab []byte) { slab[4]++ }, false},
		"length":       {func(_ *control, slab []byte) { slab[3] = 1 }, false},
		"no header":    {func(_ *control, slab []byte) { binary.LittleEndian.PutUint64(slab, 65) }, false},
		"too short":    {func(_ *control, slab []byte) { binary.LittleEndian.PutUint64(slab, 7) }, false},
		"only padding": {func(_ *control, slab []byte) { put(slab, 256-recordHeader, tagPadding) }, false},
		"odd padding":  {func(_ *control, slab []byte) { put(slab, 64, tagPadding) }, false},
		"no end":       {func(_ *control, slab []byte) { put(slab[64:], 1, 7) }, true},
	} {
		mem := memory(256)
		p, c := framesOn(t, mem), openFrames(t, mem)
		p.Claim(24)
		p.Publish(24)
		test.damage(p.shared, p.slab)
		if test.producer {
			p.begun = false
			for range 8 {
				if p.Claim(100) == nil {
					break
				}
				p.Publish(100)
			}
			if p.Err() == nil {
				t.Errorf("%s: the producer saw nothing", name)
			}
			continue
		}
		if b := c.Peek(); b != nil || !errors.Is(c.Err(), ErrMemory) {
			t.Errorf("%s: %d bytes, %v", name, len(b), c.Err())
		}
		if c.PeekBatch(make([][]byte, 0, 4)) != nil && len(c.PeekBatch(make([][]byte, 0, 4))) > 0 {
			t.Errorf("%s: a batch from damaged memory", name)
		}
		if p.Claim(1) != nil || p.Err() != nil {
			t.Errorf("%s: the other side: not closed, or %v", name, p.Err())
		}
	}
}

// FuzzMemory lets a hostile neighbour write anywhere between the steps of both sides: no panic, no
// slice outside the memory, no loop without end.
func FuzzMemory(f *testing.F) {
	f.Add([]byte{0, 1, 128, 2, 3, 4})
	f.Add([]byte{0, 0, 0, 2, 2, 2, 1, 1, 136, 255, 1, 12, 7})
	f.Fuzz(func(t *testing.T, program []byte) {
		mem := memory(256)
		p, c := framesOn(t, mem), openFrames(t, mem)
		batch := make([][]byte, 0, 4)
		next := func() (b byte) {
			if len(program) > 0 {
				b, program = program[0], program[1:]
			}
			return b
		}
		for len(program) > 0 {
			switch next() % 6 {
			case 0:
				if b := p.Claim(int(next()) % (p.MaxFrame() + 1)); b != nil {
					copy(b, sized(len(b), 1))
					p.Publish(len(b))
				}
			case 1:
				mem[(int(next())|int(next())<<8)%len(mem)] ^= next()
			case 2:
				if c.Peek() != nil {
					c.Release()
				}
			case 3:
				c.ReleaseBatch(len(c.PeekBatch(batch[:0])))
			case 4:
				if r, err := OpenFrames(mem); err == nil {
					c = r
				}
			case 5:
				if r, err := OpenFrames(mem); err == nil {
					p = r
				}
			}
		}
	})
}
