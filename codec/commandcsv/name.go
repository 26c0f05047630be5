package commandcsv

import (
	"strings"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// ParseName reads an instrument's name as codec.Instrument.Name writes it: "CAPTURE" or another
// bare symbol, "RELIANCE-EQ" with a series of two characters, "NIFTY-FUTIDX-20260924",
// "SBIN-OPTSTK-20260924-800.00-CE". scale is the number of decimal digits of its prices. ok is false
// for what no Instrument is called. A symbol may hold dashes: BAJAJ-AUTO.
func ParseName(name string, scale uint8) (in codec.Instrument, ok bool) {
	in, ok = parseName(name, scale)
	return in, ok && in.Name() == name // two spellings of one name would be two instruments
}

func parseName(name string, scale uint8) (in codec.Instrument, ok bool) {
	in = codec.Instrument{Lot: 1, Kind: codec.KindDefine, Segment: codec.SegmentOther, PriceScale: scale}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' || c == ',' || c == '"' {
			return in, false
		}
	}
	parts := strings.Split(name, "-")
	if i := classAt(parts); i > 0 {
		return parseContract(in, parts, i)
	}
	symbol := name
	if last := len(parts) - 1; last > 0 && len(parts[last]) == len(in.Series) {
		symbol = strings.Join(parts[:last], "-")
		copy(in.Series[:], parts[last])
		in.Segment = codec.SegmentCapital
	}
	return in, fit(in.Symbol[:], symbol)
}

// classAt finds the class of a derivative, the part before the date; 0 if there is none.
func classAt(parts []string) int {
	for i := 1; i+1 < len(parts); i++ {
		isClass := strings.HasPrefix(parts[i], "FUT") || strings.HasPrefix(parts[i], "OPT")
		if _, isDate := unsigned([]byte(parts[i+1]), 99991231); isClass && isDate && len(parts[i+1]) == 8 {
			return i
		}
	}
	return 0
}

func parseContract(in codec.Instrument, parts []string, class int) (codec.Instrument, bool) {
	in.Segment = codec.SegmentDerivatives
	date, _ := unsigned([]byte(parts[class+1]), 99991231)
	in.Expiry = uint32(date)
	ok := fit(in.Symbol[:], strings.Join(parts[:class], "-")) && fit(in.Class[:], parts[class])
	rest := parts[class+2:]
	if len(rest) > 0 && rest[0] != "" && rest[0][0] >= '0' && rest[0][0] <= '9' {
		strike, okStrike := parsePrice(rest[0], in.PriceScale)
		in.Strike, ok = strike, ok && okStrike
		rest = rest[1:]
	}
	if len(rest) > 0 {
		ok = ok && fit(in.Option[:], rest[0])
		rest = rest[1:]
	}
	return in, ok && len(rest) == 0
}

// parsePrice reads what codec.FormatPrice writes: exactly scale digits behind the point.
func parsePrice(s string, scale uint8) (orderbook.Price, bool) {
	whole, frac, point := strings.Cut(s, ".")
	if point != (scale > 0) || len(frac) != int(scale) {
		return 0, false
	}
	v, ok := unsigned([]byte(whole+frac), 1<<31-1)
	return orderbook.Price(v), ok
}

// fit copies s into dst, which is padded with zero bytes; false if s is empty or too long.
func fit(dst []byte, s string) bool {
	return s != "" && len(s) <= len(dst) && copy(dst, s) == len(s)
}
