package orderbook

// CancelWhere cancels every order of a side, or of both with side 0, for whose slot match returns true,
// and tells gone of each as it was. It goes through the bids and the asks in priority, then through the
// stop-loss orders that wait, to buy and to sell, then through those that the market has reached. It
// returns how many. match and gone must not use the book.
func (b *Book) CancelWhere(side Side, match func(Slot) bool, gone func(RestingOrder)) (cancelled int) {
	chosen := func(s uint32) bool { return match(Slot(s)) }
	return b.cancelMarket(side, chosen, gone) + b.cancelStops(side, chosen, gone)
}

// CancelUnwanted is CancelWhere for both sides, by what the orders are; those that wait for a trigger are
// asked about only with stops. Each order is looked at once. unwanted must not use the book either.
func (b *Book) CancelUnwanted(stops bool, unwanted func(RestingOrder) bool, gone func(RestingOrder)) (cancelled int) {
	chosen := func(s uint32) bool { return unwanted(b.resting(s)) }
	cancelled = b.cancelMarket(0, chosen, gone)
	if stops {
		cancelled += b.cancelStops(0, chosen, gone)
	}
	return cancelled
}

// cancelMarket cancels the chosen orders of a side, or of both with 0, that are in the market.
func (b *Book) cancelMarket(side Side, chosen func(uint32) bool, gone func(RestingOrder)) (cancelled int) {
	b.file()
	for i := range uint32(2) {
		if side == 0 || uint32(side-Buy) == i {
			cancelled += b.cancelLevels(&b.sides[i], chosen, gone)
		}
	}
	return cancelled
}

// cancelStops cancels the chosen stop-loss orders of a side, or of both with 0.
func (b *Book) cancelStops(side Side, chosen func(uint32) bool, gone func(RestingOrder)) (cancelled int) {
	for i := range uint32(2) {
		if side == 0 || uint32(side-Buy) == i {
			cancelled += b.cancelLevels(&b.stops[i], chosen, gone)
		}
	}
	if b.queue != 0 {
		cancelled += b.cancelQueue(b.queue, side, chosen, gone)
	}
	return cancelled
}

func (b *Book) cancelLevels(l *ladder, chosen func(uint32) bool, gone func(RestingOrder)) (cancelled int) {
	for v := l.best; v != 0; {
		worse := b.arena.worse(l, v) // the level itself goes with its last order
		cancelled += b.cancelQueue(v, 0, chosen, gone)
		v = worse
	}
	return cancelled
}

func (b *Book) cancelQueue(v uint32, side Side, chosen func(uint32) bool, gone func(RestingOrder)) (cancelled int) {
	a := b.arena
	for s := a.levels[v].head; s != v; {
		o, next := &a.orders[s], a.orders[s].next
		if (side == 0 || o.side() == side) && chosen(s) {
			gone(b.resting(s))
			b.unlink(s)
			b.forget(b.hashAt(o), s)
			cancelled++
		}
		s = next
	}
	return cancelled
}
