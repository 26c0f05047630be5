package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The shape of prices.
const (
	fairBits    = 16                // fraction bits of a fair price in ticks
	bandShare   = 10                // orders stay within base ± base/10
	fairShare   = 20                // the fair price stays within base ± base/20
	moveShare   = 64                // daily standard deviation of the fair price: base/64, about 1.6 %
	stepMax     = 1 << fairBits / 4 // largest step of the fair price a message, of a grain
	grainShare  = 5000              // a grain is 2 basis points of the price
	widthGrains = 150               // grains over which the far orders of a book spread: 3 % of the price
)

// market is one instrument's part of the day: its flow of messages, made step by step, and the book
// that tells which orders are live.
type market struct {
	listing listing
	rank    uint64
	index   uint32 // 0 until defined
	random  random
	clock   clock
	book    *orderbook.Book

	made  uint64 // messages so far
	next  uint64 // time of the next one, jiffies since midnight
	burst uint32 // messages that still follow on the heels of the last one
	issue uint32 // order numbers given out so far

	candidates []uint32 // issues of orders that rest, or rested when last looked up; capacity never grows
	resting    int      // orders in the book
	target     int
	limit      int
	gone       orderbook.RestingOrder // an order that was filled and is no more; ID 0 = none yet

	fair, fairLow, fairHigh int64 // in ticks << fairBits
	step                    uint32
	low, high               orderbook.Price // band
	grain                   uint32          // ticks, at least 1: the natural distance between neighbours in the book
	width                   uint32          // ticks over which far orders spread
	unit                    uint32          // shares worth about 1,000 rupees, at least 1
}

func (m *market) start(l listing, rank int, seed uint64, book *orderbook.Book, candidates []uint32, target int) {
	ticks := int64(l.base / l.tick)
	grain := max(ticks/grainShare, 1)
	*m = market{
		listing: l, rank: uint64(rank), book: book,
		random:     random(mix(mix(seed) + uint64(rank))),
		clock:      clock{quota: uint64(max(l.orders, 1))},
		candidates: candidates, target: target, limit: restingLimit(target),
		fair:     ticks << fairBits,
		fairLow:  (ticks - ticks/fairShare) << fairBits,
		fairHigh: (ticks + ticks/fairShare) << fairBits,
		step:     uint32(min(max((ticks<<fairBits)/moveShare/int64(isqrt(uint64(l.orders))+1), 1), stepMax*grain)),
		low:      max((l.base-l.base/bandShare)/l.tick, 1) * l.tick,
		high:     (l.base + l.base/bandShare) / l.tick * l.tick,
		grain:    uint32(grain),
		width:    uint32(min(widthGrains*grain, max(ticks/bandShare, 4))),
		unit:     uint32(max(1_000_00/l.base, 1)),
	}
	if l.orders > 0 {
		m.next = m.clock.at(0, &m.random)
	}
}

// done reports whether the market has made all its messages.
func (m *market) done() bool { return m.made == uint64(m.listing.orders) }

// advance decides when the next message comes, after one that led to so many fills. Trades are
// stamped one jiffy apart after their order, so the next message leaves them room; a trade draws a
// burst of reactions.
func (m *market) advance(fills int) {
	m.made++
	if m.done() {
		return
	}
	soonest := m.next + 1 + uint64(fills)
	if fills > 0 {
		m.burst += 2
	}
	if m.burst > 0 {
		m.burst--
		m.next = soonest + m.random.next()&7
	} else {
		m.burst = uint32(trailing(m.random.next()))
		m.next = max(soonest, m.clock.at(m.made, &m.random))
	}
	m.next = min(m.next, sessionOpen+sessionJiffies-1)
}

// walk moves the fair price by one step of a random walk, held at its bounds. The step is
// uniform with a standard deviation of m.step.
func (m *market) walk() {
	span := uint32(uint64(m.step) * 887 >> 8) // 2·√3 steps wide
	m.fair += int64(m.random.below(span+1)) - int64(span/2)
	m.fair = min(max(m.fair, m.fairLow), m.fairHigh)
}

// number makes the order number of an issue: two digits of stream, fourteen of sequence. The
// sequences of the symbols interleave without meeting, so a symbol's numbers do not depend on the
// others.
func (m *market) number(issue uint32) orderbook.OrderID {
	stream := streamFirst + m.rank%streams
	return orderbook.OrderID(stream*sequences + uint64(issue)*InstrumentsMax + m.rank + 1)
}

const (
	streamFirst = 11
	streams     = 4
	sequences   = 100_000_000_000_000 // fourteen digits
)

// settle takes the makers that were filled whole out of the count and keeps the last for a mistake.
func (m *market) settle(side orderbook.Side, fills []orderbook.Fill) {
	for i := range fills {
		if f := &fills[i]; f.MakerLeft == 0 {
			m.resting--
			m.gone = orderbook.RestingOrder{ID: f.Maker, Side: side.Opposite(), Price: f.Price, Qty: f.Qty}
		}
	}
}

// stamp fills the fields that all messages have.
func (m *market) stamp(c *codec.Command, kind codec.Kind, id orderbook.OrderID) {
	c.Kind, c.Order, c.Instrument = kind, id, m.index
}
