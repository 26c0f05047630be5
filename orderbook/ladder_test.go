package orderbook

import (
	"maps"
	"math"
	"slices"
	"strings"
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
	b.file()
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
		b.file()
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
	mustAdd(t, b, 2000, Buy, 1<<30+2, 1)
	b.file()
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

// TestNextBest takes the best level of a market away where the next one hangs beside it, below another branch, or where
// its branch goes with it.
func TestNextBest(t *testing.T) {
	for name, prices := range map[string][]Price{
		"alone":                     {100},
		"beside it":                 {100, 101},
		"below another branch":      {100, 200},
		"a level beside a branch":   {5, 6, 100_000},
		"a branch beside a level":   {5, 100_000, 100_001},
		"three children":            {5, 5000, 100_000, 200_000},
		"branch with one child":     {64, 4096, 1 << 30},
		"first child of its branch": {1 << 6, 1<<6 + 1, 1 << 12, 1 << 18, 1 << 24},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			a := NewArena(10)
			defer a.Close()
			b := NewBook(a)
			for i, price := range prices {
				mustAdd(t, b, OrderID(i+1), Buy, price, 1)
			}
			for i := len(prices) - 1; i >= 0; i-- {
				if bid, _ := b.BBO(); bid != (Level{prices[i], 1, 1}) {
					t.Fatalf("best bid %+v, want %d", bid, prices[i])
				}
				b.Cancel(OrderID(i + 1))
				mustCheck(t, b)
			}
			if bid, _ := b.BBO(); bid != (Level{}) {
				t.Errorf("best bid %+v of an empty side", bid)
			}
		})
	}
}

// TestBranchOverSingleKeysStays takes all levels but one away from a branch that parts single keys, where prices come and
// go: it stays until the last one goes.
func TestBranchOverSingleKeysStays(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	mustAdd(t, b, 1, Buy, 100, 1)
	mustAdd(t, b, 2, Buy, 101, 1)
	mustAdd(t, b, 3, Buy, 500, 1)
	b.file()
	b.Cancel(2)
	mustCheck(t, b)
	l := &b.sides[0]
	if n := a.leaf(l, 100); n == 0 || a.branches[n].shift != 0 {
		t.Errorf("level 100 hangs below branch %d, want one over single keys", n)
	}
	b.Cancel(1)
	mustCheck(t, b)
	if n := a.leaf(l, 100); n != 0 || l.root != l.best {
		t.Errorf("branch %d is left, root %#x; want the level at 500 alone", n, l.root)
	}
}

// TestNewestIsInNoQueue adds orders that go again before the next one comes: no level is ever made. The next one has
// it put into its queue, and so has everything that looks at queues.
func TestNewestIsInNoQueue(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	l, level := &b.sides[0], a.freshLevel
	for i := range 3 {
		mustAdd(t, b, 1, Buy, Price(100+i), 1)
		mustCheck(t, b)
		if r, live := b.Lookup(1); !live || r.Price != Price(100+i) || b.BestBid() != r.Price {
			t.Fatalf("rests as %+v, best bid %d; want price %d", r, b.BestBid(), 100+i)
		}
		if _, r := b.Modify(1, &Terms{Price: 90, Qty: 5}, nil); r.Resting != 5 || b.BestBid() != 90 {
			t.Fatalf("modified: %+v, best bid %d", r, b.BestBid())
		}
		mustCheck(t, b)
		if r := b.Cancel(1); r.Cancelled != 5 || b.BestBid() != 0 {
			t.Fatalf("cancelled: %+v, best bid %d", r, b.BestBid())
		}
		mustCheck(t, b)
	}
	if a.freshLevel != level || l.bestKey != 0 {
		t.Errorf("%d levels were made", level-a.freshLevel)
	}
	mustAdd(t, b, 1, Buy, 100, 1)
	mustAdd(t, b, 2, Buy, 100, 2)
	if l.newest == 0 || a.orders[l.newest].id != 2 || a.levels[l.best].count != 1 {
		t.Errorf("slot %d is the newest of two, %d in the queue; want order 2, and 1", l.newest, a.levels[l.best].count)
	}
	if bid, _ := b.BBO(); bid != (Level{100, 3, 2}) || l.newest != 0 {
		t.Errorf("best bid %+v, newest in slot %d", bid, l.newest)
	}
}

// TestMassCancelTakesTheNewest cancels orders of either side that are in no queue yet.
func TestMassCancelTakesTheNewest(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	mustAdd(t, b, 1, Buy, 100, 1)
	mustAdd(t, b, 2, Sell, 101, 1)
	all := func(Slot) bool { return true }
	if n := b.CancelWhere(Buy, all, func(RestingOrder) {}); n != 1 {
		t.Errorf("%d bids cancelled, want 1", n)
	}
	mustAdd(t, b, 3, Buy, 100, 1)
	if n := b.CancelUnwanted(false, func(RestingOrder) bool { return true }, func(RestingOrder) {}); n != 2 || a.Live() != 0 {
		t.Errorf("%d orders cancelled, %d left; want 2, 0", n, a.Live())
	}
	mustCheck(t, b)
}

// TestModifyComesBehindTheNewest has an order join the price of the one that came last: that one is before it.
func TestModifyComesBehindTheNewest(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	mustAdd(t, b, 1, Buy, 99, 1)
	mustAdd(t, b, 2, Buy, 100, 1)
	if _, r := b.Modify(1, &Terms{Price: 100, Qty: 1}, nil); r.Resting != 1 {
		t.Fatalf("modified: %+v", r)
	}
	mustCheck(t, b)
	fills, _ := b.Add(&Order{ID: 3, Side: Sell, Price: 100, Qty: 1}, make([]Fill, 0, 1))
	if len(fills) != 1 || fills[0].Maker != 2 {
		t.Errorf("fills %+v, want one with order 2", fills)
	}
}
