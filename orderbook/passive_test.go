package orderbook

import (
	"bytes"
	"testing"
)

// TestAddPassive enters what trades with nobody, and leaves everything else to Add, with nothing changed (I5).
func TestAddPassive(t *testing.T) {
	for _, numbered := range []bool{false, true} {
		a := NewArena(4)
		if numbered {
			a.Close()
			a = NewNumberedArena(4)
		}
		defer a.Close()
		b := NewBook(a)
		number := func(id OrderID) OrderID {
			if numbered {
				return a.NextID()
			}
			return id
		}
		ask := number(1)
		if r, done := b.AddPassive(ask, Sell, Day, 100, 10, 0); done || r != (Result{}) {
			t.Fatalf("numbered %t, a slot that was never used: %+v, %t", numbered, r, done)
		}
		mustAdd(t, b, ask, Sell, 100, 10)
		gone := number(2)
		mustAdd(t, b, gone, Buy, 90, 10)
		b.Cancel(gone) // its slot is free

		before := a.AppendState(nil)
		for _, test := range []struct {
			name  string
			side  Side
			tif   TimeInForce
			price Price
			qty   Qty
			setup func()
		}{
			{"meets the other side", Buy, Day, 100, 1, nil},
			{"meets it, immediate", Buy, IOC, 101, 1, nil},
			{"no side", 0, Day, 90, 1, nil},
			{"no side", 3, Day, 90, 1, nil},
			{"nothing", Buy, Day, 90, 0, nil},
			{"no price", Buy, Day, 0, 1, nil},
			{"price below nothing", Buy, Day, -1, 1, nil},
			{"all or nothing", Buy, FOK, 90, 1, nil},
			{"until a date", Buy, GTD, 90, 1, nil},
			{"beyond the execution range", Buy, Day, 99, 1, func() { b.SetRange(1, 98) }},
			{"in an auction", Buy, Day, 90, 1, func() { b.SetRange(0, 0); b.setCollecting(true) }},
		} {
			if test.setup != nil {
				test.setup()
			}
			if r, done := b.AddPassive(number(3), test.side, test.tif, test.price, test.qty, 0); done || r != (Result{}) {
				t.Errorf("numbered %t, %s: %+v, %t", numbered, test.name, r, done)
			}
			b.SetRange(0, 0)
			b.setCollecting(false)
			if !bytes.Equal(a.AppendState(nil), before) {
				t.Fatalf("numbered %t, %s: the book has changed", numbered, test.name)
			}
		}
		if r, done := b.AddPassive(ask, Buy, Day, 90, 1, 0); done || r != (Result{}) || !bytes.Equal(a.AppendState(nil), before) {
			t.Errorf("numbered %t, the number of a live order: %+v, %t", numbered, r, done)
		}

		if r, done := b.AddPassive(number(4), Buy, IOC, 99, 7, 0); !done || r != Remainder(7, CauseRemainder) {
			t.Errorf("numbered %t, immediate: %+v, %t", numbered, r, done)
		}
		id := number(5)
		r, done := b.AddPassive(id, Buy, Day, 99, 7, 42)
		o, live := b.Lookup(id)
		want := RestingOrder{ID: id, Side: Buy, Price: 99, Qty: 7, Shown: 7, PAN: 42, Slot: r.Slot}
		if !done || r.Resting != 7 || !live || o != want {
			t.Errorf("numbered %t: %+v, %t; rests as %+v, want %+v", numbered, r, done, o, want)
		}
		for i := range 2 {
			mustAdd(t, b, number(OrderID(6+i)), Buy, 98, 1)
		}
		before = a.AppendState(nil)
		if r, done := b.AddPassive(number(9), Buy, Day, 97, 1, 0); done || r != (Result{}) || !bytes.Equal(a.AppendState(nil), before) {
			t.Errorf("numbered %t, a full arena: %+v, %t", numbered, r, done)
		}
		mustCheck(t, b)
	}
}
