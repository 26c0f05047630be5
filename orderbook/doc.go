// Package orderbook is the price-time order book of one instrument, with the rules of NSE's
// continuous market: Add, Modify, Reduce and Cancel change it, and tell by a Result and by fills
// what happened; BBO, Depth, Orders and Lookup show it; StateHash names its state.
//
// It is a pure function of its commands: no clock, no goroutine, no I/O, no allocation once the
// Arena and the Book exist. An Arena and its books belong to one goroutine.
//
// # Layout
//
// Everything is sized by what is live, not by the range of prices or order numbers, so a quiet
// book stays in the cache however wide its prices spread.
//
//	Book: two ladders          price to level: a radix tree, six bits a branch,
//	┌──────┬──────┐            branches only where levels part
//	│ root │ best │ ─ root ─▶ [.......▪......▪▪......▪...]
//	└──────┴──────┘                   │      ││      │
//	     └─── best ─────────────────────────────┐    │ (keys rise to the right)
//	                                  ▼      ▼▼ ▼    ▼
//	levels, a list from best ...    level ⇄ level ⇄ level
//	                                  ⇅       ⇅       ⇅
//	orders, a circle through        order   order   order
//	their level, oldest first         ⇅               ⇅
//	                                order           order
//
//	Arena, for all books of a shard
//	slab      │ none │ level │ order │ order │ level │ ...  32 bytes each, linked by 32-bit slots
//	branches  │ 64 children each
//	index     │ (book, order number) to slot, open addressing
//
// A price is turned into a key so that better is greater on both sides: bids and asks share all code.
//
// # Invariants
//
// They hold between any two commands; Check verifies those that concern the data.
//
//	I1  The makers of an order are taken best price first, then in the order of their arrival. A partly
//	    filled order keeps its place. (NSE: exchange rules, continuous matching)
//	I2  A trade is at the price of the resting order.
//	I3  The best bid is below the best ask.
//	I4  An order that rests has something left, and a level's sums are those of its orders.
//	I5  A refused command changes nothing.
//	I6  Every live order is in the queue of one level and the index finds it there. The index is at most
//	    half full, a branch of the tree has at least two children: memory follows what is live.
//	I7  Tree and list of a ladder hold the same levels in the same order, each with an order at least.
//	I8  Slot 0 is never handed out. Read as a level it is worse than every price: an empty side.
//	I9  A slot that a command names as MakerSlot is not taken by the remainder of the same command: what
//	    its caller noted by slot about the makers is still true when it reads the fills.
//	I10 Every slot and branch ever used is one thing: in use once, or free once. No command loses memory.
//	I11 Of every entry and modify: quantity = sum of fills + Resting + Cancelled.
//	I12 Equal commands give equal results and equal states, on every machine and with every
//	    implementation: Result, fills and StateHash depend on nothing else, Slot on the arena's commands.
//
// # Rules to come
//
// The present rules are limit and market orders, for the day or IOC. The others have their place:
//
//   - Disclosed quantity: three spare bytes of an order node flag it, and what is hidden goes into a table
//     beside the slab, by slot, which only flagged orders touch. When match uses up what is shown, the order
//     gets its next part and joins the tail of the same level instead of leaving it.
//   - Self-trade prevention: a flag in the same bytes; match compares the owners before it trades, and
//     takes the maker out as Cancel does, or stops as it does when the fills are full.
//   - Stop-loss: a second pair of ladders in Book, keyed by trigger price, over the same nodes: "better" is
//     the trigger that is reached first. Triggered orders enter through Add when the command in hand is done.
//   - Call auctions: orders are collected without matching, in a Book that does not call match; the
//     equilibrium walks the two lists of levels, and the uncrossing pairs the two queues from the front.
package orderbook
