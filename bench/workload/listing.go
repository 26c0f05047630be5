package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// listing is one symbol of the day with what is known of it before the open.
type listing struct {
	symbol string
	series string
	base   orderbook.Price // previous close in paise, a multiple of the tick
	tick   orderbook.Price // paise
	weight uint64          // activity relative to the others
	orders int64           // order messages that it gets
}

// Activity falls with the rank as 1/(rank + weightOffset), rank from 0. Of 500 the busiest has 2.3 %
// of the messages, the hundredth a tenth of that, the last a forty-sixth; NSE's end-of-day files of
// 2025 show 1.3 to 2 %, a fifth to an eighth, a twentieth to a thirtieth for trades.
const (
	weightOffset = 11
	weightUnit   = 1 << 40
)

// list makes the listings of a day, the most active first.
func list(c *Config) []listing {
	all := make([]listing, c.Instruments)
	total := uint64(0)
	for rank := range all {
		r := random(mix(c.Seed+1) + uint64(rank)*golden)
		l := &all[rank]
		l.symbol = symbolOf(rank)
		l.series = "EQ"
		if rank%16 == 15 {
			l.series = "BE"
		}
		l.base, l.tick = priceOf(&r)
		l.weight = weightUnit / uint64(rank+weightOffset)
		total += l.weight
	}
	share(all, c.Orders, total)
	return all
}

// share gives each listing its part of the orders, rounding so that the parts add up: of the running
// total, not of each part.
func share(all []listing, orders int64, total uint64) {
	given, before := int64(0), uint64(0)
	for i := range all {
		before += all[i].weight
		upto := int64(mulDiv(uint64(orders), before, total))
		all[i].orders = upto - given
		given = upto
	}
}

// ticks is NSE's table of price steps in the capital market since 15 April 2025, by the previous
// month's close.
var ticks = [...]struct{ below, tick orderbook.Price }{
	{250_00, 1}, {1_000_00, 5}, {5_000_00, 10}, {10_000_00, 50}, {20_000_00, 1_00},
}

// tickAbove is the price step above the table.
const tickAbove orderbook.Price = 5_00

func tickOf(close orderbook.Price) orderbook.Price {
	for _, t := range ticks {
		if close < t.below {
			return t.tick
		}
	}
	return tickAbove
}

// priceRanges says how the previous closes spread, in 1/1024: as those of NSE's 500 busiest stocks,
// without the few below 20 and above 20,000 rupees.
var priceRanges = [...]struct {
	share    uint32
	from, to orderbook.Price
}{
	{100, 20_00, 100_00}, {200, 100_00, 250_00}, {404, 250_00, 1_000_00},
	{280, 1_000_00, 5_000_00}, {30, 5_000_00, 10_000_00}, {10, 10_000_00, 20_000_00},
}

func priceOf(r *random) (base, tick orderbook.Price) {
	u := r.below(1024)
	for _, p := range priceRanges {
		if u < p.share {
			base = p.from + orderbook.Price(r.below(uint32(p.to-p.from)))
			tick = tickOf(base)
			return base - base%tick, tick
		}
		u -= p.share
	}
	panic("workload: the shares of the price ranges do not add up to 1024")
}

// instrument is the definition that goes before the first message.
func (l *listing) instrument(index uint32, timeNs int64) codec.Instrument {
	i := codec.Instrument{
		TimeNs: timeNs, Lot: 1, Instrument: index, Tick: l.tick,
		Kind: codec.KindDefine, Segment: codec.SegmentCapital, PriceScale: 2,
	}
	copy(i.Symbol[:], l.symbol)
	copy(i.Series[:], l.series)
	return i
}
