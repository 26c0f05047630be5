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
	m.a.orders[s] = order{id: id, book: 1}
	m.a.index.insert(tagOf(1, id), s)
	m.slots[id] = s
	m.bounds()
}

func (m *indexModel) remove(id OrderID) {
	s := m.slots[id]
	m.a.index.remove(tagOf(1, id), s)
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
	size := len(x.now.entries)
	if live > size/2 {
		m.t.Fatalf("%d entries in %d slots: more than half full", live, size)
	}
	if size > 1<<indexBitsMin && live < size/16 {
		m.t.Fatalf("%d entries in %d slots: does not follow the live orders", live, size)
	}
}

// all looks every order up, and some that are not there.
func (m *indexModel) all() {
	m.t.Helper()
	for id, want := range m.slots {
		if got := m.a.find(tagOf(1, id), 1, id); got != want {
			m.t.Fatalf("order %d found in slot %d, want %d", id, got, want)
		}
		if got := m.a.find(tagOf(2, id), 2, id); got != 0 {
			m.t.Fatalf("order %d of another book found in slot %d", id, got)
		}
		if _, live := m.slots[id+1<<40]; !live && m.a.find(tagOf(1, id+1<<40), 1, id+1<<40) != 0 {
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
		if size := len(m.a.index.now.entries); size != 1<<indexBitsMin {
			t.Errorf("%d slots for no orders", size)
		}
	}
	for i, region := range m.a.index.regions {
		for j, e := range region {
			if e != 0 {
				t.Fatalf("region %d is left with entry %#x at %d", i, e, j)
			}
		}
	}
}

// The change of table is spread: no insertion or removal moves more than its share, and a change is over
// before the next is due. The steps are counted by the cursor and by the entries that leave.
func TestIndexMovesAFewEntriesAtATime(t *testing.T) {
	const n, stepsMax = 10_000, 32
	m := newIndexModel(t, n)
	moving := 0
	step := func(do func()) {
		x := &m.a.index
		cursor, left, entries := x.cursor, x.old.live, len(x.old.entries)
		do()
		if left == 0 {
			return
		}
		moving++
		if len(x.old.entries) != entries && x.old.live != 0 {
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

// Entries with one home, at the end of the table: probing and shifting go round the end.
func TestIndexWrapsAround(t *testing.T) {
	a := NewArena(100)
	defer a.Close()
	table := &a.index.now
	last := ^uint32(0)
	insert := func(slot, tag uint32, id OrderID) {
		a.orders[slot] = order{id: id, book: 1}
		a.index.insert(tag, slot)
	}
	for slot := uint32(1); slot <= 4; slot++ {
		insert(slot, last-slot, OrderID(slot)) // all at home in the last slot
	}
	insert(5, 0, 5) // at home in the first, which is taken
	find := func(slot, tag uint32) uint32 { return a.find(tag, 1, OrderID(slot)) }
	for _, gone := range []uint32{2, 1, 4} {
		a.index.remove(last-gone, gone)
		if find(gone, last-gone) != 0 {
			t.Errorf("slot %d is found after its removal", gone)
		}
		if find(3, last-3) != 3 || find(5, 0) != 5 {
			t.Errorf("after the removal of slot %d: slots %d and %d, want 3 and 5", gone, find(3, last-3), find(5, 0))
		}
	}
	if table.entries[63].slot() != 3 || table.entries[0].slot() != 5 {
		t.Errorf("slots %d and %d at the borders, want 3 and 5 at home", table.entries[63].slot(), table.entries[0].slot())
	}
}

// Two orders with one tag are told apart by what the slab says.
func TestIndexTellsEqualTagsApart(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	const tag = 12345
	for slot := uint32(1); slot <= 3; slot++ {
		a.orders[slot] = order{id: OrderID(slot), book: slot % 2}
		a.index.insert(tag, slot)
	}
	a.index.remove(tag, 2)
	if a.find(tag, 1, 1) != 1 || a.find(tag, 0, 2) != 0 || a.find(tag, 1, 3) != 3 || a.find(tag, 0, 3) != 0 {
		t.Error("entries with one tag are mixed up")
	}
}

// The hash must not pile up what order numbers look like in practice.
func TestIndexSpreadsPatterns(t *testing.T) {
	const n, size = 1 << 14, 1 << 15
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
			table := table{entries: make([]entry, size), mask: size - 1, shift: 32 - 15}
			for i := range uint64(n) {
				book, id := pattern(i)
				table.insert(newEntry(tagOf(book, id), uint32(i)+1))
			}
			distance := 0
			for i, e := range table.entries {
				if e != 0 {
					distance += (i - int(table.home(e.tag())) + size) % size
				}
			}
			// Half full and random: half a step on average.
			if mean := float64(distance) / n; mean > 0.7 {
				t.Errorf("an entry lies %.2f slots from home on average, want about 0.5", mean)
			}
		})
	}
}
