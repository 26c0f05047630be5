package batch3pc

import (
	"bytes"
	"testing"
)

func sampleGeneration() Generation {
	g := Generation{At: Position{7, 0xabc}, Number: 3}
	for _, e := range []Enrolled{{Node: 9}, {Node: 2, Member: true, Incarnation: 5}, {Node: 4, Member: true}} {
		g.enroll(e)
	}
	return g
}

func TestGenerationRoundTrip(t *testing.T) {
	want := sampleGeneration()
	if e := want.Enrolled(); e[0].Node != 2 || e[1].Node != 4 || e[2].Node != 9 {
		t.Fatalf("enrolled %v, want ascending nodes", e)
	}
	src := append(AppendGeneration(nil, &want), 1, 2, 3)
	got, rest, ok := DecodeGeneration(src)
	if !ok || got != want || !bytes.Equal(rest, []byte{1, 2, 3}) {
		t.Fatalf("decoded %+v, rest %v, %v", got, rest, ok)
	}
	b := Batch{Seq: 7, Generation: 3, Count: CountGeneration, Payload: appendEnrolled(nil, &want)}
	b.Seal()
	want.At = b.Position()
	if got, ok := GenerationOf(&b); !ok || got != want {
		t.Fatalf("the entry opens %+v, want %+v", got, want)
	}
	entry := want.Entry(Position{5, 0xdef})
	if got, ok := GenerationOf(&entry); !ok || got.Number != want.Number || !got.sameMembers(&want) || !entry.Intact() ||
		entry.ParentPosition() != (Position{5, 0xdef}) || entry.Seq != want.At.Seq {
		t.Fatalf("entry %+v opens %+v", entry, got)
	}
	if entry := want.Entry(Position{}); entry.Position() != want.At {
		t.Fatalf("the entry behind its parent is at %v, want %v", entry.Position(), want.At)
	}
}

// What is not exactly one ordered set of participants is no generation.
func TestMalformedGenerationsAreRefused(t *testing.T) {
	g := sampleGeneration()
	good := appendEnrolled(nil, &g)
	for name, change := range map[string]func(b []byte) []byte{
		"empty":           func(b []byte) []byte { return nil },
		"cut":             func(b []byte) []byte { return b[:len(b)-1] },
		"node 0":          func(b []byte) []byte { b[0] = 0; return b },
		"node twice":      func(b []byte) []byte { b[16] = b[0]; return b },
		"descending":      func(b []byte) []byte { b[16] = b[0] - 1; return b },
		"half a member":   func(b []byte) []byte { b[1] = 2; return b },
		"not padded":      func(b []byte) []byte { b[7] = 1; return b },
		"too many":        func(b []byte) []byte { return append(b, bytes.Repeat([]byte{255}, 14*enrolledSize)...) },
		"not a mark":      nil,
		"of another kind": nil,
	} {
		b := Batch{Count: CountGeneration, Payload: bytes.Clone(good)}
		if change == nil {
			b.Count = 3
		} else {
			b.Payload = change(b.Payload)
		}
		if _, ok := GenerationOf(&b); ok {
			t.Errorf("%s: taken for a generation", name)
		}
	}
}

// FuzzGeneration: whatever is decoded is encoded to the same bytes, and nothing panics.
func FuzzGeneration(f *testing.F) {
	g := sampleGeneration()
	f.Add(AppendGeneration(nil, &g))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, src []byte) {
		g, rest, ok := DecodeGeneration(src)
		if ok && !bytes.Equal(append(AppendGeneration(nil, &g), rest...), src) {
			t.Fatalf("%x decodes to %+v, which is other bytes", src, g)
		}
	})
}

// The generation in force at each position of a ring, against a plain list.
func TestHistoryKnowsItsGenerations(t *testing.T) {
	h := newHistory(6)
	h.reset(Position{}, Generation{Number: 1})
	seq, plain := Seq(0), []uint32{}
	root := uint32(1)
	push := func(opens bool) {
		seq++
		b := Batch{Seq: seq, Parent: h.tail().Seq, ParentChain: h.tail().Chain, Generation: h.tailGeneration.Number}
		if opens {
			g := sampleGeneration()
			b.Generation++
			b.Count, b.Payload = CountGeneration, appendEnrolled(nil, &g)
		}
		b.Seal()
		if !h.fits(&b) {
			t.Fatalf("batch %d does not fit", seq)
		}
		*h.at(h.len()) = b
		h.push()
		plain = append(plain, b.Generation)
	}
	check := func() {
		t.Helper()
		for n := range h.len() + 1 {
			want := root
			if n > 0 {
				want = plain[n-1]
			}
			if got := h.generationAt(n).Number; got != want {
				t.Fatalf("generation %d behind %d batches, want %d", got, n, want)
			}
		}
		if got := h.generationAt(h.len()); got != h.tailGeneration {
			t.Fatalf("tail generation %+v, want %+v", h.tailGeneration, got)
		}
	}
	for round := range 2000 {
		switch n := round * 7919 % 11; {
		case n < 6 && !h.full():
			push(n == 3)
		case n < 8:
			cut := h.len() - n%3
			cut = max(cut, 0)
			h.cut(cut)
			plain = plain[:cut]
		default:
			release := min(n%4, h.len())
			if release > 0 {
				root = plain[release-1]
			}
			h.release(release)
			plain = plain[release:]
		}
		check()
	}
	if h.tailGeneration.Number < 10 {
		t.Fatalf("only %d generations: nothing was tested", h.tailGeneration.Number)
	}
	foreign := Batch{Seq: seq + 1, Parent: h.tail().Seq, ParentChain: h.tail().Chain, Generation: h.tailGeneration.Number + 1}
	if h.fits(&foreign) {
		t.Fatal("a batch of a generation that nobody opened fits")
	}
}
