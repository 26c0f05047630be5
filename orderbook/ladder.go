package orderbook

import (
	"math/bits"
	"unsafe"
)

// ladder holds the occupied levels of one side, ordered two ways.
//
// To find the level of a price: a radix tree of 64-way branches over the 32-bit key, six bits a
// branch. A branch exists only where at least two levels part, so its size follows the occupied
// prices, and its depth is 1 or 2 for a market that lives near its touch and never more than 6,
// however far a stray price lies.
//
// To go from a level to the next: a list from best to worst, so that the next best level is at hand
// when the best one is used up.
type ladder struct {
	root uint32 // link to the tree, 0 if the side is empty
	best uint32 // slot of the best level, 0 if the side is empty
	mask uint32 // key = price ^ mask
}

// A link is the slot of a level or, with branchTag, the number of a branch.
const branchTag = 1 << 31

type branch struct {
	bits  uint64 // which children there are; the others are left as they were
	shift uint32 // child i has the keys with key>>shift&63 == i
	_     uint32
	child [64]uint32
}

const branchSize = 272

var _ [branchSize]byte = [unsafe.Sizeof(branch{})]byte{}

// Better is greater on both sides: a bid's key is its price, an ask's the complement.
func (l *ladder) key(price Price) uint32 { return uint32(price) ^ l.mask }
func (l *ladder) price(key uint32) Price { return Price(key ^ l.mask) }

// levelOf returns the level at key, which it makes if there is none.
func (a *Arena) levelOf(l *ladder, key uint32) uint32 {
	n := l.root
	for n&branchTag != 0 {
		br := &a.branches[n&^branchTag]
		i := key >> (br.shift & 31) & 63
		if br.bits>>i&1 == 0 {
			n = br.child[bits.TrailingZeros64(br.bits)]
			return a.addLevel(l, key, a.lowest(n))
		}
		n = br.child[i]
	}
	// The way down looked at some bits of the key only: see whether the others agree.
	if n == 0 || a.levels[n].key != key {
		return a.addLevel(l, key, n)
	}
	return n
}

// addLevel makes the level at key. near is where the search for it ended: a level that has the
// bits in common with key that are decided at the branches on the way; 0 if there are no levels.
func (a *Arena) addLevel(l *ladder, key, near uint32) uint32 {
	v := a.take()
	a.levels[v] = level{head: v, tail: v, key: key}
	if near == 0 {
		l.root, l.best = v, v
		return v
	}
	nearKey := a.levels[near].key
	// The new level parts from all others below shift+6 at the group of bits at shift.
	shift := uint32(bits.Len32(key^nearKey)-1) / 6 * 6
	link := &l.root
	for *link&branchTag != 0 {
		br := &a.branches[*link&^branchTag]
		if br.shift <= shift {
			break
		}
		link = &br.child[key>>(br.shift&31)&63]
	}
	var br *branch
	if *link&branchTag != 0 && a.branches[*link&^branchTag].shift == shift {
		br = &a.branches[*link&^branchTag]
	} else {
		n := a.takeBranch(shift)
		br = &a.branches[n]
		br.set(nearKey>>shift&63, *link)
		*link = n | branchTag
	}
	br.set(key>>shift&63, v)
	a.listLevel(l, v, br)
	return v
}

func (br *branch) set(i, link uint32) {
	br.bits |= 1 << i
	br.child[i] = link
}

// listLevel puts level v, a child of br beside at least one other, into the list of levels.
func (a *Arena) listLevel(l *ladder, v uint32, br *branch) {
	lv := &a.levels[v]
	i := lv.key >> (br.shift & 31) & 63
	if above := br.bits &^ (2<<i - 1); above != 0 {
		lv.better = a.lowest(br.child[bits.TrailingZeros64(above)])
		lv.worse = a.levels[lv.better].worse
	} else {
		below := br.bits & (1<<i - 1)
		lv.worse = a.highest(br.child[bits.Len64(below)-1])
		lv.better = a.levels[lv.worse].better
	}
	if lv.better != 0 {
		a.levels[lv.better].worse = v
	} else {
		l.best = v
	}
	if lv.worse != 0 {
		a.levels[lv.worse].better = v
	}
}

// lowest and highest return the level with the lowest and highest key below a link.
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
		n = br.child[bits.Len64(br.bits)-1]
	}
	return n
}

// dropLevel takes level v, which has no orders any more, out of the ladder and gives its slot back.
func (a *Arena) dropLevel(l *ladder, v uint32) {
	lv := &a.levels[v]
	if lv.better != 0 {
		a.levels[lv.better].worse = lv.worse
	} else {
		l.best = lv.worse
	}
	if lv.worse != 0 {
		a.levels[lv.worse].better = lv.better
	}

	link := &l.root
	if *link == v {
		*link = 0
	}
	for *link&branchTag != 0 {
		n := *link &^ branchTag
		br := &a.branches[n]
		i := lv.key >> (br.shift & 31) & 63
		if br.child[i] != v {
			link = &br.child[i]
			continue
		}
		br.bits &^= 1 << i
		if br.bits&(br.bits-1) == 0 { // one child left: it takes the place of the branch
			*link = br.child[bits.TrailingZeros64(br.bits)]
			a.giveBranch(n)
		}
		break
	}
	a.give(v)
}
