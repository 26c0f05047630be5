package orderbook

// CancelWhere cancels every order of a side, or of both with side 0, for whose slot match returns true,
// and tells gone of each as it was. It goes through the bids and the asks in priority, then through the
// stop-loss orders that wait, to buy and to sell, then through those that the market has reached. It
// returns how many. match and gone must not use the book.
func (b *Book) CancelWhere(side Side, match func(Slot) bool, gone func(RestingOrder)) (cancelled int) {
	for i := range uint32(2) {
		if side == 0 || uint32(side-Buy) == i {
			cancelled += b.cancelLevels(&b.sides[i], match, gone)
		}
	}
	for i := range uint32(2) {
		if side == 0 || uint32(side-Buy) == i {
			cancelled += b.cancelLevels(&b.stops[i], match, gone)
		}
	}
	if b.queue != 0 {
		cancelled += b.cancelQueue(b.queue, side, match, gone)
	}
	return cancelled
}

func (b *Book) cancelLevels(l *ladder, match func(Slot) bool, gone func(RestingOrder)) (cancelled int) {
	for v := l.best; v != 0; {
		worse := b.arena.worse(l, v) // the level itself goes with its last order
		cancelled += b.cancelQueue(v, 0, match, gone)
		v = worse
	}
	return cancelled
}

func (b *Book) cancelQueue(v uint32, side Side, match func(Slot) bool, gone func(RestingOrder)) (cancelled int) {
	a := b.arena
	for s := a.levels[v].head; s != v; {
		o, next := &a.orders[s], a.orders[s].next
		if (side == 0 || o.side() == side) && match(Slot(s)) {
			gone(b.resting(s))
			b.unlink(s)
			b.forget(b.hashAt(o), s)
			cancelled++
		}
		s = next
	}
	return cancelled
}
