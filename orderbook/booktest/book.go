package booktest

import (
	"iter"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Book is what orderbook.Book does. The documentation is there.
type Book interface {
	Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result)
	Modify(id orderbook.OrderID, market bool, tif orderbook.TimeInForce, price orderbook.Price, qty orderbook.Qty,
		fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result)
	Reduce(id orderbook.OrderID, by orderbook.Qty) orderbook.Result
	Cancel(id orderbook.OrderID) orderbook.Result
	Lookup(id orderbook.OrderID) (orderbook.RestingOrder, bool)
	BBO() (bid, ask orderbook.Level)
	Depth(side orderbook.Side, dst []orderbook.Level) []orderbook.Level
	Orders(side orderbook.Side) iter.Seq[orderbook.RestingOrder]
	StateHash() uint64
	Check() error
}

var (
	_ Book = (*orderbook.Book)(nil)
	_ Book = (*Naive)(nil)
	_ Book = (*Twin)(nil)
)
