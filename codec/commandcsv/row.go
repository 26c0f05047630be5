package commandcsv

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/tezi-exchange/tezi/orderbook"
)

// RecordError says that one line could not be read. The reader goes on behind it.
type RecordError struct {
	Line   int64  // from 1; the header is line 1
	Offset int64  // of the line's first byte
	Field  string // the column, "" for the whole line
	Want   string // with the column's name
	Got    string //
}

// Error returns one line.
func (e *RecordError) Error() string {
	return fmt.Sprintf("line %d (offset %d): want %s, got %s", e.Line, e.Offset, e.Want, e.Got)
}

// TruncatedError says that the file ends within a line: the last line has no line end. It is final,
// because a number that was cut is a number too.
type TruncatedError struct {
	Line   int64
	Offset int64
	Got    int // bytes that are there
}

// Error returns one line.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("line %d (offset %d): want a line end, got %d bytes and the end", e.Line, e.Offset, e.Got)
}

// HeaderError says that the first line is not the header of this kind of file. It is final.
type HeaderError struct {
	Want, Got string
}

// Error returns one line.
func (e *HeaderError) Error() string { return "want " + e.Want + ", got " + e.Got }

const (
	lineMax   = 1 << 12 // a longer line is unreadable
	fieldsMax = 16      // more columns than any header has
)

// rows reads lines and cuts them at commas.
type rows struct {
	in     *bufio.Reader
	fields [fieldsMax][]byte // of the current line, valid until the next
	count  int
	line   int64 // of the current line, from 1
	offset int64 // of the current line
	next   int64
	err    error // final, once set
}

func newRows(r io.Reader) rows { return rows{in: bufio.NewReaderSize(r, 16*lineMax)} }

// read makes the next line current. A *RecordError leaves the reader behind the line; any other
// error is final.
func (r *rows) read() error {
	if r.err != nil {
		return r.err
	}
	line, err := r.in.ReadSlice('\n')
	n := len(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		var more []byte
		more, err = r.in.ReadSlice('\n')
		n += len(more)
	}
	if err != nil {
		r.err = err
		if err == io.EOF && n > 0 {
			r.err = &TruncatedError{Line: r.line + 1, Offset: r.next, Got: n}
		}
		return r.err
	}
	r.line++
	r.offset = r.next
	r.next += int64(n)
	if n > lineMax {
		return r.fail("", fmt.Sprintf("a line of at most %d bytes", lineMax), fmt.Sprintf("%d bytes", n))
	}
	return r.split(bytes.TrimSuffix(line[:n-1], []byte{'\r'}))
}

func (r *rows) split(line []byte) error {
	r.count = 0
	for {
		if r.count == fieldsMax {
			return r.fail("", fmt.Sprintf("at most %d columns", fieldsMax), "more")
		}
		field, rest, more := bytes.Cut(line, []byte{','})
		r.fields[r.count] = field
		r.count++
		if !more {
			return nil
		}
		line = rest
	}
}

func (r *rows) fail(field, want, got string) error {
	return &RecordError{Line: r.line, Offset: r.offset, Field: field, Want: want, Got: got}
}

// header reads the header, which has every column of need and others only from may, in any order.
// It returns the place of each column by name; a hostile header cannot make it large.
func (r *rows) header(what string, need, may []string) (map[string]int, error) {
	if err := r.read(); err != nil {
		var re *RecordError
		var te *TruncatedError
		if err == io.EOF || errors.As(err, &re) || errors.As(err, &te) {
			return nil, &HeaderError{Want: "the header of " + what, Got: "something else"}
		}
		return nil, err
	}
	at := make(map[string]int)
	for i, f := range r.fields[:r.count] {
		name := string(f)
		if _, twice := at[name]; twice {
			return nil, &HeaderError{Want: "each column once", Got: "column " + quote(f) + " twice"}
		}
		if !slices.Contains(need, name) && !slices.Contains(may, name) {
			return nil, &HeaderError{Want: "the columns of " + what, Got: "column " + quote(f)}
		}
		at[name] = i
	}
	for _, name := range need {
		if _, ok := at[name]; !ok {
			return nil, &HeaderError{Want: "column " + name + " of " + what, Got: "a header without it"}
		}
	}
	return at, nil
}

// quote makes bytes fit for a message.
func quote(b []byte) string {
	const most = 40
	if len(b) > most {
		return strconv.Quote(string(b[:most])) + "..."
	}
	return strconv.Quote(string(b))
}

// unsigned reads a decimal number of at most limit.
func unsigned(b []byte, limit uint64) (v uint64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 || v > (limit-d)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	return v, true
}

// signed reads a decimal number with an optional minus sign.
func signed(b []byte, limit uint64) (v int64, ok bool) {
	if len(b) > 0 && b[0] == '-' {
		u, ok := unsigned(b[1:], limit+1)
		return -int64(u), ok
	}
	u, ok := unsigned(b, limit)
	return int64(u), ok
}

// aggressorBit marks the order numbers that a file writes as A1, A2, ...: the recorded venue gave
// aggressors no number, and the ones made up must not meet a real one.
const aggressorBit = 1 << 63

// orderID reads an order number: digits, or A and digits.
func orderID(b []byte) (orderbook.OrderID, bool) {
	mark := uint64(0)
	if len(b) > 0 && b[0] == 'A' {
		mark, b = aggressorBit, b[1:]
	}
	v, ok := unsigned(b, aggressorBit-1)
	return orderbook.OrderID(v | mark), ok
}

// AppendOrderID appends an order number as the files write it: 123, or A1 for a marked one.
func AppendOrderID(dst []byte, id orderbook.OrderID) []byte {
	v := uint64(id)
	if v&aggressorBit != 0 {
		dst = append(dst, 'A')
	}
	return strconv.AppendUint(dst, v&^aggressorBit, 10)
}
