package orderbook

import (
	"fmt"
	"math/bits"
	"unsafe"
)

// Most orders that an arena takes: every slot stays below branchTag with a level beside each order,
// and, of a numbered arena, the slot of an order fits into its number.
const (
	ordersLimit   = 1<<30 - 8
	numberedLimit = 1<<numberSlotBits - 8
)

// Arena is the memory of the books of one shard: the slab of orders and levels, the branches of
// the price ladders and the index by order number. All of it is reserved by NewArena, and what was
// freed last is taken first, so what is warm follows what is live.
//
// An Arena and its books belong to one goroutine.
type Arena struct {
	// The types have room for every 32-bit slot, so that the compiler needs no check of bounds; how much is there, the
	// counters say. A closed arena has none, and a look at nil panics.
	orders   *[1 << 32]order  // the slab
	levels   *[1 << 32]level  // the same slab
	branches *[1 << 32]branch // see ladder.go

	freeSlot    uint32 // first of the freed slots of orders, 0 if none
	freshSlot   uint32 // slots from here on were never used by an order
	freeLevel   uint32
	freshLevel  uint32 // slots from here downwards were never used by a level
	freeBranch  uint32
	freshBranch uint32

	live     int
	cap      int
	room     int // how many can be live: cap, less the slots whose numbers are used up. No slot is left where live is above it
	numbered bool

	cold     []cold // by the slot of an order
	arrivals uint64 // orders ever collected for an auction
	pans     panTrees
	books    []*Book
	memory   []byte // all of the above
	index    index  // of the orders of all books; not used by a numbered arena
}

// slab returns both views of the slab, which are one pointer. A command that keeps them needs neither to read it again
// after each store nor to look whether it is nil.
func (a *Arena) slab() (*[1 << 32]order, *[1 << 32]level) {
	orders := a.orders
	return orders, (*[1 << 32]level)(unsafe.Pointer(orders))
}

// nodes returns how large the slab is: slot 0, an order and a level of its own for each order, and one of each
// for the order that a command holds in its hands.
func (a *Arena) nodes() int { return 2*a.cap + 4 }

// branchesMax returns how many branches there are. A branch over single keys has a level at least, and any other
// parts at least two of its like, so there are fewer than two for each level (I6).
func (a *Arena) branchesMax() int { return 2*a.cap + 4 }

// NewArena reserves memory for ordersMax orders resting at the same time, in whatever books and at whatever prices: 56
// bytes for each order, 32 for each occupied price, 13 to 64 for the index, and 12 for each order with a PAN that an
// auction collects, touched as they are needed. It panics if ordersMax is out of range (1 to 2^30-8) or if the address
// space cannot be had. The order numbers are whatever the caller gives.
func NewArena(ordersMax int) *Arena { return mustArena(ordersMax, ordersLimit, false) }

// NewNumberedArena is NewArena for books whose orders carry the numbers that NextID gives, for at
// most 2^24-8 orders. It has no index, and an order is found in its place.
func NewNumberedArena(ordersMax int) *Arena { return mustArena(ordersMax, numberedLimit, true) }

func mustArena(ordersMax, limit int, numbered bool) *Arena {
	if ordersMax < 1 || ordersMax > limit {
		panic(fmt.Sprintf("orderbook: an arena of %d orders, want 1 to %d", ordersMax, limit))
	}
	a, err := newArena(ordersMax, numbered)
	if err != nil {
		panic("orderbook: " + err.Error())
	}
	return a
}

// newArena returns an arena for a number of orders that is in range. The error is about the address space.
func newArena(ordersMax int, numbered bool) (*Arena, error) {
	groups, regions := 1<<max(indexBitsMin, bits.Len(uint((ordersMax+1)/growAt))+1), 2
	if numbered {
		groups, regions = 0, 0
	}
	panSize := 1 << bits.Len(uint(ordersMax))

	a := &Arena{cap: ordersMax, room: ordersMax, numbered: numbered, freshSlot: 1, freshBranch: 1}
	a.freshLevel = uint32(a.nodes() - 1)
	memory, err := reserve(a.nodes()*nodeSize + regions*groups*groupSize + a.branchesMax()*branchSize + (ordersMax+2)*(coldSize+panBelowSize) + panSize*panRootSize)
	if err != nil {
		return nil, err
	}
	a.memory = memory
	rest := unsafe.Pointer(&a.memory[0])
	a.orders = (*[1 << 32]order)(rest)
	a.levels = (*[1 << 32]level)(rest)
	rest = unsafe.Add(rest, a.nodes()*nodeSize)
	for i := range regions {
		a.index.regions[i] = unsafe.Slice((*group)(rest), groups)
		rest = unsafe.Add(rest, groups*groupSize)
	}
	a.branches = (*[1 << 32]branch)(rest)
	rest = unsafe.Add(rest, a.branchesMax()*branchSize)
	a.cold = unsafe.Slice((*cold)(rest), ordersMax+2)
	rest = unsafe.Add(rest, (ordersMax+2)*coldSize)
	a.pans.below = unsafe.Slice((*[2]uint32)(rest), ordersMax+2)
	rest = unsafe.Add(rest, (ordersMax+2)*panBelowSize)
	a.pans.roots = unsafe.Slice((*uint32)(rest), panSize)
	if !numbered {
		a.index.start()
	}
	return a, nil
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

// Live returns how many orders rest or wait in the books of the arena.
func (a *Arena) Live() int { return a.live }

// Cap returns how many orders can rest and wait at the same time.
func (a *Arena) Cap() int { return a.cap }

// Slots returns the number of slots: every Slot is greater than NoSlot and less than Slots().
// Whoever keeps facts by slot sizes by it.
func (a *Arena) Slots() int { return len(a.cold) }

// take hands out a slot for an order: the one freed last, or a fresh one.
func (a *Arena) take() uint32 {
	s := a.freeSlot
	if s == 0 {
		s = a.freshSlot
		if int(s) == len(a.cold) {
			panic("orderbook: the numbers of all slots are used up")
		}
		a.freshSlot++
		return s
	}
	a.freeSlot = a.orders[s].next
	return s
}

// give takes a slot back.
func (a *Arena) give(s uint32) {
	if a.numbered {
		o := &a.orders[s]
		o.id += numberStep
		if o.id >= numberLimit {
			o.flags = 0
			a.room--
			return
		}
	}
	a.free(s)
}

// free is give of a slot whose number, if it has one of its own, is a new one.
func (a *Arena) free(s uint32) {
	orders, _ := a.slab()
	o := &orders[s]
	o.next, o.flags = a.freeSlot, 0
	a.freeSlot = s
}

// takeLevel hands out a slot for a level.
func (a *Arena) takeLevel() uint32 {
	v := a.freeLevel
	if v == 0 {
		v = a.freshLevel
		a.freshLevel--
		return v
	}
	a.freeLevel = a.levels[v].head
	return v
}

// giveLevel takes the slot of a level back.
func (a *Arena) giveLevel(v uint32) {
	a.levels[v].head = a.freeLevel
	a.freeLevel = v
}

// takeBranch hands out a branch that parts keys with a prefix at shift and has no children yet.
func (a *Arena) takeBranch(shift, prefix uint32) uint32 {
	n := a.freeBranch
	if n == 0 {
		n = a.freshBranch
		a.freshBranch++
	} else {
		a.freeBranch = a.branches[n].child[0]
	}
	br := &a.branches[n]
	br.bits, br.shift, br.prefix = 0, shift, prefix
	return n
}

// giveBranch takes a branch back.
func (a *Arena) giveBranch(n uint32) {
	a.branches[n].child[0] = a.freeBranch
	a.freeBranch = n
}
