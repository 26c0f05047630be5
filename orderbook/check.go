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
	slots    map[uint32]string
	branches []bool
	live     int
}

func (a *Arena) check() error {
	c := &census{a: a, slots: map[uint32]string{}, branches: make([]bool, a.freshBranch)}
	for _, b := range a.books {
		if err := c.book(b); err != nil {
			return fmt.Errorf("orderbook: book %d: %w", b.number, err)
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

func (c *census) book(b *Book) error {
	for side := range uint32(2) {
		if err := c.ladder(b, &b.sides[side], side, false); err != nil {
			return fmt.Errorf("side %d: %w", side, err)
		}
		if err := c.ladder(b, &b.stops[side], side, true); err != nil {
			return fmt.Errorf("triggers of side %d: %w", side, err)
		}
	}
	if b.queue != 0 {
		if err := c.mark(b.queue, "a level"); err != nil {
			return err
		}
		if err := c.queue(b, b.queue, func(o *order) bool { return o.flags&isWaiting != 0 && o.flags&isReached != 0 }); err != nil {
			return fmt.Errorf("queue of reached orders: %w", err)
		}
	}
	if bid, ask := b.BBO(); !b.collecting && bid.Orders != 0 && ask.Orders != 0 && bid.Price >= ask.Price {
		return fmt.Errorf("I3: crossed, bid %d, ask %d", bid.Price, ask.Price)
	}
	return nil
}

// mark notes what a slot is, once.
func (c *census) mark(s uint32, as string) error {
	switch {
	case as == "a level" && (s <= c.a.freshLevel || int(s) >= c.a.nodes()):
		return fmt.Errorf("I8: a level in slot %d, want %d to %d", s, c.a.freshLevel+1, c.a.nodes()-1)
	case as != "a level" && (s == 0 || s >= c.a.freshSlot):
		return fmt.Errorf("I8: %s in slot %d, want 1 to %d", as, s, c.a.freshSlot-1)
	case c.slots[s] != "":
		return fmt.Errorf("I10: slot %d is %s and %s", s, c.slots[s], as)
	}
	c.slots[s] = as
	return nil
}

// ladder checks the levels of one ladder from best to worst, against the list and against the tree.
func (c *census) ladder(b *Book, l *ladder, side uint32, stops bool) error {
	var inTree []uint32
	if l.root != 0 {
		var err error
		if inTree, err = c.tree(l.root, 0, 36, nil); err != nil {
			return err
		}
	}
	if v := l.best; l.loose {
		if err := c.mark(v, "a level"); err != nil {
			return err
		}
		inTree = append([]uint32{v}, inTree...)
	}
	if err := c.best(l, inTree); err != nil {
		return err
	}
	n := 0
	for v := l.best; v != 0; v = c.a.worse(l, v) {
		lv := &c.a.levels[v]
		switch {
		case n >= len(inTree) || inTree[n] != v:
			return fmt.Errorf("I7: level %d with key %#x is number %d from the best, the tree has %v", v, lv.key, n, inTree)
		case lv.key < keyMin:
			return fmt.Errorf("I8: level %d has key %d", v, lv.key)
		case lv.key == keyMarket && !b.collecting:
			return fmt.Errorf("I13: market orders rest outside an auction")
		}
		fits := func(o *order) bool {
			return o.of() == side && o.flags&isWaiting != 0 == stops && o.flags&isReached == 0 &&
				(stops || o.flags&isMarket != 0 == (lv.key == keyMarket))
		}
		if err := c.queue(b, v, fits); err != nil {
			return fmt.Errorf("level %d with key %#x: %w", v, lv.key, err)
		}
		n++
	}
	if n != len(inTree) {
		return fmt.Errorf("I7: %d levels from the best, %d in the tree", n, len(inTree))
	}
	return nil
}

// best checks what a ladder notes of its levels.
func (c *census) best(l *ladder, levels []uint32) error {
	if second := l.second; second != 0 && (len(levels) < 2 || second != levels[1]) {
		return fmt.Errorf("I7: the second best level is %d, all are %v", second, levels)
	}
	if key := c.a.levels[l.best].key; l.bestKey != key {
		return fmt.Errorf("I7: the key of the best level is said to be %#x, it is %#x", l.bestKey, key)
	}
	return nil
}

// tree appends the levels below link n, greatest key first, to found. parent is the branch above, 0 if
// there is none, with its shift.
func (c *census) tree(n, parent, above uint32, found []uint32) ([]uint32, error) {
	if n&branchTag == 0 {
		if got := c.a.levels[n].parent; got != parent {
			return nil, fmt.Errorf("I7: level %d says it hangs below branch %d, it is %d", n, got, parent)
		}
		return append(found, n), c.mark(n, "a level")
	}
	n &^= branchTag
	if n == 0 || n >= c.a.freshBranch || c.branches[n] {
		return nil, fmt.Errorf("I10: branch %d is out of range or in two places", n)
	}
	c.branches[n] = true
	br := &c.a.branches[n]
	least := 2
	if br.shift == 0 {
		least = 1
	}
	if br.shift >= above || br.shift%6 != 0 || bits.OnesCount64(br.bits) < least {
		return nil, fmt.Errorf("I6: branch %d below shift %d has shift %d, children %#x", n, above, br.shift, br.bits)
	}
	whole := len(found)
	for i := 63; i >= 0; i-- {
		if br.bits>>i&1 == 0 {
			continue
		}
		first := len(found)
		var err error
		if found, err = c.tree(br.child[i], n, br.shift, found); err != nil {
			return nil, err
		}
		for _, v := range found[first:] {
			if key := c.a.levels[v].key; key>>br.shift&63 != uint32(i) {
				return nil, fmt.Errorf("I7: key %#x is child %d of a branch with shift %d", key, i, br.shift)
			}
		}
	}
	for _, v := range found[whole:] {
		if key := uint64(c.a.levels[v].key); key>>br.shift>>6 != uint64(br.prefix) {
			return nil, fmt.Errorf("I7: key %#x below a branch with shift %d and prefix %#x", key, br.shift, br.prefix)
		}
	}
	return found, nil
}

// queue checks the orders of one level, which must all fit.
func (c *census) queue(b *Book, v uint32, fits func(*order) bool) error {
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
		case o.flags&(isDisclosed|isWaiting) == isDisclosed && lv.parts == 0:
			return fmt.Errorf("I4: order %d in slot %d shows a part, its level does not know", o.id, s)
		case o.qty == 0 || o.flags&isDisclosed != 0 && c.a.cold[s].part == 0:
			return fmt.Errorf("I4: order %d in slot %d rests with nothing to show", o.id, s)
		case o.flags>>bookShift != b.number || !fits(o):
			return fmt.Errorf("I6: order %d in slot %d says book %d, flags %#x", o.id, s, o.flags>>bookShift, o.flags&0xff)
		}
		if found, _ := b.find(o.id); found != s {
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
	for v := a.freeLevel; v != 0; v = a.levels[v].head {
		if err := c.mark(v, "a level"); err != nil {
			return err
		}
	}
	for s := uint32(1); s < a.freshSlot; s++ {
		if used := a.numbered && a.orders[s].id >= numberLimit; c.slots[s] == "" && !used {
			return fmt.Errorf("I10: slot %d is lost", s)
		}
	}
	for v := a.freshLevel + 1; int(v) < a.nodes(); v++ {
		if c.slots[v] == "" {
			return fmt.Errorf("I10: the slot %d of a level is lost", v)
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
	if c.a.numbered {
		return nil
	}
	x, young := &c.a.index, 0
	for at, s := range x.young {
		if s == 0 {
			continue
		}
		young++
		if o := &c.a.orders[s]; c.slots[s] != "an order" || hashOf(o.flags>>bookShift, o.id)%youngMax != uint32(at) {
			return fmt.Errorf("I6: the young entry %d names slot %d", at, s)
		}
	}
	for _, t := range [...]*table{&x.now, &x.old} {
		if err := c.table(t, t == &x.old); err != nil {
			return err
		}
	}
	if n := int(x.now.live + x.old.live); n+young != c.live || n > growAt*len(x.now.groups) {
		return fmt.Errorf("I6: %d entries for %d orders in %d groups", n, c.live, len(x.now.groups))
	}
	return nil
}

func (c *census) table(t *table, old bool) error {
	used, past := uint32(0), make([]uint32, len(t.groups))
	for i := range t.groups {
		g := &t.groups[i]
		for at, s := range g.slots {
			tag := g.tags >> (8 * at) & 0xff
			if tag == 0 {
				continue
			}
			used++
			if c.slots[s] != "an order" {
				return fmt.Errorf("I6: the entry %d of group %d names slot %d", at, i, s)
			}
			hash := hashOf(c.a.orders[s].flags>>bookShift, c.a.orders[s].id)
			if old && uint32(i) < c.a.index.cursor || tagsOf(hash)&0xff != tag {
				return fmt.Errorf("I6: the entry of slot %d is in group %d with tag %#x, the move is at %d", s, i, tag, c.a.index.cursor)
			}
			for home := t.home(hash); home != uint32(i); home = (home + 1) & t.mask {
				past[home]++
			}
		}
		if g.tags&tops == 0 && g.tags != 0 {
			return fmt.Errorf("I6: group %d has tags %#x", i, g.tags)
		}
	}
	for i := range t.groups {
		if t.groups[i].past != past[i] {
			return fmt.Errorf("I6: group %d says %d went past, counted %d", i, t.groups[i].past, past[i])
		}
	}
	if used != t.live {
		return fmt.Errorf("I6: %d entries, counted %d", used, t.live)
	}
	return nil
}
