package orderbook

import "unsafe"

// Orders and occupied price levels live in one slab of 32-byte nodes, two to a cache line, and
// refer to each other by 32-bit slots. The slab is seen through two types of the same size:
//
//	          0      4      8              16     20      24       28
//	order   | next | prev | id           | qty  | level | pan    | flags    |
//	level   | head | tail | qty          | count| key   | parent | parts    |
//
// The first two words agree, so a level is the sentinel of the circle of its own orders, and an
// order is linked or unlinked without asking whether it is the first or the last. A free node
// keeps the next free slot in its first word, and an order's keeps its number.
//
// Orders take slots from the bottom, levels from the top, so that a slot that has held an order
// never holds a level.
//
// Slot 0 is no node's. As an order it matches no id; as a level its key is 0, worse than every
// price, so an empty side, whose best level is 0, is crossed by nobody (I8).

type order struct {
	next, prev uint32 // neighbours in the circle of the level, in time priority
	id         OrderID
	qty        Qty    // what it shows, or the whole of one that waits; > 0
	level      uint32 // its sentinel
	pan        PAN
	flags      uint32 // book number and the flags below; 0: the slot is free
}

type level struct {
	head, tail uint32 // first and last order; the level's own slot if it has none (only in passing)
	qty        uint64 // sum over what the orders show
	count      uint32 // number of orders
	key        uint32 // price, turned so that better is greater
	parent     uint32 // the branch that it hangs below, 0 if it is the whole tree
	parts      uint32 // 1: one of its orders may show itself in parts; 0: none does
}

// The flags of an order, in the low byte of its flags. The book's number is above.
const (
	isSell      = 1 << 0
	isDisclosed = 1 << 1 // it shows itself part by part: see cold
	isWaiting   = 1 << 2 // a stop-loss order that has not entered: in a trigger ladder or in the queue
	isReached   = 1 << 3 // it waits in the queue
	isMarket    = 1 << 4 // without a limit: in an auction, or while it waits
	isActive    = 1 << 5 // Order.CancelActive
	tifBits     = 3 << 6 // Day, GTC or GTD
	bookShift   = 8      // shift of the book's number
	bookMax     = 1<<24 - 1

	ofAny = isSell | isActive | tifBits // what an order may have that needs no other treatment: see Book.plain
)

// tifFlags packs a validity that may rest.
func tifFlags(t TimeInForce) uint32 {
	if t == Day {
		return 0
	}
	return uint32(t-FOK) << 6
}

func (o *order) tif() TimeInForce {
	if t := o.flags & tifBits >> 6; t != 0 {
		return FOK + TimeInForce(t)
	}
	return Day
}

// is reports whether it is the live order with this number in this book.
func (o *order) is(book uint32, id OrderID) bool { return o.id == id && o.flags>>bookShift == book }

// alone makes it the only order of level v.
func (o *order) alone(v uint32) { o.level, o.next, o.prev = v, v, v }

// begin makes it the level of this key, with the order in slot s alone, which shows qty.
func (lv *level) begin(key, s uint32, qty Qty) {
	lv.head, lv.tail, lv.qty, lv.count, lv.key, lv.parts = s, s, uint64(qty), 1, key, 0
}

// of returns 0 for a bid and 1 for an ask: the index of its side.
func (o *order) of() uint32 { return o.flags & isSell }

func (o *order) side() Side { return Buy + Side(o.flags&isSell) }

// cold is what few orders need, by slot. A field has a meaning only under the flag that says so.
type cold struct {
	hidden  Qty    // isDisclosed: what it does not show yet
	part    Qty    // isDisclosed: what it shows at a time
	price   Price  // isWaiting: its limit, unless isMarket
	trigger Price  // isWaiting
	arrival uint64 // when it was collected for an auction, in the count of Arena.arrivals
}

const (
	nodeSize = 32
	coldSize = 24
)

// The two views must agree in size and in the links; checked at compile time.
var (
	_ [nodeSize]byte = [unsafe.Sizeof(order{})]byte{}
	_ [nodeSize]byte = [unsafe.Sizeof(level{})]byte{}
	_ [coldSize]byte = [unsafe.Sizeof(cold{})]byte{}
	_ [0]byte        = [unsafe.Offsetof(order{}.next) - unsafe.Offsetof(level{}.head)]byte{}
	_ [0]byte        = [unsafe.Offsetof(order{}.prev) - unsafe.Offsetof(level{}.tail)]byte{}
)
