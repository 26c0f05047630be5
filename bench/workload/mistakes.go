package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// blunder makes a message that is refused, for one reason. It says false if there is no such in this
// instrument or at this moment; what it has made of c is nothing then.
type blunder func(m *market, c *codec.Command) bool

// What members get wrong, in every phase and only in some.
var (
	blunders = []blunder{
		(*market).cancelGone, (*market).numberTaken, (*market).notOwner,
		(*market).noQuantity, (*market).noPrice, (*market).noSide, (*market).noInstrument, (*market).noValidity, (*market).goodTill,
		(*market).offTick, (*market).offLot, (*market).offBand, (*market).tooMany, (*market).tooDear,
		(*market).modifyGone, (*market).modifyOffTick, (*market).modifyOffBand,
	}
	blundersTrading = append([]blunder{
		(*market).wrongSession, (*market).stopAtOnce, (*market).triggerReached, (*market).triggerOffTick, (*market).triggerLimit, (*market).triggerGap,
		(*market).discloseAtOnce, (*market).discloseAbove, (*market).discloseOffLot, (*market).discloseLittle,
	}, blunders...)
	blundersAuction = append([]blunder{
		(*market).discloseInAuction, (*market).stopInAuction, (*market).atOnceInAuction, (*market).marketInLimitOnly,
	}, blunders...)
)

// mistake makes a message that is refused. At least one order must be live.
func (m *market) mistake(c *codec.Command) {
	kinds := blunders
	switch m.phase {
	case codec.PhaseContinuous, codec.PhaseAverage:
		kinds = blundersTrading
	case codec.PhasePreOpen, codec.PhasePreOpenLimit, codec.PhaseClosing, codec.PhaseClosingLimit:
		kinds = blundersAuction
	}
	for range mistakeTries {
		if m.choose(kinds)(m, c) {
			return
		}
		*c = codec.Command{}
		m.stranger = false
	}
	m.noQuantity(c)
}

// mistakeTries is how often another mistake is tried if one cannot be made.
const mistakeTries = 4

// choose draws a mistake. What few can get wrong, they do more often.
func (m *market) choose(kinds []blunder) blunder {
	u := m.random.next()
	switch {
	case m.listing.lot > 1 && u&3 == 0 && m.phase == codec.PhaseContinuous:
		return (*market).discloseOffLot
	case m.listing.lot > 1 && u&3 == 1:
		return (*market).offLot
	case m.limitOnly() && u&1 == 0:
		return (*market).marketInLimitOnly
	}
	return kinds[scale(uint32(u>>32), uint32(len(kinds)))]
}

// plain makes an entry that would be taken.
func (m *market) plain(c *codec.Command) {
	u := m.random.next()
	side := sideOf(u)
	m.enter(c, side, m.quote(side, u>>1), m.quantity())
}

// quote is a price at which an order of that side can be entered in this phase, and does not trade at once.
func (m *market) quote(side orderbook.Side, u uint64) orderbook.Price {
	switch {
	case m.phase == codec.PhasePostClose:
		return m.close
	case m.book.Collecting():
		return m.around(u)
	}
	return m.behind(side, u)
}

// cancelGone: the order is filled already.
func (m *market) cancelGone(c *codec.Command) bool {
	m.cancel(c, m.gone)
	return m.gone.ID != 0
}

// numberTaken: an entry with the number of an order that lives.
func (m *market) numberTaken(c *codec.Command) bool {
	o := m.pick()
	m.stamp(c, codec.KindNew, o.ID)
	c.Side, c.Qty, c.Price = o.Side, o.Qty, m.quote(o.Side, m.random.next())
	return true
}

// notOwner: a cancel by somebody else.
func (m *market) notOwner(c *codec.Command) bool {
	o, ok := m.pickFree()
	m.cancel(c, o)
	m.stranger = true
	return ok
}

func (m *market) noQuantity(c *codec.Command) bool {
	m.plain(c)
	c.Qty = 0
	return true
}

func (m *market) noPrice(c *codec.Command) bool {
	m.plain(c)
	c.Price = 0
	return true
}

// Codes that nothing has.
const (
	nobody   = 3       // neither buys nor sells
	unlisted = 1 << 24 // instrument
	untimely = 7       // validity
)

func (m *market) noSide(c *codec.Command) bool {
	m.plain(c)
	c.Side = nobody
	return true
}

func (m *market) noInstrument(c *codec.Command) bool {
	m.plain(c)
	c.Instrument = unlisted
	return true
}

func (m *market) noValidity(c *codec.Command) bool {
	m.plain(c)
	c.TIF = untimely
	return true
}

// goodTill: a validity that the exchange does not offer.
func (m *market) goodTill(c *codec.Command) bool {
	m.plain(c)
	c.TIF = orderbook.FOK + orderbook.TimeInForce(m.random.below(3))
	return true
}

func (m *market) offTick(c *codec.Command) bool {
	m.plain(c)
	c.Price++
	return m.listing.tick > 1
}

func (m *market) offLot(c *codec.Command) bool {
	m.plain(c)
	c.Qty++
	return m.listing.lot > 1
}

// offBand is far outside, wherever the band has moved.
func (m *market) offBand(c *codec.Command) bool {
	m.plain(c)
	c.Price = m.outside()
	return true
}

// outside is a price above all bands of the day.
func (m *market) outside() orderbook.Price {
	return m.rules.High / m.listing.tick * 3 / 2 * m.listing.tick
}

// modifyGone: the order was filled while the modify was on its way.
func (m *market) modifyGone(c *codec.Command) bool {
	m.stamp(c, codec.KindModify, m.gone.ID)
	m.same(c, &m.gone)
	return m.gone.ID != 0
}

// modifyLimit makes a modify of a limit order that leaves it as it is.
func (m *market) modifyLimit(c *codec.Command) bool {
	o, ok := m.pickFree()
	m.stamp(c, codec.KindModify, o.ID)
	m.same(c, &o)
	return ok && !o.Market && o.Trigger == 0
}

func (m *market) modifyOffTick(c *codec.Command) bool {
	ok := m.modifyLimit(c)
	c.Price++
	return ok && m.listing.tick > 1
}

func (m *market) modifyOffBand(c *codec.Command) bool {
	ok := m.modifyLimit(c)
	c.Price = m.outside()
	return ok
}

func (m *market) tooMany(c *codec.Command) bool {
	m.plain(c)
	c.Qty = m.rules.Freeze + m.listing.lot
	return true
}

func (m *market) tooDear(c *codec.Command) bool {
	m.plain(c)
	c.Qty = m.rules.Freeze
	return int64(c.Price)*int64(c.Qty) > m.rules.ValueMax
}

// wrongSession: an entry of the pre-open session, too late.
func (m *market) wrongSession(c *codec.Command) bool {
	m.plain(c)
	c.Flags |= codec.FlagPreOpen
	return true
}

// stopped makes an entry that waits for its trigger, if there is a last price to set one by.
func (m *market) stopped(c *codec.Command) bool {
	m.plain(c)
	m.stop(c)
	return c.Trigger > 0
}

func (m *market) stopAtOnce(c *codec.Command) bool {
	ok := m.stopped(c)
	c.TIF = orderbook.IOC
	return ok
}

// triggerReached: the last price has been there.
func (m *market) triggerReached(c *codec.Command) bool {
	ok := m.stopped(c)
	c.Trigger, c.Price = m.book.LastPrice(), 0
	c.Flags |= codec.FlagMarket
	return ok
}

func (m *market) triggerOffTick(c *codec.Command) bool {
	ok := m.stopped(c)
	c.Trigger++
	return ok && m.listing.tick > 1
}

// triggerLimit: it could not trade when it is triggered.
func (m *market) triggerLimit(c *codec.Command) bool {
	ok := m.stopped(c)
	m.limitBehind(c, -m.listing.tick)
	return ok && c.Price >= m.low && c.Price <= m.high
}

// triggerGap: its limit is far from its trigger.
func (m *market) triggerGap(c *codec.Command) bool {
	ok := m.stopped(c)
	m.limitBehind(c, (m.rules.StopGap/m.listing.tick+1)*m.listing.tick)
	return ok
}

// limitBehind lets a stop-loss order trade so far behind its trigger.
func (m *market) limitBehind(c *codec.Command, gap orderbook.Price) {
	c.Flags &^= codec.FlagMarket
	c.Price = c.Trigger + gap
	if c.Side == orderbook.Sell {
		c.Price = c.Trigger - gap
	}
}

// disclosing makes an entry of 20 lots that shows some.
func (m *market) disclosing(c *codec.Command, lots orderbook.Qty) {
	m.plain(c)
	c.Qty, c.Disclosed = 20*m.listing.lot, lots*m.listing.lot
}

func (m *market) discloseAtOnce(c *codec.Command) bool {
	m.disclosing(c, 10)
	c.TIF = orderbook.IOC
	return true
}

func (m *market) discloseAbove(c *codec.Command) bool {
	m.disclosing(c, 21)
	return true
}

func (m *market) discloseOffLot(c *codec.Command) bool {
	m.disclosing(c, 10)
	c.Disclosed++
	return m.listing.lot > 1
}

// discloseLittle: less than the tenth that must be shown.
func (m *market) discloseLittle(c *codec.Command) bool {
	m.disclosing(c, 1)
	return true
}

func (m *market) discloseInAuction(c *codec.Command) bool {
	m.disclosing(c, 10)
	return true
}

func (m *market) stopInAuction(c *codec.Command) bool {
	m.plain(c)
	c.Flags |= codec.FlagStopLoss
	c.Trigger = c.Price
	return true
}

func (m *market) atOnceInAuction(c *codec.Command) bool {
	m.plain(c)
	c.TIF = orderbook.IOC
	return true
}

// marketInLimitOnly: a market order after those are no longer taken.
func (m *market) marketInLimitOnly(c *codec.Command) bool {
	m.plain(c)
	c.Flags |= codec.FlagMarket
	c.Price = 0
	return m.limitOnly()
}
