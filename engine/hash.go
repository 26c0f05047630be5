//tezi:pure

package engine

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/orderbook"
)

// StateHash hashes what decides about commands to come: the next trade number and the last command,
// every book and the owners of its orders, phases, rules and reference prices, margins, limits and kill
// switches. Equal logs, equal hashes, on every machine.
func (c *Core) StateHash() uint64 {
	var d xxhash.Digest
	d.Reset()
	word(&d, c.nextTrade)
	word(&d, c.last)
	if c.halted != orderbook.Accepted {
		word(&d, uint64(c.halted))
	}
	c.hashMarkets(&d)
	return d.Sum64()
}

// hashMarkets adds everything that a refused command leaves as it is.
func (c *Core) hashMarkets(d *xxhash.Digest) {
	for _, b := range c.books[1:] {
		word(d, b.StateHash())
	}
	c.eachOrder(func(_ uint32, o orderbook.RestingOrder) {
		own := &c.owners[o.Slot]
		word(d, uint64(own.client)<<32|uint64(own.position))
		word(d, uint64(uint32(own.reserved))<<32|uint64(own.member)<<8|uint64(own.side))
	})
	_, _ = d.Write(bytesOf(c.markets[1:]))
	_, _ = d.Write(bytesOf(c.flexes[1:]))
	word(d, c.accounts.StateHash())
}

func word(d *xxhash.Digest, v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	_, _ = d.Write(b[:])
}

// eachOrder visits every live order: book by book, those in the market and then those that wait, bids
// before asks, in priority order.
func (c *Core) eachOrder(visit func(instrument uint32, o orderbook.RestingOrder)) {
	for i, b := range c.books[1:] {
		for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
			for o := range b.Orders(side) {
				visit(uint32(i+1), o)
			}
		}
		for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
			for o := range b.Stops(side) {
				visit(uint32(i+1), o)
			}
		}
	}
}
