package nse

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Trade is one record of a trade file.
type Trade struct {
	Contract
	Number      uint64
	Jiffies     uint64 // see TimeNs
	Price       orderbook.Price
	Quantity    orderbook.Qty // shares; contracts in the currency segment
	Buy         orderbook.OrderID
	Sell        orderbook.OrderID
	BuyAlgo     uint8 // codes as in Order
	BuyAccount  uint8
	SellAlgo    uint8
	SellAccount uint8
	PreOpen     bool // record type PO
}

// ParseTrade reads the record in line, which has no LF, into t. It allocates only for an error.
func (l Layout) ParseTrade(line []byte, t *Trade) *FieldError {
	f := l.facts()
	if !f.trades {
		panic("nse: ParseTrade with a layout of orders")
	}
	if len(line) != f.size {
		return sizeError(f, len(line))
	}
	preOpen, seg, ok := parseHead(line)
	if !ok || (seg.segment == codec.SegmentCapital) == f.contracts {
		return headError(f, line)
	}
	p := parser{line: line}
	off := 6 + f.number + timeDigits
	p.contract(off, f, seg, &t.Contract)
	t.Number = p.number("trade number", 6, f.number)
	t.Jiffies = p.number("time", 6+f.number, timeDigits)
	t.Price = orderbook.Price(p.number("price", f.tail, priceDigits))
	t.Quantity = orderbook.Qty(p.number("quantity", f.tail+8, quantityDigits))
	t.Buy = orderbook.OrderID(p.number("buy order number", f.tail+16, numberDigits))
	t.BuyAlgo = p.code("buy algo indicator", f.tail+32, 0, 3)
	t.BuyAccount = p.code("buy client flag", f.tail+33, 1, 3)
	t.Sell = orderbook.OrderID(p.number("sell order number", f.tail+34, numberDigits))
	t.SellAlgo = p.code("sell algo indicator", f.tail+50, 0, 3)
	t.SellAccount = p.code("sell client flag", f.tail+51, 1, 3)
	t.PreOpen = preOpen
	return p.err
}

// AppendTrade appends t as a record without LF. It returns a *CarryError if a value does not fit its
// field; dst is then unchanged.
func (l Layout) AppendTrade(dst []byte, t *Trade) ([]byte, error) {
	f := l.facts()
	if !f.trades {
		panic("nse: AppendTrade with a layout of orders")
	}
	w := encoder{dst: dst}
	w.head(f, t.PreOpen, &t.Contract)
	w.number("trade number", int64(min(t.Number, 1<<63-1)), f.number)
	w.number("time", int64(min(t.Jiffies, 1<<63-1)), timeDigits)
	w.contract(f, &t.Contract)
	w.number("price", int64(t.Price), priceDigits)
	w.number("quantity", int64(t.Quantity), quantityDigits)
	w.number("buy order number", int64(min(t.Buy, 1<<63-1)), numberDigits)
	w.code("buy algo indicator", t.BuyAlgo, 0, 3)
	w.code("buy client flag", t.BuyAccount, 1, 3)
	w.number("sell order number", int64(min(t.Sell, 1<<63-1)), numberDigits)
	w.code("sell algo indicator", t.SellAlgo, 0, 3)
	w.code("sell client flag", t.SellAccount, 1, 3)
	if w.err != nil {
		return dst, w.err
	}
	return w.dst, nil
}
