//tezi:pure

package engine

import (
	"iter"

	"github.com/tezi-exchange/tezi/orderbook"
)

// idsMax is how many numbers are gathered at a time.
const idsMax = 256

// collect gathers the numbers of up to idsMax unwanted orders into c.ids and reports whether there are
// any: a book must not be changed while its orders are read.
func (c *Core) collect(orders iter.Seq[orderbook.RestingOrder], unwanted func(orderbook.RestingOrder) bool) bool {
	c.ids = c.ids[:0]
	for o := range orders {
		if unwanted(o) {
			c.ids = append(c.ids, o.ID)
			if len(c.ids) == cap(c.ids) {
				break
			}
		}
	}
	return len(c.ids) > 0
}
