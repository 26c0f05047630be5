package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Orders of a call auction, around the fair price.
const (
	auctionGrains = 24 // how far their prices lie from it at most
	auctionMarket = 3  // sixteenths of them that are market orders, where such are taken
)

// limitOnly reports whether the auction takes limit orders only, and market orders in it stand still.
func (m *market) limitOnly() bool {
	return m.phase == codec.PhasePreOpenLimit || m.phase == codec.PhaseClosingLimit
}

// collect makes a message of a call auction.
func (m *market) collect(c *codec.Command, u uint64) {
	room := m.resting < m.limit
	if room && (u&15 < 11 || m.resting < quietBook) {
		m.enterAuction(c)
		return
	}
	if u>>4&7 == 0 {
		m.cancel(c, m.pick()) // not everybody knows which orders stand still
		return
	}
	o, ok := m.pickFree()
	switch {
	case !ok && room:
		m.enterAuction(c)
	case ok && room && u&15 < 13 && o.Trigger == 0:
		m.modifyAuction(c, o)
	default:
		m.cancel(c, o)
	}
}

// enterAuction enters an order on either side of the fair price, so that many can trade.
func (m *market) enterAuction(c *codec.Command) {
	u := m.random.next()
	m.enter(c, sideOf(u), m.around(u>>1), m.quantity())
	if u>>60 < auctionMarket && !m.limitOnly() {
		c.Flags |= codec.FlagMarket
		c.Price = 0
	}
}

// modifyAuction changes the price or the quantity of an order.
func (m *market) modifyAuction(c *codec.Command, o orderbook.RestingOrder) {
	m.stamp(c, codec.KindModify, o.ID)
	m.same(c, &o)
	switch u := m.random.next(); {
	case u&3 == 0:
		c.Qty = m.lots(o.Qty / 2)
	case u&3 == 1:
		c.Qty += m.lots(o.Qty / 2)
	case !o.Market:
		c.Price = m.around(u >> 2)
	}
}

// around is a price near the fair one.
func (m *market) around(u uint64) orderbook.Price {
	span := 2*auctionGrains*m.grain + 1
	price := m.fairPrice() + (orderbook.Price(scale(uint32(u), span))-orderbook.Price(span/2))*m.listing.tick
	return min(max(price, m.low), m.high)
}

// afterClose makes a message of the session after the close, when all trade at the closing price.
func (m *market) afterClose(c *codec.Command, u uint64) {
	if m.resting >= quietBook && u&3 == 0 || m.resting >= m.limit {
		m.cancel(c, m.pick())
		return
	}
	m.enter(c, sideOf(u>>2), m.close, m.quantity())
	if u>>3&3 == 0 {
		c.Flags, c.Price = codec.FlagMarket, 0
	}
}
