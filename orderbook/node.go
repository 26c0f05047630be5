package orderbook

import "unsafe"

// Orders and occupied price levels live in one slab of 32-byte nodes, two to a cache line, and
// refer to each other by 32-bit slots. The slab is seen through two types of the same size:
//
//	          0      4      8              16     20      24       28
//	order   | next | prev | id           | qty  | level | book   | side ... |
//	level   | head | tail | qty          | count| key   | better | worse    |
//
// The first two words agree, so a level is the sentinel of the circle of its own orders, and an
// order is linked or unlinked without asking whether it is the first or the last. A free node
// keeps the next free slot in its first word.
//
// Slot 0 is no node's. As an order it matches no id; as a level its key is 0, worse than every
// price, so an empty side, whose best level is 0, is crossed by nobody (I8).

type order struct {
	next, prev uint32 // neighbours in the circle of the level, in time priority
	id         OrderID
	qty        Qty    // > 0
	level      uint32 // its sentinel
	book       uint32 // number of its book in the arena, from 1
	side       Side
	_          [3]byte // flags of later rules: disclosed quantity, self-trade bit
}

type level struct {
	head, tail    uint32 // first and last order; the level's own slot if it has none (only in passing)
	qty           uint64 // sum over the orders
	count         uint32 // number of orders
	key           uint32 // price, turned so that better is greater
	better, worse uint32 // neighbours in the list of levels, 0 at its ends
}

const nodeSize = 32

// The two views must agree in size and in the links; checked at compile time.
var (
	_ [nodeSize]byte = [unsafe.Sizeof(order{})]byte{}
	_ [nodeSize]byte = [unsafe.Sizeof(level{})]byte{}
	_ [0]byte        = [unsafe.Offsetof(order{}.next) - unsafe.Offsetof(level{}.head)]byte{}
	_ [0]byte        = [unsafe.Offsetof(order{}.prev) - unsafe.Offsetof(level{}.tail)]byte{}
)
