package orderbook

// A call auction collects orders in the ladders of the market, without matching, so the book may be
// crossed. Market orders have a level of their own, better than every limit. (SEBI CIR/MRD/DP/21/2010
// and 32/2010; matching order: NSE, pre-open session)

// OpenAuction begins a call auction: from now on orders are collected. Orders in the market keep price
// and time.
func (b *Book) OpenAuction() {
	if b.collecting {
		return
	}
	b.file()
	b.setCollecting(true)
	a := b.arena
	for side := range uint32(2) {
		for v := b.sides[side].best; v != 0; v = a.worse(&b.sides[side], v) {
			for s := a.levels[v].head; s != v; s = a.orders[s].next {
				a.own(s)
			}
		}
	}
}

// Collecting reports whether the book is in a call auction.
func (b *Book) Collecting() bool { return b.collecting }

// collect puts the order in slot s, which is in no queue, into the auction. If it would trade with an
// order of its PAN, it is not taken. What does not rest is not taken out of the index.
func (b *Book) collect(s uint32, t *Terms) Result {
	a := b.arena
	o := &a.orders[s]
	side := o.of()
	key, limit := uint32(keyMarket), uint32(keyMin)
	if !t.Market {
		key, limit = keyOf(side, t.Price), keyOf(side^1, t.Price)
	}
	if o.pan != 0 && a.owns(ownerOf(o.pan, o.flags^isSell), limit) {
		return Remainder(t.Qty, CauseSelfTrade)
	}
	o.flags = o.flags&^(isDisclosed|isMarket|tifBits) | tifFlags(t.TIF)
	if t.Market {
		o.flags |= isMarket
	}
	o.qty = t.Qty
	a.arrivals++
	a.cold[s].arrival = a.arrivals
	a.enqueue(&b.sides[side], key, s)
	a.own(s)
	return Result{Resting: t.Qty, Slot: Slot(s)}
}

// modifyCollected is Modify of an order in an auction.
func (b *Book) modifyCollected(s uint32, t *Terms) Result {
	if reason := t.checkCollected(); reason != Accepted {
		return Refused(reason)
	}
	a := b.arena
	o := &a.orders[s]
	side := o.of()
	same := t.Market && o.flags&isMarket != 0
	if !t.Market && o.flags&isMarket == 0 {
		same = a.levels[o.level].key == keyOf(side, t.Price)
	}
	if same && t.Qty <= b.total(s) {
		a.levels[o.level].qty += uint64(t.Qty) - uint64(o.qty)
		o.qty = t.Qty
		o.flags = o.flags&^(isDisclosed|tifBits) | tifFlags(t.TIF)
		return Result{Resting: t.Qty, Slot: Slot(s)}
	}
	b.unlink(s)
	return b.collect(s, t)
}

// Uncross trades what the auction trades at price, which Equilibrium has returned: the first buy with
// the first sell, at most what both have left, and so on. First in line is the best limit order, then in
// time, and after the limit orders come the market orders; with marketFirst they come before. The trades
// are appended to crosses, which never grows: if it is full afterwards there may be more, and the next
// call goes on. Stop-loss orders that the price reaches are queued. At 0, which is no price, nothing trades.
func (b *Book) Uncross(price Price, marketFirst bool, crosses []Cross) []Cross {
	if price <= 0 {
		return crosses
	}
	b.file()
	a, from := b.arena, len(crosses)
	for len(crosses) < cap(crosses) {
		buy, sell := b.front(0, price, marketFirst), b.front(1, price, marketFirst)
		if buy == 0 || sell == 0 {
			break
		}
		n := min(b.total(buy), b.total(sell))
		x := Cross{Buy: a.orders[buy].id, Sell: a.orders[sell].id, BuySlot: Slot(buy), SellSlot: Slot(sell), Qty: n}
		x.BuyLeft, x.SellLeft = b.fillCross(buy, n), b.fillCross(sell, n)
		crosses = append(crosses, x)
	}
	if len(crosses) > from {
		b.last = price
		if !b.hold {
			b.reachPrice(price)
		}
	}
	return crosses
}

// front returns the first order in line of a side that trades at price, or 0.
func (b *Book) front(side uint32, price Price, marketFirst bool) uint32 {
	a := b.arena
	market, v := uint32(0), b.sides[side].best
	if a.levels[v].key == keyMarket {
		market, v = v, a.worse(&b.sides[side], v)
	}
	if a.levels[v].key < keyOf(side, price) {
		v = 0 // no limit order is in line
	}
	if market != 0 && (marketFirst || v == 0) {
		v = market
	}
	return a.levels[v].head
}

// fillCross takes n from the order in slot s and returns what is left of it.
func (b *Book) fillCross(s uint32, n Qty) Qty {
	a := b.arena
	o := &a.orders[s]
	left := b.total(s) - n
	if left == 0 {
		b.unlink(s)
		b.forget(b.hashAt(o), s)
		return 0
	}
	shown := left
	if o.flags&isDisclosed != 0 {
		shown = min(a.cold[s].part, left)
		a.cold[s].hidden = left - shown
	}
	a.levels[o.level].qty += uint64(shown) - uint64(o.qty)
	o.qty = shown
	return left
}

// CloseAuction ends the auction; without one it does nothing. Market orders that are left become limit orders at price,
// each in line by the time at which it was collected, and it returns how many. It panics if the book is crossed, or if
// market orders are left and price is no price: who holds the auction uncrosses it to its end, and cancels what he can
// give no price.
func (b *Book) CloseAuction(price Price) (turned int) {
	if !b.collecting {
		return 0
	}
	a := b.arena
	for side := range uint32(2) {
		for v := b.sides[side].best; v != 0; v = a.worse(&b.sides[side], v) {
			for s := a.levels[v].head; s != v; s = a.orders[s].next {
				a.disown(s)
			}
		}
	}
	for side := range uint32(2) {
		turned += b.turn(side, price)
	}
	b.setCollecting(false)
	if b.Crossed() {
		panic("orderbook: an auction ends with a crossed book")
	}
	return turned
}

// turn makes the market orders of a side limit orders at price, and returns how many. Both queues are in
// the order of arrival, so one walk along the limit orders finds all their places. Limit orders from
// before the auction have no arrival of their own in it: what stands there is earlier.
func (b *Book) turn(side uint32, price Price) (turned int) {
	a, l := b.arena, &b.sides[side]
	v, at := uint32(0), uint32(0) // the level at price, and the order there that is not passed yet
	for l.bestKey == keyMarket {
		if price <= 0 {
			panic("orderbook: an auction ends with market orders and without a price")
		}
		s := a.levels[l.best].head
		a.orders[s].flags &^= isMarket
		a.leave(l, s)
		turned++
		if v == 0 {
			key := keyOf(side, price)
			if v = a.levelAt(l, key); v == 0 {
				v = a.enqueue(l, key, s)
				at = v
				continue
			}
			at = a.levels[v].head
		}
		for at != v && a.cold[at].arrival < a.cold[s].arrival {
			at = a.orders[at].next
		}
		a.before(v, at, s)
	}
	return turned
}

// Crossed reports whether limit orders would trade with each other: in an auction they may stand so, and
// none do once it is uncrossed to its end, unless orders have been taken out in between.
func (b *Book) Crossed() bool {
	b.file()
	bid, ask := b.bestLimit(0), b.bestLimit(1)
	return ask != 0 && b.arena.levels[bid].key >= keyOf(0, priceOf(1, b.arena.levels[ask].key))
}

// bestLimit returns the best level of a side that has a price, or 0.
func (b *Book) bestLimit(side uint32) uint32 {
	v := b.sides[side].best
	if b.arena.levels[v].key == keyMarket {
		v = b.arena.worse(&b.sides[side], v)
	}
	return v
}
