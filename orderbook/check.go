package orderbook

import (
	"fmt"
	"math/bits"
)

// Check walks through everything the book and its arena hold, the other books of the arena too, and
// returns the first contradiction to the invariants of the package that it finds. It is slow and
// allocates; for tests.
func (b *Book) Check() error { return b.arena.check() }

// census says what each slot and branch was found to be.
type census struct {
	a        *Arena
	slots    []string
	branches []bool
	live     int
}

func (a *Arena) check() error {
	c := &census{a: a, slots: make([]string, a.freshSlot), branches: make([]bool, a.freshBranch)}
	for _, b := range a.books {
		for _, side := range [...]Side{Buy, Sell} {
			if err := c.side(b, side); err != nil {
				return fmt.Errorf("orderbook: book %d, %v: %w", b.number, side, err)
			}
		}
		if bid, ask := b.BBO(); bid.Price != 0 && ask.Price != 0 && bid.Price >= ask.Price {
			return fmt.Errorf("orderbook: book %d: I3: crossed, bid %d, ask %d", b.number, bid.Price, ask.Price)
		}
	}
	if err := c.memory(); err != nil {
		return fmt.Errorf("orderbook: arena: %w", err)
	}
	if err := c.index(); err != nil {
		return fmt.Errorf("orderbook: index: %w", err)
	}
	return nil
}

// mark notes what a slot is, once.
func (c *census) mark(s uint32, as string) error {
	switch {
	case s == 0 || s >= c.a.freshSlot:
		return fmt.Errorf("I8: %s in slot %d, want 1 to %d", as, s, c.a.freshSlot-1)
	case c.slots[s] != "":
		return fmt.Errorf("I10: slot %d is %s and %s", s, c.slots[s], as)
	}
	c.slots[s] = as
	return nil
}

// side checks the levels of one side from best to worst, against the list and against the tree.
func (c *census) side(b *Book, side Side) error {
	l := b.side(side)
	var inTree []uint32
	if l.root != 0 {
		var err error
		if inTree, err = c.tree(l.root, 36, nil); err != nil {
			return err
		}
	}
	better, n := uint32(0), 0
	for v := l.best; v != 0; v = c.a.levels[v].worse {
		lv := &c.a.levels[v]
		switch {
		case n >= len(inTree) || inTree[n] != v:
			return fmt.Errorf("I7: level %d at price %d is number %d of the list, the tree has %v", v, l.price(lv.key), n, inTree)
		case lv.better != better:
			return fmt.Errorf("I7: level %d says the next better is %d, it is %d", v, lv.better, better)
		case lv.key < keyMin:
			return fmt.Errorf("I8: level %d has key %d", v, lv.key)
		}
		if err := c.queue(b, side, v); err != nil {
			return fmt.Errorf("level %d at price %d: %w", v, l.price(lv.key), err)
		}
		better = v
		n++
	}
	if n != len(inTree) {
		return fmt.Errorf("I7: %d levels in the list, %d in the tree", n, len(inTree))
	}
	return nil
}

// tree appends the levels below link n, greatest key first, to found. parent is the shift of the branch
// above.
func (c *census) tree(n, parent uint32, found []uint32) ([]uint32, error) {
	if n&branchTag == 0 {
		return append(found, n), c.mark(n, "a level")
	}
	n &^= branchTag
	if n == 0 || n >= c.a.freshBranch || c.branches[n] {
		return nil, fmt.Errorf("I10: branch %d is out of range or in two places", n)
	}
	c.branches[n] = true
	br := &c.a.branches[n]
	if br.shift >= parent || br.shift%6 != 0 || bits.OnesCount64(br.bits) < 2 {
		return nil, fmt.Errorf("I6: branch %d below shift %d has shift %d, children %#x", n, parent, br.shift, br.bits)
	}
	whole := len(found)
	for i := 63; i >= 0; i-- {
		if br.bits>>i&1 == 0 {
			continue
		}
		first := len(found)
		var err error
		if found, err = c.tree(br.child[i], br.shift, found); err != nil {
			return nil, err
		}
		for _, v := range found[first:] {
			if key := c.a.levels[v].key; key>>br.shift&63 != uint32(i) {
				return nil, fmt.Errorf("I7: key %#x is child %d of a branch with shift %d", key, i, br.shift)
			}
		}
	}
	for _, v := range found[whole:] {
		if key, other := c.a.levels[v].key, c.a.levels[found[whole]].key; uint64(key^other)>>(br.shift+6) != 0 {
			return nil, fmt.Errorf("I7: keys %#x and %#x below one branch with shift %d", key, other, br.shift)
		}
	}
	return found, nil
}

// queue checks the orders of one level.
func (c *census) queue(b *Book, side Side, v uint32) error {
	lv := &c.a.levels[v]
	prev, count, qty := v, uint32(0), uint64(0)
	for s := lv.head; s != v; s = c.a.orders[s].next {
		if err := c.mark(s, "an order"); err != nil {
			return err
		}
		o := &c.a.orders[s]
		switch {
		case o.prev != prev || o.level != v:
			return fmt.Errorf("I6: order %d in slot %d: previous %d, want %d; level %d", o.id, s, o.prev, prev, o.level)
		case o.qty == 0:
			return fmt.Errorf("I4: order %d in slot %d rests with nothing left", o.id, s)
		case o.book != b.number || o.side != side:
			return fmt.Errorf("I6: order %d in slot %d says book %d, %v", o.id, s, o.book, o.side)
		}
		if found := c.a.find(tagOf(b.number, o.id), b.number, o.id); found != s {
			return fmt.Errorf("I6: order %d in slot %d is found in slot %d", o.id, s, found)
		}
		prev = s
		count++
		qty += uint64(o.qty)
	}
	if lv.tail != prev || count == 0 || lv.count != count || lv.qty != qty {
		return fmt.Errorf("I4: last %d, %d orders, quantity %d; counted %d, %d, %d", lv.tail, lv.count, lv.qty, prev, count, qty)
	}
	c.live += int(count)
	return nil
}

// memory checks that every slot and branch ever used is in use once or free once.
func (c *census) memory() error {
	a := c.a
	if c.live != a.live || a.live > a.cap {
		return fmt.Errorf("I6: %d orders rest, the arena counts %d of %d", c.live, a.live, a.cap)
	}
	for s := a.freeSlot; s != 0; s = a.orders[s].next {
		if err := c.mark(s, "free"); err != nil {
			return err
		}
	}
	for s, as := range c.slots[1:] {
		if as == "" {
			return fmt.Errorf("I10: slot %d is lost", s+1)
		}
	}
	for n := a.freeBranch; n != 0; n = a.branches[n].child[0] {
		if n >= a.freshBranch || c.branches[n] {
			return fmt.Errorf("I10: branch %d is free and out of range, in use or free twice", n)
		}
		c.branches[n] = true
	}
	for n, seen := range c.branches[1:] {
		if !seen {
			return fmt.Errorf("I10: branch %d is lost", n+1)
		}
	}
	return nil
}

// index checks the tables of the index by themselves; that they find every order was seen before.
func (c *census) index() error {
	x := &c.a.index
	for _, t := range [...]*table{&x.now, &x.old} {
		used := uint32(0)
		for i, e := range t.entries {
			if e == 0 {
				continue
			}
			used++
			if s := e.slot(); s >= c.a.freshSlot || c.slots[s] != "an order" {
				return fmt.Errorf("I6: the entry at %d names slot %d", i, s)
			}
			if t == &x.old && uint32(i) < x.cursor {
				return fmt.Errorf("I6: an entry at %d was left behind the move at %d", i, x.cursor)
			}
		}
		if used != t.live {
			return fmt.Errorf("I6: %d entries, counted %d", used, t.live)
		}
	}
	if n := int(x.now.live + x.old.live); n != c.live || n > len(x.now.entries)/2 {
		return fmt.Errorf("I6: %d entries for %d orders in %d slots", n, c.live, len(x.now.entries))
	}
	return nil
}
