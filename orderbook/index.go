package orderbook

import "math/bits"

// index finds the slot of a live order by book and order number: open addressing with linear
// probing, at most half full, so that a probe ends after one or two entries. There are no
// tombstones: a removal shifts the entries behind it back.
//
// The table follows the number of live orders. When it gets too full or too empty, a table of
// twice or half the size is started in the other region, and every insertion and removal from then
// on moves a few entries over, so no single command pays for the change. A table is left empty,
// that is all zero, and needs no clearing when its region is used again.
type index struct {
	now     table      // entries are added here
	old     table      // what is left of the table before, while it has entries
	cursor  uint32     // old has none below it
	regions [2][]entry // of tables of even and of odd size: now and old are neighbours in size
}

const (
	indexBitsMin = 6
	// indexSteps is how far an insertion or removal drives the move out of the old table; a step
	// passes a free slot or moves an entry. A table of n slots is left with n/2 entries, and then there
	// are n/2 insertions until the next change, or with n/8, and then there are n/16 removals.
	// 18 steps would do.
	indexSteps = 24
)

// entry is the tag of a key in its upper half and the slot in its lower; 0 is no entry.
type entry uint64

const entrySize = 8

func newEntry(tag, slot uint32) entry { return entry(tag)<<32 | entry(slot) }
func (e entry) tag() uint32           { return uint32(e >> 32) }
func (e entry) slot() uint32          { return uint32(e) }

// tagOf hashes a key. Order numbers come from the venue, dense or patterned as it likes; the
// product folded onto itself spreads any pattern.
func tagOf(book uint32, id OrderID) uint32 {
	hi, lo := bits.Mul64((uint64(id)^0x9e3779b97f4a7c15)+uint64(book)<<40, 0xd6e8feb86659fd93)
	return uint32(hi ^ lo)
}

// start gives the index its first table, once it has its regions.
func (x *index) start() { x.now = x.tableOf(indexBitsMin) }

// tableOf returns an empty table of 2^size slots.
func (x *index) tableOf(size uint32) table {
	return table{entries: x.regions[size&1][:1<<size], mask: 1<<size - 1, shift: 32 - size}
}

// insert adds the entry of a key that has none.
func (x *index) insert(tag, slot uint32) {
	if x.old.live != 0 {
		x.move()
	} else if x.now.live > x.now.mask/2 {
		x.resize(33 - x.now.shift)
	}
	x.now.insert(newEntry(tag, slot))
}

// remove takes out the entry of a key that has one.
func (x *index) remove(tag, slot uint32) {
	e := newEntry(tag, slot)
	if x.old.live == 0 {
		x.now.remove(e)
		if x.now.live < x.now.mask/8 && x.now.shift < 32-indexBitsMin {
			x.resize(31 - x.now.shift)
		}
		return
	}
	if !x.now.remove(e) {
		x.old.remove(e)
	}
	x.move()
}

// resize starts the move into a table of 2^size slots.
func (x *index) resize(size uint32) {
	x.old, x.now, x.cursor = x.now, x.tableOf(size), 0
}

// move carries the move on. The old table is a sound table at every step: it only loses entries.
func (x *index) move() {
	for range indexSteps {
		if x.old.live == 0 {
			return
		}
		if e := x.old.entries[x.cursor]; e != 0 {
			x.old.removeAt(x.cursor)
			x.now.insert(e)
		} else {
			x.cursor++
		}
	}
}

// table is a power of two of slots. The home of an entry is the top bits of its tag; it lies there
// or, with no free slot between, behind.
type table struct {
	entries []entry
	mask    uint32
	shift   uint32 // 32 less the number of bits of a home
	live    uint32
}

func (t *table) home(tag uint32) uint32 { return tag >> (t.shift & 31) }

func (t *table) insert(e entry) {
	i := t.home(e.tag())
	for t.entries[i] != 0 {
		i = (i + 1) & t.mask
	}
	t.entries[i] = e
	t.live++
}

// remove reports whether e was there to be removed.
func (t *table) remove(e entry) bool {
	for i := t.home(e.tag()); t.entries[i] != 0; i = (i + 1) & t.mask {
		if t.entries[i] == e {
			t.removeAt(i)
			return true
		}
	}
	return false
}

// removeAt frees slot hole: the entries behind it that may lie there, because their home is not
// between, move up.
func (t *table) removeAt(hole uint32) {
	for i := hole; ; {
		i = (i + 1) & t.mask
		e := t.entries[i]
		if e == 0 {
			break
		}
		if i-t.home(e.tag()) >= i-hole { // also across the end, where the differences wrap
			t.entries[hole] = e
			hole = i
		}
	}
	t.entries[hole] = 0
	t.live--
}

// find returns the slot of the live order with this number in this book, or 0.
func (a *Arena) find(tag, book uint32, id OrderID) uint32 {
	if s := a.findIn(&a.index.now, tag, book, id); s != 0 || a.index.old.live == 0 {
		return s
	}
	return a.findIn(&a.index.old, tag, book, id)
}

func (a *Arena) findIn(t *table, tag, book uint32, id OrderID) uint32 {
	for i := t.home(tag); ; i = (i + 1) & t.mask {
		e := t.entries[i]
		if e == 0 {
			return 0
		}
		if e.tag() == tag {
			if o := &a.orders[e.slot()]; o.id == id && o.book == book {
				return e.slot()
			}
		}
	}
}
