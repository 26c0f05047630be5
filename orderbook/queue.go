package orderbook

// join puts the order in slot s at the end of the queue of level v.
func (a *Arena) join(v, s uint32) {
	lv, o := &a.levels[v], &a.orders[s]
	last := lv.tail
	o.level, o.next, o.prev = v, v, last
	a.orders[last].next = s
	lv.tail = s
	lv.qty += uint64(o.qty)
	lv.count++
}

// leave takes the order in slot s out of its queue, and its level out of the ladder if it was the
// only one there.
func (a *Arena) leave(l *ladder, s uint32) {
	o := &a.orders[s]
	v := o.level
	lv := &a.levels[v]
	if lv.count == 1 {
		a.settle(l, v)
		return
	}
	a.orders[o.prev].next = o.next
	a.orders[o.next].prev = o.prev
	lv.qty -= uint64(o.qty)
	lv.count--
}

// toBack moves the order in slot s to the end of its queue.
func (a *Arena) toBack(s uint32) {
	o := &a.orders[s]
	v := o.level
	a.orders[o.prev].next = o.next
	a.orders[o.next].prev = o.prev
	last := a.levels[v].tail
	o.next, o.prev = v, last
	a.orders[last].next = s
	a.levels[v].tail = s
}

// before puts the order in slot s, of no queue, before the one in slot at (or the level itself: at the
// end) of the queue of level v.
func (a *Arena) before(v, at, s uint32) {
	lv, o := &a.levels[v], &a.orders[s]
	prev := a.orders[at].prev
	o.level, o.next, o.prev = v, at, prev
	a.orders[prev].next = s
	a.orders[at].prev = s
	lv.qty += uint64(o.qty)
	lv.count++
}
