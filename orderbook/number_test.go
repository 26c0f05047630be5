package orderbook

import "testing"

// addNext enters an order with the number that the arena gives.
func addNext(t *testing.T, a *Arena, b *Book, tif TimeInForce) OrderID {
	t.Helper()
	id := a.NextID()
	if _, r := b.Add(&Order{ID: id, Side: Buy, TIF: tif, Price: 100, Qty: 1}, nil); r.Reject != Accepted {
		t.Fatalf("order %d: %+v", id, r)
	}
	return id
}

// A number is given once, whether its order rests, is cancelled at once, or is refused and tried again.
func TestNumbersAreNeverGivenTwice(t *testing.T) {
	a := NewNumberedArena(10)
	defer a.Close()
	b := NewBook(a)
	given := map[OrderID]bool{}
	for i := range 1000 {
		id := addNext(t, a, b, TimeInForce(i%3%2)) // every third IOC
		if given[id] || id >= numberLimit {
			t.Fatalf("number %d is given again, or is too large", id)
		}
		given[id] = true
		if i%3 != 1 && i%5 != 0 || a.Live() == a.Cap() {
			for old := range given {
				b.Cancel(old)
			}
		}
		if _, r := b.Add(&Order{ID: a.NextID(), Side: Buy, Price: 100}, nil); r.Reject != RejectQuantity {
			t.Fatalf("%+v, want it refused", r)
		}
	}
	mustCheck(t, b)
}

// Old numbers, numbers to come and numbers of another book find nothing.
func TestStaleNumbersFindNothing(t *testing.T) {
	a := NewNumberedArena(10)
	defer a.Close()
	b, other := NewBook(a), NewBook(a)
	id := addNext(t, a, b, Day)
	for _, wrong := range []OrderID{0, id & numberSlotMask, id - numberStep, id + numberStep, a.NextID(), 1 << 63, ^OrderID(0)} {
		if r := b.Cancel(wrong); r.Reject != RejectUnknownOrder {
			t.Errorf("cancel of %d: %+v, want %v", wrong, r, RejectUnknownOrder)
		}
		if wrong == a.NextID() {
			continue
		}
		if _, r := b.Add(&Order{ID: wrong, Side: Buy, Price: 1, Qty: 1}, nil); r.Reject != RejectDuplicateOrder {
			t.Errorf("entry with number %d: %+v, want %v", wrong, r, RejectDuplicateOrder)
		}
	}
	if r := other.Cancel(id); r.Reject != RejectUnknownOrder {
		t.Errorf("cancel in another book: %+v", r)
	}
	b.Cancel(id)
	if r := b.Cancel(id); r.Reject != RejectUnknownOrder {
		t.Errorf("second cancel: %+v", r)
	}
}

// A slot whose generations are used up is left alone.
func TestUsedUpSlotIsNotTakenAgain(t *testing.T) {
	a := NewNumberedArena(3)
	defer a.Close()
	b := NewBook(a)
	id := addNext(t, a, b, Day)
	b.Cancel(id)
	slot := uint32(id & numberSlotMask)
	a.orders[slot].id = numberLimit - numberStep | OrderID(slot) // its last number
	last := addNext(t, a, b, Day)
	if last != numberLimit-numberStep|OrderID(slot) {
		t.Fatalf("number %d, want the last of slot %d", last, slot)
	}
	b.Cancel(last)
	if next := addNext(t, a, b, Day); uint32(next&numberSlotMask) == slot {
		t.Errorf("number %d is of slot %d again", next, slot)
	}
	addNext(t, a, b, Day) // one slot less, one order less
	if _, r := b.Add(&Order{ID: a.NextID(), Side: Buy, Price: 1, Qty: 1}, nil); r.Reject != RejectBookFull {
		t.Errorf("%+v, want %v", r, RejectBookFull)
	}
	restored, _, err := RestoreArena(a.AppendState(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if restored.room != a.room || restored.room != 2 {
		t.Errorf("room for %d orders, restored for %d, want 2", a.room, restored.room)
	}
	mustCheck(t, b)
}

// With a full book the one slot that is left passes immediate orders on, until its numbers are used up as well: then
// every entry is refused, and goes again when an order has gone.
func TestLastSlotUsedUp(t *testing.T) {
	a := NewNumberedArena(2)
	defer a.Close()
	b := NewBook(a)
	first := addNext(t, a, b, Day)
	addNext(t, a, b, Day)
	addNext(t, a, b, IOC)
	a.orders[a.freeSlot].id = numberLimit - numberStep | OrderID(a.freeSlot) // its last number
	addNext(t, a, b, IOC)
	mustCheck(t, b)
	for _, o := range []Order{
		{Side: Buy, Price: 100, Qty: 1},
		{Side: Buy, Price: 100, Qty: 1, TIF: IOC},
		{Side: Sell, Price: 100, Qty: 1}, // it would trade
		{Side: Sell, Market: true, Qty: 1, TIF: IOC},
	} {
		o.ID = a.NextID()
		if _, r := b.Add(&o, make([]Fill, 0, 4)); r.Reject != RejectBookFull {
			t.Errorf("%+v: %+v, want %v", o, r, RejectBookFull)
		}
	}
	mustCheck(t, b)
	b.Cancel(first)
	addNext(t, a, b, IOC)
	mustCheck(t, b)
}
