package nse

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
)

// CarryError says that a value has no place in the format.
type CarryError struct {
	Field string // "quantity"
	Want  string // "at most 8 digits"
	Got   string //
}

// Error returns "an NSE record cannot carry quantity 123456789: want at most 8 digits".
func (e *CarryError) Error() string {
	return fmt.Sprintf("an NSE record cannot carry %s %s: want %s", e.Field, e.Got, e.Want)
}

// encoder appends the fields of one record. The first error sticks.
type encoder struct {
	dst []byte
	err *CarryError
}

func (w *encoder) fail(field, want, got string) {
	if w.err == nil {
		w.err = &CarryError{Field: field, Want: want, Got: got}
	}
}

const zeros = "00000000000000000"

// number writes v right-aligned with zeros, as the real files do.
func (w *encoder) number(field string, v int64, width int) {
	var buf [20]byte
	b := strconv.AppendInt(buf[:0], v, 10)
	if v < 0 || len(b) > width {
		w.fail(field, fmt.Sprintf("at most %d digits", width), string(b))
		return
	}
	w.dst = append(w.dst, zeros[:width-len(b)]...)
	w.dst = append(w.dst, b...)
}

// name writes the name, which zero bytes on its right pad, right-aligned behind fill bytes.
func (w *encoder) name(field string, name []byte) {
	text := bytes.TrimRight(name, "\x00")
	if len(text) == 0 || isFill(text[0]) || !printable(text) {
		w.fail(field, "printable ASCII that does not begin with a fill byte", strconv.Quote(string(text)))
		return
	}
	for range len(name) - len(text) {
		w.dst = append(w.dst, 'b')
	}
	w.dst = append(w.dst, text...)
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func (w *encoder) yesNo(yes bool) {
	if yes {
		w.dst = append(w.dst, 'Y')
		return
	}
	w.dst = append(w.dst, 'N')
}

func (w *encoder) code(field string, v, first, last uint8) {
	if v < first || v > last {
		w.fail(field, fmt.Sprintf("%d to %d", first, last), strconv.Itoa(int(v)))
		return
	}
	w.dst = append(w.dst, '0'+v)
}

func (w *encoder) date(field string, v uint32) {
	year, month, day := v/10000, v/100%100, v%100
	if year < 1980 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
		w.fail(field, "a date yyyymmdd from 1980", strconv.FormatUint(uint64(v), 10))
		return
	}
	w.number(field, int64(day), 2)
	w.dst = append(w.dst, months[3*month-3:3*month]...)
	w.number(field, int64(year), 4)
}

// head writes record type and segment.
func (w *encoder) head(f *layoutFacts, preOpen bool, c *Contract) {
	if preOpen {
		w.dst = append(w.dst, "PO"...)
	} else {
		w.dst = append(w.dst, "RM"...)
	}
	switch {
	case f.contracts != (c.Segment == codec.SegmentDerivatives), c.Segment != codec.SegmentCapital && c.Segment != codec.SegmentDerivatives:
		w.fail("segment", "that of the file ("+f.name+")", strconv.Itoa(int(c.Segment)))
	case c.Segment == codec.SegmentCapital && c.Scale == 2:
		w.dst = append(w.dst, segmentCapital...)
	case c.Segment == codec.SegmentDerivatives && c.Scale == 2:
		w.dst = append(w.dst, segmentDerivatives...)
	case c.Segment == codec.SegmentDerivatives && c.Scale == 4:
		w.dst = append(w.dst, segmentCurrency...)
	default:
		w.fail("price scale", "2, or 4 for currency", strconv.Itoa(int(c.Scale)))
	}
}
