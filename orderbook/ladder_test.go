package orderbook

import (
	"maps"
	"math"
	"slices"
	"testing"
)

// stepper draws keys for the ladder tests: a small linear generator is random enough.
type stepper uint64

func (s *stepper) next() uint32 {
	*s = *s*6364136223846793005 + 1442695040888963407
	return uint32(*s >> 33)
}

// keysOf returns the keys of the ladder's list, and checks ladder and memory.
func keysOf(t *testing.T, b *Book, l *ladder) []uint32 {
	t.Helper()
	mustCheck(t, b)
	var keys []uint32
	for v := l.best; v != 0; v = b.arena.worse(l, v) {
		keys = append(keys, b.arena.levels[v].key)
	}
	return keys
}

// TestLadderAgainstSortedKeys adds and drops levels of every density and compares with a sorted set.
func TestLadderAgainstSortedKeys(t *testing.T) {
	for name, keyMask := range map[string]uint32{
		"64 ticks":       63,
		"4096 ticks":     4095,
		"steps of 64":    63 << 6,
		"steps of 4096":  63 << 12,
		"high bits":      31 << 26,
		"ends of groups": 1<<5 | 1<<6 | 1<<11 | 1<<12 | 1<<17 | 1<<18 | 1<<23 | 1<<24 | 1<<29 | 1<<30,
		"everywhere":     math.MaxInt32,
	} {
		t.Run(name, func(t *testing.T) {
			a := NewArena(2000)
			defer a.Close()
			b := NewBook(a)
			random := stepper(keyMask)
			ids := map[uint32]OrderID{}
			for i := range 6000 {
				price := random.next()&keyMask | 1
				if id, there := ids[price]; there && i%2 == 0 {
					b.Cancel(id)
					delete(ids, price)
				} else if !there && len(ids) < 2000 {
					mustAdd(t, b, OrderID(i), Buy, Price(price), 1)
					ids[price] = OrderID(i)
				}
				if i%300 != 0 {
					continue
				}
				want := slices.Sorted(maps.Keys(ids))
				slices.Reverse(want)
				if got := keysOf(t, b, &b.sides[0]); !slices.Equal(got, want) {
					t.Fatalf("after %d steps: keys %v, want %v", i, got, want)
				}
			}
			for _, id := range ids {
				b.Cancel(id)
			}
			if got := keysOf(t, b, &b.sides[0]); len(got) != 0 || b.sides[0].root != 0 {
				t.Errorf("keys %v left, root %#x", got, b.sides[0].root)
			}
		})
	}
}

// TestLadderOfStubs puts quotes at the ends of the domain around a market: the market's levels stay
// as near to the root as they were, but for one branch.
func TestLadderOfStubs(t *testing.T) {
	a := NewArena(1000)
	defer a.Close()
	b := NewBook(a)
	for i := range 200 {
		mustAdd(t, b, OrderID(i), Buy, Price(100_000-i), 1)
	}
	depth := func(price Price) int {
		l := &b.sides[0]
		n, depth := l.root, 0
		for n&branchTag != 0 {
			br := &a.branches[n&^branchTag]
			n = br.child[keyOf(0, price)>>br.shift&63]
			depth++
		}
		if a.levels[n].key != keyOf(0, price) {
			t.Fatalf("no level at %d", price)
		}
		return depth
	}
	before := depth(99_950)
	mustAdd(t, b, 1000, Buy, 1, 1)
	mustAdd(t, b, 1001, Sell, math.MaxInt32, 1)
	if after := depth(99_950); before != 2 || after != 3 {
		t.Errorf("%d branches to a level near the touch, %d with a far stub; want 2 and 3", before, after)
	}
	b.Cancel(1000)
	if after := depth(99_950); after != 2 {
		t.Errorf("%d branches after the stub is gone, want 2", after)
	}
	mustCheck(t, b)
}

// TestLadderIsNeverDeeperThanSix builds the deepest tree there is.
func TestLadderIsNeverDeeperThanSix(t *testing.T) {
	a := NewArena(100)
	defer a.Close()
	b := NewBook(a)
	mustAdd(t, b, 1000, Buy, 1, 1)
	for bit := range 31 {
		if bit != 0 {
			mustAdd(t, b, OrderID(bit), Buy, 1+Price(1)<<bit, 1)
		}
	}
	mustAdd(t, b, 2000, Buy, 1<<30+2, 1) // hangs nowhere
	l := &b.sides[0]
	depth := 0
	for n := l.root; n&branchTag != 0; depth++ {
		br := &a.branches[n&^branchTag]
		n = br.child[keyOf(0, 1)>>br.shift&63]
	}
	if depth != 6 {
		t.Errorf("the deepest level is below %d branches, want 6", depth)
	}
	mustCheck(t, b)
}

// TestBranchesAreUsedAgain lets a level come and go, which makes and takes away a branch each time.
func TestBranchesAreUsedAgain(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	mustAdd(t, b, 1, Sell, 100, 1)
	for range 100 {
		mustAdd(t, b, 2, Sell, 1_000_000, 1)
		mustAdd(t, b, 3, Sell, 101, 1)
		b.Cancel(2)
		b.Cancel(3)
	}
	mustCheck(t, b)
	if a.freshBranch > 3 {
		t.Errorf("%d branches used, want 2", a.freshBranch-1)
	}
}

// TestBestHangsNowhere improves a market again and again and takes the improvement back: the tree stays as it was. Only
// when the best is bettered it is put into the tree, and what is second comes back without a search.
func TestBestHangsNowhere(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	l := &b.sides[0]
	mustAdd(t, b, 1, Buy, 100, 1)
	if !l.loose || l.root != 0 {
		t.Fatal("the only level is in the tree")
	}
	mustAdd(t, b, 2, Buy, 200, 1)
	root := l.root
	for range 3 {
		mustAdd(t, b, 3, Buy, 300, 1)
		mustCheck(t, b)
		if !l.loose || b.arena.levels[l.second].key != 200 {
			t.Fatalf("loose %v, second %d; want the best to be loose and 200 second", l.loose, b.arena.levels[l.second].key)
		}
		b.Cancel(3)
		mustCheck(t, b)
		if l.loose || l.bestKey != 200 {
			t.Fatalf("loose %v, best %d; want 200 to hang and be the best", l.loose, l.bestKey)
		}
	}
	if a.freshBranch != 2 || l.root&branchTag == 0 || root&branchTag != 0 {
		t.Errorf("%d branches were used, want one, for 100 and 200", a.freshBranch-1)
	}
	mustAdd(t, b, 4, Buy, 150, 1) // the second is not known, and need not be
	mustCheck(t, b)
	b.Cancel(2)
	mustCheck(t, b)
	if bid, _ := b.BBO(); bid.Price != 150 {
		t.Errorf("best bid %d, want 150", bid.Price)
	}
}
