// Package workload makes a synthetic trading day of NSE's capital market: a stream of commands that
// is the same for the same Config on every machine and for ever, in memory that does not grow with
// its length.
//
//	list ──▶ markets, one an instrument, each with its own     merge by time ─▶ TimeOrder
//	         random numbers, clock, fair price and book  ──▶        or
//	                                                           one by one    ─▶ SymbolOrder
//
// # What the flow is made of
//
//   - Symbols: invented, up to ten characters, some of them traps for readers (A&B, TEZI-AUTO, B).
//     Every sixteenth is in series BE, the others in EQ. Activity falls with the rank r = 0, 1, ...
//     as 1/(r+11), much as that of NSE's 500 busiest stocks.
//   - Prices: previous closes of 20 to 20,000 rupees, most of them 250 to 5,000; the tick by NSE's
//     table of April 2025. A fair price walks randomly, with a standard deviation of up to 1.6 % over
//     the day, and orders stay within 10 % of the previous close.
//   - Time: 09:15 to 15:30, four times as busy at the open and three times at the close as at noon
//     (session.go has the table). Messages come in bursts, and a trade draws more. Stamps are whole
//     jiffies of 1/65,536 s; k trades are given the k jiffies behind their order, as at NSE.
//   - Messages: about 54 % entries, 24 % cancels, 22 % modifies. 11 to 13 % of all messages match;
//     they bring about 0.2 trades a message. Of the entries that are meant to match 45 % are limit
//     orders, 35 % IOC, 20 % market orders.
//   - Passive orders: five in eight near the touch, within a geometric number of grains (2 basis
//     points), the others over 3 % of the price, the denser the farther. Cancels and modifies go to
//     stale quotes at the touch first, then mostly to the latest orders. Modifies change the price
//     (56 %), price and quantity (13 %), quantity only (28 %), or cross (3 %).
//   - Quantities: 1,000 rupees' worth doubled a geometric number of times, half of them round.
//   - Books: 300 to 3,000 resting orders an instrument, by its activity; fewer in a small day.
//   - Mistakes: 0.3 % of the messages must be rejected: cancels of orders that are gone, entries with
//     a live order's number, entries without a quantity.
//   - Not in it: pre-open, stop-loss and disclosed quantity.
//
// Each market runs the production order book on its own messages, so cancels and modifies know what
// is live, and Day.Fills tells the trades that an exchange must come to.
//
// # The referee's flow
//
// Beside the day there is the flow of the public matching-engine benchmark, for one book: see Referee. It is
// quoting at its fiercest, hardly anything but orders that are cancelled again, and measures an order book
// where the day measures an exchange.
//
// # What holds
//
//	I1  Equal configs (and Referees) make equal streams, byte for byte: integers only, a generator of our own, no
//	    maps. A golden hash pins it; a change of the flow changes figures and is a decision.
//	I2  The messages of a symbol depend on the Config without its Layout, not on other symbols.
//	I3  At most Config.Resting orders rest at any time, and Next allocates nothing.
//	I4  A day written as an NSE order file and read again is the same stream, apart from the ticks
//	    and lots, which the format does not carry.
//	I5  Stamps never fall: in the whole stream in TimeOrder, symbol by symbol in SymbolOrder.
//	I6  Order numbers are 16 digits, unique over the day, apart from the mistakes.
package workload
