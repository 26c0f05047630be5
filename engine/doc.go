// Package engine turns commands into committed trades. It is the core of the program and not a library: it uses
// internal packages, and promises nothing to other programs. The libraries are batch3pc with its driver, ringbuf, orderbook and
// codec.
//
// Its core (files marked tezi:pure) is a pure function of the sequenced command log: Core.Apply
// matches one command on the book of its instrument and writes the trades into the open batch, a
// Builder. The runtime around it is one loop, Engine.Run, and one more stage, the logger:
//
//	feeder ─▶ input ring ─▶ ┌──────────────── loop ────────────────┐ ─▶ log ring ─▶ logger ─▶ disk
//	                        │ sequence, match, seal, coordinate    │                  │
//	participants ─▶ links ─▶│ decide ─▶ Ports.Commit (first sight) │ ◀── durable ─────┘
//	                        └──────────────────────────────────────┘ ─▶ links ─▶ participants
//
// # The rules
//
// The core knows how to apply NSE's rules; which rules hold on a day comes as commands (package
// rulebook). Each instrument has a market: its definition, its rules, its phase, and the prices that
// rules refer to. An order entry passes these checks, cheapest first,
//
//	phase ─▶ kill switch ─▶ kind, form, lot, tick, band, freeze, value, disclosed, trigger ─▶ margin ─▶ book
//
// and each refuses with a reason of its own. The worst that an order could trade for is reserved at its
// entry (package pretrade), and released share by share as it trades or leaves. Then the stop-loss
// orders that the trades have triggered enter. A change of phase opens an auction, holds it, or ends the day.
//
// One command makes at most Limits.FillsMax trades. An auction or a cascade that needs more leaves the
// rest as work of its instrument: the core is Pending, and the loop gives the next sequence number to a
// KindContinue of its own, before any other command. It is in the log like the others. Only when a log is
// matched again after a veto can a command find an instrument with work left: the command continues that
// first, and is refused if it cannot finish it.
//
// # The runtime
//
// One command: the loop copies it from the input ring into a record of the log ring, gives it the next
// sequence number there, and matches it. The trades stay in the open batch. The batch is sealed when it
// has its target of trades, when it is old, when nothing else is under way, or when it has thousands of
// commands and no trade; then it becomes a proposal of package batch3pc, which takes it through
// can-commit, pre-commit and do-commit at the participants. PRE-COMMIT of a batch leaves only after the
// commands it was made from are durable in the log. Ports.Commit is called after the decision, never
// before.
//
// If a participant refuses trades (a veto), the loop opens a new ballot, which aborts everything
// above a base; rolls the book back by replaying the log up to that base on a fresh core; takes the
// refused orders out of the market by a record in the log; and matches the commands above the base
// again. Nothing is lost but the refused orders: their entries and modifies, matched again, are counted
// as rejects, those that rested are cancelled, and the veto record names each.
//
// An engine that died is succeeded by one that reads its log (Replica, Resume). The new engine's first
// ballot settles which of the batches in doubt are decided. Up to there the log is matched, and must give
// what was committed; what follows is matched and proposed again, in batches with new numbers. The
// rollback after a veto works in the same way.
//
// Invariants:
//
//	E1  State is a pure function of the command log (commands and vetoes): equal logs, equal
//	    trades, equal StateHash.
//	E2  Sequence numbers are dense: a command is applied exactly once, in order.
//	E3  Trade numbers are dense over the committed batches.
//	E4  No trade is seen outside before the decision of its batch.
//	E5  PRE-COMMIT of a batch leaves only when every command up to its last one is durable.
//	E6  A full ring, window or disk queue stops intake; it never drops or reorders a command.
//	E7  After an abort the orders are matched again as if the refused ones had never come.
//	E8  A refused command leaves the state as it was.
//	E9  What is reserved for a client is exactly what its live orders need: without an order, nothing.
//	E10 A core restored from a snapshot goes on as the first one would: same trades, same StateHash.
//	E11 A log that is resumed after a crash leads to the trades and books of a run without the crash.
//	E12 No change of the members is requested before the record of the last one is durable. So a successor finds at
//	    most one that is in no log, and it is the last entry of the stream.
package engine
