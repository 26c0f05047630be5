package orderbook

import (
	"errors"
	"fmt"
	"math/bits"
)

// Check walks through everything the book and its arena hold, the other books of the arena too, and
// returns the first contradiction to the invariants of the package that it finds. It is slow and
// allocates; for tests.
func (b *Book) Check() error { return b.arena.check() }

// census says what each slot and branch was found to be. It believes nothing: it follows a link only once it
// has noted what it leads to, which must be in range and not noted yet. So it comes to an end and stays
// within the memory that was ever used, whatever the bytes there are.
type census struct {
	a        *Arena
	orders   []kind // by the slot of an order
	levels   []kind // by the slot of a level, from the one behind freshLevel
	branches []bool
	live     int
	usedUp   int // slots whose numbers are
}

// kind is what a slot was found to be.
type kind uint8

const (
	isUnseen kind = iota
	isOrder
	isLevel
	isFree
)

func (k kind) String() string { return [...]string{"nothing", "an order", "a level", "free"}[k] }

func (a *Arena) check() error {
	c, err := a.count()
	if err == nil && a.room != a.cap-c.usedUp {
		err = fmt.Errorf("I10: room for %d orders, with %d slots used up", a.room, c.usedUp)
	}
	if err == nil {
		err = c.numbers()
	}
	if err == nil {
		err = c.index()
	}
	if err == nil {
		err = c.pans()
	}
	if err != nil {
		return fmt.Errorf("orderbook: %w", err)
	}
	return nil
}

// count is the part of check that needs no index. The counters of the slots must be in range.
func (a *Arena) count() (*census, error) {
	c := &census{
		a: a, orders: make([]kind, a.freshSlot), levels: make([]kind, a.nodes()-1-int(a.freshLevel)), branches: make([]bool, a.freshBranch),
	}
	if a.orders[0] != (order{}) || a.branches[0].bits != 0 {
		return nil, errors.New("I8: slot 0 or branch 0 is not empty")
	}
	for _, b := range a.books {
		if err := c.book(b); err != nil {
			return nil, fmt.Errorf("book %d: %w", b.number, err)
		}
	}
	if err := c.memory(); err != nil {
		return nil, fmt.Errorf("arena: %w", err)
	}
	return c, nil
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
		if err := c.mark(b.queue, isLevel); err != nil {
			return err
		}
		if err := c.queue(b, b.queue, func(o *order) bool { return o.flags&isWaiting != 0 && o.flags&isReached != 0 }); err != nil {
			return fmt.Errorf("queue of reached orders: %w", err)
		}
	}
	if b.last < 0 {
		return fmt.Errorf("I2: the last trade was at %d", b.last)
	}
	if bid, ask := b.sides[0].front(), b.sides[1].front(); !b.collecting && bid != 0 && ask != 0 && bid >= ^ask {
		return fmt.Errorf("I3: crossed, bid %d, ask %d", priceOf(0, bid), priceOf(1, ask))
	}
	return nil
}

// mark notes what a slot is, once.
func (c *census) mark(s uint32, as kind) error {
	seen, at := c.orders, s
	if as == isLevel {
		if s <= c.a.freshLevel || int(s) >= c.a.nodes() {
			return fmt.Errorf("I8: a level in slot %d, want %d to %d", s, c.a.freshLevel+1, c.a.nodes()-1)
		}
		seen, at = c.levels, s-c.a.freshLevel-1
	} else if s == 0 || s >= c.a.freshSlot {
		return fmt.Errorf("I8: %v in slot %d, want 1 to %d", as, s, int(c.a.freshSlot)-1)
	}
	if seen[at] != isUnseen {
		return fmt.Errorf("I10: slot %d is %v and %v", s, seen[at], as)
	}
	seen[at] = as
	return nil
}

// holds reports whether there is an order in slot s.
func (c *census) holds(s uint32) bool { return int(s) < len(c.orders) && c.orders[s] == isOrder }

// ladder checks the levels of one ladder from best to worst, against the list and against the tree.
func (c *census) ladder(b *Book, l *ladder, side uint32, stops bool) error {
	var inTree []uint32
	if l.root != 0 {
		var err error
		if inTree, err = c.tree(l.root, top, nil); err != nil {
			return err
		}
	}
	if v := l.best; v != 0 && (len(inTree) == 0 || v != inTree[0]) {
		return fmt.Errorf("I7: level %d is the best, of %d in the tree another", v, len(inTree))
	}
	if err := c.best(l); err != nil {
		return err
	}
	n, above := 0, uint64(keyMarket)+1
	for v := l.best; v != 0; v = c.a.worse(l, v) {
		if n >= len(inTree) || inTree[n] != v {
			return fmt.Errorf("I7: level %d is number %d from the best of %d, which the tree has elsewhere", v, n, len(inTree))
		}
		lv := &c.a.levels[v]
		switch {
		case uint64(lv.key) >= above:
			return fmt.Errorf("I7: level %d with key %#x behind one with key %#x", v, lv.key, above)
		case lv.key == keyMarket && !stops && !b.collecting:
			return fmt.Errorf("I13: market orders rest outside an auction")
		case !priced(side, lv.key, stops):
			return fmt.Errorf("I8: level %d has key %#x, which is no price's", v, lv.key)
		}
		fits := func(o *order) bool {
			return o.of() == side && o.flags&isWaiting != 0 == stops && o.flags&isReached == 0 &&
				(stops || o.flags&isMarket != 0 == (lv.key == keyMarket))
		}
		if err := c.queue(b, v, fits); err != nil {
			return fmt.Errorf("level %d with key %#x: %w", v, lv.key, err)
		}
		n, above = n+1, uint64(lv.key)
	}
	if n != len(inTree) {
		return fmt.Errorf("I7: %d levels from the best, %d in the tree", n, len(inTree))
	}
	return c.newest(b, l, side, stops)
}

// newest checks the order of a ladder that is in no queue yet.
func (c *census) newest(b *Book, l *ladder, side uint32, stops bool) error {
	s := l.newest
	if s == 0 && l.newestKey == 0 {
		return nil
	}
	if err := c.mark(s, isOrder); err != nil {
		return err
	}
	c.live++
	switch o := &c.a.orders[s]; {
	case stops || o.flags != b.number<<bookShift|side && o.flags != b.number<<bookShift|side|isActive:
		return fmt.Errorf("I6: the newest order %d in slot %d says flags %#x", o.id, s, o.flags)
	case b.collecting:
		return fmt.Errorf("I6: order %d in slot %d is collected, and in no queue", o.id, s)
	case int(o.level) >= c.a.nodes():
		return fmt.Errorf("I8: the newest order %d in slot %d was last in level %d, want at most %d", o.id, s, o.level, c.a.nodes()-1)
	case o.qty == 0:
		return fmt.Errorf("I4: the newest order %d in slot %d rests with nothing to show", o.id, s)
	case !priced(side, l.newestKey, false) || l.newestKey == keyMarket:
		return fmt.Errorf("I8: the newest order %d in slot %d has key %#x, which is no price's", o.id, s, l.newestKey)
	}
	return nil
}

// priced reports whether a level of a side, or of its triggers, may have this key.
func priced(side, key uint32, stops bool) bool {
	if stops {
		return int32(key^(side-1)) > 0
	}
	return key == keyMarket || priceOf(side, key) > 0
}

// best checks what a ladder notes of its levels.
func (c *census) best(l *ladder) error {
	if key := c.a.levels[l.best].key; l.bestKey != key {
		return fmt.Errorf("I7: the key of the best level is said to be %#x, it is %#x", l.bestKey, key)
	}
	for i, n := range l.leaves {
		if at := c.a.branches[n].prefix; n != 0 && (at%leavesMax != uint32(i) || c.a.leaf(l, at*64) != n) {
			return fmt.Errorf("I7: branch %d is said to part the keys from %#x, which the tree has elsewhere", n, at*64)
		}
	}
	return nil
}

// placing is where a link of a tree is: child lead&63 of a branch with this shift, whose prefix is lead>>6.
type placing struct {
	branch, shift uint32
	lead          uint64
}

// top is the place of a root.
var top = placing{shift: 36}

// tree appends the levels below link n, greatest key first, to found.
func (c *census) tree(n uint32, at placing, found []uint32) ([]uint32, error) {
	if n&branchTag == 0 {
		if err := c.mark(n, isLevel); err != nil {
			return nil, err
		}
		switch lv := &c.a.levels[n]; {
		case lv.parent != at.branch:
			return nil, fmt.Errorf("I7: level %d says it hangs below branch %d, it is %d", n, lv.parent, at.branch)
		case uint64(lv.key)>>at.shift != at.lead:
			return nil, fmt.Errorf("I7: key %#x is child %d of a branch with shift %d and prefix %#x", lv.key, at.lead&63, at.shift, at.lead>>6)
		}
		return append(found, n), nil
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
	if br.shift >= at.shift || br.shift%6 != 0 || bits.OnesCount64(br.bits) < least {
		return nil, fmt.Errorf("I6: branch %d below shift %d has shift %d, children %#x", n, at.shift, br.shift, br.bits)
	}
	if uint64(br.prefix)>>(at.shift-br.shift-6) != at.lead {
		return nil, fmt.Errorf("I7: branch %d with shift %d and prefix %#x is child %d of one with shift %d and prefix %#x",
			n, br.shift, br.prefix, at.lead&63, at.shift, at.lead>>6)
	}
	for i := 63; i >= 0; i-- {
		if br.bits>>i&1 == 0 {
			continue
		}
		var err error
		if found, err = c.tree(br.child[i], placing{n, br.shift, uint64(br.prefix)<<6 | uint64(i)}, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// queue checks the orders of one level, which must all fit.
func (c *census) queue(b *Book, v uint32, fits func(*order) bool) error {
	lv := &c.a.levels[v]
	prev, count, qty := v, uint32(0), uint64(0)
	for s := lv.head; s != v; s = c.a.orders[s].next {
		if err := c.mark(s, isOrder); err != nil {
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
		if err := c.terms(s); err != nil {
			return err
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

// terms checks what the order in slot s says of itself beside its links: what no entry gives cannot go on either.
func (c *census) terms(s uint32) error {
	o := &c.a.orders[s]
	if o.flags&(tifBits|isDisclosed|isWaiting) == 0 {
		return nil // most orders
	}
	x, waits := &c.a.cold[s], o.flags&isWaiting != 0
	switch {
	case o.flags&tifBits == tifBits:
		return fmt.Errorf("I4: order %d in slot %d has no validity", o.id, s)
	case !waits && o.flags&isDisclosed != 0 && o.qty+x.hidden < o.qty:
		return fmt.Errorf("I4: order %d in slot %d shows %d and hides %d", o.id, s, o.qty, x.hidden)
	case waits && o.flags&isMarket == 0 && x.price <= 0:
		return fmt.Errorf("I14: order %d in slot %d waits with the limit %d", o.id, s, x.price)
	case waits && o.flags&isReached == 0 && c.a.levels[o.level].key != triggerKey(o.of(), x.trigger):
		return fmt.Errorf("I14: order %d in slot %d waits for %d elsewhere", o.id, s, x.trigger)
	}
	return nil
}

// numbers checks that every order is found by its number.
func (c *census) numbers() error {
	for s := range c.orders {
		if c.orders[s] != isOrder {
			continue
		}
		o := &c.a.orders[s]
		b := c.a.books[o.flags>>bookShift-1]
		if found, _ := b.find(o.id); found != uint32(s) {
			return fmt.Errorf("book %d: I6: order %d in slot %d is found in slot %d", b.number, o.id, s, found)
		}
	}
	return nil
}

// number checks what slot s holds of an order number once no order is there.
func (c *census) number(s uint32) error {
	switch o := &c.a.orders[s]; {
	case c.orders[s] == isOrder && o.flags != 0, c.orders[s] != isOrder && o.flags == 0:
	default:
		return fmt.Errorf("I10: slot %d is %v and has flags %#x", s, c.orders[s], o.flags)
	}
	if !c.a.numbered {
		return nil
	}
	if id := c.a.orders[s].id; uint32(id&numberSlotMask) != s || id < numberStep || id >= numberLimit+numberStep || id >= numberLimit != (c.orders[s] == isUnseen) {
		return fmt.Errorf("I10: slot %d is %v and has number %d", s, c.orders[s], id)
	}
	return nil
}

// memory checks that every slot and branch ever used is in use once or free once.
func (c *census) memory() error {
	a := c.a
	if c.live != a.live || a.live > a.cap {
		return fmt.Errorf("I6: %d orders rest, the arena counts %d of %d", c.live, a.live, a.cap)
	}
	for s := a.freeSlot; s != 0; s = a.orders[s].next {
		if err := c.mark(s, isFree); err != nil {
			return err
		}
	}
	for v := a.freeLevel; v != 0; v = a.levels[v].head {
		if err := c.mark(v, isLevel); err != nil {
			return err
		}
	}
	for s := uint32(1); s < a.freshSlot; s++ {
		if c.orders[s] == isUnseen {
			if !a.numbered || a.orders[s].id < numberLimit {
				return fmt.Errorf("I10: slot %d is lost", s)
			}
			c.usedUp++
		}
		if err := c.number(s); err != nil {
			return err
		}
	}
	for i, seen := range c.levels {
		if seen == isUnseen {
			return fmt.Errorf("I10: the slot %d of a level is lost", int(a.freshLevel)+1+i)
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
		if o := &c.a.orders[s]; !c.holds(s) || hashOf(o.flags>>bookShift, o.id)%youngMax != uint32(at) {
			return fmt.Errorf("index: I6: the young entry %d names slot %d", at, s)
		}
	}
	for _, t := range [...]*table{&x.now, &x.old} {
		if err := c.table(t, t == &x.old); err != nil {
			return err
		}
	}
	if n := int(x.now.live + x.old.live); n+young != c.live || n > growAt*len(x.now.groups) {
		return fmt.Errorf("index: I6: %d entries for %d orders in %d groups", n, c.live, len(x.now.groups))
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
			if !c.holds(s) {
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
