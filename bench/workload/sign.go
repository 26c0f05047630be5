package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// sign fills in who sent a message about an order. NSE's files name neither member nor client; readers
// derive both from the order number, and so does this. Only the houses are not in that scheme.
func (d *Day) sign(m *market, c *codec.Command) {
	u := mix(uint64(c.Order))
	c.Member, c.Client = d.owner(m, c.Order)
	c.PAN = panOf(c.Client)
	if m.stranger {
		m.stranger = false
		c.Client++
	}
	c.AccountOf, c.AlgoOf = flagsOf(u)
	if c.AlgoOf == algo || c.AlgoOf == algoSmart {
		c.Flags |= codec.FlagAlgo
	}
	if c.Kind == codec.KindNew && u>>16&7 == 0 { // an eighth would rather lose the new order than the old one
		c.Flags |= codec.FlagCancelActive
	}
}

// Houses are members with a margin limit that a few orders use up. Each trades in one instrument only, or
// the messages of a symbol would depend on others (I2).
const (
	houses         = 8       // the instruments of the ranks below have one each
	houseShareMax  = 1 << 14 // of its instrument's orders, in 1/1024 of 1/1024
	houseOrdersMax = 96      // of its orders, roughly
	houseUnits     = 40      // worth of the positions that its limit allows, in units (listing.unit)
)

// house returns the member and the client that have the house's limits.
func (d *Day) house(m *market) (member uint16, client uint32) {
	return uint16(d.config.Members + 1 + uint32(m.rank)), d.config.Members*d.config.Clients + 1 + uint32(m.rank)
}

// housed reports whether an order is of its instrument's house.
func (m *market) housed(id orderbook.OrderID) bool {
	return m.rank < houses && uint32(mix(uint64(id))>>24)&(1<<20-1) < m.houseShare
}

// owner returns whose order it is.
func (d *Day) owner(m *market, id orderbook.OrderID) (member uint16, client uint32) {
	if m.housed(id) {
		return d.house(m)
	}
	return codec.Owner(id, d.config.Members, d.config.Clients)
}

// families are PANs behind several clients: of one client in sixteen.
const families = 8

// panOf returns the PAN behind a client, which is mostly nobody else's.
func panOf(client uint32) uint32 {
	if u := mix(uint64(client)); u&15 == 0 {
		return 1 + uint32(u>>4)%families
	}
	return families + client
}

// NSE's flags. The algo flag tells an algorithm from a person, either with or without smart order
// routing.
const (
	algo, person, algoSmart, personSmart = 0, 1, 2, 3
	custodian, own, other                = 1, 2, 3
)

// flagsOf draws an order's flags from a hash of its number, so that all its messages agree.
func flagsOf(u uint64) (account, algoFlag uint8) {
	account = other
	switch a := u & 255; {
	case a < 13: // 5 %
		account = custodian
	case a < 13+90: // 35 %
		account = own
	}
	algoFlag = person
	switch a := u >> 8 & 255; {
	case a < 128: // 50 %
		algoFlag = algo
	case a < 128+10: // 4 %
		algoFlag = algoSmart
	case a < 128+10+8: // 3 %
		algoFlag = personSmart
	}
	return account, algoFlag
}
