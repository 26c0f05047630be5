package booktest

import (
	"fmt"
	"iter"
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Naive is the reference book: one slice of orders a side, in priority order, and no index. Every
// rule is written down once, in the plainest way.
type Naive struct {
	ordersMax int
	bids      []orderbook.RestingOrder
	asks      []orderbook.RestingOrder
	slots     orderbook.Slot // handed out so far; a slot is never used twice
}

// NewNaive returns an empty book that takes ordersMax orders.
func NewNaive(ordersMax int) *Naive { return &Naive{ordersMax: ordersMax} }

func (b *Naive) side(s orderbook.Side) *[]orderbook.RestingOrder {
	if s == orderbook.Buy {
		return &b.bids
	}
	return &b.asks
}

// better says whether price p of a side comes before price q of the same side.
func better(s orderbook.Side, p, q orderbook.Price) bool {
	if s == orderbook.Buy {
		return p > q
	}
	return p < q
}

// find returns the side and the place in its queue of a live order.
func (b *Naive) find(id orderbook.OrderID) (queue *[]orderbook.RestingOrder, i int, ok bool) {
	for _, queue := range []*[]orderbook.RestingOrder{&b.bids, &b.asks} {
		for i, o := range *queue {
			if o.ID == id {
				return queue, i, true
			}
		}
	}
	return nil, 0, false
}

func checkTerms(market bool, tif orderbook.TimeInForce, price orderbook.Price, qty orderbook.Qty) orderbook.RejectReason {
	if qty == 0 {
		return orderbook.RejectQuantity
	}
	if !market && price <= 0 {
		return orderbook.RejectPrice
	}
	if tif != orderbook.Day && tif != orderbook.IOC {
		return orderbook.RejectCommand
	}
	return orderbook.Accepted
}

// Add implements Book.
func (b *Naive) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if o.Side != orderbook.Buy && o.Side != orderbook.Sell {
		return fills, orderbook.Result{Reject: orderbook.RejectSide}
	}
	if reason := checkTerms(o.Market, o.TIF, o.Price, o.Qty); reason != orderbook.Accepted {
		return fills, orderbook.Result{Reject: reason}
	}
	if _, _, live := b.find(o.ID); live {
		return fills, orderbook.Result{Reject: orderbook.RejectDuplicateOrder}
	}
	opposite := *b.side(o.Side.Opposite())
	trades := len(opposite) > 0 && accepts(o, opposite[0].Price)
	if !trades && !o.Market && o.TIF == orderbook.Day && len(b.bids)+len(b.asks) == b.ordersMax {
		return fills, orderbook.Result{Reject: orderbook.RejectBookFull}
	}
	return b.enter(*o, fills)
}

// accepts says whether an incoming order may trade at a resting price.
func accepts(o *orderbook.Order, resting orderbook.Price) bool {
	return o.Market || o.Price == resting || better(o.Side, o.Price, resting)
}

// enter trades an order that is in order itself, and rests or cancels what is left.
func (b *Naive) enter(o orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	makers := b.side(o.Side.Opposite())
	for o.Qty > 0 && len(*makers) > 0 && accepts(&o, (*makers)[0].Price) {
		if len(fills) == cap(fills) {
			return fills, orderbook.Result{Cancelled: o.Qty, FillLimit: true}
		}
		maker := &(*makers)[0]
		qty := min(o.Qty, maker.Qty)
		o.Qty -= qty
		maker.Qty -= qty
		fills = append(fills, orderbook.Fill{
			Maker: maker.ID, MakerSlot: maker.Slot, Price: maker.Price, Qty: qty, MakerLeft: maker.Qty,
		})
		if maker.Qty == 0 {
			*makers = slices.Delete(*makers, 0, 1)
		}
	}
	if o.Qty == 0 {
		return fills, orderbook.Result{}
	}
	if o.Market || o.TIF == orderbook.IOC {
		return fills, orderbook.Result{Cancelled: o.Qty}
	}
	b.slots++
	queue := b.side(o.Side)
	place := 0 // behind all orders that are at least as good
	for place < len(*queue) && !better(o.Side, o.Price, (*queue)[place].Price) {
		place++
	}
	rest := orderbook.RestingOrder{ID: o.ID, Side: o.Side, Price: o.Price, Qty: o.Qty, Slot: b.slots}
	*queue = slices.Insert(*queue, place, rest)
	return fills, orderbook.Result{Resting: o.Qty, Slot: b.slots}
}

// Modify implements Book.
func (b *Naive) Modify(id orderbook.OrderID, market bool, tif orderbook.TimeInForce, price orderbook.Price, qty orderbook.Qty,
	fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if reason := checkTerms(market, tif, price, qty); reason != orderbook.Accepted {
		return fills, orderbook.Result{Reject: reason}
	}
	queue, i, live := b.find(id)
	if !live {
		return fills, orderbook.Result{Reject: orderbook.RejectUnknownOrder}
	}
	o := &(*queue)[i]
	if !market && tif == orderbook.Day && price == o.Price && qty <= o.Qty {
		o.Qty = qty
		return fills, orderbook.Result{Resting: qty, Slot: o.Slot}
	}
	side := o.Side
	*queue = slices.Delete(*queue, i, i+1)
	return b.enter(orderbook.Order{ID: id, Side: side, TIF: tif, Market: market, Price: price, Qty: qty}, fills)
}

// Reduce implements Book.
func (b *Naive) Reduce(id orderbook.OrderID, by orderbook.Qty) orderbook.Result {
	if by == 0 {
		return orderbook.Result{Reject: orderbook.RejectQuantity}
	}
	queue, i, live := b.find(id)
	if !live {
		return orderbook.Result{Reject: orderbook.RejectUnknownOrder}
	}
	o := &(*queue)[i]
	if by > o.Qty {
		return orderbook.Result{Reject: orderbook.RejectQuantity}
	}
	o.Qty -= by
	r := orderbook.Result{Resting: o.Qty, Slot: o.Slot, Cancelled: by}
	if o.Qty == 0 {
		*queue = slices.Delete(*queue, i, i+1)
	}
	return r
}

// Cancel implements Book.
func (b *Naive) Cancel(id orderbook.OrderID) orderbook.Result {
	queue, i, live := b.find(id)
	if !live {
		return orderbook.Result{Reject: orderbook.RejectUnknownOrder}
	}
	o := (*queue)[i]
	*queue = slices.Delete(*queue, i, i+1)
	return orderbook.Result{Slot: o.Slot, Cancelled: o.Qty}
}

// Lookup implements Book.
func (b *Naive) Lookup(id orderbook.OrderID) (orderbook.RestingOrder, bool) {
	queue, i, live := b.find(id)
	if !live {
		return orderbook.RestingOrder{}, false
	}
	return (*queue)[i], true
}

// BBO implements Book.
func (b *Naive) BBO() (bid, ask orderbook.Level) {
	for _, level := range b.Depth(orderbook.Buy, make([]orderbook.Level, 0, 1)) {
		bid = level
	}
	for _, level := range b.Depth(orderbook.Sell, make([]orderbook.Level, 0, 1)) {
		ask = level
	}
	return bid, ask
}

// Depth implements Book.
func (b *Naive) Depth(side orderbook.Side, dst []orderbook.Level) []orderbook.Level {
	var levels []orderbook.Level
	for _, o := range *b.side(side) {
		if n := len(levels); n == 0 || levels[n-1].Price != o.Price {
			levels = append(levels, orderbook.Level{Price: o.Price})
		}
		last := &levels[len(levels)-1]
		last.Qty += uint64(o.Qty)
		last.Orders++
	}
	return append(dst, levels[:min(len(levels), cap(dst)-len(dst))]...)
}

// Orders implements Book.
func (b *Naive) Orders(side orderbook.Side) iter.Seq[orderbook.RestingOrder] {
	return slices.Values(*b.side(side))
}

// StateHash implements Book.
func (b *Naive) StateHash() uint64 {
	return orderbook.HashOrders(b.Orders(orderbook.Sell), orderbook.HashOrders(b.Orders(orderbook.Buy), 0))
}

// Check implements Book.
func (b *Naive) Check() error {
	for _, queue := range [][]orderbook.RestingOrder{b.bids, b.asks} {
		for i, o := range queue {
			if o.Qty == 0 || i > 0 && better(o.Side, o.Price, queue[i-1].Price) {
				return fmt.Errorf("booktest: naive: order %d at %d is empty or out of order", o.ID, i)
			}
		}
	}
	if len(b.bids) > 0 && len(b.asks) > 0 && b.bids[0].Price >= b.asks[0].Price {
		return fmt.Errorf("booktest: naive: crossed, bid %d, ask %d", b.bids[0].Price, b.asks[0].Price)
	}
	return nil
}
