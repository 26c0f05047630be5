package workload

import "github.com/tezi-exchange/tezi/orderbook"

// fairPrice is the fair price on the tick below it.
func (m *market) fairPrice() orderbook.Price {
	return orderbook.Price(m.fair>>fairBits) * m.listing.tick
}

// behind returns a price at which an order of that side rests: the best that does not cross the
// touch or the fair price, less a distance. Three orders in eight crowd within a few ticks, the
// others spread evenly over the width of the book.
func (m *market) behind(side orderbook.Side, u uint64) orderbook.Price {
	distance := orderbook.Price(0)
	if u&7 < 5 {
		distance = orderbook.Price(uint32(min(trailing(u>>3), 8))*m.grain + scale(uint32(u>>32), m.grain))
	} else {
		distance = orderbook.Price(scale(max(uint32(u>>32), uint32(m.random.next())), m.width))
	}
	tick := m.listing.tick
	bid, ask := m.book.BBO()
	if side == orderbook.Buy {
		best := m.fairPrice()
		if ask.Price > 0 {
			best = min(best, ask.Price-tick)
		}
		return min(max(best-distance*tick, m.low), m.high)
	}
	best := max(m.fairPrice()+tick, bid.Price+tick)
	return max(min(best+distance*tick, m.high), m.low)
}

// through returns a price that trades with the touch of the other side and up to three ticks behind
// it; the fair price if there is no touch.
func (m *market) through(side orderbook.Side, u uint64) orderbook.Price {
	bid, ask := m.book.BBO()
	slack := orderbook.Price(min(trailing(u), 3)) * m.listing.tick
	if side == orderbook.Buy {
		if ask.Price == 0 {
			return min(m.fairPrice(), m.high)
		}
		return min(ask.Price+slack, m.high)
	}
	if bid.Price == 0 {
		return max(m.fairPrice()+m.listing.tick, m.low)
	}
	return max(bid.Price-slack, m.low)
}

// stale returns the side whose touch the fair price has moved through, so that whoever trades with it
// gains; 0 if there is none.
func (m *market) stale() orderbook.Side {
	if m.book.Collecting() {
		return 0
	}
	bid, ask := m.book.BBO()
	fair := m.fairPrice()
	switch {
	case ask.Price > 0 && ask.Price <= fair:
		return orderbook.Sell
	case bid.Price > fair:
		return orderbook.Buy
	}
	return 0
}

// pressure returns the side that trades: either, unless a touch is stale, then mostly the side that
// gains by it.
func (m *market) pressure(u uint64) orderbook.Side {
	if side := m.stale(); side.Valid() && u&7 != 0 {
		return side.Opposite()
	}
	return sideOf(u >> 3)
}

// quantity draws a number of shares: worth 1,000 rupees doubled a geometric number of times, half of
// them a round number as people type it.
func (m *market) quantity() orderbook.Qty {
	u := m.random.next()
	size := uint64(m.unit) << min(trailing(u), 7)
	size += uint64(scale(uint32(u>>8), uint32(size)))
	if u>>62&1 == 0 {
		switch {
		case size >= 500:
			size -= size % 100
		case size >= 50:
			size -= size % 25
		case size >= 10:
			size -= size % 5
		}
	}
	return m.lots(orderbook.Qty(size))
}
