package orderbook

// RejectReason says why a command was refused. A refused command leaves the state unchanged.
// The values are part of the journal and wire formats: append only, never renumber.
type RejectReason uint8

// The reasons, each with its typed constant.
const (
	Accepted                RejectReason = iota // not a reject
	RejectUnknownOrder                          // cancel, reduce or modify of an order that is not live
	RejectDuplicateOrder                        // entry with the number of a live order
	RejectQuantity                              // quantity zero, or a reduce by more than rests
	RejectPrice                                 // price not positive where a limit is needed, or off the domain
	RejectSide                                  // neither buy nor sell, or a modify with the other side
	RejectBookFull                              // no free slot for a resting order
	RejectUnknownInstrument                     // the instrument was never defined
	RejectInstrumentLimit                       // more instruments than the engine was started for
	RejectCommand                               // unknown kind of command or impossible combination of flags
	RejectSession                               // the phase of the market takes no such command
	RejectStopLoss                              // no stop-loss orders in this instrument or phase
	RejectDisclosed                             // no disclosed quantity in this instrument or phase, or with IOC
	RejectRisk                                  // vetoed by risk at the vote on its batch
	RejectUnreadable                            // the record of the capture could not be read
	RejectHalted                                // trading is halted
	RejectValue                                 // price times quantity above the limit
	RejectTick                                  // price not a multiple of the tick
	RejectLot                                   // quantity not a multiple of the lot
	RejectBand                                  // price outside the price band
	RejectFreeze                                // quantity above the freeze limit
	RejectValidity                              // GTC, GTD or FOK where they are switched off, or IOC where none is taken
	RejectMarketOrder                           // a market order, or a change of one, in a phase that takes none
	RejectTrigger                               // trigger price on the wrong side of the last price, or none to compare with where one is needed
	RejectTriggerTick                           // trigger price not a multiple of the tick
	RejectTriggerLimit                          // limit price worse than the trigger price: the order could not trade when triggered
	RejectTriggerGap                            // limit price too far from the trigger price
	RejectDisclosedAbove                        // disclosed quantity above the quantity
	RejectDisclosedLot                          // disclosed quantity not a multiple of the lot
	RejectDisclosedMin                          // disclosed quantity too small a part of the quantity
	RejectOwner                                 // cancel, reduce or modify of somebody else's order, or modify with another PAN or self-trade bit
	RejectMargin                                // the order would take its client or member above the margin limit
	RejectRiskReduction                         // the member is in risk-reduction mode, and the order would not reduce a position
	RejectKilled                                // a kill switch stands for the member, client, instrument or market
	RejectAccounts                              // no room for another client or position
	RejectDiskFull                              // trading is halted because a disk is full, or nearly so
	RejectReasonCount                           // number of reasons; keep last
)

var rejectNames = [RejectReasonCount]string{
	"accepted", "unknown_order", "duplicate_order", "quantity", "price", "side", "book_full",
	"unknown_instrument", "instrument_limit", "command", "session", "stop_loss", "disclosed",
	"risk", "unreadable", "halted", "value", "tick", "lot", "band", "freeze", "validity", "market_order",
	"trigger", "trigger_tick", "trigger_limit", "trigger_gap", "disclosed_above", "disclosed_lot",
	"disclosed_min", "owner", "margin", "risk_reduction", "killed", "accounts", "disk_full",
}

// String returns the stable lower-case name used in reports, JSON and logs.
func (r RejectReason) String() string {
	if r < RejectReasonCount {
		return rejectNames[r]
	}
	return "unknown"
}
