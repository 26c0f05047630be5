// Package workload makes a synthetic trading day of NSE's capital market: a stream of commands that
// is the same for the same Config on every machine and for ever, in memory that does not grow with
// its length.
//
//	list ──▶ markets, one an instrument, each with its own     merge by time ─▶ TimeOrder
//	         random numbers, clock and fair price          ──▶        or
//	              ▲                                            one by one    ─▶ SymbolOrder
//	              └── what lives, what traded ── engine.Core ◀── each command
//
// The day runs the production core on what it makes, so cancels and modifies know what is live, and
// Day.Fills tells the trades that an exchange must come to. What the core adds by itself (KindContinue) is
// not part of the day: an exchange makes its own.
//
// # What the flow is made of
//
//   - Symbols: invented, up to ten characters, some of them traps for readers (A&B, TEZI-AUTO, B). Of 80, 28
//     are stocks with derivatives (dynamic band, closing auction), 5 in series BE (band of 5 %), 5 in series
//     SM (lots of 50), the others in EQ with 20 %. Activity falls with the rank r = 0, 1, ... as 1/(r+11),
//     much as that of NSE's 500 busiest stocks. Another seed is another day of the same symbols.
//   - The exchange: at 08:30 the definition and the rules of each instrument, by package rulebook for the date,
//     and freeze quantity, greatest value and stop gap, which NSE keeps to itself or to its master file. Then
//     the phases of rulebook.Timetable with the random closes drawn, among them two pre-open auctions: one in the
//     morning, one behind a market-wide halt that begins between 13:00 and 13:10 (Config.NoHalt: none; prices
//     know nothing of it), and the closing auction.
//   - Prices: previous closes of 20 to 20,000 rupees, most of them 250 to 5,000. A fair price walks
//     randomly, with a standard deviation of up to 1.6 % over the day, and orders stay within 10 % of the
//     previous close. One stock in fifty runs into its band, by turns up and down, and makes it flex.
//   - Time: continuous trading is four times as busy at the open and three times at the close as at noon
//     (session.go has the table). 4 % of the messages are for the pre-open auctions, 0.6 % for the closing
//     auction, 0.3 % come after the close and 0.1 % while trading is halted. Messages come in bursts, and a
//     trade draws more. Stamps are whole jiffies of 1/65,536 s; k trades are given the k jiffies behind their
//     order, as at NSE.
//   - Messages: about 59 % entries, 20 % cancels, 20 % modifies, 1 % reduces. 11 to 12 % of all messages match;
//     there are about 0.22 trades a message, and one in fourteen of them is an auction's. Of the entries that
//     are meant to match 45 % are limit orders, 35 % IOC, 20 % market orders.
//   - Passive orders: five in eight near the touch, within a geometric number of grains (2 basis
//     points), the others over 3 % of the price, the denser the farther. Cancels and modifies go to
//     stale quotes at the touch first, then mostly to the latest orders. Modifies change the price
//     (56 %), price and quantity (13 %), quantity only (28 %, some as reduces), or cross (3 %).
//   - Stop-loss orders: 5 % of the entries, with and without a limit, 1 to 20 grains behind the last price;
//     two in five are triggered, some in cascades. Disclosed quantity: 4 % of the entries show a tenth to a half.
//   - Call auctions: limit orders within 24 grains of the fair price on both sides, so that nearly all auctions
//     trade, and where they are taken 19 % market orders.
//   - Quantities: 1,000 rupees' worth doubled a geometric number of times, half of them round.
//   - Books: 300 to 3,000 live orders an instrument, by its activity; fewer in a small day.
//   - Owners: every order has a member, a client, and a PAN, which one client in sixteen shares with others. An
//     eighth of the orders would rather be cancelled themselves than cancel a resting order of their PAN.
//   - Houses: eight members behind the others, one in each of the eight busiest instruments, have margin
//     limits that they run into.
//   - Desks: the 64 busiest instruments have one mass cancel or kill switch each, of all the shapes; switches
//     are lifted again.
//   - Mistakes: 0.3 % of the messages must be rejected, for 25 reasons, by entries and modifies (mistakes.go); margin limits, switches
//     and the halt refuse another 0.05 to 0.15 %, for four.
//   - Not in it: derivatives, GTC, GTD and FOK (NSE has them switched off), six reasons to refuse that no
//     member can cause (replay_test.go names them), and what coverage_test.go lists.
//
// # The referee's flow
//
// Beside the day there is the flow of the public matching-engine benchmark, for one book: see Referee. It is
// quoting at its fiercest, hardly anything but orders that are cancelled again, and measures an order book
// where the day measures an exchange.
//
// # Loops
//
// A benchmark that must not wait for its flow repeats one: a Loop is a round of commands, of the referee's flow or
// one that is rich in trades, which leaves no order behind and comes again under new order numbers.
//
// # What holds
//
//	I1  Equal configs (and Referees) make equal streams, byte for byte: integers only, a generator of our own, no
//	    maps. A golden hash pins it; a change of the flow, of the rule book or of the engine's rules
//	    changes figures and is a decision.
//	I2  The messages and notices of a symbol depend on the Config without its Layout, not on other symbols. So
//	    whoever has a limit, or is killed in all instruments, trades in one only.
//	I3  At most Config.Resting orders rest or wait at any time, at most PositionsMax clients meet instruments,
//	    and Next allocates nothing.
//	I4  Entries, cancels and modifies written as an NSE order file and read again are the same, but for PAN and
//	    FlagCancelActive, for the owners of houses' orders and of one mistake, and for the instruments' ticks
//	    and lots. The format has no record of the others, nor of an order without a side or an instrument, or
//	    with another validity than day and IOC.
//	I5  Stamps never fall: in the whole stream in TimeOrder, symbol by symbol in SymbolOrder.
//	I6  Order numbers are 16 digits, unique over the day, apart from the mistakes.
//	I7  Every live order of a market is among its candidates for cancels, once.
//	I8  A round of a Loop leaves no live order, and the next one leads to the same trades.
package workload
