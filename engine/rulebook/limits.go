//tezi:pure

package rulebook

import "github.com/tezi-exchange/tezi/orderbook"

// freezeDay is the first day of the freeze quantities below. Those before it are not listed here.
const freezeDay Date = 20260803

// IndexFreeze returns the greatest quantity of one order in futures and options on an index; more is
// refused. 0: not known.
func IndexFreeze(d Date, symbol string) orderbook.Qty {
	if d < freezeDay {
		return 0
	}
	switch symbol {
	case "NIFTY":
		return 1800
	case "BANKNIFTY":
		return 600
	case "FINNIFTY":
		return 1800
	case "MIDCPNIFTY":
		return 2800
	case "NIFTYNXT50":
		return 600
	}
	return 0
}

// The execution range of derivatives.
const (
	futureExecBps  = 500
	optionExecBps  = 4000
	optionExecLow  = orderbook.Price(50_00) // up to this premium the range is a sum of money
	optionExecFlat = orderbook.Price(20_00)
)

// ExecRange returns how far from the reference price an order in derivatives may trade, in paise, at
// least 1: 5 % in futures, 40 % or Rs 20 in options. The exchange's reference is a price of the last
// minute. 0: no such limit, or no reference.
func ExecRange(c Class, reference orderbook.Price) orderbook.Price {
	switch {
	case reference <= 0:
		return 0
	case c.future():
		return max(share(reference, futureExecBps), 1)
	case c.option() && reference <= optionExecLow:
		return optionExecFlat
	case c.option():
		return share(reference, optionExecBps)
	}
	return 0
}

// share is bps of a price, rounded down.
func share(p orderbook.Price, bps int64) orderbook.Price {
	return orderbook.Price(int64(p) * bps / wholeBps)
}

// DisclosedPct returns the least disclosed quantity in per cent of the quantity. It is 0 in
// derivatives, which take none at all (codec.RuleNoDisclosed). It has been the same on all days.
func DisclosedPct(_ Date, c Class) uint8 {
	if c.cash() {
		return 10
	}
	return 0
}
