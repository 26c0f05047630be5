package orderbook

// Book is the order book of one instrument. Its commands say what happened by their results and
// fills; a refused command changes nothing. None of them allocates.
type Book struct {
	arena  *Arena
	number uint32 // of this book in the arena, from 1
	sides  [2]ladder
}

// NewBook returns an empty book whose orders live in a.
func NewBook(a *Arena) *Book {
	b := &Book{arena: a, number: uint32(len(a.books)) + 1}
	b.side(Sell).mask = ^uint32(0)
	a.books = append(a.books, b)
	return b
}

// side returns the ladder of a side, across that of the opposite one.
func (b *Book) side(s Side) *ladder   { return &b.sides[s&1] }
func (b *Book) across(s Side) *ladder { return &b.sides[^s&1] }

// Add enters an order: it trades with the other side as far as its price goes, and what is left
// rests or, of an IOC or market order, is cancelled.
//
// The fills are appended to fills, which never grows: when it is full, that is len(fills) equals
// cap(fills), matching stops, what is left is cancelled, and the result says FillLimit.
//
// With as many orders live as the arena takes, a limit order for the day that would not trade is
// refused with RejectBookFull. One that trades is not: if some of it is left, a maker has gone.
func (b *Book) Add(o *Order, fills []Fill) ([]Fill, Result) {
	if reason := o.check(); reason != Accepted {
		return fills, Result{Reject: reason}
	}
	a := b.arena
	tag := tagOf(b.number, o.ID)
	if a.find(tag, b.number, o.ID) != 0 {
		return fills, Result{Reject: RejectDuplicateOrder}
	}
	own, across := b.side(o.Side), b.across(o.Side)
	rests := !o.Market && o.TIF == Day
	limit := across.limit(o.Market, o.Price)
	left, full := o.Qty, false
	if a.crosses(across, limit) {
		fills, left, full = b.match(across, limit, left, fills)
	} else if rests && a.live == a.cap {
		return fills, Result{Reject: RejectBookFull}
	}
	if !rests || full || left == 0 {
		return fills, Result{Cancelled: left, FillLimit: full}
	}
	s := a.take() // before levelOf, which may take the slot of a maker of this command (I9)
	a.orders[s] = order{id: o.ID, qty: left, book: b.number, side: o.Side}
	a.join(a.levelOf(own, own.key(o.Price)), s)
	a.index.insert(tag, s)
	a.live++
	return fills, Result{Resting: left, Slot: Slot(s)}
}

// Modify gives a live order a new price and a new remaining quantity, under the rules of NSE (NNF,
// "Effect of modifying"): it keeps its place if the price stays and the quantity does not rise.
// Otherwise it leaves the book and comes in again as a new order would, behind all others at its
// price; if it crosses, it trades at once, at the price of the makers. With market or IOC it comes
// in as such, and what is left is cancelled. The order keeps its number and its side, and its slot
// as long as it rests. fills is used as by Add.
func (b *Book) Modify(id OrderID, market bool, tif TimeInForce, price Price, qty Qty, fills []Fill) ([]Fill, Result) {
	if reason := checkTerms(market, tif, price, qty); reason != Accepted {
		return fills, Result{Reject: reason}
	}
	a := b.arena
	tag := tagOf(b.number, id)
	s := a.find(tag, b.number, id)
	if s == 0 {
		return fills, Result{Reject: RejectUnknownOrder}
	}
	o := &a.orders[s]
	own, across := b.side(o.side), b.across(o.side)
	rests := !market && tif == Day
	if lv := &a.levels[o.level]; rests && lv.key == own.key(price) && qty <= o.qty {
		lv.qty -= uint64(o.qty - qty)
		o.qty = qty
		return fills, Result{Resting: qty, Slot: Slot(s)}
	}
	a.leave(own, s)
	limit := across.limit(market, price)
	left, full := qty, false
	if a.crosses(across, limit) {
		fills, left, full = b.match(across, limit, left, fills)
	}
	if !rests || full || left == 0 {
		b.forget(tag, s)
		return fills, Result{Cancelled: left, FillLimit: full}
	}
	o.qty = left
	a.join(a.levelOf(own, own.key(price)), s)
	return fills, Result{Resting: left, Slot: Slot(s)}
}

// Reduce takes by off a live order, which keeps its place; the whole quantity takes it out.
// More than the whole, or nothing, is refused with RejectQuantity.
func (b *Book) Reduce(id OrderID, by Qty) Result {
	if by == 0 {
		return Result{Reject: RejectQuantity}
	}
	a := b.arena
	tag := tagOf(b.number, id)
	s := a.find(tag, b.number, id)
	if s == 0 {
		return Result{Reject: RejectUnknownOrder}
	}
	o := &a.orders[s]
	switch {
	case by > o.qty:
		return Result{Reject: RejectQuantity}
	case by == o.qty:
		a.leave(b.side(o.side), s)
		b.forget(tag, s)
	default:
		o.qty -= by
		a.levels[o.level].qty -= uint64(by)
		return Result{Resting: o.qty, Slot: Slot(s), Cancelled: by}
	}
	return Result{Slot: Slot(s), Cancelled: by}
}

// Cancel takes a live order out. The result says how much of it was left, and where it rested.
func (b *Book) Cancel(id OrderID) Result {
	a := b.arena
	tag := tagOf(b.number, id)
	s := a.find(tag, b.number, id)
	if s == 0 {
		return Result{Reject: RejectUnknownOrder}
	}
	o := &a.orders[s]
	left := o.qty
	a.leave(b.side(o.side), s)
	b.forget(tag, s)
	return Result{Slot: Slot(s), Cancelled: left}
}

// forget takes the order in slot s, which is in no queue any more, out of the index and gives its
// slot back.
func (b *Book) forget(tag, s uint32) {
	a := b.arena
	a.index.remove(tag, s)
	a.live--
	a.give(s)
}
