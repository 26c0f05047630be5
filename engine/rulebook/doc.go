// Package rulebook is NSE's rules as dated data: the timetable, the tick, the price band and the
// circuit breaker of each day. It decides nothing by itself. Whoever runs the market asks it
// about a day and gets the phases to enter and the rules to set, which are then commands like any other:
//
//	day, class ──▶ Timetable ──▶ []Event ──▶ KindPhase commands, at drawn times
//	day, instrument, previous close ──▶ RulesFor ──▶ a KindRules command
//	trades near the band ──▶ Flex ──▶ a new band, some minutes later
//	an index that moves 10, 15 or 20 % ──▶ Breaker ──▶ AfterHalt ──▶ []Event
//	a reject reason ──▶ ErrorCode ──▶ the number that a member's system knows
//
// A rule that changed has one row per version, with the first day on which it held; the oldest row
// stands for all earlier days too. docs/RULES.md, whose headings are the files here, says where each
// figure comes from, how certain it is, and what is not public.
//
// Prices are in paise, times of day in nanoseconds since midnight in India, moves in basis points
// (1/10,000).
//
// Invariants:
//
//	R1  Everything is a function of its arguments: no clock, no randomness, no allocation but in
//	    AfterHalt.
//	R2  A timetable begins with PhaseClosed at midnight, ascends, and ends with PhaseEndOfDay; no
//	    two of its events can change places, however their times are drawn.
//	R3  A band lies within its percentage: it is rounded inwards.
//	R4  A Flex is flat: a copy of its bytes is a copy of its state.
//	R5  Every reject reason has an error code.
package rulebook
