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
type ladder struct {
	root uint32 // link to the tree, 0 if the side is empty
	best uint32 // slot of the best level, 0 if the side is empty
}

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

// covers reports whether key belongs below br: the way to a branch looks at some bits of a key only.
func (br *branch) covers(key uint32) bool { return uint32(uint64(key)>>((br.shift+6)&63)) == br.prefix }

// levelOf returns the level at key, which it makes if there is none.
func (a *Arena) levelOf(l *ladder, key uint32) uint32 {
	link, last := &l.root, uint32(0)
	for *link&branchTag != 0 {
		last = *link &^ branchTag
		br := &a.branches[last]
		i := key >> (br.shift & 31) & 63
		if br.bits>>i&1 == 0 {
			if !br.covers(key) {
				return a.addLevel(l, key)
			}
			v := a.newLevel(l, key, last)
			br.set(i, v)
			return v
		}
		link = &br.child[i]
	}
	if *link != 0 {
		near := a.levels[*link].key
		if near == key {
			return *link
		}
		if last == 0 || a.branches[last].covers(key) {
			return a.part(l, link, last, uint32(bits.Len32(key^near)-1)/6*6, near, key)
		}
	}
	return a.addLevel(l, key)
}

// newLevel makes a level without orders below a branch, 0 standing for none.
func (a *Arena) newLevel(l *ladder, key, parent uint32) uint32 {
	v := a.takeLevel()
	lv := &a.levels[v]
	lv.head, lv.tail, lv.qty, lv.count = v, v, 0, 0
	lv.key, lv.parent, lv.parts = key, parent, 0
	best := l.best
	if key > a.levels[best].key {
		best = v
	}
	l.best = best
	return v
}

// addLevel makes the level at key where the tree has to change for it.
func (a *Arena) addLevel(l *ladder, key uint32) uint32 {
	if l.root == 0 {
		l.root = a.newLevel(l, key, 0)
		return l.root
	}
	link, parent := &l.root, uint32(0)
	for {
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
			return a.part(l, link, parent, shift, uint32(uint64(near)<<nearShift), key)
		}
		parent = n &^ branchTag
		br := &a.branches[parent]
		i := key >> (br.shift & 31) & 63
		if br.bits>>i&1 == 0 {
			v := a.newLevel(l, key, parent)
			br.set(i, v)
			return v
		}
		link = &br.child[i]
	}
}

// part puts a new branch at shift in place of what hangs at link, whose keys are like near, and below it
// that and the new level at key.
func (a *Arena) part(l *ladder, link *uint32, parent, shift, near, key uint32) uint32 {
	n := a.takeBranch(shift, uint32(uint64(key)>>shift>>6))
	br := &a.branches[n]
	br.set(near>>(shift&31)&63, *link)
	if *link&branchTag == 0 {
		a.levels[*link].parent = n
	}
	*link = n | branchTag
	v := a.newLevel(l, key, n)
	br.set(key>>(shift&31)&63, v)
	return v
}

func (br *branch) set(i, link uint32) {
	br.bits |= 1 << i
	br.child[i] = link
}

// dropLevel takes level v, which has no orders any more, out of the ladder and gives its slot back.
func (a *Arena) dropLevel(l *ladder, v uint32) {
	lv := &a.levels[v]
	near := uint32(0) // what else hangs where the level hung: the next best is there, if it was the best
	if lv.parent == 0 {
		l.root = 0
	} else {
		br := &a.branches[lv.parent]
		br.bits &^= 1 << (lv.key >> (br.shift & 31) & 63)
		if br.bits != 0 {
			near = br.child[(bits.Len64(br.bits)-1)&63]
		}
		if br.bits == 0 || br.shift != 0 && br.bits&(br.bits-1) == 0 {
			a.dropBranch(l, lv.parent, lv.key)
		}
	}
	if l.best == v {
		if near == 0 {
			near = l.root
		}
		l.best = a.highest(near)
	}
	a.giveLevel(v)
}

// dropBranch takes branch n, on the way to key, out of the tree: it has no child left, or one that takes
// its place.
func (a *Arena) dropBranch(l *ladder, n, key uint32) {
	link, parent := &l.root, uint32(0)
	for *link != n|branchTag {
		parent = *link &^ branchTag
		br := &a.branches[parent]
		link = &br.child[key>>(br.shift&31)&63]
	}
	br := &a.branches[n]
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
	lv := &a.levels[v]
	br := &a.branches[lv.parent]
	if higher := br.bits &^ (2<<(lv.key>>(br.shift&31)&63) - 1); higher != 0 {
		return a.lowest(br.child[bits.TrailingZeros64(higher)&63])
	}
	return a.above(l.root, lv.key)
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
