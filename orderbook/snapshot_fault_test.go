package orderbook

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"
)

// faulty is what a fault is put into: a book with three bids at 100 and one each at 101, the best, at 99 and at 90; an
// ask in parts; two stop-loss orders that wait and two that were reached; and a second book that collects, with a
// market order. Slots of orders and levels and branches are free.
type faulty struct {
	a              *Arena
	b, auction     *Book
	bid, stop, ask *ladder
}

func newFaulty(t *testing.T, numbered bool) *faulty {
	a := NewArena(40)
	if numbered {
		a.Close()
		a = NewNumberedArena(40)
	}
	f := &faulty{a: a, b: NewBook(a), auction: NewBook(a)}
	id := OrderID(10)
	add := func(b *Book, o Order) OrderID {
		t.Helper()
		id++
		if o.ID = id; numbered {
			o.ID = a.NextID()
		}
		if o.Qty == 0 {
			o.Qty = 10
		}
		if _, r := b.Add(&o, make([]Fill, 0, 4)); r.Reject != Accepted {
			t.Fatalf("%+v", r)
		}
		return o.ID
	}
	for _, price := range []Price{100, 100, 99, 100, 90, 101} {
		add(f.b, Order{Side: Buy, Price: price})
	}
	gone := []OrderID{add(f.b, Order{Side: Buy, Price: 102}), add(f.b, Order{Side: Buy, Price: 5000}), add(f.b, Order{Side: Buy, Price: 1 << 20})}
	f.b.SetLastPrice(105)
	for trigger := range Price(4) {
		add(f.b, Order{Side: Buy, Price: 9000, Trigger: 6000 + trigger})
	}
	f.b.reachPrice(6001)
	add(f.b, Order{Side: Sell, Price: 1 << 21, Qty: 20, Disclosed: 5})
	f.auction.OpenAuction()
	add(f.auction, Order{Side: Buy, Market: true, PAN: 3})
	add(f.auction, Order{Side: Buy, Price: 50, PAN: 3})
	for _, id := range gone {
		f.b.Cancel(id)
	}
	f.bid, f.ask, f.stop = &f.b.sides[0], &f.b.sides[1], &f.b.stops[0]
	mustCheck(t, f.b)
	return f
}

// order returns the nth order of a level, from 0.
func (f *faulty) order(v uint32, n int) *order {
	s := f.a.levels[v].head
	for range n {
		s = f.a.orders[s].next
	}
	return &f.a.orders[s]
}

func (f *faulty) best() *level          { return &f.a.levels[f.bid.best] }
func (f *faulty) deep() *level          { return &f.a.levels[f.at(100)] }
func (f *faulty) at(price Price) uint32 { return f.a.levelAt(f.bid, keyOf(0, price)) }
func (f *faulty) first() *order         { return f.order(f.at(100), 0) }
func (f *faulty) second() *order        { return f.order(f.at(100), 1) }
func (f *faulty) waiting() *cold        { return &f.a.cold[f.a.levels[f.stop.best].head] }
func (f *faulty) part() *cold           { return &f.a.cold[f.a.levels[f.ask.best].head] }
func (f *faulty) root() *branch         { return &f.a.branches[f.bid.root&^branchTag] }
func (f *faulty) child(set uint32)      { f.root().child[100>>f.root().shift&63] = set }
func (f *faulty) free() *order          { return &f.a.orders[f.a.freeSlot] }

const wild = 1<<31 - 9 // a slot that is far out of range, and not a branch

// A snapshot that somebody has made up, with a right checksum, is refused: whatever is wrong in it, nothing follows
// its links. want is what is found.
func TestMadeUpSnapshotIsRefused(t *testing.T) {
	for _, fault := range []struct {
		name, want string
		inject     func(f *faulty)
	}{
		{"next order", "I8: an order in slot", func(f *faulty) { f.first().next = wild }},
		{"next order is itself", "I10", func(f *faulty) { f.second().next = f.first().next }},
		{"next order is never used", "I8", func(f *faulty) { f.first().next = f.a.freshSlot }},
		{"next order is of another level", "I10", func(f *faulty) { f.first().next = f.best().head }},
		{"next order is free", "I6", func(f *faulty) { f.first().next = f.a.freeSlot }},
		{"previous order", "I6", func(f *faulty) { f.first().prev = wild }},
		{"level of an order", "I6", func(f *faulty) { f.first().level = wild }},
		{"book of an order", "I6", func(f *faulty) { f.first().flags |= 1 << 31 }},
		{"no book of an order", "I6", func(f *faulty) { f.first().flags = 0 }},
		{"validity of an order", "I4", func(f *faulty) { f.first().flags |= tifBits }},
		{"nothing left of an order", "I4", func(f *faulty) { f.first().qty = 0 }},
		{"sum of a level", "I4", func(f *faulty) { f.first().qty++ }},
		{"hidden quantity beyond all numbers", "I4", func(f *faulty) { f.part().hidden = 1<<32 - 1 }},
		{"parts of nothing", "I4", func(f *faulty) { f.part().part = 0 }},
		{"limit of a waiting order", "I14", func(f *faulty) { f.waiting().price = 0 }},
		{"trigger of a waiting order", "I14", func(f *faulty) { f.waiting().trigger++ }},
		{"first of a level", "I8", func(f *faulty) { f.deep().head = wild }},
		{"first of a level is the level", "I4", func(f *faulty) { f.deep().head = f.at(100) }},
		{"first of a level is slot 0", "I8", func(f *faulty) { f.deep().head = 0 }},
		{"last of a level", "I4", func(f *faulty) { f.deep().tail = wild }},
		{"count of a level", "I4", func(f *faulty) { f.deep().count++ }},
		{"parent of a level", "I7", func(f *faulty) { f.deep().parent = wild }},
		{"key of a level", "I7", func(f *faulty) { f.deep().key = 77 }},
		{"parts of a level", "I4", func(f *faulty) { f.a.levels[f.ask.best].parts = 0 }},
		{"market level outside an auction", "I13", func(f *faulty) { f.auction.collecting = false }},
		{"root is a level out of range", "I8: a level in slot", func(f *faulty) { f.bid.root = wild }},
		{"root is a branch out of range", "I10", func(f *faulty) { f.bid.root = branchTag | wild }},
		{"root is branch 0", "I10", func(f *faulty) { f.bid.root = branchTag }},
		{"root is missing", "I7", func(f *faulty) { f.bid.root = 0 }},
		{"child is a level out of range", "I8", func(f *faulty) { f.child(wild) }},
		{"child is an order", "I8", func(f *faulty) { f.child(f.best().head) }},
		{"child is a branch out of range", "I10", func(f *faulty) { f.child(branchTag | wild) }},
		{"child is its parent", "I10", func(f *faulty) { f.child(f.bid.root) }},
		{"child that is not there", "I8", func(f *faulty) { f.root().bits |= 1; f.root().child[0] = wild }},
		{"shift of a branch", "I6", func(f *faulty) { f.root().shift = 1 << 31 }},
		{"prefix of a branch", "I7", func(f *faulty) { f.root().prefix++ }},
		{"branch without children", "I6", func(f *faulty) { f.root().bits = 0 }},
		{"branch 0 with children", "I8", func(f *faulty) { f.a.branches[0].bits = 1 }},
		{"slot 0 is an order", "I8", func(f *faulty) { f.a.orders[0].flags = 1 << bookShift }},
		{"best level", "I8: the best level", func(f *faulty) { f.bid.best = wild }},
		{"best level without a tree", "I8: the best level", func(f *faulty) { f.auction.stops[1].best = wild }},
		{"best level is not the best", "I7", func(f *faulty) { f.bid.best = f.at(99) }},
		{"no best level", "I7", func(f *faulty) { f.bid.best = 0 }},
		{"best level behind the tree", "I7", func(f *faulty) { f.best().key = 95 }},
		{"best level with a key of the tree", "I7", func(f *faulty) { f.best().key = 100 }},
		{"key that is no price", "I8", func(f *faulty) { f.a.levels[f.ask.best].key = 5 }},
		{"newest order", "I8: an order in slot", func(f *faulty) { f.bid.newest, f.bid.newestKey = wild, keyOf(0, 90) }},
		{"newest order is in a queue", "I10", func(f *faulty) { f.bid.newest, f.bid.newestKey = f.best().head, keyOf(0, 90) }},
		{"newest order is none", "I8", func(f *faulty) { f.bid.newest, f.bid.newestKey = 0, keyOf(0, 90) }},
		{"queue", "I8", func(f *faulty) { f.b.queue = wild }},
		{"queue is a level of the market", "I10", func(f *faulty) { f.b.queue = f.at(100) }},
		{"queue is missing", "I6", func(f *faulty) { f.b.queue = 0 }},
		{"order in the queue", "I8", func(f *faulty) { f.a.levels[f.b.queue].head = wild }},
		{"first free slot", "I8", func(f *faulty) { f.a.freeSlot = wild }},
		{"next free slot", "I8", func(f *faulty) { f.free().next = wild }},
		{"free slots in a circle", "I10", func(f *faulty) { f.free().next = f.a.freeSlot }},
		{"free slot in use", "I10", func(f *faulty) { f.a.freeSlot = f.best().head }},
		{"free slot says it is in use", "I10", func(f *faulty) { f.free().flags = 1 << bookShift }},
		{"free slot lost", "I10", func(f *faulty) { f.a.freeSlot = 0 }},
		{"first free level", "I8", func(f *faulty) { f.a.freeLevel = wild }},
		{"next free level", "I8", func(f *faulty) { f.a.levels[f.a.freeLevel].head = wild }},
		{"free levels in a circle", "I10", func(f *faulty) { f.a.levels[f.a.freeLevel].head = f.a.freeLevel }},
		{"free level lost", "I10", func(f *faulty) { f.a.freeLevel = 0 }},
		{"first free branch", "I10", func(f *faulty) { f.a.freeBranch = wild }},
		{"next free branch", "I10", func(f *faulty) { f.a.branches[f.a.freeBranch].child[0] = wild }},
		{"free branches in a circle", "I10", func(f *faulty) { f.a.branches[f.a.freeBranch].child[0] = f.a.freeBranch }},
		{"free branch lost", "I10", func(f *faulty) { f.a.freeBranch = 0 }},
		{"last price below 0", "I2", func(f *faulty) { f.b.last = -1 }},
		{"live orders", "I6", func(f *faulty) { f.a.live = -1 }},
		{"two orders with one number", "", func(f *faulty) { f.second().id = f.first().id }},
	} {
		t.Run(strings.ReplaceAll(fault.name, " ", "_"), func(t *testing.T) {
			for _, numbered := range []bool{false, true} {
				f := newFaulty(t, numbered)
				fault.inject(f)
				a, _, err := RestoreArena(f.a.AppendState(nil))
				if !errors.Is(err, ErrSnapshot) || a != nil || !strings.Contains(err.Error(), fault.want) {
					t.Errorf("numbered %v: %v, want %v: %s", numbered, err, ErrSnapshot, fault.want)
				}
				f.a.Close()
			}
		})
	}
}

// The counters of a header are looked at before anything is done by them.
func TestMadeUpHeaderIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    int
		words []uint32
	}{
		{"flags", 8, []uint32{2, 3, 1<<32 - 1}},
		{"flags, the upper half", 12, []uint32{1, 1<<32 - 1}},
		{"reserved", 72, []uint32{1, 1<<32 - 1}},
		{"reserved, the upper half", 76, []uint32{1, 1<<32 - 1}},
		{"flags of a book", snapshotHeader + 4*14, []uint32{4, 7, 1<<32 - 1}},
		{"orders", 16, []uint32{0, 41, 1, 1<<30 - 8, 1<<30 - 7, 1<<32 - 1}},
		{"orders, the upper half", 20, []uint32{1, 1<<32 - 1}},
		{"live", 24, []uint32{0, 1<<32 - 1}},
		{"books", 40, []uint32{0, 1, 3, 1 << 24, 1<<32 - 1}},
		{"books, the upper half", 44, []uint32{1, 1<<32 - 1}},
		{"free slot", 48, []uint32{0, 1<<32 - 1}},
		{"fresh slot", 52, []uint32{0, 1, 43, 1<<32 - 1}},
		{"free level", 56, []uint32{0, 1<<32 - 1}},
		{"fresh level", 60, []uint32{0, 40, 83, 84, 1<<32 - 1}},
		{"free branch", 64, []uint32{0, 1<<32 - 1}},
		{"fresh branch", 68, []uint32{0, 1, 85, 1<<32 - 1}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			for _, numbered := range []bool{false, true} {
				f := newFaulty(t, numbered)
				good := f.a.AppendState(nil)
				f.a.Close()
				for _, word := range c.words {
					made := append([]byte(nil), good...)
					binary.LittleEndian.PutUint32(made[c.at:], word)
					binary.LittleEndian.PutUint32(made[len(made)-4:], crc32.Checksum(made[:len(made)-4], castagnoli))
					if a, _, err := RestoreArena(made); !errors.Is(err, ErrSnapshot) || a != nil {
						t.Errorf("%d: %v, want %v", word, err, ErrSnapshot)
					}
				}
			}
		})
	}
}
