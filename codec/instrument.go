package codec

import (
	"bytes"
	"strconv"

	"github.com/tezi-exchange/tezi/orderbook"
)

func trimmed(b []byte) string { return string(bytes.TrimRight(b, "\x00")) }

// SymbolString returns the symbol without padding.
func (i *Instrument) SymbolString() string { return trimmed(i.Symbol[:]) }

// SeriesString returns the series without padding.
func (i *Instrument) SeriesString() string { return trimmed(i.Series[:]) }

// ClassString returns the derivative class without padding.
func (i *Instrument) ClassString() string { return trimmed(i.Class[:]) }

// OptionString returns CE, PE or "".
func (i *Instrument) OptionString() string { return trimmed(i.Option[:]) }

func (i *Instrument) name() string {
	s := i.SymbolString()
	if x := i.SeriesString(); x != "" {
		s += "-" + x
	}
	if x := i.ClassString(); x != "" {
		s += "-" + x
	}
	if i.Expiry != 0 {
		s += "-" + strconv.FormatUint(uint64(i.Expiry), 10)
	}
	if i.Strike != 0 {
		s += "-" + FormatPrice(int64(i.Strike), i.PriceScale)
	}
	if x := i.OptionString(); x != "" {
		s += "-" + x
	}
	return s
}

// FormatPrice writes an integer amount with scale decimal digits: FormatPrice(12345, 2) = "123.45".
func FormatPrice(v int64, scale uint8) string { return string(AppendPrice(nil, v, scale)) }

// AppendPrice is FormatPrice in append form.
func AppendPrice(dst []byte, v int64, scale uint8) []byte {
	if v < 0 {
		dst = append(dst, '-')
	}
	var buf [20]byte
	digits := strconv.AppendUint(buf[:0], uint64(max(v, -v)), 10) // MinInt64 maps to its own magnitude in uint64
	whole := max(len(digits)-int(scale), 0)
	if dst = append(dst, digits[:whole]...); whole == 0 {
		dst = append(dst, '0')
	}
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for range int(scale) - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits[whole:]...)
}

// Owner gives the member and client of an order whose source does not name them, as NSE's
// historical files and the foreign captures do not: a fixed hash of the order number, so that all
// messages of one order agree. members and clients are how many there are, of clients those of each
// member: at least 1, members at most 65,535, and less than 2^32 clients in all. Client numbers are
// then unique over all members.
func Owner(id orderbook.OrderID, members, clients uint32) (member uint16, client uint32) {
	x := uint64(id) + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	m := uint32(x) % members
	return uint16(m + 1), m*clients + uint32(x>>32)%clients + 1
}
