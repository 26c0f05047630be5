package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The mix of continuous trading, in 1/1024 of all messages. What is neither is split between passive entries
// and cancels so that the book stays near its target.
const (
	mistakes   = 3   // 0.3 %, in all phases
	aggressive = 113 // 11 %; modifies that cross come on top
	modifies   = 225 // 22 %, reduces included

	cancelShare = 410  // of the split, at the target: 0.40
	cancelSlope = 1843 // 1.8: none at 78 % of the target, all at 133 %
	quietBook   = 8    // a book with fewer orders only gets entries
)

// Of the passive entries, in 1/1024.
const (
	stops     = 64 // stop-loss orders: 6 %, 3 % of all entries with those that are meant to match
	discloses = 82 // 8 % with a disclosed quantity
)

// message makes the next message.
func (m *market) message(c *codec.Command) {
	m.walk()
	u := m.random.next()
	if u&1023 < mistakes && m.resting >= quietBook {
		m.mistake(c)
		return
	}
	u >>= 10
	switch m.phase {
	case codec.PhaseContinuous, codec.PhaseAverage:
		m.trade(c, u)
	case codec.PhasePreOpen, codec.PhasePreOpenLimit, codec.PhaseClosing, codec.PhaseClosingLimit:
		m.collect(c, u)
	case codec.PhasePostClose:
		m.afterClose(c, u)
	default: // halted; and an instrument with more messages than moments may be late
		if u&15 != 0 && m.resting >= quietBook {
			m.cancel(c, m.pick())
		} else {
			m.passive(c)
		}
	}
}

// trade makes a message of continuous trading.
func (m *market) trade(c *codec.Command, u uint64) {
	what := int(u & 1023)
	switch {
	case m.resting >= m.limit:
		m.cancel(c, m.pick())
	case m.resting < quietBook:
		m.passive(c)
	case what < aggressive:
		m.aggress(c)
	case what < aggressive+modifies:
		m.modify(c, m.pick())
	case int(u>>10&1023) < cancelShare+cancelSlope*(m.resting-m.target)/m.target:
		m.cancel(c, m.pick())
	default:
		m.passive(c)
	}
}

// enter begins an order entry with the next number.
func (m *market) enter(c *codec.Command, side orderbook.Side, price orderbook.Price, qty orderbook.Qty) {
	m.stamp(c, codec.KindNew, m.number(m.issue))
	c.Side, c.Price, c.Qty = side, price, qty
	m.issue++
	m.fresh = true
	if m.housed(c.Order) { // a house builds up a position, in small steps, until its limit stops it
		c.Side, c.Qty = orderbook.Buy, m.lots(orderbook.Qty(m.unit)*(1+qty%4))
	}
}

// passive enters an order that rests behind or at the touch: a limit order, mostly wholly shown, or one
// that waits for its trigger.
func (m *market) passive(c *codec.Command) {
	u := m.random.next()
	side := sideOf(u)
	m.enter(c, side, m.behind(side, u>>1), m.quantity())
	if m.phase != codec.PhaseContinuous && m.phase != codec.PhaseAverage {
		return
	}
	switch kind := u >> 51 & 1023; {
	case kind < stops:
		m.stop(c)
	case kind < stops+discloses:
		c.Disclosed = m.part(c.Qty)
	}
}

// stop makes an order one that waits until the last price reaches its trigger: 0 to some twenty grains
// behind the last price, so that many are reached. Two in five are market orders, the others may trade
// up to some grains behind the trigger. Without a last price the order stays as it is.
func (m *market) stop(c *codec.Command) {
	last := m.book.LastPrice()
	if last == 0 {
		return
	}
	u := m.random.next()
	tick := m.listing.tick
	away := orderbook.Price(1+uint32(min(trailing(u), 4))*m.grain*4+scale(uint32(u>>32), 4*m.grain)) * tick
	slack := orderbook.Price(scale(uint32(u>>24), 8*m.grain+1)) * tick
	trigger := last + away
	limit := min(trigger+slack, m.high)
	if c.Side == orderbook.Sell {
		trigger = last - away
		limit = max(trigger-slack, m.low)
	}
	if trigger < m.low || trigger > m.high {
		return
	}
	c.Trigger, c.Price = trigger, limit
	c.Flags = c.Flags&^codec.FlagMarket | codec.FlagStopLoss
	if u>>8&7 < 3 {
		c.Flags |= codec.FlagMarket
		c.Price = 0
	}
}

// part returns what an order of qty shows: a tenth to a half of it in whole lots, all of a single lot.
func (m *market) part(qty orderbook.Qty) orderbook.Qty {
	lots := qty / m.listing.lot
	if lots < 2 {
		return qty
	}
	least := (lots + 9) / 10
	return (least + orderbook.Qty(m.random.below(uint32(lots/2-least+1)))) * m.listing.lot
}

// aggress enters an order that takes what the other side offers: a limit order through the touch,
// an IOC order or a market order.
func (m *market) aggress(c *codec.Command) {
	u := m.random.next()
	side := m.pressure(u)
	m.enter(c, side, m.through(side, u>>8), m.quantity())
	switch kind := u >> 16 & 1023; {
	case kind < 204: // 20 %
		c.Flags, c.Price = codec.FlagMarket, 0
		c.TIF = orderbook.TimeInForce(u >> 26 & 1) // market orders come as day and as IOC orders
	case kind < 204+358: // 35 %
		c.TIF = orderbook.IOC
	}
}

// cancel takes an order out.
func (m *market) cancel(c *codec.Command, o orderbook.RestingOrder) {
	m.stamp(c, codec.KindCancel, o.ID)
	m.same(c, &o)
}

// same fills in the terms that an order has.
func (m *market) same(c *codec.Command, o *orderbook.RestingOrder) {
	c.Side, c.Price, c.Qty, c.Trigger = o.Side, o.Price, o.Qty, o.Trigger
	if o.Market {
		c.Flags |= codec.FlagMarket
	}
	if o.Trigger > 0 {
		c.Flags |= codec.FlagStopLoss
	}
}

// modify changes the price, the quantity or both of an order, in continuous trading. The quantity in the
// message is the new remaining one.
func (m *market) modify(c *codec.Command, o orderbook.RestingOrder) {
	m.stamp(c, codec.KindModify, o.ID)
	m.same(c, &o)
	u := m.random.next()
	kind := u & 31
	switch {
	case kind >= 18 && kind < 22:
		c.Qty = m.quantity()
	case kind >= 22 && kind < 28:
		c.Qty = m.lots(o.Qty / 2)
	case kind >= 28:
		c.Qty += m.lots(o.Qty / 2)
	}
	switch {
	case o.Trigger > 0: // it stays one that waits
		if kind < 22 {
			m.stop(c)
		}
		return
	case kind == 0: // take the other side instead of waiting
		c.Price = m.through(o.Side, u>>8)
		if u>>5&3 == 0 {
			c.Flags, c.Price = codec.FlagMarket, 0
		}
	case kind < 22:
		c.Price = m.behind(o.Side, u>>8)
	case kind < 25 && c.Qty < o.Qty:
		c.Kind, c.Qty = codec.KindReduce, o.Qty-c.Qty
		return
	}
	switch {
	case o.Disclosed > 0 && u>>56&3 == 0: // show more, or less
		c.Disclosed = m.part(c.Qty)
	case o.Disclosed < c.Qty && uint64(o.Disclosed)*10 >= uint64(c.Qty):
		c.Disclosed = o.Disclosed
	}
}

// lots is a quantity in whole lots, at least one.
func (m *market) lots(qty orderbook.Qty) orderbook.Qty {
	return max(qty-qty%m.listing.lot, m.listing.lot)
}

// stamp fills the fields that all messages have.
func (m *market) stamp(c *codec.Command, kind codec.Kind, id orderbook.OrderID) {
	c.Kind, c.Order, c.Instrument = kind, id, m.index
	if m.phase == codec.PhasePreOpen || m.phase == codec.PhasePreOpenLimit {
		c.Flags = codec.FlagPreOpen
	}
}

// sideOf is either side.
func sideOf(u uint64) orderbook.Side { return orderbook.Buy + orderbook.Side(u&1) }
