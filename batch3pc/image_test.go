package batch3pc

import (
	"bytes"
	"testing"
)

// FuzzImage: no bytes make the decoder panic or remember more than it was given, and what it takes
// apart fits together again.
func FuzzImage(f *testing.F) {
	g := sampleGeneration()
	good := append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, AppendTail(nil, Position{9, 9})...)
	good = AppendGeneration(append(good, 5, 0, 0, 0, 0, 0, 0, 0), &g)
	f.Add(append(good, "state"...))
	f.Add(good[:40])
	f.Fuzz(func(t *testing.T, src []byte) {
		m, ok := decodeImage(src)
		if !ok {
			return
		}
		again := append(bytes.Clone(src[:8]), AppendTail(nil, m.at)...)
		again = appendNumbers(again, m.batches)
		again = append(AppendGeneration(again, &m.generation), m.state...)
		if !bytes.Equal(again, src) {
			t.Fatalf("%x is taken for %+v", src, m)
		}
	})
}

// FuzzAssembly: an image is whole only if its digest says so, and its memory is that of its pieces.
func FuzzAssembly(f *testing.F) {
	f.Add(uint64(0), uint64(3), []byte("abc"), uint64(3), uint64(6), []byte("def"))
	f.Add(uint64(0), ^uint64(0), []byte("abc"), ^uint64(0)-1, ^uint64(0), []byte("def"))
	f.Fuzz(func(t *testing.T, offset, total uint64, first []byte, offset2, total2 uint64, second []byte) {
		var a assembly
		_, whole := a.add(Position{1, 1}, offset, total, 7, first)
		_, whole2 := a.add(Position{1, 1}, offset2, total2, 7, second)
		if (whole || whole2) && len(first)+len(second) == 0 || len(a.data) > len(first)+len(second) {
			t.Fatalf("%d bytes of %d and %d", len(a.data), len(first), len(second))
		}
	})
}
