package batch3pc

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The ring against a plain slice, through random appends, cuts, releases and resets.
func TestHistoryIsASlice(t *testing.T) {
	dice := rand.New(rand.NewPCG(2, 2))
	const max = 5
	h := newHistory(max)
	var plain []Batch
	var root Position
	last := Seq(0)
	for range 50_000 {
		tail := root
		if n := len(plain); n > 0 {
			tail = plain[n-1].Position()
		}
		switch n := dice.IntN(8); {
		case n < 4 && len(plain) < max:
			last += Seq(1 + dice.IntN(3))
			b := Batch{Seq: last, Parent: tail.Seq, ParentChain: tail.Chain, Payload: []byte{byte(dice.IntN(256))}}
			b.Seal()
			*h.at(h.len()) = b
			h.push()
			plain = append(plain, b)
		case n == 4:
			k := dice.IntN(len(plain) + 1)
			h.cut(k)
			plain = plain[:k]
		case n == 5:
			k := dice.IntN(len(plain) + 1)
			h.release(k)
			if k > 0 {
				root = plain[k-1].Position()
			}
			plain = slices.Clone(plain[k:])
		case n == 6 && dice.IntN(20) == 0:
			root = Position{last, Chain(dice.Uint64())}
			h.reset(root, Generation{})
			plain = nil
		}
		compareHistory(t, &h, plain, root, last)
	}
}

func compareHistory(t *testing.T, h *history, plain []Batch, root Position, last Seq) {
	t.Helper()
	if h.len() != len(plain) || h.full() != (len(plain) == len(h.slots)) || h.root != root {
		t.Fatalf("len %d, full %v, root %v, want %d batches behind %v", h.len(), h.full(), h.root, len(plain), root)
	}
	if !h.holds(root) {
		t.Fatalf("root %v is not held", root)
	}
	for i := range plain {
		if h.at(i).Position() != plain[i].Position() || !h.holds(plain[i].Position()) {
			t.Fatalf("batch %d is %v, want %v", i, h.at(i).Position(), plain[i].Position())
		}
		if h.holds(Position{plain[i].Seq, plain[i].Chain + 1}) {
			t.Fatalf("batch %d is held with another chain", i)
		}
	}
	for s := range last + 2 {
		if s+20 < last {
			continue
		}
		want := 0
		for i := range plain {
			if plain[i].Seq <= s {
				want++
			}
		}
		if got := h.through(s); got != want {
			t.Fatalf("through(%d) = %d, want %d", s, got, want)
		}
	}
}

func TestHistoryRefusesAStranger(t *testing.T) {
	for name, b := range map[string]Batch{
		"other parent": {Seq: 2, Parent: 1, ParentChain: 7},
		"not above":    {Seq: 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(2)
			*h.at(0) = b
			defer func() {
				if recover() == nil {
					t.Fatal("taken")
				}
			}()
			h.push()
		})
	}
}
