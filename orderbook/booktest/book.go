package booktest

import (
	"iter"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Book is what orderbook.Book does. The documentation is there.
type Book interface {
	Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result)
	Modify(id orderbook.OrderID, t *orderbook.Terms, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result)
	Reduce(id orderbook.OrderID, by orderbook.Qty) orderbook.Result
	Cancel(id orderbook.OrderID) orderbook.Result
	CancelWhere(side orderbook.Side, match func(orderbook.Slot) bool, gone func(orderbook.RestingOrder)) int

	Trigger(fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result, bool)
	Activate(id orderbook.OrderID, fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result)
	HoldStops(hold bool)
	SetRange(low, high orderbook.Price)
	LastPrice() orderbook.Price
	SetLastPrice(price orderbook.Price)

	Collecting() bool
	OpenAuction()
	Equilibrium(reference orderbook.Price) orderbook.Equilibrium
	Uncross(price orderbook.Price, marketFirst bool, crosses []orderbook.Cross) []orderbook.Cross
	CloseAuction(price orderbook.Price) int

	Lookup(id orderbook.OrderID) (orderbook.RestingOrder, bool)
	Find(id orderbook.OrderID) orderbook.Slot
	BBO() (bid, ask orderbook.Level)
	Depth(side orderbook.Side, dst []orderbook.Level) []orderbook.Level
	DepthAt(side orderbook.Side, price orderbook.Price) orderbook.Level
	Orders(side orderbook.Side) iter.Seq[orderbook.RestingOrder]
	Stops(side orderbook.Side) iter.Seq[orderbook.RestingOrder]
	StateHash() uint64
	Check() error
}

var (
	_ Book = (*orderbook.Book)(nil)
	_ Book = (*Naive)(nil)
	_ Book = (*Twin)(nil)
)

var sides = [...]orderbook.Side{orderbook.Buy, orderbook.Sell}
