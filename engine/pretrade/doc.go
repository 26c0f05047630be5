// Package pretrade is the risk check before matching: it reserves margin for an order when it
// enters, gives it back when the order leaves, and turns it into the margin of a position when the
// order trades. It keeps limits by member and by client, the risk-reduction mode of a member, and
// the kill switches.
//
// It is part of the deterministic core: no clock, no I/O, no allocation after New. Accounts belong to
// one goroutine. Margins and limits are in paise.
//
// # What is counted
//
// A position is one client of one member in one instrument. It has
//
//	net               bought less sold value of its trades
//	openBuy, openSell the values reserved for its open orders
//	E                 max(net + openBuy, openSell - net)
//	margin            E in paise x bps / 10000, rounded up to a paisa
//
// E is the greatest |net| that any subset of the open orders can lead to: at worst all buys trade and
// no sell, or the other way round. Two-sided quotes therefore do not add up, and what closes a
// position costs nothing. The margin that a client uses is the sum over its positions; that of a
// member, the sum over its clients. Instruments do not offset each other.
//
// bps is the margin rate that the caller gave with the last entry or modify taken in the position
// (codec.Rules.MarginBps; 0 means 2000, as at the participant). A new rate reaches a position with
// its next order.
//
// # What is refused
//
// In this order, the first that applies:
//
//	RejectValue          a sum would leave the room that 64 bits have for it (P7)
//	  E does not grow: taken, whatever the limits say (P4)
//	RejectMargin         the client or the member would use more than its limit
//	RejectRiskReduction  the member already uses 90 % of its limit or more: from there on, until it
//	                     uses less, it may only enter what does not make an E grow
//
// A modify is judged as a whole, by the difference that it makes. It is taken also if E grows but the
// margin does not, because the rate has fallen or the difference is lost in the rounding. A limit
// that is lowered, or a rate that rises, takes nothing back: the client is over its limit then, and
// can still reduce.
//
// # Why the participant never has to refuse
//
// The risk participant (internal/participant/risk) holds |net| of each position against its limits
// after the trade. Its check is a net under this one and never catches anything, if
//
//	(a) the value reserved for what trades is at least the value of the trade, for the order of each
//	    side, in every call of Trade; and
//	(b) the participant's limit on exposure is not tighter: at least M x 10000 / bps, with M the most
//	    margin that was ever in use here and bps the lowest rate. While a limit L stands, M <= L,
//	    unless L was lowered below what was in use or a rate rose; then M is what that led to.
//
// For by (a) no trade makes an E grow (P3): with 0 <= value <= reserved, a buy turns net + openBuy
// into something not greater and openSell - net too. So the margin in use grows only when an order
// is judged. It is at least bps / 10000 of the sum of all E, and every |net| is at most its E (P2).
// Hence the sum of all |net| stays within M x 10000 / bps, after each trade of a batch and not only
// at its end.
//
// Condition (a) is the caller's, and differs by side. A buy never trades above its limit price, so
// limit times quantity is enough. A sell trades at its limit or HIGHER: while it is the aggressor, or
// in an auction, the greatest price at which it can trade counts (the best bid, or the upper price
// band), and limit times quantity is enough only while it rests in continuous trading, so the rest is
// given back when it comes to rest there, and when an auction leaves it there. A market
// order has no limit: the band, or the last price that its execution range allows. If a trade is worth
// more than was reserved for it, it is booked all the same, for trades are facts, unless the sums have
// no room for it (P7); the difference then weighs on the limits without having been judged, and the
// participant may be the one to refuse. Its limit on the value of a single trade is not of this package: the limit on the
// value of an order is.
//
// Values are in the units of the instrument's price, exactly, and E is turned into paise as a whole (SetScale), rounded up, as
// the participant does with |net|.
//
// # Layout
//
//	index      (member, client, instrument) to Position: open addressing, at most half full
//	positions  │ 64 bytes: net, its reach, margin, rate, who     │ by Position
//	accounts   │ 32 bytes: margin in use, limit, who             │ one of each client
//	members    │ 16 bytes: margin in use, limit                  │ by member number
//	switches   sorted, few
//
// The caller keeps the Position with each order, so that only an entry needs the index. A call that
// leaves E as it is, such as a trade at the reserved value or the other half of a quote, touches the
// position alone. A position whose first order is refused is forgotten; no other is ever closed, nor its account.
//
// # Invariants
//
// They hold between any two calls; Check verifies those that concern the data.
//
//	P1  The margin of a position follows from net, open values and rate alone. The margin in use of an
//	    account is the sum over its positions, that of a member the sum over its accounts.
//	P2  Open values are not negative. So |net| <= E.
//	P3  Release makes no E grow, and neither does a Trade with value <= reserved: the margin in use
//	    grows at Reserve and Replace only, where it is judged (or a new rate is taken up).
//	P4  An order that does not make E grow is not refused by a limit: who is over one can reduce.
//	P5  A refused call changes nothing, but that Position may have opened a row, which Forget takes back. So every row
//	    has had an order.
//	P6  A position is found under its member, client and instrument, and under nothing else; it keeps
//	    its number.
//	P7  E stays within exposureMax and the margins in use within usedMax, so no sum overflows.
//	P8  A kill switch stands from the call that sets it until the one that lifts it, with the same
//	    combination; an order is killed if and only if one that stands selects it.
//	P9  State follows from the calls alone; what Restore reads behaves as what AppendState wrote.
package pretrade
