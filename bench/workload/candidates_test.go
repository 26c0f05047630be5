package workload

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// I7: every live order is among the candidates once, and the list stays in the room it was given. Shown on
// a small book over a long time, so that it is weeded often.
func TestCandidatesCoverTheBook(t *testing.T) {
	d := open(t, Config{Seed: 2, Orders: 300_000, Instruments: 1, Resting: restingFloor})
	m := &d.markets[0]
	room, full, looked := cap(m.candidates), 0, 0
	each(t, d, func(c *codec.Command) {
		if len(m.candidates) == room {
			full++
		}
		if m.made%10_000 != 0 {
			return
		}
		looked++
		live := map[orderbook.OrderID]int{}
		for _, issue := range m.candidates {
			if o, ok := m.book.Lookup(m.number(issue)); ok {
				live[o.ID]++
			}
		}
		if len(live) != m.resting || d.core.LiveOrders() != m.resting {
			t.Fatalf("%d live candidates, %d orders live, %d counted", len(live), d.core.LiveOrders(), m.resting)
		}
		for id, n := range live {
			if n != 1 {
				t.Fatalf("order %d is a candidate %d times", id, n)
			}
		}
	})
	if cap(m.candidates) != room || room != 2*m.limit {
		t.Errorf("room for %d candidates, at first %d, limit %d", cap(m.candidates), room, m.limit)
	}
	if full == 0 || looked < 20 {
		t.Errorf("the list was full %d times and looked at %d times: the test shows nothing", full, looked)
	}
}
