// Package settlement is the participant that knows who owes what: per trade date, member and
// instrument the shares and the money bought, sold and net (multilateral netting), to be settled
// on T+1.
//
// The trade date is the day in India on which the trade's time lies; the settlement date is the
// next day after it that is neither on a weekend nor in Config.Holidays. Derivatives are netted in
// the same way, by contract.
//
// Invariants:
//
//	T1  For each trade date and instrument the nets of all members sum to 0, in shares and in money.
//	    Save checks it and writes nothing if it does not hold.
//	T2  Only Apply changes an obligation: Vote and Drop move a place in the stream of trades.
package settlement
