package booktest

import (
	"fmt"
	"iter"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Lookup implements Book.
func (b *Naive) Lookup(id orderbook.OrderID) (orderbook.RestingOrder, bool) {
	list, i, live := b.find(id)
	if !live {
		return orderbook.RestingOrder{}, false
	}
	return (*list)[i].RestingOrder, true
}

// Find implements Book.
func (b *Naive) Find(id orderbook.OrderID) orderbook.Slot {
	o, _ := b.Lookup(id)
	return o.Slot
}

// BBO implements Book.
func (b *Naive) BBO() (bid, ask orderbook.Level) {
	var room [2]orderbook.Level
	for _, level := range b.Depth(orderbook.Buy, room[:0:1]) {
		bid = level
	}
	for _, level := range b.Depth(orderbook.Sell, room[1:1:2]) {
		ask = level
	}
	return bid, ask
}

// Depth implements Book.
func (b *Naive) Depth(side orderbook.Side, dst []orderbook.Level) []orderbook.Level {
	orders := *b.market(side)
	for i := range orders {
		o := &orders[i]
		if i == 0 || orders[i-1].Price != o.Price {
			if len(dst) == cap(dst) {
				break
			}
			dst = append(dst, orderbook.Level{Price: o.Price})
		}
		level := &dst[len(dst)-1]
		level.Qty += uint64(o.Shown)
		level.Orders++
	}
	return dst
}

// DepthAt implements Book.
func (b *Naive) DepthAt(side orderbook.Side, price orderbook.Price) (level orderbook.Level) {
	for _, o := range *b.market(side) {
		if o.Price == price {
			level.Price = price
			level.Qty += uint64(o.Shown)
			level.Orders++
		}
	}
	return level
}

// Orders implements Book.
func (b *Naive) Orders(side orderbook.Side) iter.Seq[orderbook.RestingOrder] {
	return func(yield func(orderbook.RestingOrder) bool) {
		orders := *b.market(side)
		for i := range orders {
			if !yield(orders[i].RestingOrder) {
				return
			}
		}
	}
}

// Stops implements Book.
func (b *Naive) Stops(side orderbook.Side) iter.Seq[orderbook.RestingOrder] {
	return func(yield func(orderbook.RestingOrder) bool) {
		for _, list := range [...][]standing{*b.waiting(side), b.queue} {
			for i := range list {
				if list[i].Side == side && !yield(list[i].RestingOrder) {
					return
				}
			}
		}
	}
}

// StateHash implements Book.
func (b *Naive) StateHash() uint64 {
	h := uint64(0)
	for _, side := range sides {
		h = orderbook.HashOrders(b.Orders(side), h)
	}
	for _, side := range sides {
		h = orderbook.HashOrders(b.Stops(side), h)
	}
	return orderbook.HashState(h, b.last, b.low, b.high, len(b.queue), b.collecting, b.hold)
}

// Check implements Book.
func (b *Naive) Check() error {
	for _, side := range sides {
		for i, o := range *b.market(side) {
			switch {
			case o.Qty == 0 || o.Shown == 0 || o.Shown > part(&o) || o.Trigger != 0 || o.Slot == 0 || o.Side != side:
				return fmt.Errorf("booktest: naive: order %+v is in the market", o)
			case o.Market != (o.Price == 0) || o.Market && !b.collecting || !rests(o.TIF):
				return fmt.Errorf("booktest: naive: order %+v rests", o)
			case i > 0 && !ahead(&(*b.market(side))[i-1], &o):
				return fmt.Errorf("booktest: naive: order %d is out of order", o.ID)
			}
		}
		for i, o := range *b.waiting(side) {
			switch {
			case o.Qty == 0 || o.Shown != 0 || o.Trigger <= 0 || o.Market != (o.Price == 0) || o.Slot == 0 || o.Side != side:
				return fmt.Errorf("booktest: naive: order %+v waits", o)
			case i > 0 && !nearer(&(*b.waiting(side))[i-1], &o):
				return fmt.Errorf("booktest: naive: stop-loss order %d is out of order", o.ID)
			}
		}
	}
	if !b.collecting && b.crossed() {
		return fmt.Errorf("booktest: naive: crossed, bid %d, ask %d", b.bids[0].Price, b.asks[0].Price)
	}
	return nil
}
