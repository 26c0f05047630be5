//tezi:pure

package pretrade

import "math/bits"

// index finds a row by its key: open addressing with linear probing, at most half full, so that a
// probe ends after one or two entries. Rows are never taken out. The hash has no seed that could
// differ between machines; client numbers that collide on purpose cost time and nothing else, and
// they are the exchange's to give.
type index struct {
	entries []entry // a power of two
	mask    uint32
	shift   uint32 // 32 less the number of bits of a home
}

// entry is the tag of a key in its upper half and the row, from 1, in its lower; 0 is no entry.
type entry uint64

func (e entry) tag() uint32 { return uint32(e >> 32) }
func (e entry) row() uint32 { return uint32(e) }

// entriesFor is how many entries an index for so many rows has.
func entriesFor(rowsMax int) int { return 1 << bits.Len(uint(2*rowsMax-1)) }

// newIndex returns an empty index over entries, which are all zero and a power of two.
func newIndex(entries []entry) index {
	size := bits.Len(uint(len(entries) - 1))
	return index{entries: entries, mask: uint32(len(entries) - 1), shift: uint32(32 - size)}
}

// tagOf hashes a key. Its numbers are dense or patterned; the product folded onto itself spreads any
// pattern.
func tagOf(member uint16, client, instrument uint32) uint32 {
	key := uint64(client)<<32 | uint64(instrument)
	hi, lo := bits.Mul64(key^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93+uint64(member)<<40)
	return uint32(hi ^ lo)
}

// home is where the probe for a tag begins, next where it goes on.
func (x *index) home(tag uint32) uint32 { return tag >> (x.shift & 31) }
func (x *index) next(i uint32) uint32   { return (i + 1) & x.mask }

// insert adds the entry of a key that has none.
func (x *index) insert(tag, row uint32) {
	i := x.home(tag)
	for x.entries[i] != 0 {
		i = x.next(i)
	}
	x.entries[i] = entry(tag)<<32 | entry(row)
}
