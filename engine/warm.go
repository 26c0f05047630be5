//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Warm brings what the commands of a chunk name into the cache, all at once, if there is so much of it that
// it is not there (orderbook.Arena.Warm, pretrade.Accounts.Warm). It changes nothing.
func (c *Core) Warm(in []Entry) {
	orders, positions := c.arena.Cold(), c.accounts.Cold()
	if !orders && !positions {
		return
	}
	c.refs, c.keys = c.refs[:0], c.keys[:0]
	for i := range in[:min(len(in), chunkMax)] {
		cmd := &in[i].Command
		switch {
		case !c.defined(cmd.Instrument):
		case positions && cmd.Kind == codec.KindNew:
			c.keys = append(c.keys, pretrade.Key{Client: cmd.Client, Instrument: cmd.Instrument, Member: cmd.Member})
		case orders && (cmd.Kind == codec.KindCancel || cmd.Kind == codec.KindModify || cmd.Kind == codec.KindReduce):
			c.refs = append(c.refs, orderbook.Ref{Book: c.books[cmd.Instrument], ID: cmd.Order})
		}
	}
	c.accounts.Warm(c.keys)
	c.arena.Warm(c.refs)
}
