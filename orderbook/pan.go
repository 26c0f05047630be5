package orderbook

import (
	"fmt"
	"math/bits"
	"slices"
	"unsafe"
)

// panTrees finds the orders of a PAN among those that auctions collect, so that an order that comes in is told
// whether it would meet one of its own. Collected orders with a PAN hang in search trees, in the order of their panPlace; in
// which one, a hash of the owner says. Most trees hold one order or none. A tree of many, be they all of one owner, is as
// shallow as one that grew in random order, because no order hangs below one of a lower rank. So an entry costs the
// logarithm of the own orders, and nothing for those of others: a walk through either lets a member with many orders
// stall the market, and BenchmarkCollect shows that there is none. (A treap: Seidel and Aragon, Randomized Search Trees, 1996)
type panTrees struct {
	roots []uint32    // slots, 0: no tree; a power of two of them
	below [][2]uint32 // by the slot of an order in a tree: what hangs below it, before and behind its place; 0: nothing
}

const (
	panRootSize  = 4
	panBelowSize = 8
)

var (
	_ [panRootSize]byte  = [unsafe.Sizeof(panTrees{}.roots[0])]byte{}
	_ [panBelowSize]byte = [unsafe.Sizeof(panTrees{}.below[0])]byte{}
)

// panPlace is where a collected order belongs in its tree. No two have the same.
type panPlace struct {
	owner uint64 // PAN, book and side
	at    uint64 // key of the level, and slot
}

// ownerOf returns the owner for pan, and for the book and side in flags.
func ownerOf(pan PAN, flags uint32) uint64 { return uint64(pan)<<32 | uint64(flags&^0xff|flags&isSell) }

// panPlace returns the place of the order in slot s, which is in a queue.
func (a *Arena) panPlace(s uint32) panPlace {
	o := &a.orders[s]
	return panPlace{ownerOf(o.pan, o.flags), uint64(a.levels[o.level].key)<<32 | uint64(s)}
}

// behind returns 1 if p is behind q, and 0 if not.
func (p panPlace) behind(q panPlace) int {
	if p.owner > q.owner || p.owner == q.owner && p.at > q.at {
		return 1
	}
	return 0
}

// panRank is as good as random, and the same wherever the slot is.
func panRank(s uint32) uint32 { return hashOf(0, OrderID(s)) }

// root returns where the tree of an owner begins.
func (t *panTrees) root(owner uint64) *uint32 {
	hi, lo := bits.Mul64(owner, 0xd6e8feb86659fd93)
	return &t.roots[(hi^lo)>>20&uint64(len(t.roots)-1)]
}

// owns reports whether an owner has an order at limit or better.
func (a *Arena) owns(owner uint64, limit uint32) bool {
	least := panPlace{owner, uint64(limit) << 32}
	for n := *a.pans.root(owner); n != 0; {
		p := a.panPlace(n)
		if p.owner == owner && p.at > least.at {
			return true
		}
		n = a.pans.below[n][least.behind(p)]
	}
	return false
}

// own puts the order in slot s, which is in a queue, into its tree, if it has a PAN.
func (a *Arena) own(s uint32) {
	if a.orders[s].pan == 0 {
		return
	}
	t, p, rank := &a.pans, a.panPlace(s), panRank(s)
	at := t.root(p.owner)
	for *at != 0 && panRank(*at) >= rank {
		at = &t.below[*at][p.behind(a.panPlace(*at))]
	}
	// What hangs there goes below it: apart into what is before its place and what is behind.
	n := *at
	*at = s
	ends := [2]*uint32{&t.below[s][0], &t.below[s][1]}
	for n != 0 {
		i := a.panPlace(n).behind(p)
		*ends[i] = n
		ends[i] = &t.below[n][1-i]
		n = *ends[i]
	}
	*ends[0], *ends[1] = 0, 0
}

// disown takes the order in slot s, which is still in its queue, out of its tree, if it has a PAN.
func (a *Arena) disown(s uint32) {
	if a.orders[s].pan == 0 {
		return
	}
	t, p := &a.pans, a.panPlace(s)
	at := t.root(p.owner)
	for *at != s {
		if *at == 0 {
			panic("orderbook: I15: an auction has lost an order of a PAN")
		}
		at = &t.below[*at][p.behind(a.panPlace(*at))]
	}
	// What hung below it becomes one tree again, and takes its place.
	before, behind := t.below[s][0], t.below[s][1]
	for before != 0 && behind != 0 {
		if panRank(before) >= panRank(behind) {
			*at = before
			at = &t.below[before][1]
			before = *at
		} else {
			*at = behind
			at = &t.below[behind][0]
			behind = *at
		}
	}
	*at = before | behind
}

// pans checks the trees of PANs: every collected order with a PAN is in one, and nothing else is.
func (c *census) pans() error {
	a, due := c.a, make([]bool, len(c.orders))
	for s := range due {
		o := &a.orders[s]
		due[s] = c.orders[s] == isOrder && o.pan != 0 && o.flags&isWaiting == 0 && a.books[o.flags>>bookShift-1].collecting
	}
	for i := range a.pans.roots {
		root := &a.pans.roots[i]
		if err := c.panTree(root, *root, due, 1<<32-1, &panPlace{}); err != nil {
			return err
		}
	}
	if s := slices.Index(due, true); s >= 0 {
		return fmt.Errorf("I15: the order in slot %d is in no tree of its PAN", s)
	}
	return nil
}

// panTree checks what hangs at slot n, below an order of a rank, whose places are behind last. It clears what it finds in due.
func (c *census) panTree(root *uint32, n uint32, due []bool, rank uint32, last *panPlace) error {
	if n == 0 {
		return nil
	}
	if int(n) >= len(due) || !due[n] {
		return fmt.Errorf("I15: slot %d is in a tree of PANs twice, or holds no order that is collected", n)
	}
	due[n] = false
	t, p, below := &c.a.pans, c.a.panPlace(n), c.a.pans.below[n]
	if err := c.panTree(root, below[0], due, panRank(n), last); err != nil {
		return err
	}
	if t.root(p.owner) != root || p.behind(*last) == 0 || panRank(n) > rank {
		return fmt.Errorf("I15: the order in slot %d is at a wrong place in the trees of PANs", n)
	}
	*last = p
	return c.panTree(root, below[1], due, panRank(n), last)
}
