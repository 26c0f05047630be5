package orderbook_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// Warm changes nothing, whatever it is asked for: live orders, dead ones, numbers that never were, prices where
// somebody is and where nobody can be, more than it looks at in one go, in any arena.
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
				refs = append(refs, orderbook.Ref{Book: book, ID: orderbook.OrderID(random.Next()), Price: orderbook.Price(random.Next()), Side: orderbook.Side(i)},
					orderbook.Ref{Book: other, ID: orderbook.OrderID(i), Price: orderbook.Price(i), Side: orderbook.Buy})
			}
			for o := range book.Orders(orderbook.Buy) {
				refs = append([]orderbook.Ref{{Book: book, ID: o.ID, Price: o.Price, Side: o.Side}, {Book: book, Price: o.Price, Side: orderbook.Sell}}, refs...)
			}
			before := arena.AppendState(nil)
			for part := refs; len(part) > 0; part = part[min(10, len(part)):] {
				arena.Warm(part)
			}
			arena.Warm(nil)
			if string(arena.AppendState(nil)) != string(before) {
				t.Error("the arena has changed")
			}
			rest, found := 0, 0
			for _, r := range refs {
				if o, live := r.Book.Lookup(r.ID); live {
					rest++
					if r.Slot == o.Slot {
						found++
					}
				}
				if int(r.Slot) >= arena.Slots() {
					t.Errorf("order %d: slot %d, the arena has %d", r.ID, r.Slot, arena.Slots())
				}
			}
			if rest < 20 || found < rest*9/10 { // it guesses
				t.Errorf("%d orders rest, the slots of %d are said", rest, found)
			}
			if allocs := testing.AllocsPerRun(10, func() { arena.Warm(refs) }); allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}
