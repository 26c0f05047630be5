package ledger

import (
	"math/rand/v2"
	"slices"
)

// Key names a row of a role's table: who, in which instrument.
type Key struct {
	Owner      uint64
	Instrument uint32
}

// Index finds rows by Key. It is a table with open addressing, four slots to a cache line, so that
// a lookup costs one cache miss; with every pair of parties equally likely the lookups are what a
// role spends its time on, and Go's map needs 1.4 to 3 times as long (BenchmarkIndex). Rows are never
// taken out.
//
// The hash is seeded anew in each process, so that nobody can choose client numbers that collide.
// No result depends on it: rows are numbered in the order in which they came.
type Index struct {
	memory  memory[indexSlot]
	slots   []indexSlot // the memory: a power of two, at most half of them in use
	used    uint32
	seed    uint64
	hashes  []uint64 // scratch of Find
	touched uint32   // nobody reads it: it keeps the touching loop of Find
}

// indexSlot holds row+1; 0 means that the slot is free.
type indexSlot struct {
	owner      uint64
	instrument uint32
	row        uint32
}

const indexSlotsMin = 2 * rowsMin

// NewIndex returns an empty Index.
func NewIndex() *Index {
	x := &Index{seed: rand.Uint64()}
	x.memory = make0[indexSlot](x, indexSlotsMin)
	x.slots = x.memory.values
	return x
}

// Len is the number of rows.
func (x *Index) Len() int { return int(x.used) }

// Row returns the row of k. If k has none, it gets the next one, Len() before the call, and fresh
// is true.
func (x *Index) Row(k Key) (row uint32, fresh bool) { return x.row(k, x.hash(k)) }

// Find appends the row of each key to rows. Keys without one get the next ones in their order: the
// caller knows them by their number, which is the number of rows that it has itself.
//
// Before it looks for any of them it touches where all of them should be, in a loop of nothing else.
// So the cache misses, which are what a lookup costs, wait together and not one after the other.
func (x *Index) Find(keys []Key, rows []uint32) []uint32 {
	x.hashes = slices.Grow(x.hashes[:0], len(keys))[:len(keys)]
	for i := range keys {
		x.hashes[i] = x.hash(keys[i])
	}
	x.touch()
	for i := range keys {
		row, _ := x.row(keys[i], x.hashes[i])
		rows = append(rows, row)
	}
	return rows
}

// touch loads the slots of all hashes. The sum keeps the compiler from leaving the loads out.
func (x *Index) touch() {
	slots, mask := x.slots, uint64(len(x.slots)-1)
	for _, h := range x.hashes {
		x.touched += slots[h&mask].row
	}
}

func (x *Index) row(k Key, hash uint64) (row uint32, fresh bool) {
	mask := uint64(len(x.slots) - 1)
	for i := hash; ; i++ {
		s := &x.slots[i&mask]
		if s.row == 0 {
			break
		}
		if s.owner == k.Owner && s.instrument == k.Instrument {
			return s.row - 1, false
		}
	}
	if int(x.used)*2 >= len(x.slots) {
		x.grow()
	}
	x.used++
	x.put(indexSlot{owner: k.Owner, instrument: k.Instrument, row: x.used})
	return x.used - 1, true
}

// put stores a slot whose key is not there.
func (x *Index) put(s indexSlot) {
	mask := uint64(len(x.slots) - 1)
	i := x.hash(Key{Owner: s.owner, Instrument: s.instrument})
	for x.slots[i&mask].row != 0 {
		i++
	}
	x.slots[i&mask] = s
}

func (x *Index) grow() {
	old := x.memory
	x.memory = make0[indexSlot](x, 2*len(old.values))
	x.slots = x.memory.values
	for _, s := range old.values {
		if s.row != 0 {
			x.put(s)
		}
	}
	old.drop()
}

// hash mixes all bits of k into the low ones.
func (x *Index) hash(k Key) uint64 {
	h := (k.Owner ^ x.seed) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h = (h ^ uint64(k.Instrument)) * 0xbf58476d1ce4e5b9
	h ^= h >> 29
	h *= 0x94d049bb133111eb
	return h ^ h>>32
}
