//tezi:pure

package engine

import (
	"unsafe"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/internal/prefetch"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Warm looks ahead over the chunk of commands that Apply gets next: it brings what they name into the cache, all at
// once (orderbook.Arena.Warm, pretrade.Accounts.Warm), and notes whose positions they seem to be about. It changes
// nothing, and what it notes is not believed: another command than it has seen may come.
func (c *Core) Warm(in []Entry) {
	in = in[:min(len(in), chunkMax)]
	if len(in) == 1 && !c.arena.Cold() { // it has no trips to run side by side, and Apply goes the same ones
		c.guesses[0], c.guessed = 0, c.last+1
		return
	}
	for i := range in {
		c.keys[i] = keyOf(&in[i].Command)
	}
	c.warmPositions(len(in))
	if !c.arena.Cold() {
		return
	}
	c.refs = c.refs[:0]
	for i := range in {
		c.refer(&in[i].Command)
	}
	c.warmOrders()
}

// WarmLogged is Warm for commands that have a number already, and returns over how many of them it has looked.
func (c *Core) WarmLogged(in []codec.Command) int {
	in = in[:min(len(in), chunkMax)]
	for i := range in {
		c.keys[i] = keyOf(&in[i])
	}
	c.warmPositions(len(in))
	if !c.arena.Cold() {
		return len(in)
	}
	c.refs = c.refs[:0]
	for i := range in {
		c.refer(&in[i])
	}
	c.warmOrders()
	return len(in)
}

// keyOf is the position that a command about an order seems to be about: that of the sender. A cancel and a modify change
// what is reserved there too. Of any other command it may be anything.
func keyOf(cmd *codec.Command) pretrade.Key {
	return pretrade.Key{Client: cmd.Client, Instrument: cmd.Instrument, Member: cmd.Member}
}

// warmPositions looks for the positions of the next n commands, which c.keys names.
func (c *Core) warmPositions(n int) {
	c.accounts.Warm(c.keys[:n], c.guesses[:n])
	c.guessed = c.last + 1
}

// guess is the position that Warm takes that of a command to be, or any other.
func (c *Core) guess(cmd *codec.Command) pretrade.Position {
	return c.guesses[(cmd.Seq-c.guessed)%chunkMax]
}

// refer notes the order that a command is to change, or where it brings a new one.
func (c *Core) refer(cmd *codec.Command) {
	switch cmd.Kind {
	case codec.KindNew, codec.KindCancel, codec.KindModify, codec.KindReduce:
		if c.defined(cmd.Instrument) {
			c.refs = append(c.refs, orderbook.Ref{Book: c.books[cmd.Instrument], ID: cmd.Order, Price: cmd.Price, Side: cmd.Side})
		}
	}
}

// warmOrders looks for the orders of c.refs, and for whose they are.
func (c *Core) warmOrders() {
	c.arena.Warm(c.refs)
	n := min(len(c.refs), prefetch.Max)
	var slots [prefetch.Max]uint32
	for i := range c.refs[:n] {
		slots[i] = uint32(c.refs[i].Slot)
	}
	prefetch.Rows(unsafe.Pointer(&c.owners[0]), ownerShift, &slots, n)
}

// ownerShift is the size of an owner as a shift.
const ownerShift = 4

var _ [1 << ownerShift]byte = [unsafe.Sizeof(owner{})]byte{}
