//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// cancel takes an order out, or with KindReduce a part of it.
func (c *Core) cancel(m *market, cmd *codec.Command) {
	if r := m.refusal(canCancel); r != orderbook.Accepted {
		c.reject(r)
		return
	}
	book := c.books[m.number]
	slot := book.Find(cmd.Order)
	switch {
	case slot == orderbook.NoSlot:
		c.reject(orderbook.RejectUnknownOrder)
		return
	case !c.owners[slot].speaks(cmd):
		c.reject(orderbook.RejectOwner)
		return
	case cmd.Kind == codec.KindReduce && cmd.Qty%m.lot != 0:
		c.reject(orderbook.RejectLot)
		return
	case m.frozen():
		if o, _ := book.Lookup(cmd.Order); o.Market && o.Trigger == 0 {
			c.reject(orderbook.RejectMarketOrder)
			return
		}
	}
	var res orderbook.Result
	if cmd.Kind == codec.KindReduce {
		res = book.Reduce(cmd.Order, cmd.Qty)
	} else {
		res = book.Cancel(cmd.Order)
	}
	if res.Reject != orderbook.Accepted {
		c.reject(res.Reject)
		return
	}
	c.release(slot, res.Cancelled)
}

// remove takes a live order out for a reason of the engine's.
func (c *Core) remove(m *market, id orderbook.OrderID, why Removal) {
	book := c.books[m.number]
	o, live := book.Lookup(id)
	if !live {
		return
	}
	book.Cancel(id)
	c.gone(m, o, why)
}

// gone books an order that was taken out.
func (c *Core) gone(m *market, o orderbook.RestingOrder, why Removal) {
	c.release(o.Slot, o.Qty)
	c.counts.Removed[why]++
	if c.OnGone != nil {
		c.OnGone(m.number, o)
	}
}

// massCancel cancels every order of a member, a client, an instrument and a side, instrument by
// instrument. A number that is 0 does not select. It is an act of risk control: it works in every
// phase, on frozen market orders too.
func (c *Core) massCancel(cmd *codec.Command, side orderbook.Side, why Removal) {
	match := func(s orderbook.Slot) bool {
		o := &c.owners[s]
		return (cmd.Member == 0 || cmd.Member == o.member) && (cmd.Client == 0 || cmd.Client == o.client)
	}
	from, to := cmd.Instrument, cmd.Instrument
	if cmd.Instrument == 0 {
		from, to = 1, uint32(len(c.books)-1)
	}
	for i := from; i <= to; i++ {
		c.removeWhere(&c.markets[i], side, match, why)
	}
}

// removeWhere takes out the orders of a side (0: of both), resting and waiting, that match.
func (c *Core) removeWhere(m *market, side orderbook.Side, match func(orderbook.Slot) bool, why Removal) {
	c.books[m.number].CancelWhere(side, match, func(o orderbook.RestingOrder) { c.gone(m, o, why) })
}

// removeResting takes out the orders in the market, and with waiting those that wait for a trigger
// too, that are unwanted.
func (c *Core) removeResting(m *market, waiting bool, unwanted func(orderbook.RestingOrder) bool, why Removal) {
	c.books[m.number].CancelUnwanted(waiting, unwanted, func(o orderbook.RestingOrder) { c.gone(m, o, why) })
}

// kill sets or lifts a kill switch. Set, it cancels what it selects.
func (c *Core) kill(cmd *codec.Command) {
	lift := cmd.Flags&codec.FlagLift != 0
	if r := c.accounts.Kill(cmd.Member, cmd.Client, cmd.Instrument, !lift); r != orderbook.Accepted {
		c.reject(r)
		return
	}
	if !lift {
		c.massCancel(cmd, 0, RemovedKill)
	}
}
