package orderbook

// taker is an incoming order as match needs it.
type taker struct {
	qty    Qty
	pan    PAN
	active bool // it goes when it meets its own PAN
}

// crosses says whether an order with this limit trades with ladder l. It does not with an empty one,
// whose best level is slot 0 with key 0.
func (a *Arena) crosses(l *ladder, limit uint32) bool { return l.bestKey >= limit }

// meets says whether an order with this limit has to do with a side: it trades with it, or is not to
// rest because its limit goes beyond the execution range.
func (b *Book) meets(side, limit uint32) bool {
	return b.sides[side].front() >= limit || limit < b.sides[side].within
}

// trade is match within the execution range. Stop-loss orders that the trades have reached are queued.
func (b *Book) trade(side, limit uint32, t taker, fills []Fill) ([]Fill, Qty, Cause) {
	from, within := len(fills), b.sides[side].within
	fills, left, cause := b.match(side, max(limit, within), t, fills)
	if limit < within && left != 0 && cause == CauseNone {
		cause = CauseRange
	}
	if b.stops[0].best|b.stops[1].best != 0 {
		b.reach(fills[from:])
	}
	return fills, left, cause
}

// match trades t with the makers of a side, best price first and in time priority, down to the key
// limit. It returns what is left, and why it stopped if the market would have gone on.
func (b *Book) match(side, limit uint32, t taker, fills []Fill) (_ []Fill, left Qty, _ Cause) {
	a, l := b.arena, &b.sides[side]
	for t.qty > 0 && a.crosses(l, limit) {
		v := l.best
		lv := &a.levels[v]
		price := priceOf(side, lv.key)
		for s := lv.head; s != v && t.qty > 0; s = lv.head {
			o := &a.orders[s]
			own := o.pan == t.pan && o.pan != 0
			if own && t.active {
				return fills, t.qty, CauseSelfTrade
			}
			filled := len(fills)
			if filled == cap(fills) {
				return fills, t.qty, CauseFillLimit
			}
			fills = fills[:filled+1]
			f := &fills[filled] // field by field: a composite would be built elsewhere and copied
			f.Maker, f.MakerSlot, f.Price = o.id, Slot(s), price
			if own || o.flags&isDisclosed != 0 {
				f.Qty = b.fillOther(lv, s, t.qty, own, f)
				t.qty -= f.Qty
			} else {
				n := min(t.qty, o.qty)
				t.qty -= n
				o.qty -= n
				lv.qty -= uint64(n)
				f.Qty, f.MakerLeft = n, o.qty
			}
			if f.Qty != 0 {
				b.last = price
			}
			if o.qty == 0 {
				lv.head = o.next
				a.orders[o.next].prev = v
				lv.count--
				b.forget(b.hashAt(o), s)
			}
		}
		if lv.count == 0 {
			a.settle(l, v)
		}
	}
	return fills, t.qty, CauseNone
}

// hashAt returns the hash of an order's number, as the index wants it.
func (b *Book) hashAt(o *order) uint32 {
	if b.arena.numbered {
		return 0
	}
	return hashOf(b.number, o.id)
}

// fillOther takes what an incoming order of qty takes from the maker at the head of level lv, if it is
// an own order of the same PAN or shows itself in parts. An own order goes whole, for no trade. It
// returns what is traded and fills in MakerLeft. A maker that has nothing left has a qty of 0.
func (b *Book) fillOther(lv *level, s uint32, qty Qty, own bool, f *Fill) Qty {
	a := b.arena
	o, c := &a.orders[s], &a.cold[s]
	left := b.total(s)
	if own {
		lv.qty -= uint64(o.qty)
		o.qty = 0
		f.MakerLeft = left
		return 0
	}
	n := min(qty, o.qty)
	if lv.count == 1 {
		n = min(qty, left) // nobody is between its parts
	}
	f.MakerLeft = left - n
	lv.qty -= uint64(o.qty)
	switch {
	case n < o.qty:
		o.qty -= n
	case f.MakerLeft == 0:
		o.qty = 0
	default:
		into := (n - o.qty) % c.part // what is taken of the part that shows then
		o.qty = min(c.part-into, f.MakerLeft)
		c.hidden = f.MakerLeft - o.qty
		a.toBack(s)
	}
	lv.qty += uint64(o.qty)
	return n
}

// fillable says whether an order for t can be filled whole on a side down to the key limit, without
// orders of its own PAN, and whether it cannot because it is to go when it meets one of them: before
// that only what others show at that price comes to it.
func (b *Book) fillable(side, limit uint32, t taker) (whole, meets bool) {
	a := b.arena
	for v := b.sides[side].best; a.levels[v].key >= limit; v = a.worse(&b.sides[side], v) {
		shown, all := uint64(0), uint64(0)
		for s := a.levels[v].head; s != v; s = a.orders[s].next {
			o := &a.orders[s]
			if own := o.pan == t.pan && o.pan != 0; own && t.active {
				return uint64(t.qty) <= shown, true
			} else if !own {
				shown += uint64(o.qty)
				all += uint64(b.total(s))
			}
		}
		if uint64(t.qty) <= all {
			return true, false
		}
		t.qty -= Qty(all)
	}
	return false, false
}
