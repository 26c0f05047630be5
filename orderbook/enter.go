package orderbook

// check returns what is wrong with the order itself, whatever the book holds.
func (o *Order) check() RejectReason {
	switch {
	case !o.Side.Valid():
		return RejectSide
	}
	t := Terms{TIF: o.TIF, Market: o.Market, Price: o.Price, Trigger: o.Trigger, Qty: o.Qty, Disclosed: o.Disclosed}
	return t.check()
}

// check checks what entry and modify have in common.
func (t *Terms) check() RejectReason {
	switch {
	case t.Qty == 0:
		return RejectQuantity
	case t.Price <= 0 && !t.Market:
		return RejectPrice
	case t.TIF > GTD:
		return RejectCommand
	case t.Trigger < 0:
		return RejectTrigger
	case t.Disclosed > t.Qty:
		return RejectDisclosedAbove
	case t.part() != 0 && !t.TIF.Rests():
		return RejectDisclosed
	}
	return Accepted
}

// part returns the size of the parts in which the order shows itself, 0 if it shows all.
func (t *Terms) part() Qty {
	if t.Disclosed < t.Qty {
		return t.Disclosed
	}
	return 0
}

// checkCollected returns why an auction does not take an order with these terms.
func (t *Terms) checkCollected() RejectReason {
	switch {
	case !t.TIF.Rests():
		return RejectValidity
	case t.part() != 0:
		return RejectDisclosed
	}
	return Accepted
}

// addOther is Add for whatever is not a plain order in continuous trading.
func (b *Book) addOther(o *Order, fills []Fill) ([]Fill, Result) {
	if reason := o.check(); reason != Accepted {
		return fills, Refused(reason)
	}
	a, side := b.arena, uint32(o.Side-Buy)
	t := Terms{TIF: o.TIF, Market: o.Market, Price: o.Price, Trigger: o.Trigger, Qty: o.Qty, Disclosed: o.Disclosed}
	if t.Trigger > 0 {
		if reason := b.checkStop(side, &t); reason != Accepted {
			return fills, Refused(reason)
		}
	} else if b.collecting {
		if reason := t.checkCollected(); reason != Accepted {
			return fills, Refused(reason)
		}
	}
	live, hash := b.find(o.ID)
	if live != 0 || a.numbered && o.ID != a.NextID() {
		return fills, Refused(RejectDuplicateOrder)
	}
	if a.live > a.room || a.live == a.room && b.wouldRest(side, &t) {
		return fills, Refused(RejectBookFull)
	}
	s := a.take() // one is left: the arena has one more than it has room for
	n := &a.orders[s]
	n.id, n.pan, n.flags = o.ID, o.PAN, b.number<<bookShift|side
	if o.CancelActive {
		n.flags |= isActive
	}
	var r Result
	switch {
	case t.Trigger > 0:
		r = b.wait(s, &t)
	case b.collecting:
		r = b.collect(s, &t)
	default:
		fills, r = b.enter(s, &t, fills)
	}
	if r.Resting == 0 {
		a.give(s)
		return fills, r
	}
	if !a.numbered {
		a.enlist(hash, s)
	}
	a.live++
	return fills, r
}

// wouldRest says whether an order would take a slot without freeing one.
func (b *Book) wouldRest(side uint32, t *Terms) bool {
	if t.Trigger > 0 || b.collecting {
		return true
	}
	return !t.Market && t.TIF.Rests() && !b.meets(side^1, keyOf(side^1, t.Price))
}

// enter brings the order in slot s, which is in no queue, into the continuous market with new terms. Its
// number, PAN and flags of side, book and self-trade prevention are set. What does not rest is not
// taken out of the index, and the slot is not given back.
func (b *Book) enter(s uint32, t *Terms, fills []Fill) ([]Fill, Result) {
	b.file()
	a, o := b.arena, &b.arena.orders[s]
	side := o.of()
	limit := uint32(keyMin)
	if !t.Market {
		limit = keyOf(side^1, t.Price)
	}
	in := taker{t.Qty, o.pan, o.flags&isActive != 0}
	if t.TIF == FOK {
		if whole, meets := b.fillable(side^1, max(limit, b.sides[side^1].within), in); !whole {
			cause := CauseRemainder
			if meets {
				cause = CauseSelfTrade
			}
			return fills, Remainder(t.Qty, cause)
		}
	}
	left, cause := t.Qty, CauseNone
	if b.meets(side^1, limit) {
		fills, left, cause = b.trade(side^1, limit, in, fills)
	}
	if left == 0 {
		return fills, Result{}
	}
	nobody := t.Market && cause == CauseRange && b.sides[side^1].best == 0 // nor beyond the range
	if nobody || cause == CauseNone && (t.Market || !t.TIF.Rests()) {
		cause = CauseRemainder
	}
	if cause != CauseNone {
		return fills, Remainder(left, cause)
	}
	o.flags = o.flags&^(isDisclosed|isWaiting|isReached|isMarket|tifBits) | tifFlags(t.TIF)
	o.qty = b.disclose(s, t.part(), left)
	v := a.enqueue(&b.sides[side], keyOf(side, t.Price), s)
	if t.part() != 0 {
		a.levels[v].parts = 1
	}
	return fills, Result{Resting: left, Slot: Slot(s)}
}

// disclose notes that the order in slot s, with left to go, shows itself in parts of part (0: it does
// not), and returns what shows.
func (b *Book) disclose(s uint32, part, left Qty) Qty {
	o := &b.arena.orders[s]
	o.flags &^= isDisclosed
	if part == 0 {
		return left
	}
	o.flags |= isDisclosed
	c := &b.arena.cold[s]
	shown := min(part, left)
	c.part, c.hidden = part, left-shown
	return shown
}
