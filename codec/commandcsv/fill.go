package commandcsv

import (
	"bufio"
	"io"
	"strconv"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Fill is one row of a file of expected fills.
type Fill struct {
	Command   uint64            // seq of the aggressor's command
	No        uint32            // place among the command's fills, from 1
	Aggressor orderbook.OrderID // incoming order
	Passive   orderbook.OrderID // resting order
	Price     orderbook.Price   // the resting order's
	Qty       orderbook.Qty     //
}

var fillColumns = []string{"cmd_seq", "fill_no", "aggressor_id", "passive_id", "price", "qty"}

// FillReader reads a file of expected fills.
type FillReader struct {
	rows rows
	at   [6]int
}

// NewFillReader reads the header; the error is a *HeaderError if this is another kind of file.
func NewFillReader(r io.Reader) (*FillReader, error) {
	rd := &FillReader{rows: newRows(r)}
	at, err := rd.rows.header("a file of expected fills", fillColumns, nil)
	if err != nil {
		return nil, err
	}
	for i, name := range fillColumns {
		rd.at[i] = at[name]
	}
	return rd, nil
}

// Next reads the next fill into f. Errors are as in Reader.Next.
func (r *FillReader) Next(f *Fill) error {
	if err := r.rows.read(); err != nil {
		return err
	}
	if r.rows.count != len(fillColumns) {
		return r.rows.fail("", strconv.Itoa(len(fillColumns))+" columns", strconv.Itoa(r.rows.count))
	}
	*f = Fill{}
	for i := range fillColumns {
		b := r.rows.fields[r.at[i]]
		ok := true
		var v uint64
		switch i {
		case 0:
			f.Command, ok = unsigned(b, 1<<64-1)
		case 1:
			v, ok = unsigned(b, 1<<32-1)
			f.No = uint32(v)
		case 2:
			f.Aggressor, ok = orderID(b)
		case 3:
			f.Passive, ok = orderID(b)
		case 4:
			v, ok = unsigned(b, 1<<31-1)
			f.Price = orderbook.Price(v)
		case 5:
			v, ok = unsigned(b, 1<<32-1)
			f.Qty = orderbook.Qty(v)
		}
		if !ok {
			return r.rows.fail(fillColumns[i], fillColumns[i]+" a number", quote(b))
		}
	}
	return nil
}

// FillWriter writes a file of expected fills.
type FillWriter struct {
	out  *bufio.Writer
	line []byte
}

// NewFillWriter writes the header.
func NewFillWriter(w io.Writer) *FillWriter {
	wr := &FillWriter{out: bufio.NewWriterSize(w, 16*lineMax)}
	_, _ = wr.out.WriteString("cmd_seq,fill_no,aggressor_id,passive_id,price,qty\n") // an error sticks: Flush gives it
	return wr
}

// Write appends one fill.
func (w *FillWriter) Write(f *Fill) error {
	b := strconv.AppendUint(w.line[:0], f.Command, 10)
	b = strconv.AppendUint(append(b, ','), uint64(f.No), 10)
	b = AppendOrderID(append(b, ','), f.Aggressor)
	b = AppendOrderID(append(b, ','), f.Passive)
	b = strconv.AppendInt(append(b, ','), int64(f.Price), 10)
	b = strconv.AppendUint(append(b, ','), uint64(f.Qty), 10)
	w.line = append(b, '\n')
	_, err := w.out.Write(w.line)
	return err
}

// Flush writes what is buffered.
func (w *FillWriter) Flush() error { return w.out.Flush() }
