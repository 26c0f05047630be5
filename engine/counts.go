//tezi:pure

package engine

import "github.com/tezi-exchange/tezi/orderbook"

// Removal says why an order, or what was left of it, went although nobody had asked for it by its
// number.
type Removal uint8

// The removals. The values index Counts.Removed.
const (
	RemovedRemainder Removal = iota // what an IOC, FOK or market order left
	RemovedFillLimit                // one command may not trade more often
	RemovedRange                    // what could have traded only outside the execution range or the band
	RemovedSelfTrade                // it would have met an order of the same PAN
	RemovedBand                     // outside a price band that moved
	RemovedAuction                  // left by a closing auction, or a market order that no auction gave a price
	RemovedEndOfDay                 // good for the day
	RemovedMass                     // mass cancel
	RemovedKill                     // kill switch
	RemovedVeto                     // refused by a participant
	RemovalCount                    // number of removals; keep last
)

var removalNames = [RemovalCount]string{
	"remainder", "fill_limit", "range", "self_trade", "band", "auction", "end_of_day", "mass_cancel", "kill", "veto",
}

// String returns the stable lower-case name.
func (r Removal) String() string {
	if r < RemovalCount {
		return removalNames[r]
	}
	return "unknown"
}

// removalOf is the removal that the book tells as a cause. CauseNone has none.
func removalOf(c orderbook.Cause) Removal {
	switch c {
	case orderbook.CauseSelfTrade:
		return RemovedSelfTrade
	case orderbook.CauseFillLimit:
		return RemovedFillLimit
	case orderbook.CauseRange:
		return RemovedRange
	}
	return RemovedRemainder
}

// Counts are what the core has done so far. A core rebuilt from the log or from a snapshot has the
// same; they decide nothing, and the state hash leaves them out.
type Counts struct {
	Commands       uint64 // what members asked for: without definitions, rules, limits, phases, and what the engine makes itself
	OrdersAccepted uint64 // order entries that were not rejected
	Trades         uint64
	AuctionTrades  uint64                              // of Trades: in call auctions
	Triggered      uint64                              // stop-loss orders that entered the market
	Turned         uint64                              // market orders that an auction left as limit orders
	Continues      uint64                              // commands that the engine made to go on with what one could not finish
	Removed        [RemovalCount]uint64                // by Removal
	Rejects        [orderbook.RejectReasonCount]uint64 // by reason; index 0 is not used
}
