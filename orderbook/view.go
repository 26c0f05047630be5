package orderbook

import "iter"

// Find returns the slot of the live order with this number, NoSlot if there is none.
func (b *Book) Find(id OrderID) Slot {
	s, _ := b.find(id)
	return Slot(s)
}

// Lookup returns the live order with this number, whether it rests or waits.
func (b *Book) Lookup(id OrderID) (RestingOrder, bool) {
	s, _ := b.find(id)
	if s == 0 {
		return RestingOrder{}, false
	}
	return b.resting(s), true
}

func (b *Book) resting(s uint32) RestingOrder {
	o, c := &b.arena.orders[s], &b.arena.cold[s]
	r := RestingOrder{
		ID: o.id, Side: o.side(), TIF: o.tif(), Market: o.flags&isMarket != 0, CancelActive: o.flags&isActive != 0,
		Qty: b.total(s), Shown: o.qty, PAN: o.pan, Slot: Slot(s),
	}
	if o.flags&isDisclosed != 0 {
		r.Disclosed = c.part
	}
	switch {
	case o.flags&isWaiting != 0:
		r.Price, r.Trigger, r.Shown = c.price, c.trigger, 0
	case !r.Market:
		l, key := &b.sides[o.of()], b.arena.levels[o.level].key
		if s == l.newest {
			key = l.newestKey
		}
		r.Price = priceOf(o.of(), key)
	}
	return r
}

// BBO returns the best bid and the best ask. The level of an empty side is zero.
func (b *Book) BBO() (bid, ask Level) {
	b.file()
	return b.levelAt(0, b.sides[0].best), b.levelAt(1, b.sides[1].best)
}

// BestBid returns the price of the best bid; 0 if there is none, or a market order is in front, in an auction.
func (b *Book) BestBid() Price {
	key := b.sides[0].front()
	if key == keyMarket {
		return 0
	}
	return priceOf(0, key)
}

func (b *Book) levelAt(side, v uint32) Level {
	if v == 0 {
		return Level{}
	}
	lv := &b.arena.levels[v]
	price := Price(0)
	if lv.key != keyMarket {
		price = priceOf(side, lv.key)
	}
	return Level{Price: price, Qty: lv.qty, Orders: lv.count}
}

// DepthAt returns the level at a price of a side, price 0 standing for market orders; the zero Level if
// nothing rests there.
func (b *Book) DepthAt(side Side, price Price) Level {
	if price < 0 {
		return Level{} // as a key it may be that of the market orders
	}
	i := uint32(side - Buy)
	key := uint32(keyMarket)
	if price != 0 {
		key = keyOf(i, price)
	}
	b.file()
	return b.levelAt(i, b.arena.levelAt(&b.sides[i], key))
}

// Depth appends the levels of a side to dst, best first, as many as its capacity has room for.
func (b *Book) Depth(side Side, dst []Level) []Level {
	b.file()
	i := uint32(side - Buy)
	for v := b.sides[i].best; v != 0 && len(dst) < cap(dst); v = b.arena.worse(&b.sides[i], v) {
		dst = append(dst, b.levelAt(i, v))
	}
	return dst
}

// Orders returns the orders of a side that are in the market, in priority order: best price first, then
// in time; in an auction market orders come before. The book must not be changed while they are read; a look at it is no
// change.
func (b *Book) Orders(side Side) iter.Seq[RestingOrder] { return b.ordersOf(&b.sides[side-Buy]) }

func (b *Book) ordersOf(l *ladder) iter.Seq[RestingOrder] {
	return func(yield func(RestingOrder) bool) { // without filing the newest: a look for a hash leaves no trace
		newest := l.newest
		for v := l.best; v != 0; v = b.arena.worse(l, v) {
			if newest != 0 && newest == l.newest && l.newestKey > b.arena.levels[v].key {
				if !yield(b.resting(newest)) {
					return
				}
				newest = 0
			}
			if !b.queueOf(v, 0, yield) {
				return
			}
		}
		if newest != 0 && newest == l.newest { // else a look by who reads has filed it, and it was met in its queue
			yield(b.resting(newest))
		}
	}
}

// queueOf yields the orders of level v, of one side of them if side is not 0.
func (b *Book) queueOf(v uint32, side Side, yield func(RestingOrder) bool) bool {
	a := b.arena
	for s := a.levels[v].head; s != v; s = a.orders[s].next {
		if (side == 0 || a.orders[s].side() == side) && !yield(b.resting(s)) {
			return false
		}
	}
	return true
}

// Stops returns the stop-loss orders of a side: those that wait, the nearest trigger first, then in time;
// then those that the market has reached and Trigger has not taken yet, in the order of Trigger.
func (b *Book) Stops(side Side) iter.Seq[RestingOrder] {
	return func(yield func(RestingOrder) bool) {
		for o := range b.ordersOf(&b.stops[side-Buy]) {
			if !yield(o) {
				return
			}
		}
		if b.queue != 0 {
			b.queueOf(b.queue, side, yield)
		}
	}
}

// StateHash returns a hash of the live orders in priority order, all of them that the market can see and
// all of it that it cannot; of the last price, of the execution range and of the state of the auction. Books in
// equal states have equal hashes, whatever their history, their slots or their implementation.
func (b *Book) StateHash() uint64 {
	h := HashOrders(b.Orders(Sell), HashOrders(b.Orders(Buy), 0))
	h = HashOrders(b.Stops(Sell), HashOrders(b.Stops(Buy), h))
	low, high := b.Range()
	return HashState(h, b.last, low, high, b.reached(), b.collecting, b.hold)
}

// HashOrders folds orders into the hash h of what comes before them. A state hash is the hash of the bids,
// the asks, the stop-loss orders to buy and to sell, from 0, and HashState of that.
func HashOrders(orders iter.Seq[RestingOrder], h uint64) uint64 {
	for o := range orders {
		h = HashWord(h, uint64(o.ID))
		h = HashWord(h, uint64(uint32(o.Price))<<32|uint64(o.Qty))
		h = HashWord(h, uint64(uint32(o.Trigger))<<32|uint64(o.Shown))
		h = HashWord(h, uint64(o.Disclosed)<<32|uint64(o.PAN))
		h = HashWord(h, uint64(o.Side)<<16|uint64(o.TIF)<<8|bit(o.Market)<<1|bit(o.CancelActive))
	}
	return h
}

// HashState folds what a book has beside its orders into their hash: the last price, the execution range from low to high,
// how many stop-loss orders the market has reached, and the rest.
func HashState(h uint64, last, low, high Price, reached int, collecting, hold bool) uint64 {
	h = HashWord(h, uint64(reached))
	h = HashWord(h, uint64(uint32(low))<<32|uint64(uint32(high)))
	return HashWord(h, uint64(uint32(last))<<2|bit(collecting)<<1|bit(hold))
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// HashWord folds one word into h. Every step is one to one, so a different word gives a different hash.
func HashWord(h, word uint64) uint64 {
	h = (h ^ word) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return h ^ h>>29
}
