// Package risk is the participant that keeps positions and margins, and that may refuse a trade.
//
//	exposure of a client  = sum over its instruments of |bought value - sold value|, in paise
//	margin of a client    = exposure x Config.MarginBps / 10000, rounded up to a paisa
//	exposure and margin of a member = sums over its clients
//
// Every position has two nets. The projected one moves at Vote and is what the limits are held
// against; the applied one moves at Apply and is what the state files show. Limits and margin are
// checked before matching too, so a veto here means that something upstream has failed; it names
// the orders all the same, so that the engine can reject them and match again. A batch is refused
// as a whole, never in part.
//
// Invariants:
//
//	R1  The projected exposure of an account is the sum over its positions of what their projected
//	    nets put at risk; that of a member is the sum over its accounts.
//	R2  Vote followed by Drop, and a Vote that says no, leave the projected state as it was.
//	R3  Over all positions in an instrument, bought and sold quantities are equal, and so are values.
//	R4  Limits never refuse an order that does not make its client's exposure grow.
package risk
