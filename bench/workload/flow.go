package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The mix, in 1/1024 of all messages. What is neither is split between passive entries and cancels
// so that the book stays near its target.
const (
	mistakes   = 3   // 0.3 %
	aggressive = 113 // 11 %; modifies that cross come on top
	modifies   = 225 // 22 %

	cancelShare = 410  // of the split, at the target: 0.40
	cancelSlope = 1843 // 1.8: none at 78 % of the target, all at 133 %
	quietBook   = 8    // a book with fewer orders only gets entries
)

// outcome is what the book made of a message.
type outcome struct {
	fills  []orderbook.Fill
	result orderbook.Result
}

// message makes the next message, has the book do it and fills in c. fills is the buffer for what it
// matches.
func (m *market) message(c *codec.Command, fills []orderbook.Fill) outcome {
	m.walk()
	u := m.random.next()
	if u&1023 < mistakes && m.resting >= quietBook {
		return m.mistake(c, fills)
	}
	what := int(u >> 10 & 1023)
	switch {
	case m.resting >= m.limit:
		return m.cancel(c)
	case m.resting < quietBook:
		return m.passive(c, fills)
	case what < aggressive:
		return m.aggress(c, fills)
	case what < aggressive+modifies:
		return m.modify(c, fills)
	case int(u>>20&1023) < cancelShare+cancelSlope*(m.resting-m.target)/m.target:
		return m.cancel(c)
	}
	return m.passive(c, fills)
}

// passive enters a limit order that rests behind or at the touch.
func (m *market) passive(c *codec.Command, fills []orderbook.Fill) outcome {
	u := m.random.next()
	side := orderbook.Buy + orderbook.Side(u&1)
	return m.enter(c, fills, orderbook.Order{Side: side, Price: m.behind(side, u>>1), Qty: m.quantity()})
}

// aggress enters an order that takes what the other side offers: a limit order through the touch,
// an IOC order or a market order.
func (m *market) aggress(c *codec.Command, fills []orderbook.Fill) outcome {
	u := m.random.next()
	side := m.pressure(u)
	o := orderbook.Order{Side: side, Price: m.through(side, u>>8), Qty: m.quantity()}
	switch kind := u >> 16 & 1023; {
	case kind < 204: // 20 %
		o.Market, o.Price = true, 0
		o.TIF = orderbook.TimeInForce(u >> 26 & 1) // market orders come as day and as IOC orders
	case kind < 204+358: // 35 %
		o.TIF = orderbook.IOC
	}
	return m.enter(c, fills, o)
}

// enter has the book take an order with the next number.
func (m *market) enter(c *codec.Command, fills []orderbook.Fill, o orderbook.Order) outcome {
	issue := m.issue
	m.issue++
	o.ID = m.number(issue)
	return m.submit(c, fills, o, issue)
}

func (m *market) submit(c *codec.Command, fills []orderbook.Fill, o orderbook.Order, issue uint32) outcome {
	m.stamp(c, codec.KindNew, o.ID)
	c.Side, c.TIF, c.Price, c.Qty = o.Side, o.TIF, o.Price, o.Qty
	if o.Market {
		c.Flags |= codec.FlagMarket
	}
	fills, result := m.book.Add(&o, fills)
	m.settle(o.Side, fills)
	if result.Resting > 0 {
		m.remember(issue)
	}
	return outcome{fills, result}
}

// cancel takes out one of two random orders: the one nearer to the fair price, because quotes at the
// touch live shorter than orders far away.
func (m *market) cancel(c *codec.Command) outcome {
	o, at := m.pick()
	m.stamp(c, codec.KindCancel, o.ID)
	c.Side, c.Price, c.Qty = o.Side, o.Price, o.Qty
	result := m.book.Cancel(o.ID)
	m.forget(at)
	m.resting--
	return outcome{result: result}
}

// modify changes the price, the quantity or both of a random order. The quantity in the message is
// the new remaining one.
func (m *market) modify(c *codec.Command, fills []orderbook.Fill) outcome {
	o, at := m.pick()
	u := m.random.next()
	price, qty, market := o.Price, o.Qty, false
	switch kind := u & 31; {
	case kind == 0: // take the other side instead of waiting
		price = m.through(o.Side, u>>8)
		market = u>>5&3 == 0
	case kind < 18:
		price = m.behind(o.Side, u>>8)
	case kind < 22:
		price, qty = m.behind(o.Side, u>>8), m.quantity()
	case kind < 28:
		qty = max(qty/2, 1)
	default:
		qty += max(qty/2, 1)
	}
	if market {
		price = 0
		c.Flags |= codec.FlagMarket
	}
	m.stamp(c, codec.KindModify, o.ID)
	c.Side, c.Price, c.Qty = o.Side, price, qty
	fills, result := m.book.Modify(o.ID, &orderbook.Terms{Market: market, Price: price, Qty: qty}, fills)
	m.settle(o.Side, fills)
	if result.Resting == 0 {
		m.forget(at)
		m.resting--
	}
	return outcome{fills, result}
}

// mistake makes a message that must be rejected, of the kinds that honest members send: the order is
// gone already, its number is taken, its quantity is zero.
func (m *market) mistake(c *codec.Command, fills []orderbook.Fill) outcome {
	switch u := m.random.next(); {
	case u&1 == 0 && m.gone.ID != 0:
		m.stamp(c, codec.KindCancel, m.gone.ID)
		c.Side, c.Price, c.Qty = m.gone.Side, m.gone.Price, m.gone.Qty
		return outcome{result: m.book.Cancel(m.gone.ID)}
	case u&2 == 0:
		o, _ := m.pick()
		return m.submit(c, fills, orderbook.Order{ID: o.ID, Side: o.Side, Price: o.Price, Qty: o.Qty}, 0)
	default:
		side := orderbook.Buy + orderbook.Side(u>>2&1)
		return m.enter(c, fills, orderbook.Order{Side: side, Price: m.behind(side, u>>3)})
	}
}
