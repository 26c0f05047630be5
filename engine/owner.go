//tezi:pure

package engine

import (
	"unsafe"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/orderbook"
)

// owner is who stands behind an order, and what is reserved for it. The books know orders only; the
// core keeps owners beside them, by slot. Four fill a cache line.
//
// It has four fields, because the compiler keeps no larger struct in registers: what is written in parts and read as
// a whole a moment later costs 5 ns.
type owner struct {
	client   uint32
	position pretrade.Position
	reserved orderbook.Price // for each share that is left
	sender
}

// sender is who sent an order, and what it does. Its last byte is always 0.
type sender struct {
	member uint16
	side   orderbook.Side
}

const ownerSize = 16

var _ [ownerSize]byte = [unsafe.Sizeof(owner{})]byte{}

// worth is what is reserved for so many of the order's shares.
func (o owner) worth(qty orderbook.Qty) int64 { return int64(o.reserved) * int64(qty) }

// speaks reports whether the command may come from the order's owner. Captures that name nobody are
// not checked.
func (o owner) speaks(cmd *codec.Command) bool {
	return o.member == cmd.Member && o.client == cmd.Client || cmd.Member == 0 && cmd.Client == 0
}

// release gives back what is reserved for qty shares of the order in slot, which leave without a trade.
func (c *Core) release(slot orderbook.Slot, qty orderbook.Qty) {
	o := &c.owners[slot]
	c.accounts.Release(o.position, o.side, o.worth(qty))
}
