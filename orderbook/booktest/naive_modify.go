package booktest

import "github.com/tezi-exchange/tezi/orderbook"

// Modify implements Book.
func (b *Naive) Modify(id orderbook.OrderID, t *orderbook.Terms, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	refuse := func(reason orderbook.RejectReason) ([]orderbook.Fill, orderbook.Result) {
		return fills, orderbook.Refused(reason)
	}
	if reason := refusesTerms(t); reason != orderbook.Accepted {
		return refuse(reason)
	}
	list, i, live := b.find(id)
	if !live {
		return refuse(orderbook.RejectUnknownOrder)
	}
	o := &(*list)[i]
	to := *o
	setTerms(&to, t)
	keeps := false
	switch {
	case list == &b.queue: // on its way
		return refuse(orderbook.RejectTrigger)
	case o.Trigger > 0 && t.Trigger == 0, o.Trigger == 0 && t.Trigger > 0:
		return refuse(orderbook.RejectTrigger)
	case o.Trigger > 0:
		if reason := b.refusesStop(o.Side, t); reason != orderbook.Accepted {
			return refuse(reason)
		}
		keeps = keepsWaiting(o, &to)
	case b.collecting:
		if reason := refusesCollected(t); reason != orderbook.Accepted {
			return refuse(reason)
		}
		to.Shown = to.Qty
		keeps = to.Market == o.Market && to.Price == o.Price && to.Qty <= o.Qty
	default:
		to.Shown = part(&to)
		// More than the quantity it cannot be, and no part that shows is filled up.
		same := o.Disclosed > 0 && t.Disclosed == min(o.Disclosed, t.Qty)
		if same || to.Disclosed > 0 && to.Disclosed < o.Disclosed {
			to.Shown = min(o.Shown, to.Shown)
		}
		keeps = !to.Market && rests(to.TIF) && to.Price == o.Price && to.Qty <= o.Qty && to.Shown <= o.Shown
		if keeps && same {
			to.Disclosed = o.Disclosed
		}
	}
	if keeps {
		*o = to
		return fills, orderbook.Result{Resting: to.Qty, Slot: to.Slot}
	}
	remove(list, i)
	if to.Trigger > 0 {
		return fills, b.wait(&to)
	}
	return b.enter(&to, fills)
}

// keepsWaiting says whether a stop-loss order keeps its place behind its trigger. Any change of its quantity costs one
// without a limit its place.
func keepsWaiting(o, to *standing) bool {
	if o.Market && to.Qty != o.Qty {
		return false
	}
	return to.Trigger == o.Trigger && to.Market == o.Market && to.Price == o.Price && to.Qty <= o.Qty && part(to) <= part(o)
}

// Reduce implements Book.
func (b *Naive) Reduce(id orderbook.OrderID, by orderbook.Qty) orderbook.Result {
	if by == 0 {
		return orderbook.Refused(orderbook.RejectQuantity)
	}
	list, i, live := b.find(id)
	if !live {
		return orderbook.Refused(orderbook.RejectUnknownOrder)
	}
	o := &(*list)[i]
	if by > o.Qty {
		return orderbook.Refused(orderbook.RejectQuantity)
	}
	o.Qty -= by
	o.Shown = min(o.Shown, o.Qty) // the hidden part goes first
	r := orderbook.Result{Resting: o.Qty, Slot: o.Slot, Cancelled: by}
	if o.Qty == 0 {
		remove(list, i)
	}
	return r
}

// Cancel implements Book.
func (b *Naive) Cancel(id orderbook.OrderID) orderbook.Result {
	list, i, live := b.find(id)
	if !live {
		return orderbook.Refused(orderbook.RejectUnknownOrder)
	}
	o := (*list)[i]
	remove(list, i)
	return orderbook.Result{Slot: o.Slot, Cancelled: o.Qty}
}

// CancelWhere implements Book.
func (b *Naive) CancelWhere(side orderbook.Side, match func(orderbook.Slot) bool, gone func(orderbook.RestingOrder)) int {
	n := 0
	for _, list := range b.lists() {
		for i := 0; i < len(*list); {
			o := (*list)[i].RestingOrder
			if side != 0 && side != o.Side || !match(o.Slot) {
				i++
				continue
			}
			remove(list, i)
			gone(o)
			n++
		}
	}
	return n
}
