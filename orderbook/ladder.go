package orderbook

import (
	"math/bits"
	"unsafe"
)

// ladder holds the occupied levels of one side in a radix tree of 64-way branches over the 32-bit key,
// six bits a branch, and knows the best of them.
//
// A branch exists only where levels part, so the tree follows the occupied prices, and its depth is 1 or
// 2 for a market that lives near its touch and never more than 6, however far a stray price lies. A
// branch over single keys stays until its last level goes, because levels near the touch come and go;
// any other has two children at least.
//
// The newest order of a side is in no queue: most are cancelled before the next one comes, and then have never touched
// a level. It is filed, at the end of the queue at its price, when another order is to rest on its side, and before
// anybody looks at queues.
type ladder struct {
	best      uint32            // level, 0 if the side is empty
	bestKey   uint32            // its key, 0 if the side is empty
	newest    uint32            // of a side: the order that came last, if it is in no queue yet; 0: none
	newestKey uint32            // where it is to rest, 0 if there is none
	root      uint32            // link to the tree, 0 if nothing hangs there
	leaves    [leavesMax]uint32 // branches over single keys where levels hang, each in the place that its prefix names; 0: not known
	within    uint32            // of a side: the worst key that an incoming order may trade with, its execution range; 0: any
	_         [8]byte           // a line each: which of two is a shift
}

var _ [64]byte = [unsafe.Sizeof(ladder{})]byte{}

// front returns the key of the best that rests, in a queue or not yet; 0 if nothing does.
func (l *ladder) front() uint32 { return max(l.bestKey, l.newestKey) }

// file puts the newest order of a side into its queue. Whoever has to do with prices only where it is not, need not ask.
func (a *Arena) file(l *ladder) {
	if s, key := l.newest, l.newestKey; s != 0 {
		l.newest, l.newestKey = 0, 0
		a.enqueue(l, key, s)
	}
}

// leavesMax is a power of two. Each branch over single keys has 64 prices: so many of them in a row are reached without
// a walk from the root, which is most of what an order costs that opens a price or joins one behind the best.
const leavesMax = 8

// A link is the slot of a level or, with branchTag, the number of a branch.
const branchTag = 1 << 31

type branch struct {
	bits   uint64 // which children there are; the others are left as they were
	shift  uint32 // child i has the keys with key>>shift&63 == i
	prefix uint32 // what all keys below have above these bits: key>>shift>>6
	child  [64]uint32
}

const branchSize = 272

var _ [branchSize]byte = [unsafe.Sizeof(branch{})]byte{}

// Better is greater on both sides: the key of a bid (side 0) is its price, that of an ask (side 1) the
// complement. Of the triggers of stop-loss orders the nearest is the best: the key of a buy is the
// complement, that of a sell the trigger price.
func keyOf(side uint32, price Price) uint32      { return uint32(price) ^ -side }
func priceOf(side uint32, key uint32) Price      { return Price(key ^ -side) }
func triggerKey(side uint32, price Price) uint32 { return uint32(price) ^ (side - 1) }

// Keys that are no price's.
const (
	keyMin    = 1         // the limit of a market order: the worst price there is
	keyMarket = 1<<32 - 1 // market orders in an auction: better than every limit
)

// levelAt returns the level at key, 0 if there is none.
func (a *Arena) levelAt(l *ladder, key uint32) uint32 {
	if key == l.bestKey {
		return l.best
	}
	n := l.root
	for n&branchTag != 0 {
		br := &a.branches[n&^branchTag]
		i := key >> (br.shift & 31) & 63
		if br.bits>>i&1 == 0 {
			return 0
		}
		n = br.child[i]
	}
	if a.levels[n].key != key {
		return 0
	}
	return n
}

// enqueue puts the order in slot s at the end of the queue at key, and returns its level.
func (a *Arena) enqueue(l *ladder, key, s uint32) uint32 {
	if key == l.bestKey {
		a.join(l.best, s)
		return l.best
	}
	n := l.leaves[key/64%leavesMax]
	br := &a.branches[n]
	if br.prefix != key/64 || n == 0 {
		if n = a.leaf(l, key); n == 0 {
			return a.enqueueFar(l, key, s)
		}
		br = &a.branches[n]
		l.leaves[key/64%leavesMax] = n
	}
	i := key % 64
	if br.bits>>i&1 != 0 {
		v := br.child[i]
		a.join(v, s)
		return v
	}
	v := a.open(key, s)
	a.levels[v].parent = n
	br.set(i, v)
	l.improve(key, v)
	return v
}

// improve makes level v, which is new, the best if it is.
func (l *ladder) improve(key, v uint32) {
	best, bestKey := l.best, l.bestKey
	if key > bestKey {
		best, bestKey = v, key
	}
	l.best, l.bestKey = best, bestKey
}

// leaf returns the branch over single keys where key belongs, 0 if there is none.
func (a *Arena) leaf(l *ladder, key uint32) uint32 {
	n := l.root
	for n&branchTag != 0 {
		n &^= branchTag
		br := &a.branches[n]
		if br.shift == 0 {
			if br.prefix == key/64 {
				return n
			}
			break
		}
		i := key >> (br.shift & 31) & 63
		if br.bits>>i&1 == 0 {
			break
		}
		n = br.child[i]
	}
	return 0
}

// enqueueFar is enqueue where the levels with neighbouring prices do not hang together.
func (a *Arena) enqueueFar(l *ladder, key, s uint32) uint32 {
	if v := a.levelAt(l, key); v != 0 {
		a.join(v, s)
		return v
	}
	v := a.open(key, s)
	a.hang(l, v, key)
	l.improve(key, v)
	return v
}

// open makes a level at key, which does not hang yet, with the order in slot s.
func (a *Arena) open(key, s uint32) uint32 {
	v := a.takeLevel()
	o := &a.orders[s]
	a.levels[v].begin(key, s, o.qty)
	o.alone(v)
	return v
}

// settle takes level v, whose last order has gone, out of the ladder and gives its slot back.
func (a *Arena) settle(l *ladder, v uint32) {
	lv := &a.levels[v]
	br := &a.branches[lv.parent]
	left := br.bits &^ (1 << (lv.key >> (br.shift & 31) & 63))
	br.bits = left // branch 0 has none
	switch {
	case left == 0 || br.shift != 0:
		a.settleFar(l, v, left)
	case v == l.best: // which child is the next best says its key, before that level has come from memory
		i := uint32(bits.Len64(left)-1) & 63
		l.best, l.bestKey = br.child[i], lv.key&^63|i
	}
	a.giveLevel(v)
}

// settleFar is settle where no level with a neighbouring price is left, or none hangs beside v.
func (a *Arena) settleFar(l *ladder, v uint32, left uint64) {
	lv := &a.levels[v]
	n := lv.parent | branchTag
	if left&(left-1) == 0 {
		a.dropBranch(l, lv.parent, lv.key)
		n = l.root
	}
	if v == l.best {
		best := a.highest(n)
		l.best, l.bestKey = best, a.levels[best].key
	}
}

// hang puts level v, which has this key, into the tree, where none has.
func (a *Arena) hang(l *ladder, v, key uint32) {
	link, parent := &l.root, uint32(0)
	for *link != 0 {
		n := *link
		var nearShift, near uint32 // what hangs here has the keys near<<nearShift and more
		if n&branchTag != 0 {
			br := &a.branches[n&^branchTag]
			nearShift, near = br.shift+6, br.prefix
		} else {
			near = a.levels[n].key
		}
		if differ := uint64(key)>>nearShift ^ uint64(near); differ != 0 {
			// The key parts from all of them at the group of bits at shift.
			shift := (uint32(bits.Len64(differ)) - 1 + nearShift) / 6 * 6
			a.part(v, link, shift, uint32(uint64(near)<<nearShift))
			return
		}
		parent = n &^ branchTag
		br := &a.branches[parent]
		i := key >> (br.shift & 31) & 63
		if br.bits>>i&1 == 0 {
			a.levels[v].parent = parent
			br.set(i, v)
			return
		}
		link = &br.child[i]
	}
	*link = v
	a.levels[v].parent = parent
}

// part puts a new branch at shift in place of what hangs at link, whose keys are like near, and below it
// that and level v.
func (a *Arena) part(v uint32, link *uint32, shift, near uint32) {
	key := a.levels[v].key
	n := a.takeBranch(shift, uint32(uint64(key)>>shift>>6))
	br := &a.branches[n]
	br.set(near>>(shift&31)&63, *link)
	if *link&branchTag == 0 {
		a.levels[*link].parent = n
	}
	*link = n | branchTag
	a.levels[v].parent = n
	br.set(key>>(shift&31)&63, v)
}

func (br *branch) set(i, link uint32) {
	br.bits |= 1 << i
	br.child[i] = link
}

// dropBranch takes branch n, on the way to key, out of the tree: it has no child left, or one that takes
// its place.
func (a *Arena) dropBranch(l *ladder, n, key uint32) {
	if n == 0 { // the level was the whole tree
		l.root = 0
		return
	}
	link, parent := &l.root, uint32(0)
	for *link != n|branchTag {
		parent = *link &^ branchTag
		br := &a.branches[parent]
		link = &br.child[key>>(br.shift&31)&63]
	}
	br := &a.branches[n]
	if at := &l.leaves[br.prefix%leavesMax]; *at == n {
		*at = 0
	}
	if br.bits != 0 {
		only := br.child[bits.TrailingZeros64(br.bits)]
		if only&branchTag == 0 {
			a.levels[only].parent = parent
		}
		*link = only
		a.giveBranch(n)
		return
	}
	a.giveBranch(n)
	if parent == 0 {
		l.root = 0
		return
	}
	up := &a.branches[parent]
	up.bits &^= 1 << (key >> (up.shift & 31) & 63)
	if up.bits&(up.bits-1) == 0 { // it had two children at least
		a.dropBranch(l, parent, key)
	}
}

// lowest and highest return the level with the lowest and highest key below a link, 0 below 0.
func (a *Arena) lowest(n uint32) uint32 {
	for n&branchTag != 0 {
		br := &a.branches[n&^branchTag]
		n = br.child[bits.TrailingZeros64(br.bits)]
	}
	return n
}

func (a *Arena) highest(n uint32) uint32 {
	for n&branchTag != 0 {
		br := &a.branches[n&^branchTag]
		n = br.child[(bits.Len64(br.bits)-1)&63]
	}
	return n
}

// worse returns the level next to v, of the ladder l, with a lower key, 0 if there is none; better that
// with a higher one. Most hang beside v.
func (a *Arena) worse(l *ladder, v uint32) uint32 {
	lv := &a.levels[v]
	br := &a.branches[lv.parent] // branch 0 has no children
	if lower := br.bits & (1<<(lv.key>>(br.shift&31)&63) - 1); lower != 0 {
		return a.highest(br.child[(bits.Len64(lower)-1)&63])
	}
	return a.below(l.root, lv.key)
}

func (a *Arena) better(l *ladder, v uint32) uint32 {
	if v == l.best {
		return 0
	}
	lv := &a.levels[v]
	br := &a.branches[lv.parent]
	if higher := br.bits &^ (2<<(lv.key>>(br.shift&31)&63) - 1); higher != 0 {
		return a.lowest(br.child[bits.TrailingZeros64(higher)&63])
	}
	return a.above(l.root, lv.key)
}

// worst returns the level with the lowest key, 0 if there is none.
func (a *Arena) worst(l *ladder) uint32 {
	return a.lowest(l.root)
}

// below returns the level with the highest key less than key below link n, 0 if there is none.
func (a *Arena) below(n, key uint32) uint32 {
	if high := a.highest(n); a.levels[high].key < key {
		return high
	}
	if n&branchTag == 0 || a.levels[a.lowest(n)].key >= key {
		return 0
	}
	br := &a.branches[n&^branchTag]
	i := key >> (br.shift & 31) & 63
	if br.bits>>i&1 != 0 {
		if v := a.below(br.child[i], key); v != 0 {
			return v
		}
	}
	return a.highest(br.child[(bits.Len64(br.bits&(1<<i-1))-1)&63])
}

// above returns the level with the lowest key greater than key below link n, 0 if there is none.
func (a *Arena) above(n, key uint32) uint32 {
	if low := a.lowest(n); a.levels[low].key > key {
		return low
	}
	if n&branchTag == 0 || a.levels[a.highest(n)].key <= key {
		return 0
	}
	br := &a.branches[n&^branchTag]
	i := key >> (br.shift & 31) & 63
	if br.bits>>i&1 != 0 {
		if v := a.above(br.child[i], key); v != 0 {
			return v
		}
	}
	return a.lowest(br.child[bits.TrailingZeros64(br.bits&^(2<<i-1))&63])
}
