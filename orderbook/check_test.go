package orderbook

import (
	"strings"
	"testing"
)

// TestCheckFindsEveryFault breaks one thing at a time in a sound book: Check must see each.
func TestCheckFindsEveryFault(t *testing.T) {
	const first, second, alone, best = 11, 12, 13, 14 // orders: two at one price, one deeper, an ask
	for _, fault := range []struct {
		name, want string
		inject     func(a *Arena, b *Book, at func(OrderID) uint32)
	}{
		{"crossed", "I3", func(a *Arena, b *Book, at func(OrderID) uint32) {
			b.setCollecting(true)
			b.Add(&Order{ID: 20, Side: Sell, Price: 90, Qty: 1}, nil)
			b.setCollecting(false)
		}},
		{"empty order", "I4", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(first)].qty = 0 }},
		{"level sum", "I4", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(second)].qty++ }},
		{"level count", "I4", func(a *Arena, b *Book, at func(OrderID) uint32) { a.levels[a.orders[at(alone)].level].count++ }},
		{"level tail", "I4", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.levels[a.orders[at(first)].level].tail = at(first)
		}},
		{"previous order", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(second)].prev = at(alone) }},
		{"order out of its queue", "I4", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.orders[at(first)].next = a.orders[at(first)].level
		}},
		{"level of an order", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.orders[at(first)].level = a.orders[at(alone)].level
		}},
		{"side of an order", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(first)].flags ^= isSell }},
		{"book of an order", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(first)].flags += 1 << bookShift }},
		{"number of an order", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(first)].id = 99 }},
		{"index entry lost", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.delist(hashOf(b.number, alone), at(alone))
		}},
		{"index entry too many", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.index.now.insert(77, 60) }},
		{"index count", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.index.now.live++ }},
		{"live count", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.live++ }},
		{"branch without a child", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) {
			br := &a.branches[b.sides[0].root&^branchTag]
			br.bits = 0
		}},
		{"branch with a wrong shift", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.branches[b.sides[0].root&^branchTag].shift++
		}},
		{"branch at the wrong bits", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.branches[b.sides[0].root&^branchTag].shift = 12
		}},
		{"key of a level", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.levels[a.orders[at(first)].level].key ^= 1 << 20
		}},
		{"best level", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) {
			b.sides[0].best = a.orders[at(alone)].level
		}},
		{"key of the best", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) { b.sides[0].bestKey++ }},
		{"branch over single keys", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) {
			b.sides[0].leaves[0] = b.sides[0].root &^ branchTag
		}},
		{"branch over single keys of another side", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) {
			b.sides[1].leaves[100/64] = b.sides[0].root &^ branchTag
		}},
		{"tree of two ladders", "I10", func(a *Arena, b *Book, at func(OrderID) uint32) { b.stops[0] = b.sides[0] }},
		{"young entry", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.index.young[7] = 60 }},
		{"parent of a level", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.levels[a.orders[at(alone)].level].parent = 0
		}},
		{"prefix of a branch", "I7", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.branches[b.sides[0].root&^branchTag].prefix++
		}},
		{"waiting order in the market", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(first)].flags |= isWaiting }},
		{"part of nothing", "I4", func(a *Arena, b *Book, at func(OrderID) uint32) { a.orders[at(first)].flags |= isDisclosed }},
		{"market orders outside an auction", "I13", func(a *Arena, b *Book, at func(OrderID) uint32) {
			b.setCollecting(true)
			b.Add(&Order{ID: 20, Side: Buy, Market: true, Qty: 1}, nil)
			b.setCollecting(false)
		}},
		{"index count of what went past", "I6", func(a *Arena, b *Book, at func(OrderID) uint32) { a.index.now.groups[3].past++ }},
		{"slot of a level lost", "I10", func(a *Arena, b *Book, at func(OrderID) uint32) { a.freeLevel = a.levels[a.freeLevel].head }},
		{"slot 0 in use", "I8", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.levels[a.orders[at(first)].level].head = 0
		}},
		{"slot in use and free", "I10", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.orders[60].next, a.freeSlot = a.freeSlot, at(alone)
		}},
		{"slot lost", "I10", func(a *Arena, b *Book, at func(OrderID) uint32) { a.freeSlot = a.orders[a.freeSlot].next }},
		{"branch lost", "I10", func(a *Arena, b *Book, at func(OrderID) uint32) { a.freeBranch = 0 }},
		{"branch in use and free", "I10", func(a *Arena, b *Book, at func(OrderID) uint32) {
			a.freeBranch = b.sides[0].root &^ branchTag
		}},
		{"branch in two places", "I10", func(a *Arena, b *Book, at func(OrderID) uint32) { b.sides[1].root = b.sides[0].root }},
	} {
		t.Run(strings.ReplaceAll(fault.name, " ", "_"), func(t *testing.T) {
			a := NewArena(100)
			defer a.Close()
			b := NewBook(a)
			mustAdd(t, b, first, Buy, 100, 10)
			mustAdd(t, b, second, Buy, 100, 20)
			mustAdd(t, b, alone, Buy, 99, 30)
			mustAdd(t, b, best, Sell, 103, 40)
			mustAdd(t, b, 16, Buy, 101, 50)
			mustAdd(t, b, 15, Buy, 5, 1) // leaves a free slot and a free branch
			b.file()
			b.Cancel(15)
			mustCheck(t, b)
			fault.inject(a, b, func(id OrderID) uint32 {
				r, live := b.Lookup(id)
				if !live {
					t.Fatalf("order %d is not there", id)
				}
				return uint32(r.Slot)
			})
			if err := b.Check(); err == nil || !strings.Contains(err.Error(), fault.want+":") {
				t.Errorf("Check says %v, want a breach of %s", err, fault.want)
			}
		})
	}
}

// TestCheckFindsEveryFaultOfTheNewest does the same to the order that is in no queue yet.
func TestCheckFindsEveryFaultOfTheNewest(t *testing.T) {
	for _, fault := range []struct {
		name, want string
		inject     func(a *Arena, bids, asks *ladder)
	}{
		{"in a queue", "I10", func(a *Arena, bids, asks *ladder) { bids.newest = a.levels[bids.best].head }},
		{"lost", "I6", func(a *Arena, bids, asks *ladder) { bids.newest, bids.newestKey = 0, 0 }},
		{"of the other side", "I6", func(a *Arena, bids, asks *ladder) {
			asks.newest, asks.newestKey = bids.newest, keyOf(1, 110)
			bids.newest, bids.newestKey = 0, 0
		}},
		{"without a quantity", "I4", func(a *Arena, bids, asks *ladder) { a.orders[bids.newest].qty = 0 }},
		{"without a price", "I8", func(a *Arena, bids, asks *ladder) { bids.newestKey = 0 }},
		{"crosses", "I3", func(a *Arena, bids, asks *ladder) { bids.newestKey = keyOf(0, 103) }},
	} {
		t.Run(strings.ReplaceAll(fault.name, " ", "_"), func(t *testing.T) {
			a := NewArena(100)
			defer a.Close()
			b := NewBook(a)
			mustAdd(t, b, 1, Sell, 103, 40)
			b.file()
			mustAdd(t, b, 2, Buy, 100, 10)
			mustAdd(t, b, 3, Buy, 99, 10)
			mustCheck(t, b)
			fault.inject(a, &b.sides[0], &b.sides[1])
			if err := b.Check(); err == nil || !strings.Contains(err.Error(), fault.want+":") {
				t.Errorf("Check says %v, want a breach of %s", err, fault.want)
			}
		})
	}
}
