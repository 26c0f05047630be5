package booktest

import (
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Naive is the reference book: slices of orders, each in priority order, and no index. Every rule is
// written down once, in the plainest way, to be checked by eye against the rules of the exchange.
type Naive struct {
	ordersMax   int
	bids, asks  []standing      // in the market
	buys, sells []standing      // stop-loss orders that no price has reached
	queue       []standing      // those that are reached, first to enter first
	last        orderbook.Price // of the last trade, 0: none yet
	collecting  bool            // for an auction
	hold        bool            // no price reaches a stop-loss order
	low, high   orderbook.Price // the execution range, 0: no bound
	arrivals    uint64          // so far
	slots       orderbook.Slot  // handed out so far; a slot is never used twice
}

// standing is an order of the book and the time from which it counts at its price.
type standing struct {
	orderbook.RestingOrder
	arrived uint64
}

// NewNaive returns an empty book that takes ordersMax orders.
func NewNaive(ordersMax int) *Naive { return &Naive{ordersMax: ordersMax} }

// market returns the orders of a side that are in the market.
func (b *Naive) market(s orderbook.Side) *[]standing {
	if s == orderbook.Buy {
		return &b.bids
	}
	return &b.asks
}

// waiting returns the stop-loss orders of a side that no price has reached.
func (b *Naive) waiting(s orderbook.Side) *[]standing {
	if s == orderbook.Buy {
		return &b.buys
	}
	return &b.sells
}

// find returns the slice that holds a live order, and where it is in it.
func (b *Naive) find(id orderbook.OrderID) (list *[]standing, i int, live bool) {
	for _, list := range b.lists() {
		for i := range *list {
			if (*list)[i].ID == id {
				return list, i, true
			}
		}
	}
	return nil, 0, false
}

func (b *Naive) lists() [5]*[]standing {
	return [...]*[]standing{&b.bids, &b.asks, &b.buys, &b.sells, &b.queue}
}

func (b *Naive) live() (n int) {
	for _, list := range b.lists() {
		n += len(*list)
	}
	return n
}

// ahead says whether order o of the market comes before q of its side: market orders first, then the
// better price, then time.
func ahead(o, q *standing) bool {
	switch {
	case o.Market != q.Market:
		return o.Market
	case o.Price != q.Price:
		return better(o.Side, o.Price, q.Price)
	}
	return o.arrived < q.arrived
}

// better says whether price p of a side comes before price q of the same side.
func better(s orderbook.Side, p, q orderbook.Price) bool {
	if s == orderbook.Buy {
		return p > q
	}
	return p < q
}

// insert puts an order at its place in the market.
func insert(list *[]standing, o *standing) { insertBy(ahead, list, o) }

func insertBy(before func(o, q *standing) bool, list *[]standing, o *standing) {
	place := 0
	for place < len(*list) && !before(o, &(*list)[place]) {
		place++
	}
	*list = slices.Insert(*list, place, *o)
}

func remove(list *[]standing, i int) { *list = slices.Delete(*list, i, i+1) }

// Add implements Book.
func (b *Naive) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if reason := b.refuses(o); reason != orderbook.Accepted {
		return fills, orderbook.Refused(reason)
	}
	entry := standing{RestingOrder: orderbook.RestingOrder{ID: o.ID, Side: o.Side, CancelActive: o.CancelActive, PAN: o.PAN}}
	setTerms(&entry, termsOf(o))
	if o.Trigger > 0 {
		return fills, b.wait(&entry)
	}
	return b.enter(&entry, fills)
}

func termsOf(o *orderbook.Order) *orderbook.Terms {
	return &orderbook.Terms{TIF: o.TIF, Market: o.Market, Price: o.Price, Trigger: o.Trigger, Qty: o.Qty, Disclosed: o.Disclosed}
}

// setTerms gives an order its terms. A market order has no price, and to disclose the whole is to disclose
// no part.
func setTerms(o *standing, t *orderbook.Terms) {
	o.TIF, o.Market, o.Price, o.Trigger, o.Qty, o.Disclosed = t.TIF, t.Market, t.Price, t.Trigger, t.Qty, t.Disclosed
	if o.Market {
		o.Price = 0
	}
	if o.Disclosed >= o.Qty {
		o.Disclosed = 0
	}
}

// part returns what an order shows when it has just come, or when its next part has.
func part(o *standing) orderbook.Qty {
	if o.Disclosed == 0 {
		return o.Qty
	}
	return min(o.Disclosed, o.Qty)
}

// refuses says why an entry is refused.
func (b *Naive) refuses(o *orderbook.Order) orderbook.RejectReason {
	t := termsOf(o)
	if o.Side != orderbook.Buy && o.Side != orderbook.Sell {
		return orderbook.RejectSide
	}
	if reason := refusesTerms(t); reason != orderbook.Accepted {
		return reason
	}
	if o.Trigger > 0 {
		if reason := b.refusesStop(o.Side, t); reason != orderbook.Accepted {
			return reason
		}
	}
	if b.collecting {
		if reason := refusesCollected(t); reason != orderbook.Accepted {
			return reason
		}
	}
	if _, _, live := b.find(o.ID); live {
		return orderbook.RejectDuplicateOrder
	}
	if b.live() == b.ordersMax && b.needsPlace(o) {
		return orderbook.RejectBookFull
	}
	return orderbook.Accepted
}

// refusesTerms says what is wrong with terms that no order may have.
func refusesTerms(t *orderbook.Terms) orderbook.RejectReason {
	switch {
	case t.Qty == 0:
		return orderbook.RejectQuantity
	case t.Price <= 0 && !t.Market:
		return orderbook.RejectPrice
	case t.TIF > orderbook.GTD:
		return orderbook.RejectCommand
	case t.Trigger < 0:
		return orderbook.RejectTrigger
	case t.Disclosed > t.Qty:
		return orderbook.RejectDisclosedAbove
	case hides(t) && !rests(t.TIF):
		return orderbook.RejectDisclosed
	}
	return orderbook.Accepted
}

func rests(tif orderbook.TimeInForce) bool { return tif != orderbook.IOC && tif != orderbook.FOK }

func hides(t *orderbook.Terms) bool { return t.Disclosed != 0 && t.Disclosed < t.Qty }

// refusesCollected says why an auction does not take an order.
func refusesCollected(t *orderbook.Terms) orderbook.RejectReason {
	if !rests(t.TIF) {
		return orderbook.RejectValidity
	}
	if hides(t) {
		return orderbook.RejectDisclosed
	}
	return orderbook.Accepted
}

// needsPlace says whether an entry is certain to rest or wait, and no order goes for it.
func (b *Naive) needsPlace(o *orderbook.Order) bool {
	if b.collecting || o.Trigger > 0 {
		return true
	}
	if o.Market || !rests(o.TIF) || b.beyond(o.Side, false, o.Price) {
		return false
	}
	makers := *b.market(o.Side.Opposite())
	return len(makers) == 0 || !reaches(o.Side, o.Price, makers[0].Price)
}

// enter lets an order into the market: a new one, one that a modify has taken from its place, or a
// triggered one. It arrives now.
func (b *Naive) enter(o *standing, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	b.arrivals++
	o.arrived, o.Trigger = b.arrivals, 0
	if b.collecting {
		if b.reachesOwn(o) {
			return fills, orderbook.Remainder(o.Qty, orderbook.CauseSelfTrade)
		}
		return fills, b.rest(o)
	}
	if cause := b.killed(o); cause != orderbook.CauseNone {
		return fills, orderbook.Remainder(o.Qty, cause)
	}
	had := len(fills)
	fills, cause := b.match(o, fills)
	for _, f := range fills[had:] {
		if f.Qty > 0 {
			b.traded(f.Price)
		}
	}
	switch {
	case o.Qty == 0:
		return fills, orderbook.Result{}
	case cause != orderbook.CauseNone:
		return fills, orderbook.Remainder(o.Qty, cause)
	case o.Market && len(*b.market(o.Side.Opposite())) == 0:
		return fills, orderbook.Remainder(o.Qty, orderbook.CauseRemainder)
	case b.beyond(o.Side, o.Market, o.Price):
		return fills, orderbook.Remainder(o.Qty, orderbook.CauseRange)
	case o.Market || !rests(o.TIF):
		return fills, orderbook.Remainder(o.Qty, orderbook.CauseRemainder)
	}
	return fills, b.rest(o)
}

// rest puts an order into the market, in the slot it has or in a new one.
func (b *Naive) rest(o *standing) orderbook.Result {
	o.Shown = part(o)
	b.giveSlot(o)
	insert(b.market(o.Side), o)
	return orderbook.Result{Resting: o.Qty, Slot: o.Slot}
}

func (b *Naive) giveSlot(o *standing) {
	if o.Slot == orderbook.NoSlot {
		b.slots++
		o.Slot = b.slots
	}
}
