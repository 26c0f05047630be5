//tezi:pure

package engine

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// coherent checks that the parts of a state fit together, as they do between any two commands: what of it another part
// decides must be what that part decides. A core goes on from it as if commands had led there.
func (c *Core) coherent() error {
	switch n := &c.counts; {
	case c.halted != orderbook.Accepted && c.halted != orderbook.RejectHalted && c.halted != orderbook.RejectDiskFull:
		return fmt.Errorf("halted because of %s, want %s or %s", c.halted, orderbook.RejectHalted, orderbook.RejectDiskFull)
	case c.nextTrade != n.Trades+1 || n.AuctionTrades > n.Trades:
		return fmt.Errorf("%d trades, %d in auctions, and the next is number %d", n.Trades, n.AuctionTrades, c.nextTrade)
	case n.OrdersAccepted > n.Commands || n.Commands > c.last || n.Continues > c.last-n.Commands || uint64(len(c.markets)-1) > c.last-n.Commands-n.Continues:
		return fmt.Errorf("%d orders of %d commands, %d continued, and %d instruments, by the %d commands that there were",
			n.OrdersAccepted, n.Commands, n.Continues, len(c.markets)-1, c.last)
	}
	for i := range c.markets[1:] {
		if err := c.coherentMarket(&c.markets[i+1]); err != nil {
			return fmt.Errorf("instrument %d in phase %s: %w", i+1, c.markets[i+1].phase, err)
		}
	}
	for p := range c.accounts.Positions() {
		if i := c.accounts.Instrument(pretrade.Position(p + 1)); !c.defined(i) {
			return fmt.Errorf("position %d is in instrument %d of %d", p+1, i, len(c.markets)-1)
		}
	}
	return nil
}

// coherentMarket is coherent for one instrument, which has a phase that there is.
func (c *Core) coherentMarket(m *market) error {
	if rest := spare(&m.rules); m.zero != 0 || m.zeros != [16]byte{} || !bytes.Equal(rest, make([]byte, len(rest))) || c.flexes[m.number].Zero != [3]byte{} {
		return errors.New("something stands in bytes that are 0 in every state")
	}
	if err := m.coherentRules(ceilingOf(c.limits.OrderValueMax, m.scale)); err != nil {
		return err
	}
	if err := m.coherentPrices(); err != nil {
		return err
	}
	book := c.books[m.number]
	if err := m.coherentAuction(book.Collecting()); err != nil {
		return err
	}
	if low, high := book.Range(); m.within != [2]orderbook.Price{low, high} {
		return fmt.Errorf("orders may trade from %d to %d, in the book from %d to %d", m.within[0], m.within[1], low, high)
	}
	recorded := m.rules.Flags&codec.RuleStopsRecorded != 0
	if held := m.holdsStops(); book.StopsHeld() != held && (recorded || !m.late()) {
		return fmt.Errorf("stop-loss orders are held: %t, in the book %t", held, book.StopsHeld())
	}
	return m.coherentFlex(&c.flexes[m.number])
}

// late reports whether what follows from the phase may still be that of the phase before: while an auction is being held,
// and after a veto has halted the instrument.
func (m *market) late() bool { return m.work&workAuction != 0 || m.phase == codec.PhaseHalted }

// coherentRules checks the rules and what follows from them and the phase.
func (m *market) coherentRules(ceiling int64) error {
	r := &m.rules
	if r.Instrument != m.number || r.Kind != codec.KindRules || r.Seq != 0 || r.TimeNs != 0 {
		return fmt.Errorf("its rules are a command of kind %d for instrument %d", r.Kind, r.Instrument)
	}
	if min(r.ValueMax, int64(r.PrevClose), int64(r.ExecRange), int64(r.StopGap)) < 0 || r.DisclosedPct > percentMax ||
		r.Flags&codec.RuleBandFlexes == 0 && (r.Low < 0 || r.High < 0 || r.High > 0 && r.Low > r.High) {
		return fmt.Errorf("nobody could have set its rules: %+v", *r)
	}
	want := *m
	want.ceiling = ceiling
	want.bound()
	if m.ceiling != ceiling || m.can != want.can || m.valueMax != want.valueMax || m.freeze != want.freeze {
		return fmt.Errorf("it takes %#x up to quantity %d and value %d of %d, want %#x, %d, %d of %d",
			m.can, m.freeze, m.valueMax, m.ceiling, want.can, want.freeze, want.valueMax, ceiling)
	}
	if !m.late() && (m.low != want.low || m.high != want.high || m.watch != want.watch) || m.low < 1 || m.high < 0 || m.watch&^(watchAverage|watchFlex) != 0 {
		return fmt.Errorf("its band is %d to %d, watched by %#x, want %d to %d, %#x", m.low, m.high, m.watch, want.low, want.high, want.watch)
	}
	return nil
}

// coherentPrices checks the prices that rules refer to.
func (m *market) coherentPrices() error {
	if min(m.given, m.reference, m.price, m.close, m.within[0], m.within[1], m.inMinute, m.lastMinute) < 0 || m.minute < 0 || m.lastMinute > 0 && m.inMinute == 0 {
		return fmt.Errorf("given %d, reference %d, auction %d, close %d, in minute %d %d, before %d: want none below 0",
			m.given, m.reference, m.price, m.close, m.minute, m.inMinute, m.lastMinute)
	}
	if m.phase == codec.PhaseEndOfDay && (m.given|m.reference|m.price|m.close|m.inMinute|m.lastMinute != 0 || m.averageQty != 0) {
		return fmt.Errorf("something of the day has stayed: close %d, last price %d", m.close, m.inMinute)
	}
	mostHi, mostLo := bits.Mul64(m.averageQty, uint64(priceMax))
	if m.averageHi == 0 && m.averageLo < m.averageQty || m.averageHi > mostHi || m.averageHi == mostHi && m.averageLo > mostLo {
		return fmt.Errorf("an average price of (%d, %d) over %d shares, want one from 1 to %d", m.averageHi, m.averageLo, m.averageQty, priceMax)
	}
	return nil
}

// coherentAuction checks that phase, work and auction fit. collecting: of the book.
func (m *market) coherentAuction(collecting bool) error {
	collects, triggers := m.can&canCollect != 0, m.can&canTrigger != 0
	held, stops := m.work&workAuction != 0, m.work&workStops != 0
	switch {
	case m.work&^(workAuction|workStops|workBand) != 0 || m.auction&^(auctionClosing|auctionMarketFirst) != 0:
	case held && stops, held && !(collecting && holds(m.phase)), stops && !triggers:
	case collects && !collecting, !held && collecting && holds(m.phase):
	case m.auction&auctionClosing != 0 && !collecting, collects && (m.auction&auctionClosing != 0) != closing(m.phase):
	case m.price != 0 && !held, m.reference != 0 && triggers && !held:
	default:
		return nil
	}
	return fmt.Errorf("work %#x, auction %#x at %d with reference %d, orders are collected: %t", m.work, m.auction, m.price, m.reference, collecting)
}

// coherentFlex checks that somebody looks at a cooling-off period that runs.
func (m *market) coherentFlex(f *rulebook.Flex) error {
	if f.Until != 0 && (m.work&workBand == 0 || !f.Toward.Valid() || f.Midnight == 0) || f.Toward > orderbook.Sell {
		return fmt.Errorf("its band moves toward side %d at %d, work %#x", f.Toward, f.Until, m.work)
	}
	return nil
}
