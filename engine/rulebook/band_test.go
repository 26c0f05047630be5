package rulebook

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
)

func TestBand(t *testing.T) {
	for _, c := range []struct {
		name      string
		prevClose orderbook.Price
		bps       uint32
		tick      orderbook.Price
		low, high orderbook.Price
	}{
		{"even", 100_00, FlexBandBps, 5, 90_00, 110_00},
		{"twenty", 100_00, 2000, 5, 80_00, 120_00},
		{"closing auction", 100_00, ClosingBandBps, 5, 97_00, 103_00},
		{"inwards", 333_35, 1000, 5, 300_05, 366_65},
		{"inwards by a rupee", 12_345_00, 500, 100, 11_728_00, 12_962_00},
		{"tick unknown", 333_35, 1000, 0, 300_02, 366_68},
		{"two per cent of a penny stock", 10, 200, 5, 10, 10},
		{"nothing inside", 3, 200, 5, 5, 5},
		{"whole", 100_00, 10_000, 5, 5, 200_00},
		{"more than whole", 100_00, 12_000, 5, 5, 220_00},
		{"no close", 0, 1000, 5, 0, 0},
		{"no band", 100_00, 0, 5, 0, 0},
		{"greatest price", math.MaxInt32, 1000, 5, 1_932_735_285, 2_147_483_645},
		{"wider than anything", math.MaxInt32, math.MaxUint32, 5, 5, 2_147_483_645},
		{"wide, of the least price", 1, math.MaxUint32, 1, 1, 429_497},
		{"greatest price, coarse", math.MaxInt32, 1, 500, 2_147_269_000, 2_147_483_500},
	} {
		low, high := Band(c.prevClose, c.bps, c.tick)
		if low != c.low || high != c.high {
			t.Errorf("%s: Band(%d, %d, %d) = %d, %d, want %d, %d",
				c.name, c.prevClose, c.bps, c.tick, low, high, c.low, c.high)
		}
	}
}

// TestBandIsWidestInside is R3 against counting: the ticks inside the percentage are those from low to
// high.
func TestBandIsWidestInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prevClose := rapid.Int64Range(1, 2_000).Draw(t, "close")
		bps := rapid.Int64Range(1, 9_999).Draw(t, "bps")
		tick := rapid.Int64Range(1, 50).Draw(t, "tick")
		low, high := Band(orderbook.Price(prevClose), uint32(bps), orderbook.Price(tick))
		var first, last int64
		for p := tick; p <= 2*prevClose; p += tick {
			if off := p - prevClose; max(off, -off)*10_000 <= prevClose*bps {
				if first == 0 {
					first = p
				}
				last = p
			}
		}
		if first == 0 {
			if low != high || int64(low)%tick != 0 {
				t.Fatalf("no tick is inside, and the band is %d to %d", low, high)
			}
			return
		}
		if int64(low) != first || int64(high) != last {
			t.Fatalf("band %d to %d, want %d to %d", low, high, first, last)
		}
	})
}
