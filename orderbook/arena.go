package orderbook

import (
	"fmt"
	"math/bits"
	"unsafe"
)

// ordersLimit keeps every slot below branchTag with a level beside each order.
const ordersLimit = 1<<30 - 2

// Arena is the memory of the books of one shard: the slab of orders and levels, the branches of
// the price ladders and the index by order number. All of it is reserved by NewArena and used
// from the bottom up, last freed first taken again, so what is warm follows what is live.
//
// An Arena and its books belong to one goroutine.
type Arena struct {
	orders   []order  // the slab
	levels   []level  // the same slab
	branches []branch // see ladder.go
	index    index    // of the orders of all books

	freeSlot    uint32 // first of the freed slots, 0 if none
	freshSlot   uint32 // slots from here on were never used
	freeBranch  uint32
	freshBranch uint32

	live   int
	cap    int
	books  []*Book
	memory []byte // all of the above
}

// NewArena reserves memory for ordersMax orders resting at the same time, in whatever books and at
// whatever prices: 32 bytes for each order and each occupied price, and 16 to 32 for the index,
// touched as they are needed. It panics if ordersMax is out of range (1 to 2^30-2) or if the
// address space cannot be had.
func NewArena(ordersMax int) *Arena {
	if ordersMax < 1 || ordersMax > ordersLimit {
		panic(fmt.Sprintf("orderbook: an arena of %d orders, want 1 to %d", ordersMax, ordersLimit))
	}
	// Slot 0, and an order and a level of its own for each order; even, to keep what follows in memory
	// aligned to cache lines.
	slots := 2*ordersMax + 2
	// Every branch parts at least two levels, so there are fewer branches than levels (I6).
	branches := ordersMax + 1
	indexSize := 1 << max(indexBitsMin, bits.Len(uint(2*ordersMax-1)))

	a := &Arena{cap: ordersMax, freshSlot: 1, freshBranch: 1}
	a.memory = reserve(slots*nodeSize + 2*indexSize*entrySize + branches*branchSize)
	rest := unsafe.Pointer(&a.memory[0])
	a.orders = unsafe.Slice((*order)(rest), slots)
	a.levels = unsafe.Slice((*level)(rest), slots)
	rest = unsafe.Add(rest, slots*nodeSize)
	for i := range a.index.regions {
		a.index.regions[i] = unsafe.Slice((*entry)(rest), indexSize)
		rest = unsafe.Add(rest, indexSize*entrySize)
	}
	a.branches = unsafe.Slice((*branch)(rest), branches)
	a.index.start()
	return a
}

// Close gives the memory back, which a forgotten arena keeps until the process ends. The arena and
// its books must not be used afterwards; a command or a look at a book then panics. A second Close
// does nothing.
func (a *Arena) Close() {
	if memory := a.memory; memory != nil {
		*a = Arena{}
		unreserve(memory)
	}
}

// Live returns how many orders rest in the books of the arena.
func (a *Arena) Live() int { return a.live }

// Cap returns how many orders can rest at the same time.
func (a *Arena) Cap() int { return a.cap }

// Slots returns the number of slots: every Slot is greater than NoSlot and less than Slots(). It is
// more than Cap, because price levels take slots too. Whoever keeps facts by slot sizes by it.
func (a *Arena) Slots() int { return len(a.orders) }

// take hands out a slot: the one freed last, or a fresh one.
func (a *Arena) take() uint32 {
	s := a.freeSlot
	if s == 0 {
		s = a.freshSlot
		a.freshSlot++
		return s
	}
	a.freeSlot = a.orders[s].next
	return s
}

// give takes a slot back.
func (a *Arena) give(s uint32) {
	a.orders[s].next = a.freeSlot
	a.freeSlot = s
}

// takeBranch hands out a branch that parts keys at shift and has no children yet.
func (a *Arena) takeBranch(shift uint32) uint32 {
	n := a.freeBranch
	if n == 0 {
		n = a.freshBranch
		a.freshBranch++
	} else {
		a.freeBranch = a.branches[n].child[0]
	}
	br := &a.branches[n]
	br.bits, br.shift = 0, shift
	return n
}

// giveBranch takes a branch back.
func (a *Arena) giveBranch(n uint32) {
	a.branches[n].child[0] = a.freeBranch
	a.freeBranch = n
}
