package orderbook

// Book is the order book of one instrument. Its commands say what happened by their results and
// fills; a refused command changes nothing. None of them allocates.
type Book struct {
	arena      *Arena
	number     uint32    // of this book in the arena, from 1
	plain      uint32    // flags of its orders, but for ofAny, that Cancel and Modify treat alike; of none while an auction collects
	last       Price     // of the last trade, 0 before the first
	sides      [2]ladder // orders in the market: bids, asks
	stops      [2]ladder // stop-loss orders by their triggers: to buy, to sell
	queue      uint32    // level without a price: stop-loss orders that were reached; 0: none
	collecting bool      // a call auction: orders are collected and do not match
	hold       bool      // the last price reaches no trigger
}

// NewBook returns an empty book whose orders live in a.
func NewBook(a *Arena) *Book {
	if len(a.books) == bookMax {
		panic("orderbook: more books in an arena than 2^24-1")
	}
	b := &Book{arena: a, number: uint32(len(a.books)) + 1}
	b.setCollecting(false)
	a.books = append(a.books, b)
	return b
}

// setCollecting says whether an auction collects orders.
func (b *Book) setCollecting(on bool) {
	b.collecting = on
	b.plain = b.number << bookShift
	if on {
		b.plain = ^uint32(0)
	}
}

// file puts the newest order of either side into its queue. Whoever looks at queues, or changes more of them than an
// order leaves, begins with it.
func (b *Book) file() {
	b.arena.file(&b.sides[0])
	b.arena.file(&b.sides[1])
}

// SetRange sets the execution range: from now on an order that comes in trades only at prices from low to
// high, both allowed; 0 is no bound. What is left of an order whose limit goes beyond is cancelled with
// CauseRange; of a market order only if somebody rests there, else it is a remainder. (NSE: trade execution
// range, limit price protection)
func (b *Book) SetRange(low, high Price) {
	b.sides[0].within, b.sides[1].within = 0, 0
	if low > 0 {
		b.sides[0].within = keyOf(0, low)
	}
	if high > 0 {
		b.sides[1].within = keyOf(1, high)
	}
}

// Range returns what SetRange has set.
func (b *Book) Range() (low, high Price) {
	if k := b.sides[0].within; k != 0 {
		low = priceOf(0, k)
	}
	if k := b.sides[1].within; k != 0 {
		high = priceOf(1, k)
	}
	return low, high
}

// guess returns the one slot where the order with this number is, if it is live and at hand, and the hash of the number.
func (b *Book) guess(id OrderID) (s, hash uint32) {
	a := b.arena
	if !a.numbered {
		hash = hashOf(b.number, id)
		return a.index.young[hash%youngMax], hash
	}
	if s = uint32(id) & numberSlotMask; s >= a.freshSlot {
		s = 0
	}
	return s, 0
}

// find returns the slot of the live order with this number, or 0, and the hash of the number.
func (b *Book) find(id OrderID) (s, hash uint32) {
	s, hash = b.guess(id)
	if !b.arena.orders[s].is(b.number, id) {
		s = b.arena.search(hash, b.number, id)
	}
	return s, hash
}

// Add enters an order: it trades with the other side as far as its price goes, and what is left
// rests or, of an IOC or market order, is cancelled. A stop-loss order waits for its trigger; while
// an auction collects orders, the order is collected.
//
// The fills are appended to fills, which never grows: when it is full, that is len(fills) equals
// cap(fills), matching stops, what is left is cancelled, and the cause is CauseFillLimit. So may a FOK order
// that can be filled whole, but not by so few fills, be filled in part.
//
// With as many orders live as the arena takes, an order that would rest without trading is refused
// with RejectBookFull. One that trades is not: if some of it is left, a maker has gone. (In a numbered
// arena whose last slot has used up its numbers while all others are taken, every entry is.)
func (b *Book) Add(o *Order, fills []Fill) ([]Fill, Result) {
	side := uint32(o.Side) - uint32(Buy)
	if o.Market || uint32(o.Trigger)|uint32(o.Disclosed) != 0 || side > 1 || o.Qty == 0 || o.Price <= 0 || o.TIF > IOC || b.collecting {
		return b.addOther(o, fills)
	}
	live, hash := b.find(o.ID)
	a := b.arena
	if live != 0 || a.numbered && o.ID != a.NextID() {
		return fills, Refused(RejectDuplicateOrder)
	}
	key := keyOf(side, o.Price)
	meets := b.meets(side^1, ^key)
	if a.live > a.room || a.live == a.room && o.TIF == Day && !meets {
		return fills, Refused(RejectBookFull)
	}
	s := a.take() // before trade, which frees the slots of makers (I9)
	n, left, cause := &a.orders[s], o.Qty, CauseNone
	n.id = o.ID
	if meets {
		if other := &b.sides[side^1]; other.newestKey >= ^key {
			a.file(other)
		}
		fills, left, cause = b.trade(side^1, ^key, taker{o.Qty, o.PAN, o.CancelActive}, fills)
	}
	if left == 0 || cause != CauseNone || o.TIF == IOC {
		a.give(s)
		if left != 0 && cause == CauseNone {
			cause = CauseRemainder
		}
		return fills, Remainder(left, cause)
	}
	n.qty, n.pan, n.flags = left, o.PAN, b.number<<bookShift|side
	if o.CancelActive {
		n.flags |= isActive
	}
	l := &b.sides[side]
	a.file(l)
	l.newest, l.newestKey = s, key
	if !a.numbered {
		a.enlist(hash, s)
	}
	a.live++
	return fills, Result{Resting: left, Slot: Slot(s)}
}

// Cancel takes a live order out, whether it rests or waits. The result says how much of it was left,
// and where it rested.
func (b *Book) Cancel(id OrderID) Result {
	a := b.arena
	orders, levels := a.slab()
	var s uint32
	if a.numbered { // this is guess, with all that differs in one place: what follows needs nothing on the stack before
		s = uint32(id) & numberSlotMask
		if s >= a.freshSlot || orders[s].id != id {
			return Refused(RejectUnknownOrder)
		}
		if orders[s].flags&^ofAny != b.plain || id >= numberLimit-numberStep { // the last number of a slot: see give
			return b.cancelOther(id)
		}
		orders[s].id = id + numberStep
	} else {
		hash := hashOf(b.number, id)
		at := &a.index.young[hash%youngMax]
		if s = *at; orders[s].id == id && orders[s].flags&^ofAny == b.plain {
			*at = 0
		} else if s = b.delistPlain(hash, id); s == 0 {
			return Refused(RejectUnknownOrder)
		} else if orders[s].flags&^ofAny != b.plain {
			return b.cancelOther(id)
		}
	}
	o := &orders[s]
	next, prev, v, left, l := o.next, o.prev, o.level, o.qty, &b.sides[o.flags&isSell]
	a.live--
	a.free(s)
	if s == l.newest {
		l.newest, l.newestKey = 0, 0
		return Result{Slot: Slot(s), Cancelled: left}
	}
	if lv := &levels[v]; lv.count != 1 { // this is Arena.leave, with what is called last: it needs no room on the stack before
		orders[prev].next = next
		orders[next].prev = prev
		lv.qty -= uint64(left)
		lv.count--
		return Result{Slot: Slot(s), Cancelled: left}
	}
	a.settle(l, v)
	return Result{Slot: Slot(s), Cancelled: left}
}

// delistPlain finds the live order with this number, and takes its entry out of the table of the index if it is a plain
// one, which is not at hand. It returns its slot, or 0.
func (b *Book) delistPlain(hash uint32, id OrderID) uint32 {
	a := b.arena
	s := a.find(hash, b.number, id)
	if s != 0 && a.orders[s].flags&^ofAny == b.plain {
		a.delistOld(hash, s)
	}
	return s
}

// cancelOther is Cancel of any order, with nothing done in advance.
func (b *Book) cancelOther(id OrderID) Result {
	b.file()
	s, hash := b.find(id)
	if s == 0 {
		return Refused(RejectUnknownOrder)
	}
	r := Result{Slot: Slot(s), Cancelled: b.total(s)}
	b.unlink(s)
	b.forget(hash, s)
	return r
}

// Reduce takes by off a live order, which keeps its place; the whole quantity takes it out. What the
// order does not show goes first. More than the whole, or nothing, is refused with RejectQuantity.
func (b *Book) Reduce(id OrderID, by Qty) Result {
	if by == 0 {
		return Refused(RejectQuantity)
	}
	s, hash := b.find(id)
	if s == 0 {
		return Refused(RejectUnknownOrder)
	}
	b.file()
	left := b.total(s)
	switch {
	case by > left:
		return Refused(RejectQuantity)
	case by == left:
		b.unlink(s)
		b.forget(hash, s)
		return Result{Slot: Slot(s), Cancelled: by}
	}
	b.shrink(s, left-by)
	return Result{Resting: left - by, Slot: Slot(s), Cancelled: by}
}

// total returns what is left of the order in slot s, shown or not.
func (b *Book) total(s uint32) Qty {
	o := &b.arena.orders[s]
	if o.flags&(isDisclosed|isWaiting) == isDisclosed {
		return o.qty + b.arena.cold[s].hidden
	}
	return o.qty
}

// shrink makes the total of the order in slot s to be to, less than before, from what is hidden first.
func (b *Book) shrink(s uint32, to Qty) {
	o := &b.arena.orders[s]
	shown := min(o.qty, to)
	b.arena.levels[o.level].qty -= uint64(o.qty - shown)
	o.qty = shown
	if o.flags&(isDisclosed|isWaiting) == isDisclosed {
		b.arena.cold[s].hidden = to - shown
	}
}

// unlink takes the order in slot s out of the queue that it is in.
func (b *Book) unlink(s uint32) {
	a := b.arena
	switch o := &a.orders[s]; {
	case o.flags&isWaiting == 0:
		if b.collecting {
			a.disown(s)
		}
		a.leave(&b.sides[o.of()], s)
	case o.flags&isReached == 0:
		a.leave(&b.stops[o.of()], s)
	default:
		b.leaveReached(s)
	}
}

// forget takes the order in slot s, which is in no queue any more, out of the index and gives its
// slot back.
func (b *Book) forget(hash, s uint32) {
	a := b.arena
	if !a.numbered {
		a.delist(hash, s)
	}
	a.live--
	a.give(s)
}
