package orderbook

import "iter"

// Lookup returns the live order with this number.
func (b *Book) Lookup(id OrderID) (RestingOrder, bool) {
	s := b.arena.find(tagOf(b.number, id), b.number, id)
	if s == 0 {
		return RestingOrder{}, false
	}
	return b.resting(s), true
}

func (b *Book) resting(s uint32) RestingOrder {
	o := &b.arena.orders[s]
	price := b.side(o.side).price(b.arena.levels[o.level].key)
	return RestingOrder{ID: o.id, Side: o.side, Price: price, Qty: o.qty, Slot: Slot(s)}
}

// BBO returns the best bid and the best ask. The level of an empty side is zero.
func (b *Book) BBO() (bid, ask Level) {
	return b.levelAt(b.side(Buy), b.side(Buy).best), b.levelAt(b.side(Sell), b.side(Sell).best)
}

func (b *Book) levelAt(l *ladder, v uint32) Level {
	if v == 0 {
		return Level{}
	}
	lv := &b.arena.levels[v]
	return Level{Price: l.price(lv.key), Qty: lv.qty, Orders: lv.count}
}

// Depth appends the levels of a side to dst, best first, as many as its capacity has room for.
func (b *Book) Depth(side Side, dst []Level) []Level {
	l := b.side(side)
	for v := l.best; v != 0 && len(dst) < cap(dst); v = b.arena.levels[v].worse {
		dst = append(dst, b.levelAt(l, v))
	}
	return dst
}

// Orders returns the orders of a side in priority order: best price first, then in time. The book
// must not be changed while they are read.
func (b *Book) Orders(side Side) iter.Seq[RestingOrder] {
	a := b.arena
	return func(yield func(RestingOrder) bool) {
		for v := b.side(side).best; v != 0; v = a.levels[v].worse {
			for s := a.levels[v].head; s != v; s = a.orders[s].next {
				if !yield(b.resting(s)) {
					return
				}
			}
		}
	}
}

// StateHash returns a hash of the live orders of both sides in priority order: number, side, price and
// remaining quantity. Books in equal states have equal hashes, whatever their history, their slots
// or their implementation.
func (b *Book) StateHash() uint64 {
	return HashOrders(b.Orders(Sell), HashOrders(b.Orders(Buy), 0))
}

// HashOrders folds orders into the hash h of what comes before them. A state hash is the hash of the bids
// and then the asks, from 0.
func HashOrders(orders iter.Seq[RestingOrder], h uint64) uint64 {
	for o := range orders {
		h = hashWord(h, uint64(o.ID))
		h = hashWord(h, uint64(uint32(o.Price))<<32|uint64(o.Qty))
		h = hashWord(h, uint64(o.Side))
	}
	return h
}

// hashWord folds one word into h. Every step is one to one, so a different word gives a different hash.
func hashWord(h, word uint64) uint64 {
	h = (h ^ word) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return h ^ h>>29
}
