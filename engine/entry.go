//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// orderOf fills in the order that a command enters: field by field, because a composite literal is built
// elsewhere and copied, and the book's first loads then wait for the copy.
func orderOf(cmd *codec.Command, o *orderbook.Order) {
	o.ID, o.Side, o.TIF, o.Price = cmd.Order, cmd.Side, cmd.TIF, cmd.Price
	o.Qty, o.Disclosed, o.PAN = cmd.Qty, cmd.Disclosed, orderbook.PAN(cmd.PAN)
	o.CancelActive = cmd.Flags&codec.FlagCancelActive != 0
	if cmd.Flags&codec.FlagMarket != 0 {
		o.Market, o.Price = true, 0
	}
	if cmd.Flags&codec.FlagStopLoss != 0 {
		o.Trigger = cmd.Trigger
	}
}

// enter takes an order entry: the rules, the margin, the book. The book has the last word; what the accounts have done
// is undone if it refuses.
func (c *Core) enter(m *market, cmd *codec.Command, out *Builder) {
	if m.rules.Flags&codec.RuleStopsRecorded != 0 && c.activated(m, cmd, out) {
		return
	}
	if r := c.refuses(m, cmd); r != orderbook.Accepted {
		c.reject(r)
		return
	}
	var (
		o        orderbook.Order
		reserved orderbook.Price
		book     = c.books[m.number]
		simple   = cmd.Flags&(codec.FlagMarket|codec.FlagStopLoss|codec.FlagCancelActive) == 0 && cmd.Disclosed == 0 && m.can&canTrigger != 0
	)
	if simple { // what it is stays in registers
		reserved = worstLimit(book, cmd.Side, cmd.Price)
	} else {
		orderOf(cmd, &o)
		reserved = c.worst(m, &o)
	}
	value := int64(reserved) * int64(cmd.Qty)
	if value > m.valueMax && (cmd.Flags&codec.FlagMarket != 0 || value > m.ceiling) {
		c.reject(orderbook.RejectValue)
		return
	}
	position, r := c.guess(cmd), orderbook.Accepted
	if !c.accounts.Is(position, cmd.Member, cmd.Client, cmd.Instrument) {
		position, r = c.accounts.Position(cmd.Member, cmd.Client, cmd.Instrument)
	}
	if r != orderbook.Accepted {
		c.reject(r)
		return
	}
	if r = c.accounts.Reserve(position, cmd.Side, value, m.rules.MarginBps); r != orderbook.Accepted {
		c.accounts.Forget(position)
		c.reject(r)
		return
	}
	own := owner{cmd.Client, position, reserved, sender{cmd.Member, cmd.Side}}
	if simple {
		if res, done := book.AddPassive(cmd.Order, cmd.Side, cmd.TIF, cmd.Price, cmd.Qty, orderbook.PAN(cmd.PAN)); done {
			c.counts.OrdersAccepted++
			c.settle(own, res)
			return
		}
		orderOf(cmd, &o)
	}
	fills, res := book.Add(&o, c.fills[:0:c.room])
	if res.Reject != orderbook.Accepted {
		c.accounts.Undo(position, cmd.Side, value)
		c.reject(res.Reject)
		return
	}
	c.counts.OrdersAccepted++
	c.conclude(m, cmd, &o, own, fills, res, out)
}

// modify gives an order new terms. Its owner, number, side, PAN and self-trade bit stay: one that names another is refused,
// and one that names none means the order's own.
func (c *Core) modify(m *market, cmd *codec.Command, out *Builder) {
	book := c.books[m.number]
	if r := m.refusal(canEnter); r != orderbook.Accepted {
		c.reject(r)
		return
	}
	was, ok := book.Lookup(cmd.Order)
	if !ok {
		c.reject(orderbook.RejectUnknownOrder)
		return
	}
	own := c.owners[was.Slot]
	terms := *cmd
	terms.Side, terms.Member, terms.Client = was.Side, own.member, own.client
	if r := c.modifyRefused(m, cmd, &terms, &was, own); r != orderbook.Accepted {
		c.reject(r)
		return
	}
	var o orderbook.Order
	orderOf(&terms, &o)
	o.PAN, o.CancelActive = was.PAN, was.CancelActive
	reserved := own.reserved
	stays := !o.Market && o.Price == was.Price && o.Qty <= was.Qty && o.Trigger == was.Trigger
	if !stays || m.can&canCollect != 0 { // in an auction each modify is checked
		reserved = c.worst(m, &o)
	}
	old, value := own.worth(was.Qty), int64(reserved)*int64(o.Qty)
	if value > m.valueMax && (cmd.Flags&codec.FlagMarket != 0 || value > m.ceiling) {
		c.reject(orderbook.RejectValue)
		return
	}
	if value > old {
		if r := c.accounts.Replace(own.position, own.side, old, value, m.rules.MarginBps); r != orderbook.Accepted {
			c.reject(r)
			return
		}
	}
	var t orderbook.Terms
	t.TIF, t.Market, t.Price, t.Trigger, t.Qty, t.Disclosed = o.TIF, o.Market, o.Price, o.Trigger, o.Qty, o.Disclosed
	fills, res := book.Modify(cmd.Order, &t, c.fills[:0:c.room])
	if res.Reject != orderbook.Accepted {
		if value > old {
			c.accounts.Undo(own.position, own.side, value-old)
		}
		c.reject(res.Reject)
		return
	}
	if value < old {
		c.accounts.Release(own.position, own.side, old-value)
	}
	own.reserved = reserved
	c.conclude(m, cmd, &o, own, fills, res, out)
}

// modifyRefused says why a modify of the order was is not taken. terms is cmd with the order's side and
// owner.
func (c *Core) modifyRefused(m *market, cmd, terms *codec.Command, was *orderbook.RestingOrder, own owner) orderbook.RejectReason {
	switch {
	case !own.speaks(cmd), cmd.PAN != 0 && orderbook.PAN(cmd.PAN) != was.PAN, cmd.Flags&codec.FlagCancelActive != 0 && !was.CancelActive:
		return orderbook.RejectOwner
	case cmd.Side != 0 && cmd.Side != was.Side:
		return orderbook.RejectSide
	case was.Market && was.Trigger == 0 && m.frozen():
		return orderbook.RejectMarketOrder
	}
	if r := c.refuses(m, terms); r != orderbook.Accepted {
		return r
	}
	if (cmd.Flags&codec.FlagStopLoss != 0) != (was.Trigger != 0) {
		return orderbook.RejectTrigger // a stop-loss order stays one until it is triggered, and is none afterwards
	}
	return orderbook.Accepted
}

// conclude books what came of an order that a command has entered or modified: its trades, what of it rests,
// and what is gone.
func (c *Core) conclude(m *market, cmd *codec.Command, o *orderbook.Order, own owner, fills []orderbook.Fill, res orderbook.Result, out *Builder) {
	if len(fills) > 0 {
		c.trade(m, cmd, o.ID, own, fills, out)
	}
	if res.Cancelled > 0 && m.rules.Flags&codec.RuleMarketToLimit != 0 && cmd.Flags&codec.FlagMarket != 0 {
		res = c.restMarket(m, cmd, o, fills, res)
	}
	c.settle(own, res)
	if res.Resting > 0 && !o.Market && o.Trigger == 0 && m.can&canTrigger != 0 {
		c.atLimit(res, o.Price)
	}
}

// atLimit gives back what is reserved for what has come to rest of an order beyond its limit: there it trades at that and
// at no other price (package pretrade).
func (c *Core) atLimit(res orderbook.Result, limit orderbook.Price) {
	own := &c.owners[res.Slot]
	if beyond := own.reserved - limit; beyond > 0 {
		c.accounts.Release(own.position, own.side, int64(beyond)*int64(res.Resting))
		own.reserved = limit
	}
}

// settle gives back what was reserved for what is gone, and notes the owner of what rests.
func (c *Core) settle(own owner, res orderbook.Result) {
	if res.Cancelled > 0 {
		c.accounts.Release(own.position, own.side, own.worth(res.Cancelled))
		if res.Cause != orderbook.CauseNone {
			c.counts.Removed[removalOf(res.Cause)]++
		}
	}
	if res.Slot != orderbook.NoSlot {
		c.owners[res.Slot] = own
	}
}

// restMarket lets what a market order for the day has left rest at the price of its last trade, which is its limit then.
func (c *Core) restMarket(m *market, cmd *codec.Command, o *orderbook.Order, fills []orderbook.Fill, res orderbook.Result) orderbook.Result {
	if res.Cause != orderbook.CauseRemainder && res.Cause != orderbook.CauseRange || !cmd.TIF.Rests() || m.can&canTrigger == 0 {
		return res
	}
	rest := *o
	rest.Market, rest.TIF, rest.Qty, rest.Price = false, cmd.TIF, res.Cancelled, 0
	rest.Disclosed = min(cmd.Disclosed, rest.Qty)
	for i := range fills {
		if fills[i].Qty > 0 {
			rest.Price = fills[i].Price
		}
	}
	if rest.Price == 0 {
		return res
	}
	if _, added := c.books[m.number].Add(&rest, c.fills[:0:0]); added.Reject == orderbook.Accepted {
		o.Market, o.Price = false, rest.Price
		return added
	}
	return res
}
