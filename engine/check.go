//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// plainFlags are those that an order of the common kind may have, orderFlags those that any may.
const (
	plainFlags = codec.FlagAlgo | codec.FlagCancelActive
	orderFlags = plainFlags | codec.FlagMarket | codec.FlagStopLoss | codec.FlagPreOpen
)

// plain reports whether the order is of the common kind, and nothing in it can be refused by the
// rules: a limit order for the day or IOC, wholly shown, in continuous trading. What is not plain is
// looked at by refuses, which says why.
func (m *market) plain(cmd *codec.Command) bool {
	return m.can&canTrigger != 0 && cmd.Flags&^plainFlags == 0 &&
		cmd.TIF <= orderbook.IOC &&
		(cmd.Disclosed == 0 || cmd.Disclosed == cmd.Qty) &&
		cmd.Price >= m.low && cmd.Price <= m.high && cmd.Qty-1 < m.freeze && cmd.Side.Valid() &&
		int64(cmd.Price)*int64(cmd.Qty) <= m.valueMax &&
		(m.tick == 1 || cmd.Price%m.tick == 0) && (m.lot == 1 || cmd.Qty%m.lot == 0)
}

// refuses says why an entry, or a modify with the side and the owner of its order, is not taken:
// phase, kill switch, then the rules. The margin and the book come after it.
func (c *Core) refuses(m *market, cmd *codec.Command) orderbook.RejectReason {
	plain := m.plain(cmd)
	if !plain {
		if r := m.refusal(needs(cmd)); r != orderbook.Accepted {
			return r
		}
	}
	if c.accounts.Killed(cmd.Member, cmd.Client, cmd.Instrument) {
		return orderbook.RejectKilled
	}
	if plain {
		return orderbook.Accepted
	}
	return c.refusedByRules(m, cmd)
}

// refusedByRules says which rule of the instrument refuses the order.
func (c *Core) refusedByRules(m *market, cmd *codec.Command) orderbook.RejectReason {
	r := m.refusedKind(cmd)
	if r == orderbook.Accepted {
		r = refusedForm(cmd)
	}
	if r == orderbook.Accepted {
		r = m.refusedSteps(cmd)
	}
	if r == orderbook.Accepted {
		r = m.refusedLimits(cmd)
	}
	if r == orderbook.Accepted && disclosesPart(cmd) {
		r = m.refusedDisclosed(cmd)
	}
	if r == orderbook.Accepted && cmd.Flags&codec.FlagStopLoss != 0 {
		r = c.refusedTrigger(m, cmd)
	}
	return r
}

// needs is what the phase must take for the order to be taken.
func needs(cmd *codec.Command) can {
	want := canEnter
	if cmd.Flags&codec.FlagPreOpen != 0 {
		want |= canCollect
	}
	if cmd.Flags&codec.FlagMarket != 0 {
		want |= canMarket
	}
	if cmd.Flags&codec.FlagStopLoss != 0 {
		want |= canStop
	}
	if disclosesPart(cmd) {
		want |= canDisclose
	}
	if cmd.TIF == orderbook.IOC || cmd.TIF == orderbook.FOK {
		want |= canImmediate
	}
	return want
}

// disclosesPart reports whether the disclosed quantity says something: all of the quantity is what an
// order shows anyway.
func disclosesPart(cmd *codec.Command) bool { return cmd.Disclosed != 0 && cmd.Disclosed != cmd.Qty }

// refusedKind: kinds of order that the instrument does not take in any phase.
func (m *market) refusedKind(cmd *codec.Command) orderbook.RejectReason {
	flags, stop := m.rules.Flags, cmd.Flags&codec.FlagStopLoss != 0
	switch {
	case cmd.TIF > orderbook.GTD, cmd.Flags&^orderFlags != 0:
		return orderbook.RejectCommand
	case cmd.TIF >= orderbook.GTC && flags&codec.RuleGoodTill == 0:
		return orderbook.RejectValidity
	case cmd.TIF == orderbook.FOK && flags&codec.RuleFillOrKill == 0:
		return orderbook.RejectValidity
	case stop && !cmd.TIF.Rests():
		return orderbook.RejectStopLoss
	case stop && cmd.Flags&codec.FlagMarket != 0 && flags&codec.RuleNoStopMarket != 0:
		return orderbook.RejectStopLoss
	case disclosesPart(cmd) && (flags&codec.RuleNoDisclosed != 0 || !cmd.TIF.Rests()):
		return orderbook.RejectDisclosed
	}
	return orderbook.Accepted
}

// refusedForm: numbers that no order can have.
func refusedForm(cmd *codec.Command) orderbook.RejectReason {
	switch {
	case !cmd.Side.Valid():
		return orderbook.RejectSide
	case cmd.Qty == 0:
		return orderbook.RejectQuantity
	case cmd.Price <= 0 && cmd.Flags&codec.FlagMarket == 0:
		return orderbook.RejectPrice
	case cmd.Trigger <= 0 && cmd.Flags&codec.FlagStopLoss != 0:
		return orderbook.RejectTrigger
	}
	return orderbook.Accepted
}

// refusedSteps: lot and tick.
func (m *market) refusedSteps(cmd *codec.Command) orderbook.RejectReason {
	switch {
	case cmd.Qty%m.lot != 0:
		return orderbook.RejectLot
	case cmd.Flags&codec.FlagMarket == 0 && cmd.Price%m.tick != 0:
		return orderbook.RejectTick
	case cmd.Flags&codec.FlagStopLoss != 0 && cmd.Trigger%m.tick != 0:
		return orderbook.RejectTriggerTick
	}
	return orderbook.Accepted
}

// refusedLimits: stop gap, band, freeze quantity, value. A market order has neither limit price nor, before
// its worst case is known, a value.
func (m *market) refusedLimits(cmd *codec.Command) orderbook.RejectReason {
	limited := cmd.Flags&codec.FlagMarket == 0
	switch {
	case m.low > m.high:
		return orderbook.RejectBand // nothing is allowed: no closing price
	case limited && cmd.Flags&codec.FlagStopLoss != 0 && m.rules.StopGap > 0 && gap(cmd) > int64(m.rules.StopGap):
		return orderbook.RejectTriggerGap
	case limited && (cmd.Price < m.low || cmd.Price > m.high):
		return orderbook.RejectBand
	case cmd.Qty > m.freeze:
		return orderbook.RejectFreeze
	case limited && int64(cmd.Price)*int64(cmd.Qty) > m.valueMax:
		return orderbook.RejectValue
	}
	return orderbook.Accepted
}

// gap is how far the limit of a stop-loss order is from its trigger.
func gap(cmd *codec.Command) int64 {
	d := int64(cmd.Price) - int64(cmd.Trigger)
	return max(d, -d)
}

// refusedDisclosed: a disclosed quantity that is too great, no multiple of the lot, or too small.
func (m *market) refusedDisclosed(cmd *codec.Command) orderbook.RejectReason {
	switch {
	case cmd.Disclosed > cmd.Qty:
		return orderbook.RejectDisclosedAbove
	case cmd.Disclosed%m.lot != 0:
		return orderbook.RejectDisclosedLot
	case uint64(cmd.Disclosed)*percentMax < uint64(cmd.Qty)*uint64(m.rules.DisclosedPct):
		return orderbook.RejectDisclosedMin
	}
	return orderbook.Accepted
}

// refusedTrigger: a limit worse than the trigger, or a trigger that the last price has reached. In a
// recorded flow the last price does not decide.
func (c *Core) refusedTrigger(m *market, cmd *codec.Command) orderbook.RejectReason {
	buy, limited := cmd.Side == orderbook.Buy, cmd.Flags&codec.FlagMarket == 0
	last := c.books[m.number].LastPrice()
	if m.rules.Flags&codec.RuleStopsRecorded != 0 {
		last = 0
	}
	switch {
	case limited && (buy && cmd.Price < cmd.Trigger || !buy && cmd.Price > cmd.Trigger):
		return orderbook.RejectTriggerLimit
	case last > 0 && (buy && last >= cmd.Trigger || !buy && last <= cmd.Trigger):
		return orderbook.RejectTrigger
	}
	return orderbook.Accepted
}
