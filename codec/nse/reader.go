package nse

import (
	"io"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// InstrumentsMax bounds the instruments of one file, so that a hostile file cannot make the reader
// grow without end. NSE lists about 110,000 contracts.
const InstrumentsMax = 1 << 20

// Options of a Reader. The files do not name members and clients: each order gets one of Members
// members and one of Clients clients of that member by codec.Owner.
type Options struct {
	Members uint32 // 0 means DefaultMembers
	Clients uint32 // per member; 0 means DefaultClients
}

// The defaults of Options. Few clients, because a participant keeps a position for each client and
// instrument that has traded: these make a million of them with 500 instruments.
const (
	DefaultMembers = 64
	DefaultClients = 32
)

// Reader reads an order file as commands.
type Reader struct {
	lines   lines
	layout  Layout
	options Options
	order   Order
	ids     map[Contract]uint32

	last    []byte // the bytes that named the instrument of the last record: the same again needs no look-up
	scale   uint8  // of its prices: by the segment, which is not among these bytes
	lastID  uint32
	pending bool // order waits behind the definition of its instrument
}

// NewReader returns a reader of the plain text in r, all of it records of layout, which is one of
// orders.
func NewReader(r io.Reader, layout Layout, o Options) *Reader {
	f := layout.facts()
	if f.trades {
		panic("nse: NewReader with a layout of trades")
	}
	if o.Members == 0 {
		o.Members = DefaultMembers
	}
	if o.Clients == 0 {
		o.Clients = DefaultClients
	}
	return &Reader{
		lines: newLines(r, f.size), layout: layout, options: o,
		ids: make(map[Contract]uint32), last: make([]byte, 0, f.contractSize()),
	}
}

// Next reads the next command into c. Before the first order of an instrument it gives the
// KindDefine command of the instrument, numbered densely from 1. It returns io.EOF at the end, a
// *RecordError for a record it cannot read, behind which Next goes on, and any other error for
// good. A Seq is not given; Ref is the number of the line.
func (r *Reader) Next(c *codec.Command) error {
	if r.pending {
		r.pending = false
		r.command(c)
		return nil
	}
	line, err := r.lines.read()
	if err != nil {
		return err
	}
	if fe := r.layout.ParseOrder(line, &r.order); fe != nil {
		return r.recordError(fe)
	}
	if r.order.Spread != NoSpread {
		return r.recordError(&FieldError{
			Field: "spread type", Want: "spread type * (spread orders trade in a book of their own)",
			Got: `"` + string(rune(r.order.Spread)) + `"`,
		})
	}
	name := line[contractOff : contractOff+r.layout.facts().contractSize()]
	if string(name) != string(r.last) || r.order.Scale != r.scale {
		id, known := r.ids[r.order.Contract]
		if !known {
			if len(r.ids) == InstrumentsMax {
				return r.recordError(&FieldError{Field: "symbol", Want: "at most 1048576 instruments", Got: "another"})
			}
			id = uint32(len(r.ids) + 1)
			r.ids[r.order.Contract] = id
			r.pending = true
		}
		r.last, r.scale = append(r.last[:0], name...), r.order.Scale
		r.lastID = id
	}
	if r.pending {
		in := r.order.Contract.Instrument(r.lastID, TimeNs(r.order.Jiffies))
		*c = *in.AsCommand()
		return nil
	}
	r.command(c)
	return nil
}

func (r *Reader) recordError(fe *FieldError) error {
	return &RecordError{r.lines.line, r.lines.offset, *fe}
}

var kinds = [...]codec.Kind{Entry: codec.KindNew, Cancel: codec.KindCancel, Modify: codec.KindModify}

// command turns the order at hand into a command.
func (r *Reader) command(c *codec.Command) {
	o := &r.order
	*c = codec.Command{
		TimeNs: TimeNs(o.Jiffies), Order: o.Number, Instrument: r.lastID,
		Price: o.Limit, Trigger: o.Trigger, Qty: o.Quantity, Disclosed: o.Disclosed,
		Ref: uint32(r.lines.line), Kind: kinds[o.Activity], Side: o.Side,
		AccountOf: o.Account, AlgoOf: o.Algo,
	}
	c.Member, c.Client = codec.Owner(o.Number, r.options.Members, r.options.Clients)
	if o.IOC {
		c.TIF = orderbook.IOC
	}
	if o.Market {
		c.Flags |= codec.FlagMarket
	}
	if o.StopLoss {
		c.Flags |= codec.FlagStopLoss
	}
	if o.PreOpen {
		c.Flags |= codec.FlagPreOpen
	}
	if o.Algo%2 == 0 { // 0 and 2 are the algorithms' codes
		c.Flags |= codec.FlagAlgo
	}
}

// TradeReader reads a trade file.
type TradeReader struct {
	lines  lines
	layout Layout
}

// NewTradeReader returns a reader of the plain text in r, all of it records of layout, which is one
// of trades.
func NewTradeReader(r io.Reader, layout Layout) *TradeReader {
	f := layout.facts()
	if !f.trades {
		panic("nse: NewTradeReader with a layout of orders")
	}
	return &TradeReader{lines: newLines(r, f.size), layout: layout}
}

// Next reads the next trade into t; errors are as in Reader.Next.
func (r *TradeReader) Next(t *Trade) error {
	line, err := r.lines.read()
	if err != nil {
		return err
	}
	if fe := r.layout.ParseTrade(line, t); fe != nil {
		return &RecordError{r.lines.line, r.lines.offset, *fe}
	}
	return nil
}
