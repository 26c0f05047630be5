package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The interventions, by rank: each of the first deskRanks instruments has one, in the middle of its day.
// A kill switch is lifted a little later.
const (
	killMember     = 0 // a house in all instruments, or another member in this one
	killClient     = 1 // likewise a client
	killInstrument = 2
	killBoth       = 3 // member and client in the instrument
	massClient     = 4
	massMember     = 5
	massHouse      = 6 // a house in all instruments, or another member's sells in this one
	massSide       = 7 // all buys of the instrument

	interventions = 8
	deskRanks     = 64
	deskOrdersMin = 100 // messages of an instrument that has one
)

// desk is how far an instrument has come with its intervention.
type desk struct {
	state  deskState
	killed codec.Command // the kill switch that is set
}

type deskState uint8

const (
	deskReady  deskState = 0 // it may still come
	deskKilled deskState = 1 // a kill switch is set, to be lifted
	deskDone   deskState = 2
)

// intervene makes the next command of an intervention, if it is time for one.
func (d *Day) intervene(m *market, c *codec.Command) bool {
	quota, kind := m.clock.quota, int(m.rank%interventions)
	switch {
	case m.rank >= deskRanks || quota < deskOrdersMin:
		return false
	case m.desk.state == deskReady && m.made >= quota/2:
		d.choose(m, c, kind)
		m.desk.state = deskDone
		c.Kind = codec.KindMassCancel
		if kind <= killBoth {
			c.Kind = codec.KindKill
			m.desk = desk{deskKilled, *c}
		}
		return true
	case m.desk.state == deskKilled && m.made >= quota/2+killedFor(kind, quota):
		*c = m.desk.killed
		c.Flags = codec.FlagLift
		m.desk.state = deskDone
		return true
	}
	return false
}

// killedFor is for how many messages of the instrument a switch stands: few if it is the instrument's,
// since nearly all of them are refused.
func killedFor(kind int, quota uint64) uint64 {
	if kind == killInstrument {
		return 8
	}
	return quota / 4
}

// choose fills in whom an intervention is about: the house of the instrument, or the owner of one of its
// orders.
func (d *Day) choose(m *market, c *codec.Command, kind int) {
	id := m.number(m.issue)
	if n := len(m.candidates); n > 0 {
		id = m.number(m.candidates[n/2])
	}
	member, client := codec.Owner(id, d.config.Members, d.config.Clients)
	c.Instrument = m.index
	if m.rank < houses && (kind == killMember || kind == killClient || kind == massHouse) {
		member, client = d.house(m)
		c.Instrument = 0
	}
	switch kind {
	case killMember, massMember:
		c.Member = member
	case killClient, massClient:
		c.Client = client
	case killBoth:
		c.Member, c.Client = member, client
	case massHouse:
		c.Member = member
		if c.Instrument != 0 {
			c.Side = orderbook.Sell
		}
	case massSide:
		c.Side = orderbook.Buy
	}
}
