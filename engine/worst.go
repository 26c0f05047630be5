//tezi:pure

package engine

import "github.com/tezi-exchange/tezi/orderbook"

// sweepMax bounds how many price levels a market order may reach, in an instrument without a band.
const sweepMax = 1 << 12

// worst returns the most that a share of an order can trade for that comes in: what is reserved for it
// (package pretrade, condition (a)).
//
//	buy, limit      its limit
//	buy, market     the upper end of band and execution range, else the worst price it reaches now; it
//	                goes no further than that
//	sell            its limit or the best bid, whichever is more
//
// What of it comes to rest in continuous trading has its limit reserved from then on (atLimit).
//
// In an auction a sell may trade up to the upper end of the band; a market order without a band, at twice the
// greatest price known, until the auction is over (reserveAtLimits). So may a stop-loss order, whose trigger is
// what is known. An order carried from continuous trading into an auction keeps what is reserved for it: it is not
// checked again unless it is modified (exchange rules, closing auction).
func (c *Core) worst(m *market, o *orderbook.Order) orderbook.Price {
	switch {
	case o.Trigger == 0 && !o.Market && m.can&canTrigger != 0:
		return worstLimit(c.books[m.number], o.Side, o.Price)
	case o.Trigger > 0:
		return m.worstLater(o, o.Trigger)
	case m.can&canCollect != 0:
		return m.worstLater(o, c.knownPrice(m))
	case m.can&canTrigger == 0: // after the close all trade at one price
		if o.Market {
			o.Market, o.Price = false, m.close
		}
		return o.Price
	case o.Side == orderbook.Sell:
		return max(o.Price, c.books[m.number].BestBid())
	case m.within[1] != 0:
		return m.within[1]
	}
	price := c.reach(m, o.Qty)
	if price > 0 {
		noFurther(o, price)
	}
	return price
}

// worstLimit is worst of a limit order in continuous trading: of nearly all. Buys and sells come as they like, so
// there is no branch between them.
func worstLimit(book *orderbook.Book, side orderbook.Side, price orderbook.Price) orderbook.Price {
	bid := book.BestBid()
	if side == orderbook.Buy {
		bid = 0
	}
	return max(price, bid)
}

// noFurther makes the order trade up to price at most; what is left then is cancelled.
func noFurther(o *orderbook.Order, price orderbook.Price) {
	o.Market, o.Price, o.Disclosed = false, price, 0
	if o.TIF != orderbook.FOK {
		o.TIF = orderbook.IOC
	}
}

// reach returns the worst ask that a market order of qty meets, or 0 if there is none. Hidden quantity
// only makes it trade sooner.
func (c *Core) reach(m *market, qty orderbook.Qty) (price orderbook.Price) {
	for n := 8; ; n *= 8 {
		levels := c.books[m.number].Depth(orderbook.Sell, c.levels[:0:n])
		sum := uint64(0)
		for _, lv := range levels {
			price = lv.Price
			if sum += lv.Qty; sum >= uint64(qty) {
				return price
			}
		}
		if len(levels) < n || n == sweepMax {
			return price
		}
	}
}

// worstLater is the most that a share of an order can trade for that does not trade now. known is a price
// to go by if there is no band.
func (m *market) worstLater(o *orderbook.Order, known orderbook.Price) orderbook.Price {
	switch {
	case o.Side == orderbook.Buy && !o.Market:
		return o.Price
	case m.banded():
		return m.high
	case o.Market:
		return orderbook.Price(min(2*int64(known), int64(priceMax)))
	}
	return max(o.Price, known)
}

// knownPrice is the greatest price that hints at where an auction without a band will come to: its
// reference, the last price, the best limits. (The level before them may be that of the market orders.)
func (c *Core) knownPrice(m *market) orderbook.Price {
	book := c.books[m.number]
	price := max(m.reference, m.rules.PrevClose, book.LastPrice())
	for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
		for _, lv := range book.Depth(side, c.levels[:0:2]) {
			price = max(price, lv.Price)
		}
	}
	return price
}
