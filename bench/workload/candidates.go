package workload

import "github.com/tezi-exchange/tezi/orderbook"

// latest is how many of the last candidates count as new.
const latest = 32

// remember notes an order that rests now as a candidate for cancels and modifies. When the list is
// full the filled orders are weeded out of it first; the book holds at most m.limit orders, half of
// the capacity, so that happens once in m.limit entries at most.
func (m *market) remember(issue uint32) {
	if len(m.candidates) == cap(m.candidates) {
		kept := m.candidates[:0]
		for _, c := range m.candidates {
			if _, live := m.book.Lookup(m.number(c)); live {
				kept = append(kept, c)
			}
		}
		m.candidates = kept
	}
	m.candidates = append(m.candidates, issue)
	m.resting++
}

// pick returns a live order to cancel or to modify, and its place among the candidates. At least one
// order must be live.
//
// If the fair price has moved through the touch, half of the time it is the first order there: its
// owner would rather not be traded with. Otherwise it is a random one, mostly of the latest: quotes
// near the touch live for moments, the rest of the book for hours. Filled orders met on the way are
// dropped from the candidates.
func (m *market) pick() (o orderbook.RestingOrder, at int) {
	u := m.random.next()
	if side := m.stale(); side.Valid() && u&1 == 0 {
		for o := range m.book.Orders(side) {
			return o, nowhere
		}
	}
	for ; ; u = m.random.next() {
		among := len(m.candidates)
		if u&6 != 0 {
			among = min(among, latest)
		}
		at := len(m.candidates) - 1 - int(scale(uint32(u>>32), uint32(among)))
		id := m.number(m.candidates[at])
		if o, live := m.book.Lookup(id); live {
			return o, at
		}
		m.forget(at)
	}
}

// nowhere is the place of an order that was not picked from the candidates. It stays among them until
// it is picked and found gone.
const nowhere = -1

// forget drops the candidate at a place.
func (m *market) forget(at int) {
	last := len(m.candidates) - 1
	if at != nowhere {
		m.candidates[at] = m.candidates[last]
		m.candidates = m.candidates[:last]
	}
}
