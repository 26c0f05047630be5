// Package ledger holds what the books of the three participants have in common.
//
//	batch ─▶ Stream.Reserve ─▶ the role's own reservation      Vote: projected state
//	             │ Release ◀── a no, or Drop
//	             └ Confirm ──▶ the role's own fact             Apply: applied state
//
// A Stream checks that each batch continues the stream of trades: well formed, trade numbers dense,
// instruments defined once and before their first trade, prices and quantities positive. It moves
// two cursors, voted and applied, over the same trades, so a vote that is dropped leaves no trace.
//
// Beside it are the small things that turn a state into files: dates of India and the settlement
// calendar, exact money, CSV, a digest, and the atomic replacement of a file.
//
// Invariants:
//
//	L1  applied <= voted; both are numbers of trades and every trade below them was seen once.
//	L2  Release(b) after Reserve(b) restores the Stream exactly; a Reserve that fails changes nothing.
//	L3  The sum of the values of all voted trades in paise, and that of each instrument in the units of its price, stay
//	    at or below TurnoverMax, so that no sum of any role can overflow. How fine the prices of an instrument are
//	    weighs on no other.
//	L4  A file that WriteFile replaces is at every moment the whole old or the whole new one.
package ledger
