package nse

import (
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Activity says what an order record reports.
type Activity uint8

// The activities.
const (
	Entry  Activity = 1
	Cancel Activity = 3
	Modify Activity = 4 // the quantity is the order's new remaining quantity
)

// Widths and places that all order records share.
const (
	numberDigits   = 16
	priceDigits    = 8
	quantityDigits = 8
	contractOff    = 38 // first byte of the symbol
)

// Spread types of derivatives records.
const (
	NoSpread = '*' // an outright order
)

// Order is one record of an order file.
type Order struct {
	Contract
	Number    orderbook.OrderID
	Jiffies   uint64 // see TimeNs
	Activity  Activity
	Side      orderbook.Side
	Disclosed orderbook.Qty   // shares; contracts in the currency segment
	Quantity  orderbook.Qty   // likewise
	Limit     orderbook.Price // paise; 1/10000 rupee in the currency segment; negative only in spreads
	Trigger   orderbook.Price // stop-loss trigger, likewise
	PreOpen   bool            // record type PO
	Market    bool
	StopLoss  bool
	IOC       bool
	Spread    byte  // derivatives: NoSpread, or S, 2, 3; NoSpread in the capital market
	Algo      uint8 // 0 algorithm, 1 none, 2 algorithm through a smart order router, 3 none through a router
	Account   uint8 // 1 custodian, 2 own, 3 other
}

// ParseOrder reads the record in line, which has no LF, into o. It allocates only for an error.
func (l Layout) ParseOrder(line []byte, o *Order) *FieldError {
	f := l.facts()
	if f.trades {
		panic("nse: ParseOrder with a layout of trades")
	}
	if len(line) != f.size {
		return sizeError(f, len(line))
	}
	preOpen, seg, ok := parseHead(line)
	if !ok || (seg.segment == codec.SegmentCapital) == f.contracts {
		return headError(f, line)
	}
	p := parser{line: line}
	p.contract(contractOff, f, seg, &o.Contract)
	p.orderFields(f, o)
	o.PreOpen = preOpen
	return p.err
}

// orderFields reads what does not name the instrument.
func (p *parser) orderFields(f *layoutFacts, o *Order) {
	o.Number = orderbook.OrderID(p.number("order number", 6, numberDigits))
	o.Jiffies = p.number("time", 22, timeDigits)
	switch p.line[36] {
	case 'B':
		o.Side = orderbook.Buy
	case 'S':
		o.Side = orderbook.Sell
	default:
		p.fail("side", "B or S", p.line[36:37])
	}
	switch p.line[37] {
	case '1', '3', '4':
		o.Activity = Activity(p.line[37] - '0')
	default:
		p.fail("activity", "1, 3 or 4", p.line[37:38])
	}
	o.Disclosed = orderbook.Qty(p.optional("disclosed quantity", f.tail, quantityDigits))
	o.Quantity = orderbook.Qty(p.number("quantity", f.tail+8, quantityDigits))
	o.Limit = orderbook.Price(p.optional("limit price", f.tail+16, priceDigits))
	o.Trigger = orderbook.Price(p.optional("trigger price", f.tail+24, priceDigits))
	o.Market = p.yesNo("market flag", f.flags)
	o.StopLoss = p.yesNo("stop-loss flag", f.flags+1)
	o.IOC = p.yesNo("IOC flag", f.flags+2)
	o.Algo = p.code("algo indicator", f.algo, 0, 3)
	o.Account = p.code("client flag", f.algo+1, 1, 3)
	o.Spread = NoSpread
	if f.spread >= 0 {
		o.Spread = p.spread(f.spread)
	}
	if f.indicator >= 0 && !p.yesNo("limit price indicator", f.indicator) {
		o.Limit = -o.Limit
	}
}

func (p *parser) spread(off int) byte {
	switch c := p.line[off]; c {
	case NoSpread, 'S', '2', '3':
		return c
	case 'b', ' ':
	default:
		p.fail("spread type", "*, S, 2 or 3", p.line[off:off+1])
	}
	return NoSpread
}

func sizeError(f *layoutFacts, got int) *FieldError {
	return &FieldError{Field: "", Want: "a line of " + strconv.Itoa(f.size) + " bytes", Got: strconv.Itoa(got) + " bytes"}
}

func headError(f *layoutFacts, line []byte) *FieldError {
	segments := segmentCapital
	if f.contracts {
		segments = segmentDerivatives + " or " + segmentCurrency
	}
	return &FieldError{
		Field: "record type", Want: "record type RM or PO and segment " + segments,
		Got: strconv.Quote(string(line[:min(6, len(line))])),
	}
}

// AppendOrder appends o as a record without LF. It returns a *CarryError if a value does not fit its
// field; dst is then unchanged.
func (l Layout) AppendOrder(dst []byte, o *Order) ([]byte, error) {
	f := l.facts()
	if f.trades {
		panic("nse: AppendOrder with a layout of trades")
	}
	w := encoder{dst: dst}
	w.head(f, o.PreOpen, &o.Contract)
	w.order(f, o)
	if w.err != nil {
		return dst, w.err
	}
	return w.dst, nil
}

func (w *encoder) order(f *layoutFacts, o *Order) {
	w.number("order number", int64(min(o.Number, 1<<63-1)), numberDigits)
	w.number("time", int64(min(o.Jiffies, 1<<63-1)), timeDigits)
	switch o.Side {
	case orderbook.Buy:
		w.dst = append(w.dst, 'B')
	case orderbook.Sell:
		w.dst = append(w.dst, 'S')
	default:
		w.fail("side", "buy or sell", o.Side.String())
	}
	switch o.Activity {
	case Entry, Cancel, Modify:
		w.dst = append(w.dst, '0'+byte(o.Activity))
	default:
		w.fail("activity", "1, 3 or 4", strconv.Itoa(int(o.Activity)))
	}
	w.contract(f, &o.Contract)
	w.number("disclosed quantity", int64(o.Disclosed), quantityDigits)
	w.number("quantity", int64(o.Quantity), quantityDigits)
	limit, negative := int64(o.Limit), o.Limit < 0 && f.indicator >= 0
	if negative {
		limit = -limit
	}
	w.number("limit price", limit, priceDigits)
	w.number("trigger price", int64(o.Trigger), priceDigits)
	w.yesNo(o.Market)
	w.yesNo(o.StopLoss)
	w.yesNo(o.IOC)
	w.spread(f, o.Spread)
	w.code("algo indicator", o.Algo, 0, 3)
	w.code("client flag", o.Account, 1, 3)
	if f.indicator >= 0 {
		w.yesNo(!negative)
	}
}

// spread writes the spread type, which the capital market has no field for.
func (w *encoder) spread(f *layoutFacts, c byte) {
	switch {
	case f.spread < 0 && c != NoSpread:
		w.fail("spread type", "none in the capital market", strconv.QuoteRune(rune(c)))
	case c != NoSpread && c != 'S' && c != '2' && c != '3':
		w.fail("spread type", "*, S, 2 or 3", strconv.QuoteRune(rune(c)))
	case f.spread >= 0:
		w.dst = append(w.dst, c)
	}
}
