//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// warm brings what the commands of a chunk name into the cache, all at once, if so much is live that it is
// not there (orderbook.Arena.Warm). It changes nothing.
func (c *Core) warm(in []Entry) {
	if !c.arena.Cold() {
		return
	}
	c.refs = c.refs[:0]
	for i := range in {
		cmd := &in[i].Command
		switch cmd.Kind {
		case codec.KindCancel, codec.KindModify, codec.KindReduce:
			if c.defined(cmd.Instrument) && len(c.refs) < cap(c.refs) {
				c.refs = append(c.refs, orderbook.Ref{Book: c.books[cmd.Instrument], ID: cmd.Order})
			}
		}
	}
	c.arena.Warm(c.refs)
}
