// Package orderbook is the price-time order book of one instrument, with NSE's rules for continuous
// trading and call auctions: limit and market orders, stop-loss orders with a trigger book of their own,
// disclosed quantity, IOC and FOK, modify with NSE's priorities, self-trade prevention by PAN, execution
// range, mass cancel.
//
//	Add, Modify, Reduce, Cancel    change the book; a Result and fills say what happened
//	CancelWhere, CancelUnwanted    cancel whatever is selected
//	Trigger, Activate              bring a stop-loss order into the market
//	OpenAuction ... CloseAuction   collect orders, find the equilibrium, uncross
//	BBO, Depth, Orders, Lookup     show it
//	StateHash                      fingerprints its state; Arena.AppendState serialises it
//
// It is a pure function of its commands: no clock, no goroutine, no I/O, no allocation once the
// Arena and the Book exist. An Arena and its books belong to one goroutine, also for a look. Which rules
// apply to whom and when (sessions, ticks, bands, limits) is up to whoever runs the book; here, package
// engine.
//
// # Layout
//
// Everything is sized by what is live, not by the range of prices or order numbers, so a quiet
// book stays in the cache however wide its prices spread.
//
//	Book: a ladder for bids,   price to level: a radix tree, six bits a branch,
//	asks, and stop-loss        branches only where levels part
//	orders of either side
//	┌──────┬──────┐
//	│ root │ best │ ─ root ─▶ [.......▪......▪▪......▪...]
//	└──────┴──────┘                   │      ││      │ ◀─ best (keys rise to the right)
//	                                  ▼      ▼▼      ▼
//	levels                          level  level  level
//	                                  ⇅      ⇅      ⇅
//	orders, a circle through        order  order  order
//	their level, oldest first         ⇅             ⇅
//	                                order         order
//
//	Arena, for all books of a shard
//	slab      │ none │ order │ order │ order ▶    ...    ◀ level │ level │  32 bytes each, linked by 32-bit slots
//	cold      │ what few orders need: hidden quantity, trigger, arrival    24 bytes each, by slot
//	branches  │ 64 children each
//	index     │ (book, order number) to slot: the youngest at hand, the others in groups of eight that are
//	          │ compared at once; none in a numbered arena
//	pans      │ the collected orders of each PAN, in trees    8 bytes each, by slot
//
// A price is turned into a key so that better is greater on both sides: bids and asks share all code.
//
// Most orders live for microseconds, and many are gone before the next one comes. So what has just arrived is kept
// where it can be removed without a trace: the newest order of a side in no queue, and the number of an order
// outside the table of the index. What stays is filed when the next one arrives, or when somebody looks at the queues.
//
// In an arena of NewNumberedArena the venue gives the order numbers, and a number carries its order's
// slot: finding an order is one look at the slab.
//
// # Invariants
//
// They hold between any two commands; Check verifies those that concern the data.
//
//	I1  The makers of an order are taken best price first, then in the order of their arrival. A partly
//	    filled order keeps its place. (NSE: exchange rules, continuous matching)
//	I2  A trade is at the price of the resting order; in an auction at the one price of all.
//	I3  The best bid is below the best ask, unless an auction collects orders.
//	I4  A resting order shows a quantity above zero, and a level's sums are those of its orders.
//	I5  A refused command changes nothing.
//	I6  Every live order is in one queue, or is the newest of its side and in none (ladder.newest), and the
//	    index finds it. The index follows the number of live orders; a branch of the tree has at least two
//	    children, or one if it parts single keys.
//	I7  The tree of a ladder holds its levels in the order of their keys, each with an order at least, and
//	    each knows the branch it hangs below. The best is the greatest, and the branches that
//	    ladder.leaves names are in it.
//	I8  Slot 0 is never handed out. Read as a level it is worse than every price: an empty side.
//	I9  A slot that a command names as MakerSlot is not taken by the remainder of the same command: what
//	    its caller noted by slot about the makers is still true when it reads the fills.
//	I10 Every slot and branch ever used is either in use, once, or free, once. No command leaks memory.
//	I11 Of every entry and modify: quantity = sum of fills + Resting + Cancelled.
//	I12 Equal commands give equal results and equal states, on every machine and with every
//	    implementation: Result, fills and StateHash depend on nothing else, Slot and the numbers of
//	    NextID on the arena's commands.
//	I13 Market orders rest in auctions only.
//	I14 A stop-loss order enters the market once: when a trade reaches its trigger, or by Activate.
//	I15 Orders of one PAN never trade with each other. While an auction collects, its orders with a PAN hang in the
//	    trees of their owners.
//	I16 A restored arena goes on as the one that was saved, down to slots and numbers. Bytes that break
//	    another of these invariants are refused, whoever made them.
package orderbook
