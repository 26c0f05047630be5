package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// listing is one symbol of the day with what is known of it before the open. It does not depend on the
// seed: another seed is another day of the same stocks.
type listing struct {
	symbol string
	series string
	class  rulebook.Class
	base   orderbook.Price // previous close in paise, a multiple of the tick
	tick   orderbook.Price // paise
	lot    orderbook.Qty   // shares
	band   uint32          // width of the price band in basis points
	runs   int64           // 1: the price runs up into its band in the course of the day; -1: down; 0: neither
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
		l := &all[rank]
		*l = listingOf(rank, c.date())
		l.weight = weightUnit / uint64(rank+weightOffset)
		total += l.weight
	}
	share(all, c.Orders, total)
	return all
}

// smallLot is the lot of the shares of small enterprises, series SM.
const smallLot = 50

// listingOf says what the symbol of a rank is: of 80 symbols, 28 are stocks with derivatives, 5 in series
// BE (trade for trade, in a narrow band) and 5 in series SM (in lots).
func listingOf(rank int, date rulebook.Date) listing {
	l := listing{symbol: symbolOf(rank), series: "EQ", class: rulebook.ClassCash, lot: 1, band: 2000}
	switch {
	case rank%16 == 15:
		l.series, l.band = "BE", 500
	case rank%16 == 6:
		l.series, l.band, l.lot = "SM", 1000, smallLot
	case rank%5 < 2:
		l.class, l.band = rulebook.ClassCashDerivatives, rulebook.FlexBandBps
		if rank%50 == 5 {
			l.runs = 1 - 2*int64(rank/50%2)
		}
	}
	r := random(mix(uint64(rank) * golden))
	l.base = priceOf(&r)
	l.tick = rulebook.Tick(date, l.class, l.base)
	l.base -= l.base % l.tick
	return l
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

// priceRanges says how the previous closes spread, in 1/1024: as those of NSE's 500 busiest stocks,
// without the few below 20 and above 20,000 rupees.
var priceRanges = [...]struct {
	share    uint32
	from, to orderbook.Price
}{
	{100, 20_00, 100_00}, {200, 100_00, 250_00}, {404, 250_00, 1_000_00},
	{280, 1_000_00, 5_000_00}, {30, 5_000_00, 10_000_00}, {10, 10_000_00, 20_000_00},
}

func priceOf(r *random) orderbook.Price {
	u := r.below(1024)
	for _, p := range priceRanges {
		if u < p.share {
			return p.from + orderbook.Price(r.below(uint32(p.to-p.from)))
		}
		u -= p.share
	}
	panic("workload: the shares of the price ranges do not add up to 1024")
}

// unit is how many shares are worth about 1,000 rupees, at least a lot.
func (l *listing) unit() uint32 { return max(uint32(1_000_00/l.base), uint32(l.lot), 1) }

// instrument is the definition.
func (l *listing) instrument(index uint32) codec.Instrument {
	i := codec.Instrument{
		Lot: l.lot, Instrument: index, Tick: l.tick,
		Kind: codec.KindDefine, Segment: codec.SegmentCapital, PriceScale: 2,
	}
	copy(i.Symbol[:], l.symbol)
	copy(i.Series[:], l.series)
	return i
}

// Limits that the exchange has and does not publish, or that come with a master file: the freeze quantity
// and the greatest value in units (listing.unit), and how far the limit of a stop-loss order may be from
// its trigger, as a part of the previous close.
const (
	freezeUnits  = 4096
	valueUnits   = 3000
	stopGapShare = 20
)

// rules are the rules of the day.
func (l *listing) rules(date rulebook.Date, index uint32) codec.Rules {
	in := l.instrument(index)
	r := rulebook.RulesForClass(date, l.class, &in, l.base, l.band)
	r.Freeze = orderbook.Qty(freezeUnits * l.unit())
	r.ValueMax = valueUnits * int64(l.unit()) * int64(l.base)
	r.StopGap = l.base / stopGapShare
	return r
}
