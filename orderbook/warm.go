package orderbook

import (
	"unsafe"

	"github.com/tezi-exchange/tezi/internal/prefetch"
)

// Ref names what a command is about, as far as it says: an order, a price, or both.
type Ref struct {
	Book  *Book
	ID    OrderID // of the order that it changes; 0: none
	Price Price   // where an order is to rest or to trade, with its side; 0: nowhere
	Side  Side
	Slot  Slot // Warm writes here where the order seems to be; NoSlot or another's if it is not live
}

// warmMin is the number of live orders from which Warm pays: below it they lie in the cache anyway.
const warmMin = 1 << 17

// Cold reports whether so much is live that Warm makes the commands behind it faster.
func (a *Arena) Cold() bool { return a.live >= warmMin }

// Warm brings what the next commands are about into the cache: the orders that they name, with their neighbours and
// levels, and at the prices the orders that a new one would trade with or stand behind. Each command would wait for its
// own trips to memory, one after the other; here those of up to 64 commands run side by side. Orders that are not live
// and prices where nobody is do no harm. It changes nothing but the refs.
func (a *Arena) Warm(refs []Ref) {
	refs = refs[:min(len(refs), prefetch.Max)]
	a.warmIndex(refs)
	var slots, places [prefetch.Max]uint32 // of the refs that name an order; which refs name a price
	orders, prices := 0, 0
	for i := range refs { // all are written, and those that do not count are written over: no branch to guess
		slots[orders%prefetch.Max], places[prices%prefetch.Max] = uint32(refs[i].Slot), uint32(i)
		orders += some(uint32(refs[i].Slot))
		prices += some(uint32(refs[i].Price))
	}
	a.warmNodes(&slots, orders)
	var leaves [prefetch.Max]uint32
	a.warmLeaves(refs, places[:prices], &leaves)
	a.warmQueues(&slots, orders)
	a.warmPlaces(refs, places[:prices], &leaves)
}

// some returns 0 for 0, and 1 for all else.
func some(n uint32) int { return int((n | -n) >> 31) }

// warmNodes asks for orders or levels by their slots.
func (a *Arena) warmNodes(slots *[prefetch.Max]uint32, n int) {
	prefetch.Rows(unsafe.Pointer(a.orders), nodeShift, slots, n)
}

// warmIndex writes to refs where the orders that they name seem to be, NoSlot if they have no number. It believes the first
// tag in the group that a number belongs to: a wrong slot costs a line, a look would cost a trip.
func (a *Arena) warmIndex(refs []Ref) {
	if a.numbered {
		for i := range refs {
			s := uint32(refs[i].ID) & numberSlotMask
			if s >= a.freshSlot {
				s = 0
			}
			refs[i].Slot = Slot(s)
		}
		return
	}
	x := &a.index
	var hashes, rows [prefetch.Max]uint32
	for i := range refs {
		hashes[i] = hashOf(refs[i].Book.number, refs[i].ID)
		rows[i] = x.now.home(hashes[i])
	}
	prefetch.Rows(unsafe.Pointer(unsafe.SliceData(x.now.groups)), groupShift, &rows, len(refs))
	for i := range refs {
		g := &x.now.groups[rows[i]]
		set := g.with(tagsOf(hashes[i]))
		young := -uint32(^(set | -set) >> 63) // all ones if no tag fits
		refs[i].Slot = Slot(x.young[hashes[i]%youngMax]&young | g.slots[place(set)&7]&^young)
	}
}

// warmQueues asks for the levels of the orders in slots, and for their neighbours.
func (a *Arena) warmQueues(slots *[prefetch.Max]uint32, n int) {
	var level, next, prev [prefetch.Max]uint32
	for i, s := range slots[:n] {
		o := &a.orders[s]
		level[i], next[i], prev[i] = o.level, o.next, o.prev
	}
	a.warmNodes(&level, n)
	a.warmNodes(&next, n)
	a.warmNodes(&prev, n)
}

// place returns the side and the key of where an order is to rest, as far as r says.
func (r *Ref) place() (of, key uint32) {
	of = uint32(r.Side-Buy) & 1
	return of, keyOf(of, r.Price)
}

// warmLeaves asks for the branches where the prices of refs[places[i]] seem to hang, and writes to leaves which they are.
func (a *Arena) warmLeaves(refs []Ref, places []uint32, leaves *[prefetch.Max]uint32) {
	var heads, children [prefetch.Max]uint32
	for i, at := range places {
		of, key := refs[at].place()
		n := refs[at].Book.sides[of].leaves[key/64%leavesMax]
		leaves[i] = n
		heads[i] = n * branchPieces
		children[i] = n*branchPieces + 1 + key%64/4
	}
	prefetch.Rows(unsafe.Pointer(a.branches), branchShift, &heads, len(places))
	prefetch.Rows(unsafe.Pointer(a.branches), branchShift, &children, len(places))
}

// warmPlaces asks for the levels where orders would rest, with the order at their end, or for the best level of the
// other side if they would trade.
func (a *Arena) warmPlaces(refs []Ref, places []uint32, leaves *[prefetch.Max]uint32) {
	var levels, tails [prefetch.Max]uint32
	for i, at := range places {
		of, key := refs[at].place()
		br := &a.branches[leaves[i]]
		v := br.child[key%64] & -uint32(br.bits>>(key%64)&1)
		other := &refs[at].Book.sides[of^1]
		rests := -uint32((uint64(other.bestKey) - uint64(^key)) >> 63) // all ones, or 0 if it trades: no branch to guess
		levels[i] = v&rests | other.best&^rests
	}
	a.warmNodes(&levels, len(places))
	for i, v := range levels[:len(places)] {
		tails[i] = a.levels[v].tail
	}
	a.warmNodes(&tails, len(places))
}

// The sizes of what is asked for as shifts. A branch has no power of two: it is asked for by its pieces, a head and
// then four children each.
const (
	nodeShift    = 5
	groupShift   = 6
	branchShift  = 4
	branchPieces = branchSize >> branchShift
)

var (
	_ [1 << nodeShift]byte              = [nodeSize]byte{}
	_ [1 << groupShift]byte             = [groupSize]byte{}
	_ [branchPieces << branchShift]byte = [branchSize]byte{}
	_ [1 << branchShift]byte            = [unsafe.Offsetof(branch{}.child)]byte{}
)
