package orderbook

// AddPassive is Add of an order with a limit, for the day or immediate, that trades with nobody, as most do. It costs
// less, because all of it stays in registers. done says whether the order was taken. If not, nothing has changed, and
// Add says what becomes of it.
func (b *Book) AddPassive(id OrderID, side Side, tif TimeInForce, price Price, qty Qty, pan PAN) (r Result, done bool) {
	of := uint32(side) - uint32(Buy)
	if of > 1 || tif > IOC || qty == 0 || price <= 0 || b.collecting {
		return r, false
	}
	a := b.arena
	if b.meets(of^1, keyOf(of^1, price)) || a.live >= a.room {
		return r, false
	}
	var (
		orders = a.orders
		hash   uint32
		s      uint32
		n      *order
	)
	if a.numbered {
		if s = a.freeSlot; s == 0 {
			if id != a.NextID() {
				return r, false
			}
			s = a.freshen()
		}
		if n = &orders[s]; n.id != id {
			return r, false
		}
		if tif == IOC {
			a.spend(id)
			return Remainder(qty, CauseRemainder), true
		}
		a.freeSlot = n.next
	} else {
		hash = hashOf(b.number, id)
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
		s = a.take()
		n = &orders[s]
		n.id = id
	}
	n.qty, n.pan, n.flags = qty, pan, b.number<<bookShift|of
	if l, key := &b.sides[of], keyOf(of, price); key > l.bestKey && !l.loose {
		v := a.takeLevel() // most orders improve the market; this is Arena.enqueue without the calls
		a.levels[v].begin(key, s, qty)
		n.alone(v)
		l.improve(key, v)
	} else {
		a.enqueue(l, key, s)
	}
	if !a.numbered {
		at := &a.index.young[hash%youngMax] // Arena.enlist
		if *at != 0 {
			a.putAway(*at)
		}
		*at = s
	}
	a.live++
	return Result{Resting: qty, Slot: Slot(s)}, true
}
