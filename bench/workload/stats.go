package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Stats counts what a Day has produced so far.
type Stats struct {
	Messages   uint64 // entries, modifies, reduces and cancels
	Entries    uint64
	Modifies   uint64
	Reduces    uint64
	Cancels    uint64
	Aggressive uint64 // messages whose order, or one that it triggered, traded at once

	// On top of the messages.
	Defines     uint64 // definitions of instruments
	Rules       uint64
	Limits      uint64 // of houses and their clients
	Phases      uint64 // phase changes
	MassCancels uint64
	Kills       uint64 // kill switches set or lifted

	Trades        uint64
	AuctionTrades uint64 // of Trades: in call auctions
	Shares        uint64 // traded
	Triggered     uint64 // stop-loss orders that entered the market
	Resting       int    // orders in the books or waiting now
	Removed       [engine.RemovalCount]uint64
	Rejects       [orderbook.RejectReasonCount]uint64 // of messages and of all on top of them; index 0: those that were accepted
}

// count counts a command that led to these trades.
func (s *Stats) count(c *codec.Command, trades []codec.Trade) {
	switch c.Kind {
	case codec.KindNew:
		s.Entries++
	case codec.KindModify:
		s.Modifies++
	case codec.KindReduce:
		s.Reduces++
	case codec.KindCancel:
		s.Cancels++
	case codec.KindDefine:
		s.Defines++
	case codec.KindRules:
		s.Rules++
	case codec.KindLimit:
		s.Limits++
	case codec.KindPhase:
		s.Phases++
	case codec.KindMassCancel:
		s.MassCancels++
	case codec.KindKill:
		s.Kills++
	}
	s.Messages = s.Entries + s.Modifies + s.Reduces + s.Cancels
	if len(trades) > 0 && isMessage(c) {
		s.Aggressive++
	}
	for i := range trades {
		s.Shares += uint64(trades[i].Qty)
	}
}

// complete fills in what the core counts.
func (s *Stats) complete(core *engine.Core) {
	c := core.Counts()
	s.Trades, s.AuctionTrades, s.Triggered = c.Trades, c.AuctionTrades, c.Triggered
	s.Resting = core.LiveOrders()
	s.Removed, s.Rejects = c.Removed, c.Rejects
	s.Rejects[orderbook.Accepted] = s.Messages + s.Defines + s.Rules + s.Limits + s.Phases + s.MassCancels + s.Kills
	for _, n := range c.Rejects {
		s.Rejects[orderbook.Accepted] -= n
	}
}

// isMessage reports whether a command is about one order.
func isMessage(c *codec.Command) bool { return c.Kind >= codec.KindNew && c.Kind <= codec.KindReduce }
