package orderbook

import (
	"maps"
	"slices"
	"testing"
)

// indexModel drives the index of an arena beside a map. The orders are nowhere but in the slab and in
// the index.
type indexModel struct {
	t     *testing.T
	a     *Arena
	slots map[OrderID]uint32
}

func newIndexModel(t *testing.T, ordersMax int) *indexModel {
	m := &indexModel{t: t, a: NewArena(ordersMax), slots: map[OrderID]uint32{}}
	t.Cleanup(m.a.Close)
	return m
}

func (m *indexModel) insert(id OrderID) {
	s := m.a.take()
	m.a.orders[s] = order{id: id, flags: 1 << bookShift}
	m.a.enlistOld(hashOf(1, id), s)
	m.slots[id] = s
	m.bounds()
}

func (m *indexModel) remove(id OrderID) {
	s := m.slots[id]
	m.a.delistOld(hashOf(1, id), s)
	m.a.give(s)
	delete(m.slots, id)
	m.bounds()
}

// bounds checks what the cost of a probe and of the memory depends on.
func (m *indexModel) bounds() {
	m.t.Helper()
	x := &m.a.index
	live := int(x.now.live + x.old.live)
	if live != len(m.slots) {
		m.t.Fatalf("%d entries, want %d", live, len(m.slots))
	}
	size := len(x.now.groups)
	if live > growAt*size {
		m.t.Fatalf("%d entries in %d groups: too full", live, size)
	}
	if size > 1<<indexBitsMin && live < size/2 {
		m.t.Fatalf("%d entries in %d groups: does not follow the live orders", live, size)
	}
}

// all looks every order up, and some that are not there.
func (m *indexModel) all() {
	m.t.Helper()
	for id, want := range m.slots {
		if got := m.a.find(hashOf(1, id), 1, id); got != want {
			m.t.Fatalf("order %d found in slot %d, want %d", id, got, want)
		}
		if got := m.a.find(hashOf(2, id), 2, id); got != 0 {
			m.t.Fatalf("order %d of another book found in slot %d", id, got)
		}
		if _, live := m.slots[id+1<<40]; !live && m.a.find(hashOf(1, id+1<<40), 1, id+1<<40) != 0 {
			m.t.Fatalf("order %d found, it is not live", id+1<<40)
		}
	}
}

func TestIndexGrowsAndShrinksByAndBy(t *testing.T) {
	const n = 20_000
	m := newIndexModel(t, n)
	for cycle := range OrderID(2) {
		for id := range OrderID(n) {
			m.insert(cycle<<32 + id*id)
			if id%997 == 0 {
				m.all()
			}
		}
		ids := slices.Sorted(maps.Keys(m.slots))
		for i, id := range ids {
			m.remove(ids[(i*7919)%n])
			if id%991 == 0 {
				m.all()
			}
		}
		if size := len(m.a.index.now.groups); size != 1<<indexBitsMin {
			t.Errorf("%d groups for no orders", size)
		}
	}
	for i, region := range m.a.index.regions {
		for j, g := range region {
			if g.tags != 0 || g.past != 0 {
				t.Fatalf("region %d is left with group %+v at %d", i, g, j)
			}
		}
	}
}

// The change of table is spread: no insertion or removal moves more than its share, and a change is over
// before the next is due. The steps are counted by the cursor and by the entries that leave.
func TestIndexMovesAFewEntriesAtATime(t *testing.T) {
	const n, stepsMax = 10_000, indexSteps * (1 + groupSlots)
	m := newIndexModel(t, n)
	moving := 0
	step := func(do func()) {
		x := &m.a.index
		cursor, left, entries := x.cursor, x.old.live, len(x.old.groups)
		do()
		if left == 0 {
			return
		}
		moving++
		if len(x.old.groups) != entries && x.old.live != 0 {
			t.Fatal("a change of table began before the last was over")
		}
		if steps := int(x.cursor-cursor) + int(left-x.old.live); steps > stepsMax {
			t.Fatalf("%d steps in one command, want at most %d", steps, stepsMax)
		}
	}
	for id := range OrderID(n) {
		step(func() { m.insert(id) })
	}
	for id := range OrderID(n) {
		step(func() { m.remove(id) })
	}
	if moving == 0 {
		t.Error("no change of table seen")
	}
}

// Orders come and go, some at once and some late, so that young ones and old ones take turns in every place.
func TestYoungOrders(t *testing.T) {
	a := NewArena(4 * youngMax)
	defer a.Close()
	b := NewBook(a)
	random, live := stepper(1), []OrderID(nil)
	for i := range OrderID(20_000) {
		id := i*0x9e3779b97f4a7c15 + 1
		mustAdd(t, b, id, Buy, 1+Price(random.next()%100), 1)
		live = append(live, id)
		for random.next()%2 == 0 && len(live) > 0 || len(live) == a.Cap() {
			at := int(random.next()) % len(live)
			if random.next()%2 == 0 {
				at = len(live) - 1
			}
			if r := b.Cancel(live[at]); r.Reject != Accepted {
				t.Fatalf("order %d is not found: %v", live[at], r.Reject)
			}
			if r := b.Cancel(live[at]); r.Reject != RejectUnknownOrder {
				t.Fatalf("order %d is cancelled twice", live[at])
			}
			live = append(live[:at], live[at+1:]...)
		}
		if i%1000 == 0 {
			mustCheck(t, b)
		}
	}
	if a.index.now.live+a.index.old.live == 0 {
		t.Error("no order grew old")
	}
}

// More entries with one home, the last group, than it has room for: the others lie behind the end.
func TestIndexWrapsAround(t *testing.T) {
	a := NewArena(100)
	defer a.Close()
	const n, hash = 20, ^uint32(0)
	find := func(slot uint32) uint32 { return a.find(hash, 1, OrderID(slot)) }
	for slot := uint32(1); slot <= n; slot++ {
		a.orders[slot] = order{id: OrderID(slot), flags: 1 << bookShift}
		a.index.now.insert(hash, slot)
	}
	groups := a.index.now.groups
	if last := len(groups) - 1; groups[last].past != 12 || groups[0].past != 4 || groups[1].past != 0 {
		t.Errorf("%d, %d and %d went past, want 12, 4, 0", groups[last].past, groups[0].past, groups[1].past)
	}
	for slot := uint32(1); slot <= n; slot++ {
		if find(slot) != slot {
			t.Errorf("slot %d is not found", slot)
		}
		a.index.now.remove(hash, slot)
		if find(slot) != 0 {
			t.Errorf("slot %d is found after its removal", slot)
		}
	}
	for i, g := range groups {
		if g.tags != 0 || g.past != 0 {
			t.Errorf("group %d is left with %+v", i, g)
		}
	}
}

// Orders with one hash are told apart by what the slab says.
func TestIndexTellsEqualHashesApart(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	const hash = 12345
	for slot := uint32(1); slot <= 3; slot++ {
		a.orders[slot] = order{id: OrderID(slot), flags: (1 + slot%2) << bookShift}
		a.enlistOld(hash, slot)
	}
	a.delistOld(hash, 2)
	if a.find(hash, 2, 1) != 1 || a.find(hash, 1, 2) != 2 && a.find(hash, 1, 2) != 0 || a.find(hash, 2, 3) != 3 || a.find(hash, 1, 3) != 0 {
		t.Error("entries with one hash are mixed up")
	}
}

// TestTagsAreComparedAtOnce holds the arithmetic on eight tags to a plain comparison of each: every place
// that has the tag is found, and the first found has it.
func TestTagsAreComparedAtOnce(t *testing.T) {
	random := stepper(1)
	for range 100_000 {
		g := group{tags: (uint64(random.next())<<32 | uint64(random.next())) & 0x8383838383838383}
		tags := tagsOf(random.next() & 3)
		set := g.with(tags)
		for at := range 8 {
			if has := g.tags>>(8*at)&0xff == tags&0xff; has && set>>(8*at)&0x80 == 0 {
				t.Fatalf("tags %#x with %#x: %#x misses place %d", g.tags, tags, set, at)
			}
		}
		if set != 0 && g.tags>>(8*place(set))&0xff != tags&0xff {
			t.Fatalf("tags %#x with %#x: %#x begins with another", g.tags, tags, set)
		}
	}
}

// The hash must not pile up what order numbers look like in practice.
func TestIndexSpreadsPatterns(t *testing.T) {
	const n, size = 1 << 14, 1 << 12
	patterns := map[string]func(i uint64) (book uint32, id OrderID){
		"dense":             func(i uint64) (uint32, OrderID) { return 1, OrderID(i) },
		"NSE stream prefix": func(i uint64) (uint32, OrderID) { return 1, OrderID(1_100_000_000_000_000*(1+i%4) + i/4) },
		"steps of 2^20":     func(i uint64) (uint32, OrderID) { return 1, OrderID(i << 20) },
		"steps of 10^6":     func(i uint64) (uint32, OrderID) { return 1, OrderID(i * 1_000_000) },
		"high bits":         func(i uint64) (uint32, OrderID) { return 1, OrderID(i << 50) },
		"same in all books": func(i uint64) (uint32, OrderID) { return uint32(i), 42 },
		"dense in books":    func(i uint64) (uint32, OrderID) { return uint32(i % 256), OrderID(i / 256) },
	}
	for name, pattern := range patterns {
		t.Run(name, func(t *testing.T) {
			table := table{groups: make([]group, size), mask: size - 1, shift: 32 - 12}
			for i := range uint64(n) {
				book, id := pattern(i)
				table.insert(hashOf(book, id), uint32(i)+1)
			}
			past := uint32(0)
			for i := range table.groups {
				past += table.groups[i].past
			}
			// Four entries a group and random: one of 45 finds its group full.
			if share := float64(past) / n; share > 0.04 {
				t.Errorf("%.3f of the entries go past a group, want about 0.02", share)
			}
		})
	}
}
