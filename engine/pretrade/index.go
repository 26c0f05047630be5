//tezi:pure

package pretrade

import "math/bits"

// index finds a row by its key: open addressing with linear probing, at most half full, so that a probe ends after one
// or two entries. No row is taken out but the last one that came, at once. The hash has no seed that could differ
// between machines; client numbers that collide on purpose cost time and nothing else, and they are the exchange's to
// give.
//
// Its table follows the rows: one that is half full is followed by one of twice the size, into which each row that
// comes, and each look, takes some of the old ones along, so that no order waits for the move, and none has to look
// into two tables for long. Where there is room for 16 million positions and a day meets 300,000, each probe would
// otherwise be a trip to the memory, and is one into the cache.
type index struct {
	table
	old   table   // before this one, while what it has is moved; without entries: nothing is
	moved int     // of old's entries
	rows  int     //
	all   []entry // a table of n entries lies at n, so that all of them fit into twice the largest
}

// table is a power of two of entries.
type table struct {
	entries []entry
	mask    uint32
	shift   uint32 // 32 less the number of bits of a home
}

// entry is the tag of a key in its upper half and the row, from 1, in its lower; 0 is no entry.
type entry uint64

func (e entry) tag() uint32 { return uint32(e >> 32) }
func (e entry) row() uint32 { return uint32(e) }

const (
	tableMin  = 1 << 10 // entries of the first table
	movedEach = 4       // entries that are looked at for each row or look: twice what is needed until the next growth
)

// entriesFor is how many entries an index for so many rows has, over all its tables.
func entriesFor(rowsMax int) int { return 2 << bits.Len(uint(2*rowsMax-1)) }

// newIndex returns an empty index over all, which are as many as entriesFor says, and zero.
func newIndex(all []entry) index {
	x := index{all: all}
	x.table = x.tableOf(min(tableMin, len(all)/2))
	return x
}

// tableOf is the table of n entries.
func (x *index) tableOf(n int) table {
	return table{entries: x.all[n : 2*n], mask: uint32(n - 1), shift: uint32(32 - bits.Len(uint(n-1)))}
}

// reset takes all rows out. What was never used is not touched.
func (x *index) reset() {
	clear(x.all[:2*len(x.entries)])
	*x = newIndex(x.all)
}

// tagOf hashes a key. Its numbers are dense or patterned; the product folded onto itself spreads any
// pattern.
func tagOf(member uint16, client, instrument uint32) uint32 {
	key := uint64(client)<<32 | uint64(instrument)
	hi, lo := bits.Mul64(key^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93+uint64(member)<<40)
	return uint32(hi ^ lo)
}

// home is where the probe for a tag begins, next where it goes on.
func (t *table) home(tag uint32) uint32 { return tag >> (t.shift & 31) }
func (t *table) next(i uint32) uint32   { return (i + 1) & t.mask }

func (t *table) put(e entry) {
	i := t.home(e.tag())
	for t.entries[i] != 0 {
		i = t.next(i)
	}
	t.entries[i] = e
}

// moving reports whether a key that the table does not have may be in the old one.
func (x *index) moving() bool { return len(x.old.entries) > 0 }

// insert adds the entry of a key that has none.
func (x *index) insert(tag, row uint32) {
	if n := len(x.entries); 2*(x.rows+1) > n && 4*n <= len(x.all) {
		if x.moving() {
			panic("pretrade: P6: an index grows before it has moved")
		}
		x.old, x.moved, x.table = x.table, 0, x.tableOf(2*n)
	}
	if x.moving() {
		x.move() // first: so nothing has gone past the new entry when it is taken back
	}
	x.put(entry(tag)<<32 | entry(row))
	x.rows++
}

// takeBack takes out the entry that insert has just put in.
func (x *index) takeBack(tag, row uint32) {
	i := x.home(tag)
	for x.entries[i] != entry(tag)<<32|entry(row) {
		i = x.next(i)
	}
	x.entries[i] = 0
	x.rows--
}

// move takes the next few entries of the old table over. They stay there, too: nobody finds them before those.
func (x *index) move() {
	for _, e := range x.old.entries[x.moved : x.moved+movedEach] {
		if e != 0 {
			x.put(e)
		}
	}
	if x.moved += movedEach; x.moved == len(x.old.entries) {
		x.old = table{}
	}
}
