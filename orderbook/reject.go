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
	RejectSide                                  // neither buy nor sell
	RejectBookFull                              // no free slot for a resting order
	RejectUnknownInstrument                     // the instrument was never defined
	RejectInstrumentLimit                       // more instruments than the engine was started for
	RejectCommand                               // unknown kind of command or impossible combination of flags
	RejectSession                               // the order belongs to a session that is not open (pre-open, closing)
	RejectStopLoss                              // stop-loss orders are not accepted
	RejectDisclosed                             // disclosed quantity is not accepted
	RejectRisk                                  // vetoed by risk at the vote on its batch
	RejectUnreadable                            // the record of the capture could not be read
	RejectHalted                                // trading is halted
	RejectValue                                 // price times quantity above the limit
	RejectReasonCount                           // number of reasons; keep last
)

var rejectNames = [RejectReasonCount]string{
	"accepted", "unknown_order", "duplicate_order", "quantity", "price", "side", "book_full",
	"unknown_instrument", "instrument_limit", "command", "session", "stop_loss", "disclosed",
	"risk", "unreadable", "halted", "value",
}

// String returns the stable lower-case name used in reports, JSON and logs.
func (r RejectReason) String() string {
	if r < RejectReasonCount {
		return rejectNames[r]
	}
	return "unknown"
}
