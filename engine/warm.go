//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Warm looks ahead over the chunk of commands that Apply gets next: it brings what they name into the cache, all at
// once (orderbook.Arena.Warm, pretrade.Accounts.Warm), and notes whose positions they seem to be about. It changes
// nothing, and what it notes is not believed: another command than it has seen may come.
func (c *Core) Warm(in []Entry) {
	in = in[:min(len(in), chunkMax)]
	for i := range in {
		cmd := &in[i].Command
		only := uint32(0) // no branch: entries and cancels come as they like
		if cmd.Kind == codec.KindNew {
			only = ^only
		}
		k := &c.keys[i]
		k.Client, k.Instrument, k.Member = cmd.Client&only, cmd.Instrument&only, cmd.Member&uint16(only)
	}
	c.accounts.Warm(c.keys[:len(in)], c.guesses[:len(in)])
	c.guessed = c.last + 1
	if c.arena.Cold() {
		c.warmOrders(in)
	}
}

// guess is the position that Warm takes that of a command to be, or any other.
func (c *Core) guess(cmd *codec.Command) pretrade.Position {
	return c.guesses[(cmd.Seq-c.guessed)%chunkMax]
}

// warmOrders is Warm for the orders that are to change.
func (c *Core) warmOrders(in []Entry) {
	c.refs = c.refs[:0]
	for i := range in {
		switch cmd := &in[i].Command; cmd.Kind {
		case codec.KindCancel, codec.KindModify, codec.KindReduce:
			if c.defined(cmd.Instrument) {
				c.refs = append(c.refs, orderbook.Ref{Book: c.books[cmd.Instrument], ID: cmd.Order})
			}
		}
	}
	c.arena.Warm(c.refs)
}
