package orderbook_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// Warm changes nothing, whatever it is asked for: live orders, dead ones, numbers that never were, more
// than it looks at in one go, in any arena.
func TestWarmChangesNothing(t *testing.T) {
	for name, newArena := range map[string]func(int) *orderbook.Arena{"foreign": orderbook.NewArena, "own": orderbook.NewNumberedArena} {
		t.Run(name, func(t *testing.T) {
			arena := newArena(1000)
			defer arena.Close()
			book, other := orderbook.NewBook(arena), orderbook.NewBook(arena)
			flow := booktest.Flow{Prices: booktest.PricesNear, IDs: 500, Room: 10}
			if name == "own" {
				flow.NextID = arena.NextID
			}
			random := booktest.Random(1)
			flow.Play(book, random.Commands(5000))
			refs := []orderbook.Ref{}
			for i := range 200 {
				refs = append(refs, orderbook.Ref{Book: book, ID: orderbook.OrderID(random.Next())}, orderbook.Ref{Book: other, ID: orderbook.OrderID(i)})
			}
			for o := range book.Orders(orderbook.Buy) {
				refs = append([]orderbook.Ref{{Book: book, ID: o.ID}}, refs...)
			}
			before := arena.AppendState(nil)
			arena.Warm(refs)
			arena.Warm(nil)
			if string(arena.AppendState(nil)) != string(before) {
				t.Error("the arena has changed")
			}
			for _, r := range refs[:20] { // the orders that rest come first
				if o, live := book.Lookup(r.ID); !live || r.Slot != o.Slot {
					t.Errorf("order %d (live: %t) lies in slot %d, said is %d", r.ID, live, o.Slot, r.Slot)
				}
			}
			if allocs := testing.AllocsPerRun(10, func() { arena.Warm(refs) }); allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}
