package nse

import (
	"bufio"
	"io"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Writer writes commands as an order file.
type Writer struct {
	out       *bufio.Writer
	layout    Layout
	contracts []Contract // by instrument number; 0 is not used
	taken     map[Contract]struct{}
	order     Order
	line      []byte
}

// NewWriter returns a writer of order records to w. layout 0 lets the first instrument decide
// between CapitalOrders and DerivativeOrders.
func NewWriter(w io.Writer, layout Layout) *Writer {
	if layout != 0 && layout.facts().trades {
		panic("nse: NewWriter with a layout of trades")
	}
	return &Writer{out: bufio.NewWriterSize(w, readBuffer), layout: layout, contracts: make([]Contract, 1), taken: make(map[Contract]struct{})}
}

// Write appends one command. KindDefine only tells the writer the instrument's name; instruments
// are numbered densely from 1. It returns a *CarryError for what the format cannot say, and nothing
// is written then: only entries, modifies and cancels have records, and only the validities day and
// immediate or cancel have a field, so the caller writes what the others amount to. Member, client,
// PAN, whom self-trade prevention cancels, Seq and Ref have no field. Times are cut to jiffies.
func (w *Writer) Write(c *codec.Command) error {
	if c.Kind == codec.KindDefine {
		return w.define(c.AsInstrument())
	}
	if c.Instrument == 0 || int64(c.Instrument) >= int64(len(w.contracts)) {
		return &CarryError{"instrument", "one that was defined", strconv.FormatUint(uint64(c.Instrument), 10)}
	}
	if err := w.fill(c); err != nil {
		return err
	}
	line, err := w.layout.AppendOrder(w.line[:0], &w.order)
	if err != nil {
		return err
	}
	w.line = append(line, '\n')
	_, err = w.out.Write(w.line)
	return err
}

func (w *Writer) define(in *codec.Instrument) error {
	if int64(in.Instrument) != int64(len(w.contracts)) || in.Instrument > InstrumentsMax {
		return &CarryError{"instrument", "the next number, " + strconv.Itoa(len(w.contracts)), strconv.FormatUint(uint64(in.Instrument), 10)}
	}
	contract := ContractOf(in)
	if _, twice := w.taken[contract]; twice {
		return &CarryError{"instrument", "one with a name of its own", in.Name()}
	}
	if w.layout == 0 {
		w.layout = CapitalOrders
		if in.Segment == codec.SegmentDerivatives {
			w.layout = DerivativeOrders
		}
	}
	w.taken[contract] = struct{}{}
	w.contracts = append(w.contracts, contract)
	return nil
}

// fill makes the order record of a command.
func (w *Writer) fill(c *codec.Command) error {
	jiffies, ok := Jiffies(c.TimeNs)
	if !ok {
		return &CarryError{"time", "1980 to May 2028", strconv.FormatInt(c.TimeNs, 10) + " ns"}
	}
	w.order = Order{
		Contract: w.contracts[c.Instrument], Number: c.Order, Jiffies: jiffies, Side: c.Side,
		Disclosed: c.Disclosed, Quantity: c.Qty, Limit: c.Price, Trigger: c.Trigger,
		PreOpen: c.Flags&codec.FlagPreOpen != 0, Market: c.Flags&codec.FlagMarket != 0,
		StopLoss: c.Flags&codec.FlagStopLoss != 0, IOC: c.TIF == orderbook.IOC, Spread: NoSpread,
		Algo: algoCode(c), Account: accountCode(c),
	}
	switch c.Kind {
	case codec.KindNew:
		w.order.Activity = Entry
	case codec.KindCancel:
		w.order.Activity = Cancel
	case codec.KindModify:
		w.order.Activity = Modify
	default:
		return &CarryError{"kind of command", "new, modify or cancel", strconv.Itoa(int(c.Kind))}
	}
	if c.TIF > orderbook.IOC {
		return &CarryError{"time in force", "day, or immediate or cancel", strconv.Itoa(int(c.TIF))}
	}
	return nil
}

// algoCode is the command's own code where it agrees with the algo flag. A source without codes
// leaves 0, which would mean an algorithm.
func algoCode(c *codec.Command) uint8 {
	algo := c.Flags&codec.FlagAlgo != 0
	switch {
	case c.AlgoOf <= 3 && (c.AlgoOf%2 == 0) == algo:
		return c.AlgoOf
	case algo:
		return 0
	}
	return 1
}

// accountCode is the command's own code; where it is unknown, other.
func accountCode(c *codec.Command) uint8 {
	if c.AccountOf >= 1 && c.AccountOf <= 3 {
		return c.AccountOf
	}
	return 3
}

// Layout returns the layout in use; 0 while it is not decided.
func (w *Writer) Layout() Layout { return w.layout }

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.out.Flush() }

// TradeWriter writes a trade file.
type TradeWriter struct {
	out    *bufio.Writer
	layout Layout
	line   []byte
}

// NewTradeWriter returns a writer of records of layout, which is one of trades.
func NewTradeWriter(w io.Writer, layout Layout) *TradeWriter {
	if !layout.facts().trades {
		panic("nse: NewTradeWriter with a layout of orders")
	}
	return &TradeWriter{out: bufio.NewWriterSize(w, readBuffer), layout: layout}
}

// Write appends one trade. It returns a *CarryError if a value does not fit its field; nothing is
// written then.
func (w *TradeWriter) Write(t *Trade) error {
	line, err := w.layout.AppendTrade(w.line[:0], t)
	if err != nil {
		return err
	}
	w.line = append(line, '\n')
	_, err = w.out.Write(w.line)
	return err
}

// Flush writes what is buffered.
func (w *TradeWriter) Flush() error { return w.out.Flush() }
