package orderbook_test

import (
	"fmt"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Two sellers rest; a buyer sweeps both and rests with what is left.
func Example() {
	arena := orderbook.NewArena(1_000_000) // orders, over all books of the arena
	defer arena.Close()
	book := orderbook.NewBook(arena)
	fills := make([]orderbook.Fill, 0, 100) // used for every command

	book.Add(&orderbook.Order{ID: 1, Side: orderbook.Sell, Price: 250_05, Qty: 100}, nil)
	book.Add(&orderbook.Order{ID: 2, Side: orderbook.Sell, Price: 250_00, Qty: 50}, nil)

	fills, r := book.Add(&orderbook.Order{ID: 3, Side: orderbook.Buy, Price: 250_10, Qty: 200}, fills[:0])
	for _, f := range fills {
		fmt.Printf("trade with order %d: %d at %d\n", f.Maker, f.Qty, f.Price)
	}
	fmt.Printf("%d rest\n", r.Resting)

	bid, ask := book.BBO()
	fmt.Println(bid, ask)
	// Output:
	// trade with order 2: 50 at 25000
	// trade with order 1: 100 at 25005
	// 50 rest
	// {25010 50 1} {0 0 0}
}
