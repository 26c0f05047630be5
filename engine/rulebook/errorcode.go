//tezi:pure

package rulebook

import "github.com/tezi-exchange/tezi/orderbook"

// errorCodes are the numbers of NNF's list of error codes (capital market). "Exact" is the very case;
// "nearest" is a case of ours that the protocol has no number for, under the one that a member's
// system would act on in the same way.
var errorCodes = [orderbook.RejectReasonCount]int16{
	orderbook.Accepted:                0,
	orderbook.RejectUnknownOrder:      16060, // exact: order to modify or cancel not found
	orderbook.RejectDuplicateOrder:    16418, // nearest: invalid data; at NSE the exchange gives the numbers
	orderbook.RejectQuantity:          16418, // nearest: invalid data
	orderbook.RejectPrice:             16247, // exact: invalid price
	orderbook.RejectSide:              16418, // nearest: invalid data
	orderbook.RejectBookFull:          16123, // nearest: cannot be completed now, try again
	orderbook.RejectUnknownInstrument: 16012, // exact: invalid symbol
	orderbook.RejectInstrumentLimit:   16123, // nearest: as a full book
	orderbook.RejectCommand:           16414, // nearest: book type and instructions do not go together
	orderbook.RejectSession:           16000, // exact: market closed
	orderbook.RejectStopLoss:          16414, // nearest: as RejectCommand
	orderbook.RejectDisclosed:         16439, // exact in the pre-open, nearest elsewhere
	orderbook.RejectRisk:              16597, // nearest: rejected by the exchange's risk management
	orderbook.RejectUnreadable:        17101, // exact: packet with invalid data
	orderbook.RejectHalted:            16330, // nearest: suspended
	orderbook.RejectValue:             16600, // exact: order value above the permitted
	orderbook.RejectTick:              16283, // exact: not a multiple of the tick
	orderbook.RejectLot:               16328, // exact: not a multiple of the lot
	orderbook.RejectBand:              16284, // exact: outside the day's price range
	orderbook.RejectFreeze:            16307, // exact: quantity freeze, cancelled
	orderbook.RejectValidity:          16414, // nearest: as RejectCommand
	orderbook.RejectMarketOrder:       16601, // nearest: rejected in the pre-open
	orderbook.RejectTrigger:           16423, // exact: invalid trigger price
	orderbook.RejectTriggerTick:       16316, // exact: trigger not a multiple of the tick
	orderbook.RejectTriggerLimit:      16315, // exact: limit worse than the trigger
	orderbook.RejectTriggerGap:        16448, // exact: limit and trigger too far apart
	orderbook.RejectDisclosedAbove:    16324, // exact: disclosed quantity above the quantity
	orderbook.RejectDisclosedLot:      16325, // exact: disclosed quantity not a multiple of the lot
	orderbook.RejectDisclosedMin:      16400, // exact: disclosed quantity against the limit
	orderbook.RejectOwner:             16115, // nearest: modify or cancel rejected; also for a PAN that is another
	orderbook.RejectMargin:            16597, // nearest: as RejectRisk
	orderbook.RejectRiskReduction:     16568, // nearest: not allowed in close-out
	orderbook.RejectKilled:            16592, // nearest: order entry not allowed
	orderbook.RejectAccounts:          16123, // nearest: as a full book
	orderbook.RejectDiskFull:          16330, // nearest: as RejectHalted
}

// ErrorCode returns the error code of NSE's NNF protocol for a reason, 0 for Accepted (R5).
func ErrorCode(r orderbook.RejectReason) int16 { return errorCodes[r] }

// The error codes of cancellations.
const (
	codeRange     = 17070 // exact: cancelled, it could have traded only beyond the execution range
	codeSelfTrade = 17071 // exact: cancelled, it would have traded with itself
	codeSystem    = 16388 // exact: remainder of an immediate-or-cancel order, or what an auction left
)

// CauseCode returns the error code of NNF for what was taken away unasked, 0 for CauseNone.
// CauseFillLimit has no counterpart at NSE and gives the code of a remainder.
func CauseCode(c orderbook.Cause) int16 {
	switch c {
	case orderbook.CauseNone:
		return 0
	case orderbook.CauseRange:
		return codeRange
	case orderbook.CauseSelfTrade:
		return codeSelfTrade
	}
	return codeSystem
}
