package orderbook

// Stop-loss orders wait in two ladders by their triggers, the nearest first and then in time (NSE:
// priority of the stop-loss book). After a command that traded, those that its trades have reached
// move to the queue, from which Trigger takes them into the market one by one.

// checkStop returns why a stop-loss order cannot wait with these terms.
func (b *Book) checkStop(side uint32, t *Terms) RejectReason {
	key := triggerKey(side, t.Trigger)
	switch {
	case !t.TIF.Rests():
		return RejectStopLoss
	case !t.Market && triggerKey(side, t.Price) > key: // it could not trade when it is triggered
		return RejectTriggerLimit
	case b.last != 0 && triggerKey(side, b.last) <= key && !b.hold:
		return RejectTrigger
	case b.collecting:
		return RejectStopLoss
	}
	return Accepted
}

// wait puts the order in slot s, which is in no queue, behind those with the same trigger.
func (b *Book) wait(s uint32, t *Terms) Result {
	a := b.arena
	b.setStop(s, t)
	side := a.orders[s].of()
	a.enqueue(&b.stops[side], triggerKey(side, t.Trigger), s)
	return Result{Resting: t.Qty, Slot: Slot(s)}
}

// setStop writes the terms of an order that waits.
func (b *Book) setStop(s uint32, t *Terms) {
	o, c := &b.arena.orders[s], &b.arena.cold[s]
	o.qty = t.Qty
	o.flags = o.flags&^(isDisclosed|isMarket|tifBits) | isWaiting | tifFlags(t.TIF)
	c.price, c.trigger, c.part, c.hidden = t.Price, t.Trigger, t.part(), 0
	if t.Market {
		o.flags |= isMarket
		c.price = 0
	}
	if c.part != 0 {
		o.flags |= isDisclosed
	}
}

// stopTerms reads what setStop wrote, but for the trigger.
func (b *Book) stopTerms(s uint32) Terms {
	o, c := &b.arena.orders[s], &b.arena.cold[s]
	t := Terms{TIF: o.tif(), Market: o.flags&isMarket != 0, Price: c.price, Qty: o.qty}
	if o.flags&isDisclosed != 0 {
		t.Disclosed = c.part
	}
	return t
}

// modifyStop is Modify of an order that waits.
func (b *Book) modifyStop(s uint32, t *Terms) Result {
	a := b.arena
	o := &a.orders[s]
	side := o.of()
	if t.Trigger == 0 {
		return Refused(RejectTrigger)
	}
	if reason := b.checkStop(side, t); reason != Accepted {
		return Refused(reason)
	}
	was := b.stopTerms(s)
	same := a.levels[o.level].key == triggerKey(side, t.Trigger) && was.Market == t.Market && (t.Market || was.Price == t.Price)
	if same && (t.Qty == was.Qty || t.Qty < was.Qty && !t.Market) && shows(t) <= shows(&was) {
		a.levels[o.level].qty -= uint64(o.qty - t.Qty)
		b.setStop(s, t)
		return Result{Resting: t.Qty, Slot: Slot(s)}
	}
	a.leave(&b.stops[side], s)
	return b.wait(s, t)
}

// shows returns what an order with these terms shows when it comes to rest.
func shows(t *Terms) Qty {
	if part := t.part(); part != 0 {
		return part
	}
	return t.Qty
}

// reach queues the stop-loss orders that the trades have reached: trade by trade, those to buy and then
// those to sell, each in their priority.
func (b *Book) reach(fills []Fill) {
	if b.hold {
		return
	}
	seen := Price(0)
	for i := range fills {
		if f := &fills[i]; f.Qty != 0 && f.Price != seen {
			seen = f.Price
			b.reachPrice(seen)
		}
	}
}

func (b *Book) reachPrice(price Price) {
	a := b.arena
	for side := range uint32(2) {
		l := &b.stops[side]
		for l.bestKey >= triggerKey(side, price) {
			s := a.levels[l.best].head
			a.leave(l, s)
			if b.queue == 0 {
				b.queue = a.takeLevel()
				a.levels[b.queue] = level{head: b.queue, tail: b.queue}
			}
			a.orders[s].flags |= isReached
			a.join(b.queue, s)
		}
	}
}

// reached returns how many orders are in the queue.
func (b *Book) reached() int {
	if b.queue == 0 {
		return 0
	}
	return int(b.arena.levels[b.queue].count)
}

// leaveReached takes the order in slot s out of the queue.
func (b *Book) leaveReached(s uint32) {
	a := b.arena
	o := &a.orders[s]
	q := &a.levels[b.queue]
	a.orders[o.prev].next = o.next
	a.orders[o.next].prev = o.prev
	q.qty -= uint64(o.qty)
	q.count--
	if q.count == 0 {
		a.giveLevel(b.queue)
		b.queue = 0
	}
}

// Trigger brings the next stop-loss order that the market has reached into the market, as a new arrival,
// and says so by ok. Its fills are appended to fills as by Add. Whoever runs a book calls it after
// every command until nothing is reached any more; what a triggered order trades may reach others.
func (b *Book) Trigger(fills []Fill) (t Triggered, _ []Fill, r Result, ok bool) {
	if b.queue == 0 || b.collecting {
		return Triggered{}, fills, Result{}, false
	}
	s := b.arena.levels[b.queue].head
	b.leaveReached(s)
	t, fills, r = b.start(s, fills)
	return t, fills, r, true
}

// Activate brings an order that waits into the market whatever the last price is: a recorded flow says
// when its stop-loss orders were triggered. It is refused with RejectUnknownOrder if no such order
// waits, and with RejectSession while an auction collects orders.
func (b *Book) Activate(id OrderID, fills []Fill) (Triggered, []Fill, Result) {
	s, _ := b.find(id)
	switch {
	case s == 0 || b.arena.orders[s].flags&isWaiting == 0:
		return Triggered{}, fills, Refused(RejectUnknownOrder)
	case b.collecting:
		return Triggered{}, fills, Refused(RejectSession)
	}
	b.unlink(s)
	return b.start(s, fills)
}

// start brings the order in slot s, which waited and is in no queue, into the market.
func (b *Book) start(s uint32, fills []Fill) (Triggered, []Fill, Result) {
	o := &b.arena.orders[s]
	terms := b.stopTerms(s)
	id := o.id
	t := Triggered{ID: id, Side: o.side(), Slot: Slot(s), Qty: terms.Qty}
	o.flags &^= isWaiting | isReached | isMarket | isDisclosed
	fills, r := b.enter(s, &terms, fills)
	if r.Resting == 0 {
		b.forget(b.hashAt(o), s)
	}
	return t, fills, r
}

// HoldStops says whether the last price leaves stop-loss orders alone, as the book of a recorded flow
// does, in which only Activate triggers them.
func (b *Book) HoldStops(hold bool) { b.hold = hold }

// StopsHeld returns what HoldStops has said last.
func (b *Book) StopsHeld() bool { return b.hold }

// LastPrice returns the price of the last trade, 0 before the first.
func (b *Book) LastPrice() Price { return b.last }

// SetLastPrice sets the price that the triggers of new stop-loss orders are compared with; 0 or less: there is none. It
// reaches none of those that wait.
func (b *Book) SetLastPrice(price Price) { b.last = max(price, 0) }
