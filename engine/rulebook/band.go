//tezi:pure

package rulebook

import (
	"math"

	"github.com/tezi-exchange/tezi/orderbook"
)

// The widths of price bands that have a name, in basis points of the price they lie around.
const (
	FlexBandBps    = 1000 // dynamic band of stocks with derivatives and of their futures, at the start of the day
	FutureBandBps  = 1000 // operating range of index futures
	ClosingBandBps = 300  // around the reference price: closing auction; stock futures from 15:15, both from 3 Aug 2026
)

// wholeBps is all of something in basis points.
const wholeBps = 10_000

// Band returns the lowest and the highest price allowed: bps around prevClose, rounded inwards to
// whole ticks (R3), in paise. low is at least one tick, and high at least low, because 0 would mean no
// band. 0, 0 (no band) if prevClose or bps is 0; a tick of 0 counts as 1.
func Band(prevClose orderbook.Price, bps uint32, tick orderbook.Price) (low, high orderbook.Price) {
	if prevClose <= 0 || bps == 0 {
		return 0, 0
	}
	return inwards(prevClose, -int64(bps), int64(bps), max(tick, 1))
}

// inwards is the band between two edges, given in basis points from base.
func inwards(base orderbook.Price, lowBps, highBps int64, tick orderbook.Price) (low, high orderbook.Price) {
	b, t := int64(base), int64(tick)
	lowest := b * max(wholeBps+lowBps, 0)
	highest := int64(min(uint64(b)*uint64(max(wholeBps+highBps, 0)), math.MaxInt64))
	l := (lowest + wholeBps*t - 1) / (wholeBps * t) * t
	h := highest / (wholeBps * t) * t
	greatest := math.MaxInt32 / t * t
	l = min(max(l, t), greatest)
	h = min(max(h, l), greatest)
	return orderbook.Price(l), orderbook.Price(h)
}
