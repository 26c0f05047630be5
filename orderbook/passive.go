package orderbook

// AddPassive is Add of an order with a limit, for the day or immediate, that trades with nobody, as most do. It costs
// less, because all of it stays in registers. done says whether the order was taken. If not, nothing has changed, and
// Add says what becomes of it. It may be false of any order: it is where the free slot was never used before.
func (b *Book) AddPassive(id OrderID, side Side, tif TimeInForce, price Price, qty Qty, pan PAN) (r Result, done bool) {
	of := uint32(side) - uint32(Buy)
	if of|uint32(tif) > 1 || qty == 0 || price <= 0 || b.collecting { // a side, and Day or IOC
		return r, false
	}
	a, key := b.arena, keyOf(of, price)
	s, l := a.freeSlot, &b.sides[of&1] // the mask spares a check of bounds
	if b.meets(of&1^1, ^key) || a.live >= a.room || s == 0 {
		return r, false
	}
	orders, _ := a.slab()
	n := &orders[s]
	if a.numbered {
		if n.id != id {
			return r, false
		}
		if tif == IOC {
			if id >= numberLimit-numberStep {
				return r, false
			}
			n.id = id + numberStep // the number is used up
			return Remainder(qty, CauseRemainder), true
		}
	} else {
		hash := hashOf(b.number, id)
		x := &a.index
		if orders[x.young[hash%youngMax]].is(b.number, id) {
			return r, false
		}
		if g := &x.now.groups[x.now.home(hash)]; g.with(tagsOf(hash)) != 0 || g.past|x.old.live != 0 {
			if a.search(hash, b.number, id) != 0 {
				return r, false
			}
		}
		if tif == IOC {
			return Remainder(qty, CauseRemainder), true
		}
		at := &x.young[hash%youngMax] // Arena.enlist
		if *at != 0 {
			a.putAway(*at)
		}
		*at = s
		n.id = id // in a numbered arena it has it
	}
	a.freeSlot = n.next
	n.qty, n.pan, n.flags = qty, pan, b.number<<bookShift|of
	a.live++
	before, beforeKey := l.newest, l.newestKey
	l.newest, l.newestKey = s, key
	if before != 0 {
		a.enqueue(l, beforeKey, before)
	}
	return Result{Resting: qty, Slot: Slot(s)}, true
}
