package orderbook_test

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// passiveFirst enters orders as an engine does: by AddPassive, if it takes them. It counts those.
type passiveFirst struct {
	*orderbook.Book
	done *int
}

func (p passiveFirst) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if !o.Market && o.Trigger == 0 && o.Disclosed == 0 && !o.CancelActive {
		if r, done := p.AddPassive(o.ID, o.Side, o.TIF, o.Price, o.Qty, o.PAN); done {
			*p.done++
			return fills, r
		}
	}
	return p.Book.Add(o, fills)
}

// A book whose orders come by AddPassive, where it takes them, does all that a book does.
func TestPassiveFirstConforms(t *testing.T) {
	done := 0
	booktest.Run(t, func() booktest.Book { return passiveFirst{newBook(t, booktest.OrdersMin), &done} })
	if done < 1000 {
		t.Errorf("AddPassive took %d orders, want more", done)
	}
}

// So it does when the arena is full most of the time, whoever gives the numbers.
func TestPassiveFirstFull(t *testing.T) {
	for _, numbered := range []bool{false, true} {
		for _, ordersMax := range []int{1, 2, 5, 30} {
			t.Run(fmt.Sprintf("numbered=%v/orders=%d", numbered, ordersMax), func(t *testing.T) {
				newArena := orderbook.NewArena
				if numbered {
					newArena = orderbook.NewNumberedArena
				}
				arena, done := newArena(ordersMax), 0
				defer arena.Close()
				twin := booktest.NewTwin(t, passiveFirst{orderbook.NewBook(arena), &done}, booktest.NewNaive(ordersMax), 1)
				flow := booktest.Flow{IDs: uint32(4 * ordersMax), Room: 10}
				if numbered {
					flow.NextID = arena.NextID
				}
				random := booktest.Random(ordersMax)
				for _, prices := range []booktest.Prices{booktest.PricesNarrow, booktest.PricesWide} {
					flow.Prices = prices
					flow.Play(twin, random.Commands(5000))
				}
				if done < 30 {
					t.Errorf("AddPassive took %d orders, want more", done)
				}
			})
		}
	}
}
