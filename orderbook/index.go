package orderbook

import (
	"math/bits"
	"unsafe"
)

// index finds the slot of a live order by book and order number. An entry lies in the group of eight that
// its hash names or, when that is full, in one behind; a group counts the entries that have passed it by,
// so a search knows where to end, and a removal leaves nothing behind. A group is a cache line, and its
// tags are compared all at once.
//
// The table follows the number of live orders. When it gets too full or too empty, a table of twice or
// half the size is started in the other region, and every insertion and removal from then on moves a few
// groups over, so no single command pays for the change. A table is left empty, its tags and counts all
// zero, and needs no clearing when its region is used again.
type index struct {
	young   [youngMax]uint32 // slots of orders that came last, by the low bits of their hash; 0: none
	now     table            // entries are added here
	old     table            // what is left of the table before, while it has entries
	cursor  uint32           // old has no entries in the groups below it
	regions [2][]group       // of tables of even and of odd size: now and old are neighbours in size
}

const (
	// youngMax is a power of two: enough for the orders that live for microseconds, in 2 KB.
	youngMax = 512

	indexBitsMin = 3
	groupSlots   = 8
	// A table grows at five entries a group and shrinks at one. One that has grown out of n groups then has
	// 5n insertions or 3n removals until the next change, in which n groups must be moved; one that has
	// shrunk out of n has n/2 removals until then.
	indexSteps = 3
	growAt     = 5
)

// group is a line of the table. tags has a byte for each slot: the low bits of the entry's hash and the
// top bit, or 0 if there is none.
type group struct {
	tags  uint64
	slots [groupSlots]uint32
	past  uint32 // entries behind that have this group on their way
	_     [5]uint32
}

const groupSize = 64

var _ [groupSize]byte = [unsafe.Sizeof(group{})]byte{}

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// hashOf hashes a key. Order numbers come from the venue, dense or patterned as it likes; the
// product folded onto itself spreads any pattern.
func hashOf(book uint32, id OrderID) uint32 {
	hi, lo := bits.Mul64((uint64(id)^0x9e3779b97f4a7c15)+uint64(book)<<40, 0xd6e8feb86659fd93)
	return uint32(hi ^ lo)
}

// tagsOf returns the tag of a hash, in all eight bytes.
func tagsOf(hash uint32) uint64 { return uint64(hash&0x7f|0x80) * ones }

// with returns the places whose tag is that of tags, as the top bits of their bytes. One behind a place
// that has it may be there without.
func (g *group) with(tags uint64) uint64 {
	x := g.tags ^ tags
	return (x - ones) &^ x & tops
}

// place returns the number of the first place in a set that with has returned.
func place(set uint64) uint32 { return uint32(bits.TrailingZeros64(set)) / 8 }

// table is a power of two of groups. The home of an entry is the top bits of its hash.
type table struct {
	groups []group
	mask   uint32
	shift  uint32 // 32 less the number of bits of a home
	live   uint32
}

func (t *table) home(hash uint32) uint32 { return hash >> (t.shift & 31) }

func (t *table) insert(hash, slot uint32) {
	i := t.home(hash)
	g := &t.groups[i]
	for g.tags&tops == tops {
		g.past++
		i = (i + 1) & t.mask
		g = &t.groups[i]
	}
	free := place(^g.tags & tops)
	g.tags |= tagsOf(hash) & (0xff << (8 * free))
	g.slots[free&7] = slot
	t.live++
}

// remove takes out the entry of a slot and reports whether it was there.
func (t *table) remove(hash, slot uint32) bool {
	home, tags := t.home(hash), tagsOf(hash)
	for i := home; ; i = (i + 1) & t.mask {
		g := &t.groups[i]
		for set := g.with(tags); set != 0; set &= set - 1 {
			if at := place(set); g.slots[at&7] == slot && g.tags>>(8*at)&0x80 != 0 {
				g.tags &^= 0xff << (8 * at)
				t.live--
				for ; home != i; home = (home + 1) & t.mask {
					t.groups[home].past--
				}
				return true
			}
		}
		if g.past == 0 {
			return false
		}
	}
}

// start gives the index its first table, once it has its regions.
func (x *index) start() { x.now = x.tableOf(indexBitsMin) }

// tableOf returns an empty table of 2^size groups.
func (x *index) tableOf(size uint32) table {
	return table{groups: x.regions[size&1][:1<<size], mask: 1<<size - 1, shift: 32 - size}
}

// resize starts the move into a table of 2^size groups.
func (x *index) resize(size uint32) {
	x.old, x.now, x.cursor = x.now, x.tableOf(size), 0
}

// enlist adds the entry of the order in slot s, which has none. Most orders go as fast as they have come, so it is kept
// at hand, and the one that was in its place goes into the table.
func (a *Arena) enlist(hash, s uint32) {
	at := &a.index.young[hash%youngMax]
	if *at != 0 {
		a.putAway(*at)
	}
	*at = s
}

// putAway adds the entry of the order in slot s, which was at hand, to the table.
func (a *Arena) putAway(s uint32) {
	o := &a.orders[s]
	a.enlistOld(hashOf(o.flags>>bookShift, o.id), s)
}

// enlistOld adds an entry to the table.
func (a *Arena) enlistOld(hash, s uint32) {
	x := &a.index
	if x.old.live != 0 {
		a.moveIndex()
	} else if x.now.live > x.now.mask*growAt {
		x.resize(33 - x.now.shift)
	}
	x.now.insert(hash, s)
}

// delist takes the entry of the order in slot s out.
func (a *Arena) delist(hash, s uint32) {
	if at := &a.index.young[hash%youngMax]; *at == s {
		*at = 0
	} else {
		a.delistOld(hash, s)
	}
}

// delistOld takes an entry out of the table.
func (a *Arena) delistOld(hash, s uint32) {
	x := &a.index
	if x.old.live == 0 {
		x.now.remove(hash, s)
		if x.now.live < x.now.mask && x.now.shift < 32-indexBitsMin {
			x.resize(31 - x.now.shift)
		}
		return
	}
	if !x.now.remove(hash, s) {
		x.old.remove(hash, s)
	}
	a.moveIndex()
}

// moveIndex carries the move on. The old table is a sound table at every step: it only loses entries.
// Where an entry belongs its order tells.
func (a *Arena) moveIndex() {
	x := &a.index
	for range indexSteps {
		if x.old.live == 0 {
			return
		}
		g := &x.old.groups[x.cursor]
		for set := g.tags & tops; set != 0; set &= set - 1 {
			s := g.slots[place(set)&7]
			o := &a.orders[s]
			hash := hashOf(o.flags>>bookShift, o.id)
			x.old.remove(hash, s)
			x.now.insert(hash, s)
		}
		x.cursor++
	}
}

// find returns the slot of the live order with this number in this book, or 0.
func (a *Arena) find(hash, book uint32, id OrderID) uint32 {
	if s := a.index.young[hash%youngMax]; a.orders[s].is(book, id) {
		return s
	}
	return a.search(hash, book, id)
}

// search returns the slot of the live order with this number in this book, or 0, if it is not at hand. In a numbered
// arena all are.
func (a *Arena) search(hash, book uint32, id OrderID) uint32 {
	x := &a.index
	if a.numbered {
		return 0
	}
	if g := &x.now.groups[x.now.home(hash)]; g.with(tagsOf(hash)) == 0 && g.past|x.old.live == 0 {
		return 0 // most new orders
	}
	if s := a.findIn(&x.now, hash, book, id); s != 0 || x.old.live == 0 {
		return s
	}
	return a.findIn(&x.old, hash, book, id)
}

func (a *Arena) findIn(t *table, hash, book uint32, id OrderID) uint32 {
	tags := tagsOf(hash)
	for i := t.home(hash); ; i = (i + 1) & t.mask {
		g := &t.groups[i]
		for set := g.with(tags); set != 0; set &= set - 1 {
			s := g.slots[place(set)&7]
			if a.orders[s].is(book, id) {
				return s
			}
		}
		if g.past == 0 {
			return 0
		}
	}
}
