//tezi:pure

package engine

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// market is what the core knows of one instrument beside its book and its Flex: what it is, the rules
// and the phase it is in, and the prices that rules refer to. It has no pointers and no padding, so
// its bytes are its state (E10). The first line of the cache serves the common order.
type market struct {
	valueMax  int64           // price times quantity of an order
	low, high orderbook.Price // the band in force, both ends allowed; 1 and priceMax: none
	tick      orderbook.Price // at least 1
	lot       orderbook.Qty   // at least 1
	freeze    orderbook.Qty   // greatest quantity of an order
	number    uint32          // of the instrument
	can       can             // of the phase
	phase     codec.Phase
	work      work
	watch     watch
	auction   auction
	scale     uint8 // decimal digits of a price
	zero      uint8 // always

	given     orderbook.Price    // reference price that the last phase change brought; 0: none
	reference orderbook.Price    // of the auction that is open, or about to be; 0: none yet
	price     orderbook.Price    // of the auction that is being held; 0: none
	close     orderbook.Price    // closing price of the day; 0: none yet
	within    [2]orderbook.Price // what the book was told by SetRange

	rules codec.Rules // as set, but for a band that has flexed

	minute     int64           // of the last trade, minutes since 1970; 0: none today
	inMinute   orderbook.Price // last price of that minute
	lastMinute orderbook.Price // last price of the last minute with a trade before it; 0: none
	averageHi  uint64          // value traded in PhaseAverage, upper word
	averageLo  uint64          // lower word
	averageQty uint64          // quantity, likewise
	ceiling    int64           // Limits.OrderValueMax, in the units of the price
	zeros      [16]byte        // always
}

const marketSize = 192

var _ [marketSize]byte = [unsafe.Sizeof(market{})]byte{}

// work is what an instrument has to do before the next order.
type work uint8

const (
	workAuction work = 1 << 0 // the auction is not held to its end
	workStops   work = 1 << 1 // reached stop-loss orders wait to enter
	workBand    work = 1 << 2 // a cooling-off period runs, after which the band moves

	workPending = workAuction | workStops // work that a KindContinue goes on with
)

// watch says for whom trades are looked at.
type watch uint8

const (
	watchAverage watch = 1 << 0 // for the average price
	watchFlex    watch = 1 << 1 // for the dynamic band
)

// auction is a set of facts about the auction that is open or being held.
type auction uint8

const (
	auctionClosing     auction = 1 << 0 // what it leaves is cancelled
	auctionMarketFirst auction = 1 << 1 // market orders are filled first
)

const (
	priceMax   = orderbook.Price(math.MaxInt32)
	qtyMax     = orderbook.Qty(math.MaxUint32)
	minuteNs   = int64(60_000_000_000)
	percentMax = 100
)

// newMarket is an instrument as its definition makes it: it trades continuously, without limits.
func newMarket(in *codec.Instrument, valueMax int64) market {
	m := market{number: in.Instrument, tick: max(in.Tick, 1), lot: max(in.Lot, 1), can: phaseCan[codec.PhaseContinuous], scale: in.PriceScale}
	m.ceiling = ceilingOf(valueMax, m.scale)
	m.rules.Instrument, m.rules.Kind = in.Instrument, codec.KindRules
	m.bound()
	return m
}

// bound brings what follows from rules and phase up to date.
func (m *market) bound() {
	r := &m.rules
	m.can = phaseCan[m.phase]
	m.valueMax, m.freeze = m.ceiling, qtyMax
	if r.ValueMax > 0 {
		m.valueMax = min(r.ValueMax, m.ceiling)
	}
	if r.Freeze > 0 {
		m.freeze = r.Freeze
	}
	m.low, m.high = max(r.Low, 1), priceMax
	if r.High > 0 {
		m.high = r.High
	}
	switch {
	case closing(m.phase) && m.reference > 0:
		low, high := rulebook.Band(m.inBand(m.reference), rulebook.ClosingBandBps, m.tick)
		m.low, m.high = max(m.low, low), min(m.high, high)
	case m.phase == codec.PhasePostClose:
		m.low, m.high = max(m.close, 1), m.close
	}
	m.watch = 0
	if m.phase == codec.PhaseAverage {
		m.watch |= watchAverage
	}
	if r.Flags&codec.RuleBandFlexes != 0 {
		m.watch |= watchFlex
	}
}

// inBand is the price in the band that is closest to price. If there is none the upper end counts, which is what margins are
// reserved for.
func (m *market) inBand(price orderbook.Price) orderbook.Price { return min(max(price, m.low), m.high) }

// banded reports whether the band has an upper end.
func (m *market) banded() bool { return m.high != priceMax }

// traded notes the last price of a command, for the execution range.
func (m *market) traded(timeNs int64, price orderbook.Price) {
	minute := timeNs / minuteNs
	if minute > m.minute {
		m.lastMinute, m.minute = m.inMinute, minute
	}
	m.inMinute = price
}

// executionRange returns the lowest and the highest price at which an order may trade that comes in
// at timeNs: so far from the last price of the last minute that had a trade, or else from the previous
// close. 0, 0: at any.
func (m *market) executionRange(timeNs int64) (low, high orderbook.Price) {
	reach := int64(m.rules.ExecRange)
	from := m.lastMinute
	if timeNs/minuteNs > m.minute {
		from = m.inMinute
	}
	if from == 0 {
		from = m.rules.PrevClose
	}
	if reach == 0 || from == 0 {
		return 0, 0
	}
	return orderbook.Price(max(int64(from)-reach, 1)), orderbook.Price(min(int64(from)+reach, int64(priceMax)))
}

// average adds a trade to the average price.
func (m *market) average(price orderbook.Price, qty orderbook.Qty) {
	var carry uint64
	m.averageLo, carry = bits.Add64(m.averageLo, uint64(price)*uint64(qty), 0)
	m.averageHi += carry
	m.averageQty += uint64(qty)
}

// ownPrice is the price that the day itself comes to: the average since PhaseAverage, rounded to the
// nearest tick; without a trade there, the last price; without any, the previous close; or 0.
func (m *market) ownPrice(last orderbook.Price) orderbook.Price {
	if m.averageQty == 0 {
		if last > 0 {
			return last
		}
		return m.rules.PrevClose
	}
	return rulebook.Average(m.averageHi, m.averageLo, m.averageQty, m.tick)
}

// endDay forgets what belongs to the day that ends. Its closing price is the previous close of the
// next one, until rules say otherwise.
func (m *market) endDay() {
	if m.close > 0 {
		m.rules.PrevClose = m.close
	}
	m.reference, m.price, m.close, m.given = 0, 0, 0, 0
	m.auction &^= auctionClosing // one that was never held
	m.minute, m.inMinute, m.lastMinute = 0, 0, 0
	m.averageHi, m.averageLo, m.averageQty = 0, 0, 0
}

// spare are the bytes of rules that say nothing: 0 in a market, whatever a command has there.
func spare(r *codec.Rules) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Sizeof(*r))[unsafe.Offsetof(r.Flags)+unsafe.Sizeof(r.Flags):]
}

// bytesOf returns the memory of flat values.
func bytesOf[T market | rulebook.Flex | Counts | owner](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(*new(T))))
}
