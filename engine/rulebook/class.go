//tezi:pure

package rulebook

import "github.com/tezi-exchange/tezi/codec"

// Class says which rules an instrument is under.
type Class uint8

// The classes.
const (
	ClassCash            Class = iota // capital market
	ClassCashDerivatives              // a stock of the capital market that has derivatives: dynamic band, closing auction
	ClassIndexFuture                  // FUTIDX
	ClassStockFuture                  // FUTSTK
	ClassIndexOption                  // OPTIDX
	ClassStockOption                  // OPTSTK
	ClassOther                        // no rules of NSE: a foreign capture, currency
	classCount
)

var classNames = [classCount]string{
	"cash", "cash_derivatives", "index_future", "stock_future", "index_option", "stock_option", "other",
}

// String returns the stable lower-case name.
func (c Class) String() string {
	if c < classCount {
		return classNames[c]
	}
	return "unknown"
}

func (c Class) cash() bool   { return c == ClassCash || c == ClassCashDerivatives }
func (c Class) future() bool { return c == ClassIndexFuture || c == ClassStockFuture }
func (c Class) option() bool { return c == ClassIndexOption || c == ClassStockOption }

// ClassOf returns the class of an instrument, as far as its definition tells. It does not tell which
// stocks have derivatives: those come out as ClassCash, and whoever knows the list of the day says
// ClassCashDerivatives instead.
func ClassOf(i *codec.Instrument) Class {
	switch i.Segment {
	case codec.SegmentCapital:
		return ClassCash
	case codec.SegmentDerivatives:
		switch i.Class {
		case [6]byte{'F', 'U', 'T', 'I', 'D', 'X'}:
			return ClassIndexFuture
		case [6]byte{'F', 'U', 'T', 'S', 'T', 'K'}:
			return ClassStockFuture
		case [6]byte{'O', 'P', 'T', 'I', 'D', 'X'}:
			return ClassIndexOption
		case [6]byte{'O', 'P', 'T', 'S', 'T', 'K'}:
			return ClassStockOption
		}
	}
	return ClassOther
}
