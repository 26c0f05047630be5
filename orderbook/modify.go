package orderbook

// Modify gives a live order new terms and a new remaining quantity, under the rules of NSE (NNF,
// "Effect of modifying"): it keeps its place if the price stays, the quantity does not rise and it
// shows no more than before. A lower disclosed quantity is that of the next part: what shows of this one
// is not filled up. Otherwise the order leaves the book and comes in again as a new order would,
// behind all others at its price; if it crosses, it trades at once, at the price of the makers. With
// market or IOC it comes in as such, and what is left is cancelled. The order keeps its number, its
// side and its PAN, and its slot as long as it rests. fills is used as by Add.
//
// An order that waits for its trigger gets new terms for then; without a limit it loses its place also by
// a lower quantity. One that the market has reached is on its way, and is refused with RejectTrigger.
func (b *Book) Modify(id OrderID, t *Terms, fills []Fill) ([]Fill, Result) {
	plain := t.Qty != 0 && t.Price > 0 && !t.Market && t.TIF == Day && uint32(t.Trigger)|uint32(t.Disclosed) == 0
	if !plain {
		if reason := t.check(); reason != Accepted {
			return fills, Refused(reason)
		}
	}
	a := b.arena
	orders, levels := a.slab()
	s, hash := b.guess(id)
	o := &orders[s]
	if !o.is(b.number, id) {
		if s = a.search(hash, b.number, id); s == 0 {
			return fills, Refused(RejectUnknownOrder)
		}
		o = &orders[s]
	}
	// What enter and keep do in the case of most, without the calls: a limit for the day before and after, and no trade.
	if plain && o.flags&^ofAny == b.plain {
		side, v := o.of(), o.level
		l, lv, key := &b.sides[side], &levels[v], keyOf(side, t.Price)
		if s == l.newest {
			if !b.meets(side^1, ^key) || key == l.newestKey && t.Qty <= o.qty {
				o.qty, l.newestKey = t.Qty, key
				return fills, Result{Resting: t.Qty, Slot: Slot(s)}
			}
		} else if lv.key == key && t.Qty <= o.qty {
			lv.qty -= uint64(o.qty - t.Qty)
			o.qty = t.Qty
			o.flags &^= tifBits
			return fills, Result{Resting: t.Qty, Slot: Slot(s)}
		}
		if s != l.newest && !b.meets(side^1, ^key) {
			if key == l.newestKey {
				a.file(l) // it came before
			}
			o.flags &^= tifBits
			a.leave(l, s)
			o.qty = t.Qty
			a.enqueue(l, key, s)
			return fills, Result{Resting: t.Qty, Slot: Slot(s)}
		}
	}
	b.file()
	if b.collecting || o.flags&isWaiting != 0 {
		return fills, b.modifyOther(s, hash, t)
	}
	if t.Trigger != 0 {
		return fills, Refused(RejectTrigger)
	}
	if !t.Market && t.TIF.Rests() && a.levels[o.level].key == keyOf(o.of(), t.Price) && b.keep(s, t) {
		return fills, Result{Resting: t.Qty, Slot: Slot(s)}
	}
	a.leave(&b.sides[o.of()], s)
	fills, r := b.enter(s, t, fills)
	if r.Resting == 0 {
		b.forget(hash, s)
	}
	return fills, r
}

// keep modifies the order in slot s where it is, if the new quantity and what then shows are not more
// than before, and reports whether it has.
func (b *Book) keep(s uint32, t *Terms) bool {
	a := b.arena
	o := &a.orders[s]
	part := t.part()
	if o.flags&isDisclosed == 0 && part == 0 {
		if t.Qty > o.qty {
			return false
		}
		a.levels[o.level].qty -= uint64(o.qty - t.Qty)
		o.qty = t.Qty
		o.flags = o.flags&^tifBits | tifFlags(t.TIF)
		return true
	}
	before := Qty(0)
	if o.flags&isDisclosed != 0 {
		before = a.cold[s].part
	}
	shown := t.Qty
	switch {
	case before != 0 && t.Disclosed == min(before, t.Qty): // unchanged, or as much of it as the quantity allows
		part, shown = before, min(o.qty, t.Qty)
	case part != 0 && part < before: // it is that of the next part; what shows now is filled up by none
		shown = min(o.qty, part)
	case part != 0:
		shown = part
	}
	if t.Qty > b.total(s) || shown > o.qty {
		return false
	}
	a.levels[o.level].qty -= uint64(o.qty - shown)
	b.disclose(s, part, t.Qty)
	a.levels[o.level].parts = 1
	o.qty = shown
	a.cold[s].hidden = t.Qty - shown
	o.flags = o.flags&^tifBits | tifFlags(t.TIF)
	return true
}

// modifyOther is Modify of an order that waits, or while an auction collects orders.
func (b *Book) modifyOther(s, hash uint32, t *Terms) Result {
	o := &b.arena.orders[s]
	var r Result
	switch {
	case o.flags&isReached != 0:
		return Refused(RejectTrigger)
	case o.flags&isWaiting != 0:
		r = b.modifyStop(s, t)
	case t.Trigger != 0:
		return Refused(RejectTrigger)
	default:
		r = b.modifyCollected(s, t)
	}
	if r.Reject == Accepted && r.Resting == 0 {
		b.forget(hash, s)
	}
	return r
}
