package orderbook

// keyMin is the worst key there is, the limit of a market order.
const keyMin = 1

// limit returns the worst key of l, the side opposite to an incoming order, at which the order trades.
func (l *ladder) limit(market bool, price Price) uint32 {
	if market {
		return keyMin
	}
	return l.key(price)
}

// crosses says whether an order with this limit trades with ladder l. It does not with an empty one,
// whose best level is slot 0 with key 0.
func (a *Arena) crosses(l *ladder, limit uint32) bool { return a.levels[l.best].key >= limit }

// match trades qty with the makers of ladder l, best price first and in time priority, down to the
// key limit. It returns what is left, and whether that is because fills is full.
//
// If something is left that may rest, the last level it traded with is used up, and that level's
// slot, not a maker's, is the one freed last: the next to be taken (I9).
func (b *Book) match(l *ladder, limit uint32, qty Qty, fills []Fill) (_ []Fill, left Qty, full bool) {
	a := b.arena
	for qty > 0 && a.crosses(l, limit) {
		v := l.best
		lv := &a.levels[v]
		price := l.price(lv.key)
		for s := lv.head; s != v && qty > 0; s = lv.head {
			filled := len(fills)
			if filled == cap(fills) {
				return fills, qty, true
			}
			o := &a.orders[s]
			n := min(qty, o.qty)
			qty -= n
			o.qty -= n
			lv.qty -= uint64(n)
			fills = fills[:filled+1]
			f := &fills[filled] // field by field: a composite would be built elsewhere and copied
			f.Maker, f.MakerSlot, f.Price, f.Qty, f.MakerLeft = o.id, Slot(s), price, n, o.qty
			if o.qty == 0 {
				lv.head = o.next
				a.orders[o.next].prev = v
				lv.count--
				a.index.remove(tagOf(b.number, o.id), s)
				a.live--
				a.give(s)
			}
		}
		if lv.count == 0 {
			a.dropLevel(l, v)
		}
	}
	return fills, qty, false
}
