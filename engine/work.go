//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Pending reports whether an instrument has work that one command could not finish: an auction or a
// cascade with more trades than a batch has room for. Whoever gives out sequence numbers then applies
// Continue before any new command.
func (c *Core) Pending() bool { return c.pending > 0 }

// Continue returns the command that goes on with the work of the first instrument that has some, with
// the time of the last command and without a sequence number. Only while Pending.
func (c *Core) Continue() codec.Command {
	for i := range c.markets {
		if c.markets[i].work&workPending != 0 {
			return codec.Command{Kind: codec.KindContinue, Instrument: uint32(i), TimeNs: c.timeNs}
		}
	}
	panic("engine: nothing is pending")
}

// setWork notes what the market has to do.
func (c *Core) setWork(m *market, w work) {
	if m.work&workPending != 0 {
		c.pending--
	}
	if m.work = w; w&workPending != 0 {
		c.pending++
	}
}

// catchUp does what the market has to do before cmd and reports whether it is done. It is not only if
// commands are matched again after a veto, and now lead to more trades than when they got their numbers.
// While the market is halted, a phase and a cancel do not wait for it.
func (c *Core) catchUp(m *market, cmd *codec.Command, out *Builder) bool {
	if m.work&workBand != 0 {
		c.flexDue(m, cmd.TimeNs)
	}
	if c.halted != orderbook.Accepted && (cmd.Kind == codec.KindPhase || cmd.Kind == codec.KindCancel || cmd.Kind == codec.KindReduce) {
		return true
	}
	if m.work&workPending != 0 {
		c.carryOn(m, cmd, out)
	}
	// Nobody will send a KindContinue in between, so this command goes round as often as it has room.
	for m.work&workPending != 0 && cmd.Kind != codec.KindContinue && 2*c.room > c.limits.FillsMax {
		c.triggered = c.triggered[:0]
		c.carryOn(m, cmd, out)
	}
	return m.work&workPending == 0
}

// carryOn goes on with the auction, and then with the stop-loss orders, as far as there is room.
func (c *Core) carryOn(m *market, cmd *codec.Command, out *Builder) {
	if m.work&workAuction != 0 {
		if !c.uncross(m, cmd, out) {
			return
		}
		c.endAuction(m)
		c.setWork(m, m.work&^workAuction)
		c.settleIn(m, cmd.TimeNs)
	}
	if m.work&workStops != 0 {
		c.trigger(m, cmd, out)
	}
}
