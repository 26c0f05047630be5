//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// openAuction has orders collected from now on, or the auction go on under the phase's flags.
func (c *Core) openAuction(m *market) {
	if book := c.books[m.number]; !book.Collecting() {
		book.OpenAuction()
	}
	m.auction &^= auctionClosing
	if closing(m.phase) {
		m.auction |= auctionClosing
	}
	m.reference = c.auctionReference(m)
}

// auctionReference is the price that an auction refers to: what the phase change says, or what stands
// already; else the previous close before the open, and the day's own price at the close.
func (c *Core) auctionReference(m *market) orderbook.Price {
	switch {
	case m.given > 0:
		return m.given
	case m.reference > 0:
		return m.reference
	case m.auction&auctionClosing != 0:
		return m.ownPrice(c.books[m.number].LastPrice())
	}
	return m.rules.PrevClose
}

// beginAuction fixes the price of the auction that is to be held. A reference may be the price, so it is
// kept in the band, as limits were.
func (c *Core) beginAuction(m *market) {
	m.reference = c.auctionReference(m)
	if m.reference > 0 && m.high > 0 {
		m.reference = m.inBand(m.reference)
	}
	m.price = c.books[m.number].Equilibrium(m.reference).Price
	c.setWork(m, m.work|workAuction)
}

// uncross trades what the auction's price allows, as far as there is room, and reports whether that is
// all. If orders were taken out since the price was fixed, by a veto or a kill switch, what was to meet
// them may have to meet others, at the price that it comes to now.
func (c *Core) uncross(m *market, cmd *codec.Command, out *Builder) bool {
	if m.price == 0 {
		return true
	}
	book, marketFirst := c.books[m.number], m.auction&auctionMarketFirst != 0
	for c.room > 0 {
		n := min(c.room, cap(c.crosses))
		crosses := book.Uncross(m.price, marketFirst, c.crosses[:0:n])
		c.cross(m, cmd, crosses, out)
		if len(crosses) == n {
			continue
		}
		if m.auction&auctionClosing != 0 || !book.Crossed() {
			return true
		}
		m.price = book.Equilibrium(m.reference).Price
	}
	return false
}

// endAuction disposes of what the auction has left. After the closing auction it is cancelled, and the
// closing price stands: that of the auction, or its reference. After any other, limit orders stay, and
// market orders become limit orders at the price, or at the reference if there is no price; without
// either they are cancelled. What rests then needs margin for its limit only. (exchange rules, call auction)
func (c *Core) endAuction(m *market) {
	book, price := c.books[m.number], m.price
	if price == 0 {
		price = m.reference
	}
	if m.auction&auctionClosing != 0 {
		c.removeWhere(m, 0, func(orderbook.Slot) bool { return true }, RemovedAuction)
		m.close = price
	} else if price == 0 {
		c.removeResting(m, false, func(o orderbook.RestingOrder) bool { return o.Market }, RemovedAuction)
	}
	c.counts.Turned += uint64(book.CloseAuction(price))
	c.reserveAtLimits(m)
	m.auction, m.reference, m.price = 0, 0, 0
}

// reserveAtLimits gives back what is reserved for resting orders beyond their limits. A sell in an auction may trade
// up to the end of the band, and a market order too (worst); what is left of them trades at its own price and no
// other. Nothing is ever reserved in addition: who has less keeps it, and no exposure grows (package pretrade, P3).
func (c *Core) reserveAtLimits(m *market) {
	for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
		for o := range c.books[m.number].Orders(side) {
			own := &c.owners[o.Slot]
			if beyond := own.reserved - o.Price; beyond > 0 {
				c.accounts.Release(own.position, side, int64(beyond)*int64(o.Qty))
				own.reserved = o.Price
			}
		}
	}
}

// changePhase takes the instrument into another phase. Entering a phase that matches, or that is for
// it, holds an auction that is open; the phase is settled in when it is over. While the market is halted nothing
// trades by it: the auction waits, at the price that it has, until a command goes on with it, or until a phase that
// does not hold it.
func (c *Core) changePhase(m *market, cmd *codec.Command, out *Builder) {
	p := cmd.AsPhaseChange()
	if p.Phase >= codec.PhaseCount || p.Reference < 0 || p.Auction&^codec.AuctionMarketFirst != 0 {
		c.reject(orderbook.RejectCommand)
		return
	}
	m.phase, m.given = p.Phase, p.Reference
	m.can = phaseCan[p.Phase]
	if p.Auction&codec.AuctionMarketFirst != 0 || m.rules.Flags&codec.RuleMarketFirst != 0 {
		m.auction |= auctionMarketFirst
	} else if m.can&canCollect != 0 {
		m.auction &^= auctionMarketFirst
	}
	switch {
	case !holds(p.Phase) || !c.books[m.number].Collecting():
		m.price = 0
		c.setWork(m, m.work&^workPending)
		c.settleIn(m, cmd.TimeNs)
	case m.work&workAuction == 0:
		c.beginAuction(m)
	}
	if c.halted == orderbook.Accepted {
		c.carryOn(m, cmd, out)
	}
}

// settleIn does what a phase begins with, once no auction is in its way.
func (c *Core) settleIn(m *market, timeNs int64) {
	book := c.books[m.number]
	switch m.phase {
	case codec.PhasePreOpen, codec.PhasePreOpenLimit, codec.PhaseClosing, codec.PhaseClosingLimit:
		c.openAuction(m)
	case codec.PhaseReference:
		m.reference = m.given
		if m.reference == 0 {
			m.reference = m.ownPrice(book.LastPrice())
		}
	case codec.PhaseAverage:
		m.averageHi, m.averageLo, m.averageQty = 0, 0, 0
	case codec.PhasePostClose:
		c.closingPrice(m)
	case codec.PhaseEndOfDay:
		c.closingPrice(m)
		c.removeResting(m, true, func(o orderbook.RestingOrder) bool { return o.TIF != orderbook.GTC && o.TIF != orderbook.GTD }, RemovedEndOfDay)
		book.SetLastPrice(0)
		m.endDay()
	}
	c.bound(m, timeNs)
	if m.can&canTrigger != 0 {
		m.reference = 0
		c.setWork(m, m.work|workStops)
	}
}

// closingPrice fixes the closing price, unless an auction has: what the phase change says, or the day's own.
func (c *Core) closingPrice(m *market) {
	if m.close == 0 {
		m.close = m.given
	}
	if m.close == 0 {
		m.close = m.ownPrice(c.books[m.number].LastPrice())
	}
}
