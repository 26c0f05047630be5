package capture

import (
	"errors"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// reducer rewrites KindReduce for formats that have no record for it. A reduce says by how much, a
// modify says what is left, so the flow runs through order books that know. The result is exactly
// equivalent: a modify to less at the same price keeps the order's place, as a reduce does, and what
// the engine rejects as a reduce it rejects as a modify, for the same reason (but for one: a reduce
// by nothing of an order that does not rest has a wrong quantity, the modify an unknown order).
type reducer struct {
	arena *orderbook.Arena
	books []*orderbook.Book // by instrument number; 0 is not used
	fills []orderbook.Fill
}

// Limits of the books behind a conversion: those of the engine, with room to spare.
const (
	reduceOrdersMax = 1 << 22
	reduceFillsMax  = codec.TradesPerBatchMax
)

func newReducer() *reducer {
	return &reducer{
		arena: orderbook.NewArena(reduceOrdersMax),
		books: make([]*orderbook.Book, 1),
		fills: make([]orderbook.Fill, 0, reduceFillsMax),
	}
}

func (r *reducer) close() { r.arena.Close() }

var (
	errBookFull = errors.New("more than 4194304 orders rest at once: a reduce cannot be followed")
	errFills    = errors.New("one command fills more than 65536 orders: a reduce cannot be followed")
	errUndefine = errors.New("a command for an instrument that was never defined")
)

// apply runs c through its book. A reduce becomes the modify or cancel it amounts to, and changed
// is true.
func (r *reducer) apply(c *codec.Command) (changed bool, err error) {
	if c.Kind == codec.KindDefine {
		r.books = append(r.books, orderbook.NewBook(r.arena))
		return false, nil
	}
	if c.Kind == codec.KindUnreadable {
		return false, nil
	}
	if c.Instrument == 0 || int64(c.Instrument) >= int64(len(r.books)) {
		return false, errUndefine
	}
	book := r.books[c.Instrument]
	if c.Kind == codec.KindReduce {
		rewrite(book, c)
		changed = true
	}
	if refused(c) {
		return changed, nil
	}
	var res orderbook.Result
	market := c.Flags&codec.FlagMarket != 0
	switch c.Kind {
	case codec.KindNew:
		o := orderbook.Order{ID: c.Order, Side: c.Side, TIF: c.TIF, Market: market, Price: c.Price, Qty: c.Qty}
		_, res = book.Add(&o, r.fills)
	case codec.KindModify:
		_, res = book.Modify(c.Order, market, c.TIF, c.Price, c.Qty, r.fills)
	case codec.KindCancel:
		res = book.Cancel(c.Order)
	}
	switch {
	case res.Reject == orderbook.RejectBookFull:
		return changed, errBookFull
	case res.FillLimit:
		return changed, errFills
	}
	return changed, nil
}

// refused reports whether the engine takes the command at all: its rules of 2026 know continuous
// trading without stop-loss and disclosed quantity, and these books must hold what its books hold.
func refused(c *codec.Command) bool {
	if c.Kind != codec.KindNew && c.Kind != codec.KindModify {
		return false
	}
	return c.Flags&(codec.FlagPreOpen|codec.FlagStopLoss) != 0 || c.Disclosed != 0 && c.Disclosed != c.Qty
}

// rewrite turns a reduce into a modify, or into a cancel if nothing is left.
func rewrite(book *orderbook.Book, c *codec.Command) {
	by := c.Qty
	c.Kind, c.TIF, c.Disclosed, c.Trigger = codec.KindModify, orderbook.Day, 0, 0
	c.Flags &= codec.FlagAlgo
	rest, live := book.Lookup(c.Order)
	switch {
	case !live:
		c.Qty = max(by, 1) // rejected as an unknown order either way
	case by == 0 || by > rest.Qty:
		c.Side, c.Price, c.Qty = rest.Side, rest.Price, 0 // rejected for its quantity either way
	case by == rest.Qty:
		c.Kind, c.Side, c.Price = codec.KindCancel, rest.Side, rest.Price
	default:
		c.Side, c.Price, c.Qty = rest.Side, rest.Price, rest.Qty-by
	}
}
