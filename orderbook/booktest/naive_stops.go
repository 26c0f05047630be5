package booktest

import "github.com/tezi-exchange/tezi/orderbook"

// refusesStop says why an order may not wait for its trigger.
func (b *Naive) refusesStop(side orderbook.Side, t *orderbook.Terms) orderbook.RejectReason {
	switch {
	case !rests(t.TIF):
		return orderbook.RejectStopLoss
	case !t.Market && t.Price != t.Trigger && !better(side, t.Price, t.Trigger): // it could not trade when triggered
		return orderbook.RejectTriggerLimit
	case !b.hold && b.last > 0 && triggers(side, t.Trigger, b.last):
		return orderbook.RejectTrigger
	case b.collecting:
		return orderbook.RejectStopLoss
	}
	return orderbook.Accepted
}

// triggers says whether a trade at price reaches the trigger of a stop-loss order: one to buy when the price
// rises to it, one to sell when it falls to it.
func triggers(side orderbook.Side, trigger, price orderbook.Price) bool {
	if side == orderbook.Buy {
		return price >= trigger
	}
	return price <= trigger
}

// nearer says whether stop-loss order o comes before q of its side: the trigger that is reached first, then
// time.
func nearer(o, q *standing) bool {
	if o.Trigger != q.Trigger {
		return triggers(o.Side, o.Trigger, q.Trigger)
	}
	return o.arrived < q.arrived
}

// wait puts a stop-loss order behind its trigger.
func (b *Naive) wait(o *standing) orderbook.Result {
	b.arrivals++
	o.arrived, o.Shown = b.arrivals, 0
	b.giveSlot(o)
	insertBy(nearer, b.waiting(o.Side), o)
	return orderbook.Result{Resting: o.Qty, Slot: o.Slot}
}

// traded notes the price of a trade: the stop-loss orders it reaches join the queue, buys first.
func (b *Naive) traded(price orderbook.Price) {
	b.last = price
	if b.hold {
		return
	}
	for _, side := range sides {
		waiting := b.waiting(side)
		for len(*waiting) > 0 && triggers(side, (*waiting)[0].Trigger, price) {
			b.queue = append(b.queue, (*waiting)[0])
			remove(waiting, 0)
		}
	}
}

// Trigger implements Book.
func (b *Naive) Trigger(fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result, bool) {
	if len(b.queue) == 0 || b.collecting {
		return orderbook.Triggered{}, fills, orderbook.Result{}, false
	}
	o, fills, r := b.triggered(&b.queue, 0, fills)
	return o, fills, r, true
}

// Activate implements Book.
func (b *Naive) Activate(id orderbook.OrderID, fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result) {
	list, i, live := b.find(id)
	if !live || (*list)[i].Trigger == 0 {
		return orderbook.Triggered{}, fills, orderbook.Refused(orderbook.RejectUnknownOrder)
	}
	if b.collecting {
		return orderbook.Triggered{}, fills, orderbook.Refused(orderbook.RejectSession)
	}
	return b.triggered(list, i, fills)
}

// triggered lets an order that waits, or waits in the queue, into the market.
func (b *Naive) triggered(list *[]standing, i int, fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result) {
	o := (*list)[i]
	remove(list, i)
	t := orderbook.Triggered{ID: o.ID, Side: o.Side, Slot: o.Slot, Qty: o.Qty}
	if o.Disclosed >= o.Qty { // it was reduced
		o.Disclosed = 0
	}
	fills, r := b.enter(&o, fills)
	return t, fills, r
}

// HoldStops implements Book.
func (b *Naive) HoldStops(hold bool) { b.hold = hold }

// LastPrice implements Book.
func (b *Naive) LastPrice() orderbook.Price { return b.last }

// SetLastPrice implements Book.
func (b *Naive) SetLastPrice(price orderbook.Price) { b.last = max(price, 0) }
