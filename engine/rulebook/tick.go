//tezi:pure

package rulebook

import (
	"math"
	"math/bits"

	"github.com/tezi-exchange/tezi/orderbook"
)

// step is one row of a tick table: the tick of prices up to a bound, in paise.
type step struct {
	upTo orderbook.Price // including
	tick orderbook.Price
}

// ticks is a tick table and the first day on which it held.
type ticks struct {
	since Date
	steps []step // ascending; the last one has no bound
}

const unbounded orderbook.Price = math.MaxInt32

// The tick tables.
var (
	stepsFlat     = []step{{unbounded, 5}}
	stepsBelow250 = []step{{24999, 1}, {unbounded, 5}}
	stepsStock    = []step{
		{24999, 1}, {1_000_00, 5}, {5_000_00, 10}, {10_000_00, 50}, {20_000_00, 100}, {unbounded, 500},
	}
	stepsIndex = []step{{15_000_00, 5}, {30_000_00, 10}, {unbounded, 20}}
)

// Their editions, newest first.
var (
	cashTicks        = []ticks{{20250415, stepsStock}, {20240610, stepsBelow250}, {0, stepsFlat}}
	stockFutureTicks = []ticks{{20250415, stepsStock}, {20240708, stepsBelow250}, {0, stepsFlat}}
	indexFutureTicks = []ticks{{20250415, stepsIndex}, {0, stepsFlat}}
	stockOptionTicks = []ticks{{20251103, stepsBelow250}, {0, stepsFlat}}
	indexOptionTicks = []ticks{{0, stepsFlat}}
)

// Tick returns the price step in paise. close is what the exchange goes by: the last close of the
// month before, of the stock itself or, in derivatives, of the underlying; 0 (unknown) is taken for a
// low price. For ClassOther the step is 1, so that every price is one.
//
// ETFs and other series than those of shares kept 0.05 in 2024; a master file, where there is one,
// knows better than this table.
func Tick(d Date, c Class, close orderbook.Price) orderbook.Price {
	switch c {
	case ClassCash, ClassCashDerivatives:
		return tickOf(cashTicks, d, close)
	case ClassStockFuture:
		return tickOf(stockFutureTicks, d, close)
	case ClassIndexFuture:
		return tickOf(indexFutureTicks, d, close)
	case ClassStockOption:
		return tickOf(stockOptionTicks, d, close)
	case ClassIndexOption:
		return tickOf(indexOptionTicks, d, close)
	}
	return 1
}

func tickOf(editions []ticks, d Date, close orderbook.Price) orderbook.Price {
	for i := range editions {
		if d < editions[i].since {
			continue
		}
		for _, s := range editions[i].steps {
			if close <= s.upTo {
				return s.tick
			}
		}
	}
	panic("rulebook: a tick table has a gap")
}

// Average returns the average price of qty shares, not 0, that were worth value together, on the nearest
// tick; from half a tick on it is the upper one. value is valueHi x 2^64 + valueLo, at most qty times the greatest
// price. A tick of 0 counts as 1; the average is at least a tick. (How the exchange rounds is not public.)
func Average(valueHi, valueLo, qty uint64, tick orderbook.Price) orderbook.Price {
	mean, rest := bits.Div64(valueHi, valueLo, qty)
	t := uint64(max(tick, 1))
	above := mean % t // the average is rest/qty more above the lower tick
	ticks := mean / t
	if 2*above >= t || 2*above == t-1 && rest >= qty-rest {
		ticks++
	}
	return orderbook.Price(min(max(ticks, 1), math.MaxInt32/t) * t)
}
