package book

import "github.com/tezi-exchange/tezi/orderbook"

// ReportKind is what a Report tells.
type ReportKind uint8

// The kinds.
const (
	Accepted ReportKind = iota + 1 // a new order or a modify, before its trades
	Traded                         // one fill
	Cancelled
	Rejected
)

// Report is what goes out for one event, half a cache line.
type Report struct {
	Order orderbook.OrderID // of a trade the taker
	Maker orderbook.OrderID // of a trade
	Price orderbook.Price   // of a trade the maker's; of what is accepted the limit
	Qty   orderbook.Qty     // traded, accepted or cancelled
	Slot  orderbook.Slot    // of a trade the maker's; of a cancel, where the order rested
	What  uint32            // kind, side, cause and reject reason, a byte each from the lowest
}

// Kind returns what the report tells.
func (r *Report) Kind() ReportKind { return ReportKind(r.What) }

// what is the last word of a report before it is packed.
type what struct {
	kind   ReportKind
	side   orderbook.Side
	cause  orderbook.Cause
	reject orderbook.RejectReason
}

// set fills r word by word where it lies: a composite would be built elsewhere in smaller pieces, and copying
// it would wait for them.
func (r *Report) set(id, maker orderbook.OrderID, price orderbook.Price, qty orderbook.Qty, slot orderbook.Slot, w what) {
	r.Order, r.Maker, r.Price, r.Qty, r.Slot = id, maker, price, qty, slot
	r.What = uint32(w.kind) | uint32(w.side)<<8 | uint32(w.cause)<<16 | uint32(w.reject)<<24
}
