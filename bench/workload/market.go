package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The shape of prices.
const (
	fairBits    = 16                // fraction bits of a fair price in ticks
	bandShare   = 10                // orders stay within base ± base/10
	fairShare   = 20                // the fair price stays within base ± base/20
	moveShare   = 64                // daily standard deviation of the fair price: base/64, about 1.6 %
	runShare    = 7                 // the fair price of a stock that runs would gain or lose base/7, if its band let it
	stepMax     = 1 << fairBits / 4 // largest step of the fair price a message, of a grain
	grainShare  = 5000              // a grain is 2 basis points of the price
	widthGrains = 150               // grains over which the far orders of a book spread: 3 % of the price
)

// market is one instrument's part of the day: its flow of messages, made step by step.
type market struct {
	listing listing
	rules   codec.Rules
	rank    uint64
	index   uint32 // 0 until defined
	random  random
	clock   clock
	book    *orderbook.Book // the core's, to look at; nil until defined

	made  uint64 // messages so far
	due   uint64 // time of the next one, jiffies since midnight
	next  uint64 // time of what comes next, message or not; never: nothing does
	burst uint32 // messages that still follow on the heels of the last one
	issue uint32 // order numbers given out so far
	step  int    // what has come so far beside messages: see notices.go
	desk  desk   // see desk.go

	candidates []uint32 // issues of orders that live, or lived when last looked up; capacity never grows
	resting    int      // orders that rest or wait
	target     int
	limit      int
	fresh      bool                   // the last message was an entry with a new number
	stranger   bool                   // it came from somebody who is not the order's owner
	gone       orderbook.RestingOrder // an order that was filled and is no more; ID 0 = none yet

	phase     codec.Phase
	value     uint64          // traded in PhaseAverage
	shares    uint64          // likewise
	reference orderbook.Price // of the closing auction; 0: none yet
	close     orderbook.Price // 0: none yet

	fair, fairLow, fairHigh int64 // in ticks << fairBits
	drift                   int64 // what it gains with every message
	span                    uint32
	low, high               orderbook.Price // where orders stay
	grain                   uint32          // ticks, at least 1: the natural distance between neighbours in the book
	width                   uint32          // ticks over which far orders spread
	unit                    uint32          // listing.unit
	houseShare              uint32          // of the orders, in 1/1024 of 1/1024
}

func (m *market) start(l listing, rank int, c *Config, cal *calendar, candidates []uint32, target int) {
	ticks := int64(l.base / l.tick)
	grain := max(ticks/grainShare, 1)
	step := uint32(min(max((ticks<<fairBits)/moveShare/int64(isqrt(uint64(l.orders))+1), 1), stepMax*grain))
	*m = market{
		listing: l, rank: uint64(rank), rules: l.rules(c.date(), 0),
		random:     random(mix(mix(c.Seed) + uint64(rank))),
		clock:      clock{calendar: cal, quota: uint64(max(l.orders, 1))},
		candidates: candidates, target: target, limit: restingLimit(target),
		fair:     ticks << fairBits,
		fairLow:  (ticks - ticks/fairShare) << fairBits,
		fairHigh: (ticks + ticks/fairShare) << fairBits,
		span:     uint32(uint64(step) * 887 >> 8), // 2·√3 steps wide
		grain:    uint32(grain),
		width:    uint32(min(widthGrains*grain, max(ticks/bandShare, 4))),
		unit:     l.unit(),
	}
	m.houseShare = uint32(min(houseShareMax, houseOrdersMax<<20/max(l.orders, 1)))
	m.low = max((l.base-l.base/bandShare)/l.tick*l.tick, m.rules.Low, l.tick)
	m.high = (l.base + l.base/bandShare) / l.tick * l.tick
	if m.rules.High > 0 {
		m.high = min(m.high, m.rules.High)
	}
	if l.runs > 0 {
		m.fairHigh = int64(m.high/l.tick) << fairBits
	} else if l.runs < 0 {
		m.fairLow = int64(m.low/l.tick) << fairBits
	}
	m.drift = l.runs * (ticks << fairBits) / runShare / int64(l.orders+1)
	m.due = never
	if l.orders > 0 {
		m.due = m.clock.open(m.clock.at(0, &m.random))
	}
	m.plan()
}

// plan decides what comes next: a notice, or at another time a message.
func (m *market) plan() { m.next = min(m.noticeAt(), m.due) }

// advance decides when the next message comes, after one that led to so many trades. Trades are
// stamped one jiffy apart after their order, so the next message leaves them room; a trade draws a
// burst of reactions.
func (m *market) advance(trades int) {
	if m.made++; m.made == uint64(m.listing.orders) {
		m.due = never
		return
	}
	soonest := m.due + 1 + uint64(trades)
	if trades > 0 {
		m.burst += 2
	}
	if m.burst > 0 {
		m.burst--
		soonest += m.random.next() & 7
	} else {
		m.burst = uint32(trailing(m.random.next()))
		soonest = max(soonest, m.clock.at(m.made, &m.random))
	}
	m.due = max(m.clock.open(soonest), m.due)
}

// walk moves the fair price by one step of a random walk, held at its bounds. The step is uniform.
func (m *market) walk() {
	m.fair += m.drift + int64(m.random.below(m.span+1)) - int64(m.span/2)
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

// settle takes notice of what came of a command: how many orders live more than before, and the trades.
func (m *market) settle(c *codec.Command, more int, trades []codec.Trade) {
	m.resting += more
	if m.fresh {
		if _, live := m.book.Lookup(c.Order); live {
			m.remember(m.issue - 1)
		}
		m.fresh = false
	}
	if len(trades) == 0 {
		return
	}
	t := &trades[len(trades)-1]
	if _, live := m.book.Lookup(t.Maker); !live {
		m.gone = orderbook.RestingOrder{ID: t.Maker, Side: t.TakerSide.Opposite(), Price: t.Price, Qty: t.Qty}
	}
	switch m.phase {
	case codec.PhaseAverage:
		for i := range trades {
			m.value += uint64(trades[i].Value())
			m.shares += uint64(trades[i].Qty)
		}
	case codec.PhaseClosingMatch:
		m.close = t.Price
	}
}

// enterPhase keeps what a phase means for prices.
func (m *market) enterPhase(p codec.Phase) {
	m.phase = p
	switch p {
	case codec.PhaseAverage:
		m.value, m.shares = 0, 0
	case codec.PhaseReference:
		m.reference = m.ownPrice()
	case codec.PhaseClosing:
		low, high := rulebook.Band(m.reference, rulebook.ClosingBandBps, m.listing.tick)
		m.low, m.high = max(m.low, low), min(m.high, high)
	case codec.PhasePostClose:
		if m.close == 0 {
			m.close = m.reference
		}
		if m.close == 0 {
			m.close = m.ownPrice()
		}
	}
}

// ownPrice is the price that the day itself comes to, as the engine has it: the average since
// PhaseAverage on the nearest tick, else the last price, else the previous close.
func (m *market) ownPrice() orderbook.Price {
	last := m.book.LastPrice()
	switch {
	case m.shares > 0:
		return rulebook.Average(0, m.value, m.shares, m.listing.tick)
	case last > 0:
		return last
	}
	return m.listing.base
}
