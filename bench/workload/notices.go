package workload

import "github.com/tezi-exchange/tezi/codec"

// Notices are what comes beside the messages about single orders. Those with a time are counted by
// market.step:
//
//	0             the definition of the instrument
//	1             its rules
//	2, 3          in an instrument with a house: the limits of the house and of its client
//	then          the phases of the day
//
// The others, of which each instrument has one at most, are interventions: see desk.go.

// noticeAt returns when the next notice with a time comes.
func (m *market) noticeAt() uint64 {
	n := m.step - m.loads()
	switch {
	case n < 0:
		return prologue
	case n < len(m.clock.events):
		return m.clock.events[n].at
	}
	return never
}

// loads is how many notices come before the first phase.
func (m *market) loads() int {
	if m.rank < houses {
		return 4
	}
	return 2
}

// notice makes the next notice that has a time.
func (d *Day) notice(m *market, c *codec.Command) {
	switch {
	case m.step == 0:
		d.defined++
		m.index = d.defined
		m.rules.Instrument = m.index
		define := m.listing.instrument(m.index)
		*c = *define.AsCommand()
	case m.step == 1:
		rules := m.rules
		*c = *rules.AsCommand()
	case m.step < m.loads():
		*c = d.houseLimit(m)
	default:
		e := &m.clock.events[m.step-m.loads()]
		p := codec.PhaseChange{Instrument: m.index, Phase: e.phase, Auction: e.auction}
		*c = *p.AsCommand()
	}
	m.step++
}

// houseLimit is the limit of a house, and then of its client: of every other client it is the one that
// counts.
func (d *Day) houseLimit(m *market) codec.Command {
	member, client := d.house(m)
	l := codec.Limit{Member: member}
	l.Margin = houseUnits * int64(m.unit) * int64(m.listing.base) * int64(m.rules.MarginBps) / 10_000
	if m.step == 3 {
		l.Client = client
		if m.rank&1 == 0 {
			l.Margin *= 2
		} else {
			l.Margin /= 2
		}
	}
	return *l.AsCommand()
}
