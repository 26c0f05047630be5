//go:build amd64 && !race && !purego

package codec

import (
	"bytes"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// withoutLanes runs f as on a processor that has none.
func withoutLanes(f func()) {
	defer func(fit bool) { lanesFit = fit }(lanesFit)
	lanesFit = false
	f()
}

// TestLanesTwin: lanes and loops write the same bytes, and read the same trades out of any.
func TestLanesTwin(t *testing.T) {
	if !lanesFit {
		t.Skip("a processor without AVX-512 VBMI")
	}
	rapid.Check(t, func(t *rapid.T) {
		trades := drawTrades(t)
		b := AppendCompact(nil, trades)
		var want []byte
		withoutLanes(func() { want = AppendCompact(nil, trades) })
		if !bytes.Equal(b, want) {
			t.Fatalf("%d trades: other bytes", len(trades))
		}
		for range rapid.IntRange(0, 20).Draw(t, "changes") { // of bases and numbers: any are trades
			at := rapid.IntRange(compactBases, len(b)-1).Draw(t, "at")
			if b[at]++; len(trades) > CompactBlockMax {
				break // it may have been a header
			}
		}
		got, err := DecodeCompact(nil, b)
		withoutLanes(func() {
			want, wrong := DecodeCompact(nil, b)
			if (err == nil) != (wrong == nil) || !slices.Equal(got, want) {
				t.Fatalf("%d trades: others come out, %v, %v", len(trades), err, wrong)
			}
		})
	})
}

// TestLanesEdges: nothing is read behind the last block or written behind the room, whatever a register holds.
func TestLanesEdges(t *testing.T) {
	const page = 1 << 16
	memory, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Munmap(memory) }()
	if err := syscall.Mprotect(memory[page:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		trades := drawTrades(t)
		b := AppendCompact(nil, trades)
		if len(b) > page {
			return
		}
		edge := memory[page-len(b) : page : page] // to read beyond is the end of the process
		copy(edge, b)
		if got, err := DecodeCompact(nil, edge); err != nil || !slices.Equal(got, trades) {
			t.Fatalf("other trades come out: %v", err)
		}
		room := memory[page-min(len(b)+rapid.IntRange(0, 100).Draw(t, "room"), page) : page : page]
		if got := AppendCompact(room[:0], trades); !bytes.Equal(got, b) { // likewise
			t.Fatal("other bytes")
		}
	})
}
