package nse

import (
	"fmt"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
)

// FieldError says which field of a record is wrong.
type FieldError struct {
	Field string // "quantity"
	Want  string // "quantity of 8 digits"
	Got   string // the bytes found, quoted
}

// Error returns "want quantity of 8 digits, got "12x"".
func (e *FieldError) Error() string { return "want " + e.Want + ", got " + e.Got }

// isFill reports whether c is padding. The layout document writes a blank as the letter b, and the
// files hold that letter; some files hold real blanks. Names are stripped of both on the left and of
// nothing else: every other byte belongs to the name, as in M&M and BAJAJ-AUTO.
func isFill(c byte) bool { return c == 'b' || c == ' ' }

// parser reads the fields of one line. The first error sticks; what is read after it is ignored.
type parser struct {
	line []byte
	err  *FieldError
}

func (p *parser) fail(field, want string, got []byte) {
	if p.err == nil {
		p.err = &FieldError{Field: field, Want: field + " " + want, Got: strconv.Quote(string(got))}
	}
}

// number reads a right-aligned number that must be there. Fill and zeros may stand on its left.
func (p *parser) number(field string, off, width int) uint64 {
	v, blank, ok := digits(p.line[off : off+width])
	if !ok || blank {
		p.fail(field, fmt.Sprintf("of %d digits", width), p.line[off:off+width])
	}
	return v
}

// optional is number where an entirely blank field means 0.
func (p *parser) optional(field string, off, width int) uint64 {
	v, _, ok := digits(p.line[off : off+width])
	if !ok {
		p.fail(field, fmt.Sprintf("of %d digits", width), p.line[off:off+width])
	}
	return v
}

// digits is the value of right-aligned digits; blank tells that there is only fill. At most 17
// digits, so it cannot overflow.
func digits(b []byte) (v uint64, blank, ok bool) {
	i := 0
	for i < len(b) && isFill(b[i]) {
		i++
	}
	if i == len(b) {
		return 0, true, true
	}
	for _, c := range b[i:] {
		d := c - '0'
		if d > 9 {
			return 0, false, false
		}
		v = v*10 + uint64(d)
	}
	return v, false, true
}

// name copies a right-aligned name into dst, which it fills from the left, with zero bytes behind.
func (p *parser) name(field string, off int, dst []byte) {
	src := p.line[off : off+len(dst)]
	i := 0
	for i < len(src) && isFill(src[i]) {
		i++
	}
	if i == len(src) {
		p.fail(field, "not blank", src)
	}
	for _, c := range src[i:] {
		if c < ' ' || c > '~' {
			p.fail(field, "of printable ASCII", src)
		}
	}
	clear(dst[copy(dst, src[i:]):])
}

// yesNo reads a Y or N.
func (p *parser) yesNo(field string, off int) bool {
	switch p.line[off] {
	case 'Y':
		return true
	case 'N':
	default:
		p.fail(field, "Y or N", p.line[off:off+1])
	}
	return false
}

// code reads one digit between first and last.
func (p *parser) code(field string, off int, first, last byte) uint8 {
	c := p.line[off]
	if c < '0'+first || c > '0'+last {
		p.fail(field, fmt.Sprintf("%d to %d", first, last), p.line[off:off+1])
		return 0
	}
	return c - '0'
}

const months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"

// date reads ddMMMyyyy, as 28JUN2012, into yyyymmdd.
func (p *parser) date(field string, off int) uint32 {
	b := p.line[off : off+9]
	day, _, okDay := digits(b[:2])
	year, _, okYear := digits(b[5:])
	for m := range 12 {
		if string(b[2:5]) == months[3*m:3*m+3] && okDay && okYear && day >= 1 && day <= 31 && year >= 1980 {
			return uint32(year*10000) + uint32(m+1)*100 + uint32(day)
		}
	}
	p.fail(field, "as 28JUN2012", b)
	return 0
}

// The segments as the files write them, with their fill on the right.
const (
	segmentCapital     = "CASH"
	segmentDerivatives = "FAOb"
	segmentCurrency    = "CDSb"
)

// parseHead reads record type and segment, the six bytes every record begins with. scale is the
// number of decimal digits of the segment's prices.
func parseHead(line []byte) (preOpen bool, seg segmentFacts, ok bool) {
	switch string(line[:2]) {
	case "RM":
	case "PO":
		preOpen = true
	default:
		return false, segmentFacts{}, false
	}
	switch string(line[2:5]) {
	case "CAS":
		seg = segmentFacts{codec.SegmentCapital, 2}
		ok = line[5] == 'H'
	case "FAO":
		seg = segmentFacts{codec.SegmentDerivatives, 2}
		ok = isFill(line[5])
	case "CDS":
		seg = segmentFacts{codec.SegmentDerivatives, 4}
		ok = isFill(line[5])
	}
	return preOpen, seg, ok
}

type segmentFacts struct {
	segment codec.Segment
	scale   uint8
}
