package orderbook

// Ref names an order of a book.
type Ref struct {
	Book *Book
	ID   OrderID
	Slot Slot // Warm writes here where the order lies, and NoSlot if it is not live; with an Arena that gives the numbers, perhaps another's
}

// warmMin is the number of live orders from which Warm pays: below it they lie in the cache anyway.
const warmMin = 1 << 17

// warmMax is how many orders Warm looks at in one go.
const warmMax = 64

// Cold reports whether so much is live that Warm makes the commands behind it faster.
func (a *Arena) Cold() bool { return a.live >= warmMin }

// Warm brings the orders that the next commands name into the cache, with their neighbours and levels.
// Each command would wait for its own three trips to memory, one after the other; here the trips of up to 64
// orders run side by side. Orders that are not live do no harm. It changes nothing but the refs.
func (a *Arena) Warm(refs []Ref) {
	refs = refs[:min(len(refs), warmMax)]
	var slots [warmMax]uint32
	sum := uint32(0)
	if a.numbered {
		for i := range refs {
			if s := uint32(refs[i].ID) & numberSlotMask; s < a.freshSlot {
				slots[i] = s
				sum += a.orders[s].level
			}
		}
	} else {
		var hashes [warmMax]uint32
		for i := range refs {
			hashes[i] = hashOf(refs[i].Book.number, refs[i].ID)
			sum += uint32(a.index.now.groups[a.index.now.home(hashes[i])].tags)
		}
		for i := range refs {
			slots[i], _ = refs[i].Book.find(refs[i].ID)
		}
	}
	for i, s := range slots[:len(refs)] {
		refs[i].Slot = Slot(s)
		if o := &a.orders[s]; o.flags != 0 {
			sum += a.orders[o.next].next + a.orders[o.prev].next + a.levels[o.level].count
		}
	}
	a.warmed = sum // or the compiler would leave the loads out
}
