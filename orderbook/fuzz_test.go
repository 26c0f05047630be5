package orderbook_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// FuzzTwin plays any bytes as commands on the book and on the naive book. The first byte selects
// prices, the number of order numbers and whether the arena is small.
func FuzzTwin(f *testing.F) {
	for profile := range byte(12) {
		random := booktest.Random(profile)
		f.Add(append([]byte{profile}, random.Commands(60)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		profile := data[0]
		ordersMax := 1000
		if profile&16 != 0 {
			ordersMax = 3
		}
		arena := orderbook.NewArena(ordersMax)
		defer arena.Close()
		twin := booktest.NewTwin(t, orderbook.NewBook(arena), booktest.NewNaive(ordersMax), 1)
		flow := booktest.Flow{Prices: booktest.Prices(profile % 3), IDs: 4 << (profile >> 2 & 3), Room: 10}
		flow.Play(twin, data[1:])
		twin.Whole()
	})
}
