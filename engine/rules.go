//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// setRules gives the instrument new rules. What rests outside a new band is cancelled; nothing else of
// what rests is looked at again.
func (c *Core) setRules(m *market, r *codec.Rules) {
	if min(r.ValueMax, int64(r.PrevClose), int64(r.Low), int64(r.High), int64(r.ExecRange), int64(r.StopGap)) < 0 ||
		r.High > 0 && r.Low > r.High || r.DisclosedPct > percentMax {
		c.reject(orderbook.RejectCommand)
		return
	}
	m.rules = *r
	m.rules.Seq, m.rules.TimeNs = 0, 0
	clear(spare(&m.rules))
	c.bound(m, r.TimeNs)
}

// bound brings what follows from rules and phase up to date, in the book too. What rests is looked at only if
// the band moves: whatever rests is inside the one that stands.
func (c *Core) bound(m *market, timeNs int64) {
	low, high := m.low, m.high
	m.bound()
	c.books[m.number].HoldStops(m.holdsStops())
	c.setRange(m, timeNs)
	if m.low > low || m.high < high {
		c.removeOutside(m)
	}
}

// holdsStops reports whether trades reach no stop-loss order: in a recorded flow, and after the close, where one that is good
// for longer would enter the next morning.
func (m *market) holdsStops() bool {
	return m.rules.Flags&codec.RuleStopsRecorded != 0 || m.phase == codec.PhasePostClose
}

// setRange tells the book at which prices an order may trade that comes in at timeNs: within the band,
// where a stop-loss order from before the band moved could trade outside, and the execution range.
func (c *Core) setRange(m *market, timeNs int64) {
	var within [2]orderbook.Price
	if m.can&canTrigger != 0 {
		within[0], within[1] = m.executionRange(timeNs)
	}
	if m.low > 1 {
		within[0] = max(within[0], m.low)
	}
	if m.banded() && (within[1] == 0 || within[1] > m.high) {
		within[1] = m.high
	}
	if within != m.within {
		m.within = within
		c.books[m.number].SetRange(within[0], within[1])
	}
}

// removeOutside cancels what rests outside the band. Stop-loss orders that wait stay.
func (c *Core) removeOutside(m *market) {
	if m.bounded() {
		c.removeResting(m, false, m.outside, RemovedBand)
	}
}

// bounded reports whether there is a band, with one end at least.
func (m *market) bounded() bool { return m.low != 1 || m.high != priceMax }

// outside reports whether the limit of an order is not in the band.
func (m *market) outside(o orderbook.RestingOrder) bool {
	return !o.Market && (o.Price < m.low || o.Price > m.high)
}

// nearEdge reports whether a trade may count for the dynamic band: within 0.1 % of the previous close
// from an edge of the band. The Flex looks closer.
func (m *market) nearEdge(price orderbook.Price) bool {
	near := int64(m.rules.PrevClose)/1000 + int64(m.tick)
	return int64(price) >= int64(m.rules.High)-near || int64(price) <= int64(m.rules.Low)+near
}

// flex counts a trade near the edge of a dynamic band.
func (c *Core) flex(m *market, t *codec.Trade) {
	f := &c.flexes[m.number]
	f.Trade(t.TimeNs, &m.rules, t.Price, t.BuyClient(), t.SellClient(), t.BuyMember(), t.SellMember())
	if f.Until != 0 {
		c.setWork(m, m.work|workBand)
	}
}

// flexDue moves a dynamic band whose cooling-off period is over.
func (c *Core) flexDue(m *market, timeNs int64) {
	f := &c.flexes[m.number]
	if low, high, due := f.Due(timeNs, &m.rules); due {
		m.rules.Low, m.rules.High = low, high
		c.bound(m, timeNs)
	}
	if f.Until == 0 {
		c.setWork(m, m.work&^workBand)
	}
}
