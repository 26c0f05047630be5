package orderbook

import "strconv"

// Side is the side of an order, with the codes of NSE's NNF protocol. An order with another value is refused with
// RejectSide; a look at such a side of a book panics.
type Side uint8

// The two sides of a market.
const (
	Buy  Side = 1
	Sell Side = 2
)

// Opposite returns the other side.
func (s Side) Opposite() Side { return 3 - s }

// Valid reports whether s is Buy or Sell. It is one comparison, because sides come at random, and a branch on
// one of them would be mispredicted every other time.
func (s Side) Valid() bool { return s-Buy <= Sell-Buy }

// String returns "buy" or "sell".
func (s Side) String() string {
	switch s {
	case Buy:
		return "buy"
	case Sell:
		return "sell"
	}
	return "side(" + strconv.Itoa(int(s)) + ")"
}

// Price is an integer price in the smallest unit of the instrument's currency: paise at NSE's
// capital market. 32 bits, as in NSE's own protocols (NNF LONG, MTBT i32). 0 is "market" in a
// command and never a price in the book.
type Price int32

// Qty is a number of shares (or contracts), never negative.
type Qty uint32

// OrderID is the order number as the venue or the capture gives it. It is unique among the live
// orders of one instrument and may be used again once the order is gone.
type OrderID uint64

// Slot is the place of a resting order in its Arena, stable while the order rests. Whoever keeps
// facts beside an order (its member, its client) indexes them by slot.
type Slot uint32

// NoSlot is the Slot of an order that does not rest.
const NoSlot Slot = 0

// TimeInForce says how long an order may rest.
type TimeInForce uint8

// The validities. NSE has GTC and GTD in its protocol, "disabled as of now" (NNF CM 6.3), and no FOK;
// an engine takes them only if the rules of the instrument say so.
const (
	Day TimeInForce = 0 // rests until the end of the day
	IOC TimeInForce = 1 // fills what is there, the rest is cancelled at once
	FOK TimeInForce = 2 // fills whole at once or is cancelled whole
	GTC TimeInForce = 3 // rests until it is cancelled
	GTD TimeInForce = 4 // rests until its date; the book keeps none, its owner does
)

// Rests says whether an order of this validity may rest.
func (t TimeInForce) Rests() bool { return t != IOC && t != FOK }

// PAN stands for a permanent account number, the tax number in India that tells whose an order is:
// orders of one PAN do not trade with each other. The book only compares; 0 is nobody's.
type PAN uint32

// Cause says why a command took something away that was not asked to go.
type Cause uint8

// The causes.
const (
	CauseNone      Cause = iota // nothing was, or the command itself asked for it
	CauseRemainder              // what an IOC or market order could not fill, or a FOK order that could not fill whole
	CauseFillLimit              // the caller's fills were full
	CauseSelfTrade              // the order would have traded with an order of the same PAN
	CauseRange                  // what could have traded only outside the execution range
)

// String returns the name in lower case.
func (c Cause) String() string {
	switch c {
	case CauseNone:
		return "none"
	case CauseRemainder:
		return "remainder"
	case CauseFillLimit:
		return "fill_limit"
	case CauseSelfTrade:
		return "self_trade"
	case CauseRange:
		return "range"
	}
	return "cause(" + strconv.Itoa(int(c)) + ")"
}
