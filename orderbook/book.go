package orderbook

// Book is the order book of one instrument. Its commands say what happened by their results and
// fills; a refused command changes nothing. None of them allocates.
type Book struct {
	arena      *Arena
	number     uint32    // of this book in the arena, from 1
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
	a.books = append(a.books, b)
	return b
}

// SetRange sets the execution range: from now on an order that comes in trades only at prices from low to
// high, both allowed; 0 is no bound. What is left of an order whose limit goes beyond is cancelled with
// CauseRange. (NSE: trade execution range, limit price protection)
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
// cap(fills), matching stops, what is left is cancelled, and the cause is CauseFillLimit.
//
// With as many orders live as the arena takes, an order that would rest without trading is refused
// with RejectBookFull. One that trades is not: if some of it is left, a maker has gone. (In a numbered
// arena whose last slot has used up its numbers while all others are taken, every entry is.)
func (b *Book) Add(o *Order, fills []Fill) ([]Fill, Result) {
	if o.Market || uint32(o.Trigger)|uint32(o.Disclosed) != 0 {
		return b.addOther(o, fills)
	}
	if r, done := b.AddPassive(o.ID, o.Side, o.TIF, o.Price, o.Qty, o.PAN); done {
		if o.CancelActive && r.Resting != 0 {
			b.arena.orders[r.Slot].flags |= isActive
		}
		return fills, r
	}
	side := uint32(o.Side) - uint32(Buy)
	if side > 1 || o.Qty == 0 || o.Price <= 0 || o.TIF > IOC || b.collecting || !b.meets(side^1, keyOf(side^1, o.Price)) {
		return b.addOther(o, fills)
	}
	live, hash := b.find(o.ID)
	if live != 0 || b.arena.numbered && o.ID != b.arena.NextID() {
		return fills, Refused(RejectDuplicateOrder)
	}
	return b.addTaker(o, side, hash, fills)
}

// note writes a plain order that is to rest with left.
func (b *Book) note(n *order, o *Order, side uint32, left Qty) {
	n.id, n.qty, n.pan, n.flags = o.ID, left, o.PAN, b.number<<bookShift|side
	if o.CancelActive {
		n.flags |= isActive
	}
}

// addTaker is Add for a plain order that meets the other side.
func (b *Book) addTaker(o *Order, side, hash uint32, fills []Fill) ([]Fill, Result) {
	a := b.arena
	if a.live > a.room {
		return fills, Refused(RejectBookFull)
	}
	s := a.take() // before match, which frees the slots of makers (I9)
	fills, left, cause := b.trade(side^1, keyOf(side^1, o.Price), taker{o.Qty, o.PAN, o.CancelActive}, fills)
	if left != 0 && cause == CauseNone && o.TIF == Day {
		return fills, b.addResting(o, s, side, hash, left)
	}
	a.orders[s].id = o.ID // the next number is one above
	a.give(s)
	if left != 0 && cause == CauseNone {
		cause = CauseRemainder
	}
	return fills, Remainder(left, cause)
}

// addResting puts left of a plain order into slot s, and the order into the book.
func (b *Book) addResting(o *Order, s, side, hash uint32, left Qty) Result {
	a := b.arena
	b.note(&a.orders[s], o, side, left)
	a.enqueue(&b.sides[side], keyOf(side, o.Price), s)
	if !a.numbered {
		a.enlist(hash, s)
	}
	a.live++
	return Result{Resting: left, Slot: Slot(s)}
}

// Cancel takes a live order out, whether it rests or waits. The result says how much of it was left,
// and where it rested.
func (b *Book) Cancel(id OrderID) Result {
	a := b.arena
	s, hash := b.guess(id)
	o := &a.orders[s]
	if !o.is(b.number, id) {
		if s = a.search(hash, b.number, id); s == 0 {
			return Refused(RejectUnknownOrder)
		}
		o = &a.orders[s]
	}
	left, levels := o.qty, a.levels
	switch l, v := &b.sides[o.flags&isSell], o.level; {
	case o.flags&(isDisclosed|isWaiting) != 0 || b.collecting:
		left = b.total(s)
		b.unlink(s)
	case levels[v].count != 1: // this is Arena.leave without the calls
		lv := &levels[v]
		orders := a.orders
		orders[o.prev].next = o.next
		orders[o.next].prev = o.prev
		lv.qty -= uint64(left)
		lv.count--
	case v == l.best && l.loose:
		a.fallBack(l) // most cancels
		a.giveLevel(v)
	default:
		a.settle(l, v)
	}
	if !a.numbered {
		if at := &a.index.young[hash%youngMax]; *at == s {
			*at = 0
		} else {
			a.delistOld(hash, s)
		}
	}
	a.live--
	a.give(s)
	return Result{Slot: Slot(s), Cancelled: left}
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
			a.pans.drop(o)
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
