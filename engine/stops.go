//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// trigger lets the stop-loss orders enter that trades have reached, one after the other, each as an
// order of its own whose trades may reach more. An order begins only while there is room for half of
// what one command may trade; the others wait for a KindContinue.
func (c *Core) trigger(m *market, cmd *codec.Command, out *Builder) {
	book := c.books[m.number]
	for 2*c.room > c.limits.FillsMax && len(c.triggered) < cap(c.triggered) {
		t, fills, res, reached := book.Trigger(c.fills[:0:c.room])
		if !reached {
			c.setWork(m, m.work&^workStops)
			return
		}
		c.triggered = append(c.triggered, t)
		c.started(m, cmd, t, fills, res, out)
	}
	c.setWork(m, m.work|workStops)
}

// started books what came of a stop-loss order that has entered the market. The band may have moved past
// its limit while it waited: then it does not stay.
func (c *Core) started(m *market, cmd *codec.Command, t orderbook.Triggered, fills []orderbook.Fill, res orderbook.Result, out *Builder) {
	c.counts.Triggered++
	own := c.owners[t.Slot]
	if len(fills) > 0 {
		c.trade(m, cmd, t.ID, own, fills, out)
	}
	c.settle(own, res)
	if res.Resting == 0 {
		return
	}
	o, _ := c.books[m.number].Lookup(t.ID)
	if m.bounded() && m.outside(o) {
		c.remove(m, t.ID, RemovedBand)
		return
	}
	c.atLimit(res, o.Price)
}

// activated takes an entry with the number of a waiting stop-loss order, in a recorded flow, for the
// record of its trigger: the order enters with the terms that wait.
func (c *Core) activated(m *market, cmd *codec.Command, out *Builder) bool {
	if m.can&canTrigger == 0 {
		return false
	}
	book := c.books[m.number]
	was, live := book.Lookup(cmd.Order)
	if !live || was.Trigger == 0 || !c.owners[was.Slot].speaks(cmd) {
		return false
	}
	if own := &c.owners[was.Slot]; c.accounts.Killed(own.member, own.client, m.number) {
		c.reject(orderbook.RejectKilled)
		return true
	}
	t, fills, res := book.Activate(cmd.Order, c.fills[:0:c.room])
	if res.Reject != orderbook.Accepted {
		c.reject(res.Reject)
		return true
	}
	c.started(m, cmd, t, fills, res, out)
	return true
}
