package workload

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// I3 and the list's promise: every live order is among the candidates once, and the list stays in
// the room it was given. Shown on a small book over a long time, so that it is weeded often.
func TestCandidatesCoverTheBook(t *testing.T) {
	d := open(t, Config{Seed: 2, Orders: 300_000, Instruments: 1, Resting: restingFloor})
	m := &d.markets[0]
	room, full := cap(m.candidates), 0
	each(t, d, func(c *codec.Command) {
		if len(m.candidates) == room {
			full++
		}
	})
	if cap(m.candidates) != room || room != 2*m.limit {
		t.Errorf("room for %d candidates, at first %d, limit %d", cap(m.candidates), room, m.limit)
	}
	if full == 0 {
		t.Error("the list was never full: the test shows nothing")
	}
	live := map[uint64]int{}
	for _, issue := range m.candidates {
		if o, ok := m.book.Lookup(m.number(issue)); ok {
			live[uint64(o.ID)]++
		}
	}
	if len(live) != m.resting || d.arena.Live() != m.resting {
		t.Errorf("%d live candidates, %d orders rest, %d counted", len(live), d.arena.Live(), m.resting)
	}
	for id, n := range live {
		if n != 1 {
			t.Errorf("order %d is a candidate %d times", id, n)
		}
	}
}
