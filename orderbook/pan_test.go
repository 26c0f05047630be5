package orderbook

import (
	"math/bits"
	"strings"
	"testing"
)

// depth returns how many orders a search in the tree at slot n looks at, at most.
func (t *panTrees) depth(n uint32) int {
	if n == 0 {
		return 0
	}
	return 1 + max(t.depth(t.below[n][0]), t.depth(t.below[n][1]))
}

// A tree of many orders of one owner is shallow, in whatever order they came: a random one of n is less than 5 log2(n) deep.
func TestPanTreesAreShallow(t *testing.T) {
	const n = 1 << 16
	for name, price := range map[string]func(i int) Price{
		"one price":  func(int) Price { return 100 },
		"up":         func(i int) Price { return 1 + Price(i) },
		"down":       func(i int) Price { return n - Price(i) },
		"in turns":   func(i int) Price { return n + Price(i)*(1-2*Price(i&1)) },
		"here there": func(i int) Price { return 1 + Price(i)*7919%n },
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			a := NewArena(n)
			defer a.Close()
			b := NewBook(a)
			b.OpenAuction()
			for i := range n {
				if _, r := b.Add(&Order{ID: OrderID(i), Side: Buy, Price: price(i), Qty: 1, PAN: 7}, nil); r.Resting != 1 {
					t.Fatalf("order %d: %+v", i, r)
				}
			}
			if got := a.pans.depth(*a.pans.root(ownerOf(7, b.number<<bookShift))); got > 5*bits.Len(n) {
				t.Errorf("%d deep, want at most %d", got, 5*bits.Len(n))
			}
			mustCheck(t, b)
		})
	}
}

// Owners whose orders hang in one tree know nothing of each other.
func TestOwnersShareATree(t *testing.T) {
	const owners, each = 20, 10
	a := NewArena(owners*each + 1)
	defer a.Close()
	b := NewBook(a)
	b.OpenAuction()
	var pans []PAN
	for pan := PAN(1); len(pans) < owners; pan++ {
		if flags := b.number<<bookShift | isSell; a.pans.root(ownerOf(pan, flags)) == a.pans.root(ownerOf(1, flags)) {
			pans = append(pans, pan)
		}
	}
	best := map[PAN]Price{}
	for i := range owners * each {
		pan, price := pans[i%owners], 1000+Price(i*7919%1000)
		if i < owners || price < best[pan] {
			best[pan] = price
		}
		b.Add(&Order{ID: OrderID(i), Side: Sell, Price: price, Qty: 1, PAN: pan}, nil)
	}
	mustCheck(t, b)
	for _, pan := range pans {
		for price, taken := range map[Price]bool{best[pan] - 1: true, best[pan]: false} {
			_, r := b.Add(&Order{ID: 1000, Side: Buy, Price: price, Qty: 1, PAN: pan}, nil)
			if r.Reject != Accepted || (r.Resting == 1) != taken {
				t.Errorf("a bid of PAN %d at %d, with asks from %d: %+v", pan, price, best[pan], r)
			}
			b.Cancel(1000)
		}
	}
}

// TestCheckFindsEveryFaultOfPanTrees breaks one thing at a time in the trees of an auction: Check must see each.
func TestCheckFindsEveryFaultOfPanTrees(t *testing.T) {
	for _, fault := range []struct {
		name   string
		inject func(a *Arena, root *uint32)
	}{
		{"lost", func(a *Arena, root *uint32) { *root = 0 }},
		{"a branch lost", func(a *Arena, root *uint32) { a.pans.below[*root] = [2]uint32{} }},
		{"twice", func(a *Arena, root *uint32) {
			deep := *root
			for below := a.pans.below[deep]; below != [2]uint32{}; below = a.pans.below[deep] {
				deep = max(below[0], below[1])
			}
			a.pans.below[deep][0] = *root
		}},
		{"before and behind", func(a *Arena, root *uint32) {
			below := &a.pans.below[*root]
			below[0], below[1] = below[1], below[0]
		}},
		{"another tree", func(a *Arena, root *uint32) {
			other := a.pans.root(ownerOf(9, 1<<bookShift))
			*other, *root = *root, *other
		}},
		{"rank", func(a *Arena, root *uint32) { // the first of all on top of the rest
			at := root
			for a.pans.below[*at][0] != 0 {
				at = &a.pans.below[*at][0]
			}
			n := *at
			*at = a.pans.below[n][1]
			a.pans.below[n] = [2]uint32{0, *root}
			*root = n
		}},
		{"an order that is gone", func(a *Arena, root *uint32) {
			b := a.books[0]
			b.collecting = false
			b.cancelOther(3)
			b.collecting = true
		}},
		{"an order without a PAN", func(a *Arena, root *uint32) { a.orders[*root].pan = 0 }},
		{"an auction that has ended", func(a *Arena, root *uint32) { a.books[0].setCollecting(false) }},
	} {
		t.Run(strings.ReplaceAll(fault.name, " ", "_"), func(t *testing.T) {
			a := NewArena(1000)
			defer a.Close()
			b := NewBook(a)
			b.OpenAuction()
			for id := range OrderID(20) {
				b.Add(&Order{ID: id, Side: Buy, Price: 100 + Price(id), Qty: 1, PAN: 7}, nil)
			}
			mustCheck(t, b)
			fault.inject(a, a.pans.root(ownerOf(7, b.number<<bookShift)))
			if err := b.Check(); err == nil || !strings.Contains(err.Error(), "I15:") {
				t.Errorf("Check says %v, want a breach of I15", err)
			}
		})
	}
}
