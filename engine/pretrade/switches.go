//tezi:pure

package pretrade

import (
	"cmp"
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// switchesMax bounds the kill switches that stand at a time. They are thrown by hand or by a
// supervisor, so few stand; a member with all its clients is one.
const switchesMax = 1 << 12

// selector is what a kill switch selects: the orders that agree in each number that is not 0.
type selector struct {
	member     uint16
	client     uint32
	instrument uint32
}

func (s selector) compare(o selector) int {
	return cmp.Or(cmp.Compare(s.member, o.member), cmp.Compare(s.client, o.client), cmp.Compare(s.instrument, o.instrument))
}

// shape says which numbers select: bit 0 the member, bit 1 the client, bit 2 the instrument.
func (s selector) shape() int {
	shape := 0
	if s.member != 0 {
		shape |= 1
	}
	if s.client != 0 {
		shape |= 2
	}
	if s.instrument != 0 {
		shape |= 4
	}
	return shape
}

// masked leaves the numbers that a switch of this shape looks at.
func (s selector) masked(shape int) selector {
	if shape&1 == 0 {
		s.member = 0
	}
	if shape&2 == 0 {
		s.client = 0
	}
	if shape&4 == 0 {
		s.instrument = 0
	}
	return s
}

// switches are the kill switches that stand.
type switches struct {
	on     []selector // sorted
	shapes [8]uint16  // how many there are of each shape
}

func newSwitches() switches { return switches{on: make([]selector, 0, switchesMax)} }

// find returns where s stands or would stand.
func (w *switches) find(s selector) (int, bool) {
	return slices.BinarySearchFunc(w.on, s, selector.compare)
}

// Kill sets the kill switch for a combination, or lifts it. A number that is 0 does not select: all 0
// is the market, an instrument alone is that instrument for everybody, a client alone is that number at
// every member. The combinations stand for themselves: lifting one leaves the others. Setting one
// that stands, or lifting one that does not, changes nothing. RejectAccounts: too many stand.
//
// A switch keeps orders from entering; cancelling what rests is the caller's.
func (a *Accounts) Kill(member uint16, client, instrument uint32, on bool) orderbook.RejectReason {
	w, s := &a.switches, selector{member: member, client: client, instrument: instrument}
	i, stands := w.find(s)
	switch {
	case on == stands:
	case !on:
		w.on = slices.Delete(w.on, i, i+1)
		w.shapes[s.shape()]--
	case len(w.on) == switchesMax:
		return orderbook.RejectAccounts
	default:
		w.on = slices.Insert(w.on, i, s)
		w.shapes[s.shape()]++
	}
	return orderbook.Accepted
}

// Killed reports whether a switch stands that selects orders of the client in the instrument. While none
// stands anywhere, it costs a comparison.
func (a *Accounts) Killed(member uint16, client, instrument uint32) bool {
	return len(a.switches.on) != 0 && a.switches.selects(selector{member: member, client: client, instrument: instrument})
}

// selects looks for a switch of each shape there is.
func (w *switches) selects(s selector) bool {
	for shape, n := range w.shapes {
		if n == 0 {
			continue
		}
		if _, stands := w.find(s.masked(shape)); stands {
			return true
		}
	}
	return false
}
