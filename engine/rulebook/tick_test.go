package rulebook

import (
	"math"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

func TestTick(t *testing.T) {
	type row struct{ close, tick orderbook.Price }
	flat := []row{{0, 5}, {1, 5}, {249_99, 5}, {250_00, 5}, {50_000_00, 5}, {math.MaxInt32, 5}}
	below250 := []row{{0, 1}, {249_99, 1}, {250_00, 5}, {1_000_05, 5}, {30_000_00, 5}}
	stock := []row{
		{0, 1}, {249_99, 1}, {250_00, 5}, {1_000_00, 5}, {1_000_05, 10}, {5_000_00, 10}, {5_000_10, 50},
		{10_000_00, 50}, {10_000_50, 100}, {20_000_00, 100}, {20_001_00, 500}, {math.MaxInt32, 500},
	}
	index := []row{{0, 5}, {15_000_00, 5}, {15_000_05, 10}, {30_000_00, 10}, {30_000_05, 20}, {80_000_00, 20}}
	for _, c := range []struct {
		class       Class
		first, last Date
		rows        []row
	}{
		{ClassCash, 0, 20240609, flat},
		{ClassCash, 20240610, 20250414, below250},
		{ClassCash, 20250415, 29991231, stock},
		{ClassCashDerivatives, 0, 20240609, flat},
		{ClassCashDerivatives, 20240610, 20250414, below250},
		{ClassCashDerivatives, 20250415, 29991231, stock},
		{ClassStockFuture, 0, 20240707, flat},
		{ClassStockFuture, 20240708, 20250414, below250},
		{ClassStockFuture, 20250415, 29991231, stock},
		{ClassIndexFuture, 0, 20250414, flat},
		{ClassIndexFuture, 20250415, 29991231, index},
		{ClassStockOption, 0, 20251102, flat},
		{ClassStockOption, 20251103, 29991231, below250},
		{ClassIndexOption, 0, 29991231, flat},
		{ClassOther, 0, 29991231, []row{{0, 1}, {1_000_00, 1}}},
	} {
		for _, d := range []Date{c.first, c.last} {
			for _, r := range c.rows {
				if got := Tick(d, c.class, r.close); got != r.tick {
					t.Errorf("Tick(%d, %v, %d) = %d, want %d", d, c.class, r.close, got, r.tick)
				}
			}
		}
	}
}
