package commandcsv

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// CarryError says that a command has no place in the file.
type CarryError struct {
	What string // "instrument 7"
	Why  string //
}

// Error returns one line.
func (e *CarryError) Error() string {
	return fmt.Sprintf("a command file cannot carry %s: %s", e.What, e.Why)
}

// Writer writes commands as a command file.
type Writer struct {
	out     *bufio.Writer
	columns Columns
	names   []string            // by instrument number; 0 is not used
	taken   map[string]struct{} // names in use
	seq     uint64
	line    []byte
}

// NewWriter writes the header with the required columns and the optional ones of columns.
func NewWriter(w io.Writer, columns Columns) *Writer {
	wr := &Writer{out: bufio.NewWriterSize(w, 16*lineMax), columns: columns, names: make([]string, 1), taken: make(map[string]struct{})}
	header := append(columnNames[:colSymbol:colSymbol], columns.names()...)
	_, _ = wr.out.WriteString(strings.Join(header, ",") + "\n") // an error sticks in the buffer: Flush gives it
	return wr
}

// Write appends one command. KindDefine only tells the writer the instrument's name; instruments
// are numbered densely from 1. The seq column is the command's Ref as long as that grows, so that a
// file keeps its numbers; otherwise it counts on. It returns a *CarryError for what the columns at
// hand cannot say, and nothing is written then. Fields that a kind of command does not use are not
// written.
func (w *Writer) Write(c *codec.Command) error {
	if c.Kind == codec.KindDefine {
		return w.define(c.AsInstrument())
	}
	if err := w.check(c); err != nil {
		return err
	}
	w.seq++
	if hasRef(c.Kind) {
		w.seq = max(w.seq, uint64(c.Ref))
	}
	dst := strconv.AppendUint(w.line[:0], w.seq, 10)
	dst = strconv.AppendInt(append(dst, ','), c.TimeNs, 10)
	dst = append(dst, ',')
	if letter, ok := letterOf(c); ok {
		dst = w.appendOrder(append(dst, letter), c)
	} else {
		dst = w.appendWord(append(dst, wordOf(c)...), c)
	}
	w.line = append(dst, '\n')
	_, err := w.out.Write(w.line)
	return err
}

// check returns why the file cannot carry c; nil if it can.
func (w *Writer) check(c *codec.Command) error {
	anyInstrument := mayLackInstrument(c.Kind) && c.Instrument == 0
	switch missing := Needs(c) &^ w.columns; {
	case !ofOrder(c.Kind) && wordOf(c) == "":
		return &CarryError{"a command of kind " + strconv.Itoa(int(c.Kind)), "it has no letter and no word"}
	case ofOrder(c.Kind) && !c.Side.Valid():
		return &CarryError{"a command with " + c.Side.String(), "want buy or sell"}
	case !anyInstrument && c.Kind != codec.KindLimit && (c.Instrument == 0 || int64(c.Instrument) >= int64(len(w.names))):
		return &CarryError{"instrument " + strconv.FormatUint(uint64(c.Instrument), 10), "it was never defined"}
	case ofOrder(c.Kind) && int(c.TIF) >= len(tifNames):
		return &CarryError{"time in force " + strconv.Itoa(int(c.TIF)), "it has no name"}
	case ofOrder(c.Kind) && c.Flags&^orderFlags != 0:
		return &CarryError{"flags " + strconv.Itoa(int(c.Flags)), "not all of them have a letter"}
	case c.Kind == codec.KindMassCancel && c.Side > orderbook.Sell:
		return &CarryError{"a command with " + c.Side.String(), "want buy, sell or both"}
	case c.Kind == codec.KindPhase && c.AsPhaseChange().Phase >= codec.PhaseCount:
		return &CarryError{"phase " + strconv.Itoa(int(c.AsPhaseChange().Phase)), "it has no name"}
	case c.Kind == codec.KindPhase && c.AsPhaseChange().Auction&^codec.AuctionMarketFirst != 0:
		return &CarryError{"auction flags " + strconv.Itoa(int(c.AsPhaseChange().Auction)), "not all of them have a name"}
	case missing != 0:
		return &CarryError{"a command that needs " + missing.String(), "the file has no such column"}
	}
	return nil
}

// appendOrder writes the columns behind cmd of a command about one order.
func (w *Writer) appendOrder(dst []byte, c *codec.Command) []byte {
	dst = AppendOrderID(append(dst, ','), c.Order)
	if c.Side == orderbook.Buy {
		dst = append(dst, ",B,"...)
	} else {
		dst = append(dst, ",S,"...)
	}
	dst = strconv.AppendInt(dst, int64(c.Price), 10)
	dst = append(dst, ',')
	dst = strconv.AppendUint(dst, uint64(c.Qty), 10)
	if w.columns&ColumnSymbol != 0 {
		dst = append(append(dst, ','), w.names[c.Instrument]...)
	}
	if w.columns&ColumnOwner != 0 {
		dst = strconv.AppendUint(append(dst, ','), uint64(c.Member), 10)
		dst = strconv.AppendUint(append(dst, ','), uint64(c.Client), 10)
	}
	if w.columns&ColumnTrigger != 0 {
		dst = strconv.AppendInt(append(dst, ','), int64(c.Trigger), 10)
	}
	if w.columns&ColumnDisclosed != 0 {
		dst = strconv.AppendUint(append(dst, ','), uint64(c.Disclosed), 10)
	}
	if w.columns&ColumnFlags != 0 {
		dst = appendFlags(append(dst, ','), c)
	}
	if w.columns&ColumnPAN != 0 {
		dst = strconv.AppendUint(append(dst, ','), uint64(c.PAN), 10)
	}
	if w.columns&ColumnTIF != 0 {
		dst = appendTIF(append(dst, ','), c)
	}
	if w.columns&ColumnDetails != 0 {
		dst = append(dst, ',')
	}
	return dst
}

func (w *Writer) define(in *codec.Instrument) error {
	what := "instrument " + strconv.FormatUint(uint64(in.Instrument), 10)
	if int64(in.Instrument) != int64(len(w.names)) || in.Instrument > InstrumentsMax {
		return &CarryError{what, "want the next number, " + strconv.Itoa(len(w.names))}
	}
	name := in.Name()
	if w.columns&ColumnSymbol == 0 {
		if len(w.names) > 1 {
			return &CarryError{what, "the file has no symbol column"}
		}
		w.names = append(w.names, name)
		return nil
	}
	if _, ok := ParseName(name, in.PriceScale); !ok {
		return &CarryError{what, "its name " + strconv.Quote(name) + " would not be read back"}
	}
	if _, twice := w.taken[name]; twice {
		return &CarryError{what, "another has the name " + name + " too"}
	}
	w.taken[name] = struct{}{}
	w.names = append(w.names, name)
	return nil
}

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.out.Flush() }
