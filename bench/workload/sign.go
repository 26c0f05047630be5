package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// sign fills in who sent the message. NSE's files name neither member nor client; readers derive
// both from the order number, and so does this, so that a day means the same from a file.
func (d *Day) sign(c *codec.Command) {
	c.Member, c.Client = codec.Owner(c.Order, d.config.Members, d.config.Clients)
	c.AccountOf, c.AlgoOf = flagsOf(c.Order)
	if c.AlgoOf == algo || c.AlgoOf == algoSmart {
		c.Flags |= codec.FlagAlgo
	}
}

// NSE's flags. The algo flag tells an algorithm from a person, either with or without smart order
// routing.
const (
	algo, person, algoSmart, personSmart = 0, 1, 2, 3
	custodian, own, other                = 1, 2, 3
)

// flagsOf draws an order's flags from its number, so that all its messages agree.
func flagsOf(id orderbook.OrderID) (account, algoFlag uint8) {
	u := mix(uint64(id))
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
