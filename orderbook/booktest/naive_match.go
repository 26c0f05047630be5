package booktest

import "github.com/tezi-exchange/tezi/orderbook"

// reaches says whether the limit of an order goes as far as a price of the other side.
func reaches(s orderbook.Side, limit, price orderbook.Price) bool {
	return limit == price || better(s, limit, price)
}

// accepts says whether an order would trade with one of the other side.
func accepts(o, maker *standing) bool {
	return o.Market || maker.Market || reaches(o.Side, o.Price, maker.Price)
}

// SetRange implements Book.
func (b *Naive) SetRange(low, high orderbook.Price) {
	b.low, b.high = max(low, 0), max(high, 0)
}

// beyond says whether the limit of an order that comes in goes beyond the execution range: above it to buy,
// below it to sell.
func (b *Naive) beyond(s orderbook.Side, market bool, limit orderbook.Price) bool {
	if s == orderbook.Buy {
		return b.high > 0 && (market || limit > b.high)
	}
	return b.low > 0 && (market || limit < b.low)
}

// trades says whether an order that comes in trades with a maker.
func (b *Naive) trades(o, maker *standing) bool {
	return accepts(o, maker) && !b.beyond(o.Side, false, maker.Price)
}

// own says whether two orders have the same PAN.
func own(o, maker *standing) bool { return o.PAN != 0 && o.PAN == maker.PAN }

// match trades an order with the other side as far as it goes, and says what stopped it but its limit. What
// is left is in o.Qty.
func (b *Naive) match(o *standing, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Cause) {
	makers := b.market(o.Side.Opposite())
	for o.Qty > 0 && len(*makers) > 0 && b.trades(o, &(*makers)[0]) {
		maker := &(*makers)[0]
		if own(o, maker) && o.CancelActive {
			return fills, orderbook.CauseSelfTrade
		}
		if len(fills) == cap(fills) {
			return fills, orderbook.CauseFillLimit
		}
		fill := orderbook.Fill{Maker: maker.ID, MakerSlot: maker.Slot, Price: maker.Price, MakerLeft: maker.Qty}
		if own(o, maker) {
			remove(makers, 0)
		} else {
			fill.Qty = b.trade(o, makers)
			fill.MakerLeft -= fill.Qty
		}
		fills = append(fills, fill)
	}
	return fills, orderbook.CauseNone
}

// trade trades an order with the first maker and returns the quantity. A maker trades its shown part and
// goes behind the others of its price with the next one. Alone at its price it comes again at once, so
// that all its parts trade in one; hence no two fills in a row are of the same maker.
func (b *Naive) trade(o *standing, makers *[]standing) orderbook.Qty {
	maker := (*makers)[0]
	alone := len(*makers) == 1 || (*makers)[1].Price != maker.Price
	qty := min(o.Qty, maker.Shown)
	if alone {
		qty = min(o.Qty, maker.Qty)
	}
	o.Qty -= qty
	if qty < maker.Shown {
		(*makers)[0].Qty -= qty
		(*makers)[0].Shown -= qty
		return qty
	}
	beyond := qty - maker.Shown // of the parts that were hidden
	maker.Qty -= qty
	remove(makers, 0)
	if maker.Qty > 0 {
		maker.Shown = min(maker.Disclosed-beyond%maker.Disclosed, maker.Qty)
		b.arrivals++
		maker.arrived = b.arrivals
		insert(makers, &maker)
	}
	return qty
}

// killed says why an order that must be filled whole is not; CauseNone of others.
func (b *Naive) killed(o *standing) orderbook.Cause {
	if o.TIF != orderbook.FOK {
		return orderbook.CauseNone
	}
	makers := *b.market(o.Side.Opposite())
	before := uint64(0) // what can trade at better prices than this maker's
	shown := uint64(0)  // what trades at its price before its turn
	whole := uint64(0)  // what can trade at its price with it and those before it
	for i := range makers {
		maker := &makers[i]
		if !b.trades(o, maker) {
			break
		}
		if i > 0 && maker.Price != makers[i-1].Price {
			before, shown, whole = before+whole, 0, 0
		}
		if !own(o, maker) {
			shown += uint64(maker.Shown)
			whole += uint64(maker.Qty)
		} else if o.CancelActive && before+shown < uint64(o.Qty) {
			return orderbook.CauseSelfTrade
		} else if o.CancelActive {
			return orderbook.CauseNone
		}
	}
	if before+whole < uint64(o.Qty) {
		return orderbook.CauseRemainder
	}
	return orderbook.CauseNone
}
