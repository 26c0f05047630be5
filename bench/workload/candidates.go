package workload

import "github.com/tezi-exchange/tezi/orderbook"

// latest is how many of the last candidates count as new.
const latest = 32

// remember notes an order that lives now as a candidate for cancels and modifies. When the list is
// full those that are gone are weeded out of it first; at most m.limit orders live, half of
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
}

// pick returns a live order to cancel or to modify. At least one must be live. (I7: every live order is
// a candidate.)
//
// If the fair price has moved through the touch, half of the time it is the first order there: its
// owner would rather not be traded with. Otherwise it is a random one, mostly of the latest: quotes
// near the touch live for moments, the rest of the book for hours. Orders that are gone and met on the
// way are dropped from the candidates.
func (m *market) pick() orderbook.RestingOrder {
	u := m.random.next()
	if side := m.stale(); side.Valid() && u&1 == 0 {
		for o := range m.book.Orders(side) {
			return o
		}
	}
	for ; ; u = m.random.next() {
		among := len(m.candidates)
		if u&6 != 0 {
			among = min(among, latest)
		}
		at := len(m.candidates) - 1 - int(scale(uint32(u>>32), uint32(among)))
		if o, live := m.book.Lookup(m.number(m.candidates[at])); live {
			return o
		}
		m.forget(at)
	}
}

// pickTries is how often a random order may turn out to stand still before the market looks no further.
const pickTries = 16

// pickFree returns a live order that may be changed: in an auction that takes limit orders only, market
// orders may not. ok is false if it has met none.
func (m *market) pickFree() (o orderbook.RestingOrder, ok bool) {
	for range pickTries {
		if o = m.pick(); !o.Market || o.Trigger > 0 || !m.limitOnly() {
			return o, true
		}
	}
	return o, false
}

// forget drops the candidate at a place.
func (m *market) forget(at int) {
	last := len(m.candidates) - 1
	m.candidates[at] = m.candidates[last]
	m.candidates = m.candidates[:last]
}
