package orderbook_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// FuzzTwin plays any bytes as commands on the book and on the naive book. The first byte selects
// prices, the number of order numbers, whether the arena is small, whether it gives the numbers and whether somebody
// looks after each command; the second which rules are left out.
func FuzzTwin(f *testing.F) {
	for profile := range byte(96) {
		random := booktest.Random(profile)
		f.Add(append([]byte{profile, profile &^ 15 >> 4}, random.Commands(60)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 2 {
			return
		}
		profile := data[0]
		ordersMax, newArena := 1000, orderbook.NewArena
		if profile&16 != 0 {
			ordersMax = 3
		}
		if profile&32 != 0 {
			newArena = orderbook.NewNumberedArena
		}
		arena := newArena(ordersMax)
		defer arena.Close()
		flow := booktest.Flow{
			Prices: booktest.Prices(profile % 3), IDs: 4 << (profile >> 2 & 3), Room: 10, Without: booktest.Features(data[1]),
		}
		if profile&32 != 0 {
			flow.NextID = arena.NextID
		}
		wholeEvery := 1
		if profile&64 != 0 {
			wholeEvery = 10
		}
		twin := booktest.NewTwin(t, passiveFirst{orderbook.NewBook(arena), new(int)}, booktest.NewNaive(ordersMax), wholeEvery)
		flow.Play(twin, data[2:])
		twin.Whole()
	})
}
