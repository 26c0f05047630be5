package orderbook

import (
	"math"
	"testing"
)

// mustAdd rests an order that does not trade.
func mustAdd(t *testing.T, b *Book, id OrderID, side Side, price Price, qty Qty) Slot {
	t.Helper()
	fills, r := b.Add(&Order{ID: id, Side: side, Price: price, Qty: qty}, nil)
	if len(fills) != 0 || r.Reject != Accepted || r.Resting != qty {
		t.Fatalf("order %d: %+v, want it to rest", id, r)
	}
	return r.Slot
}

func mustCheck(t *testing.T, b *Book) {
	t.Helper()
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
}

func TestArenaTakesAsManyOrdersAsPromised(t *testing.T) {
	for _, ordersMax := range []int{1, 2, 3, 31, 32, 33, 1000} {
		a := NewArena(ordersMax)
		b := NewBook(a)
		for i := range ordersMax { // a level each: the worst case
			if slot := mustAdd(t, b, OrderID(i), Buy, Price(1+i*7919), 1); slot == NoSlot || int(slot) >= a.Slots() {
				t.Fatalf("slot %d, want 1 to %d", slot, a.Slots()-1)
			}
		}
		if a.Live() != ordersMax || a.Cap() != ordersMax {
			t.Fatalf("live %d of %d, want %d", a.Live(), a.Cap(), ordersMax)
		}
		hash := b.StateHash()
		if _, r := b.Add(&Order{ID: math.MaxUint64, Side: Buy, Price: 1, Qty: 1}, nil); r != Refused(RejectBookFull) {
			t.Errorf("one more: %+v, want %v", r, RejectBookFull)
		}
		if b.StateHash() != hash {
			t.Error("I5: the refused order changed the book")
		}
		mustCheck(t, b)
		a.Close()
	}
}

func TestFullArenaIsSharedByItsBooks(t *testing.T) {
	a := NewArena(2)
	defer a.Close()
	b, other := NewBook(a), NewBook(a)
	mustAdd(t, b, 1, Buy, 100, 1)
	mustAdd(t, other, 1, Sell, 100, 1)
	if _, r := b.Add(&Order{ID: 2, Side: Sell, Price: 101, Qty: 1}, nil); r.Reject != RejectBookFull {
		t.Errorf("%+v, want %v", r, RejectBookFull)
	}
	other.Cancel(1)
	mustAdd(t, b, 2, Sell, 101, 1)
	mustCheck(t, b)
}

// An order that trades is taken by a full arena: what is left of it has the place of a maker.
func TestFullArenaTakesWhatTrades(t *testing.T) {
	a := NewArena(3)
	defer a.Close()
	b := NewBook(a)
	fills := make([]Fill, 0, 10)
	for id := range OrderID(3) {
		mustAdd(t, b, id, Sell, 100+Price(id), 10)
	}
	_, r := b.Add(&Order{ID: 7, Side: Buy, Price: 100, Qty: 5}, fills) // filled whole, takes no place
	if r != (Result{}) {
		t.Errorf("%+v, want nothing left", r)
	}
	got, r := b.Add(&Order{ID: 8, Side: Buy, Price: 100, Qty: 9}, fills)
	if len(got) != 1 || r.Resting != 4 || r.Slot == got[0].MakerSlot || a.Live() != 3 {
		t.Errorf("%+v %+v with %d live, want one fill, 4 resting in another slot (I9)", got, r, a.Live())
	}
	mustCheck(t, b)
	for _, ioc := range []Order{{Side: Sell, TIF: IOC, Price: 200, Qty: 1}, {Side: Sell, Market: true, Qty: 1}} {
		ioc.ID = 9
		if _, r := b.Add(&ioc, fills); r.Reject != Accepted {
			t.Errorf("%+v in a full arena: %+v, want it taken, it never rests", ioc, r)
		}
	}
	// A modify brings its own place.
	if _, r := b.Modify(1, &Terms{Price: 150, Qty: 20}, fills); r.Resting != 20 {
		t.Errorf("modify in a full arena: %+v", r)
	}
	mustCheck(t, b)
}

// I9, with everything free that can be: the slots of the makers of a call are not taken in it.
func TestMakerSlotsAreNotTakenInTheSameCall(t *testing.T) {
	a := NewArena(100)
	defer a.Close()
	b := NewBook(a)
	for round := range 20 {
		makers := map[Slot]OrderID{}
		for id := range OrderID(10) {
			makers[mustAdd(t, b, id, Sell, 100+Price(id)/3, 5)] = id
		}
		fills, r := b.Add(&Order{ID: 50, Side: Buy, Price: 110, Qty: 60}, make([]Fill, 0, 20))
		if len(fills) != 10 || r.Resting != 10 {
			t.Fatalf("round %d: %d fills, %+v", round, len(fills), r)
		}
		for _, f := range fills {
			if makers[f.MakerSlot] != f.Maker || f.MakerLeft != 0 {
				t.Errorf("fill %+v, maker's slot is %d's", f, makers[f.MakerSlot])
			}
		}
		if id, taken := makers[r.Slot]; taken {
			t.Errorf("the remainder rests in slot %d, that of maker %d", r.Slot, id)
		}
		b.Cancel(50)
		mustCheck(t, b)
	}
	if levels := uint32(a.nodes()) - 1 - a.freshLevel; a.freshSlot > 10+2 || levels > 5 {
		t.Errorf("%d slots and %d levels used for 10 orders at 4 prices and a remainder: they are not used again", a.freshSlot-1, levels)
	}
}

func TestSlotFreedLastIsTakenFirst(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	for id := range OrderID(5) {
		mustAdd(t, b, id, Buy, 100, 1)
	}
	second, fourth := b.Cancel(1).Slot, b.Cancel(3).Slot
	if got := mustAdd(t, b, 8, Buy, 100, 1); got != fourth {
		t.Errorf("slot %d, want %d", got, fourth)
	}
	if got := mustAdd(t, b, 9, Buy, 100, 1); got != second {
		t.Errorf("slot %d, want %d", got, second)
	}
}

// An order keeps its slot through every modify after which it rests.
func TestModifyKeepsTheSlot(t *testing.T) {
	a := NewArena(10)
	defer a.Close()
	b := NewBook(a)
	slot := mustAdd(t, b, 1, Buy, 100, 10)
	mustAdd(t, b, 2, Sell, 105, 4)
	for _, to := range []struct {
		price Price
		qty   Qty
		rests Qty
	}{{100, 5, 5}, {100, 9, 9}, {90, 9, 9}, {105, 9, 5}} {
		if _, r := b.Modify(1, &Terms{Price: to.price, Qty: to.qty}, make([]Fill, 0, 4)); r.Slot != slot || r.Resting != to.rests {
			t.Errorf("modify to %d@%d: %+v, want slot %d", to.qty, to.price, r, slot)
		}
		mustCheck(t, b)
	}
}

func TestArenaPanicsOnImpossibleSizes(t *testing.T) {
	for _, ordersMax := range []int{math.MinInt, -1, 0, ordersLimit + 1, math.MaxInt} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewArena(%d) returned", ordersMax)
				}
			}()
			NewArena(ordersMax)
		}()
	}
}

func TestClosedArenaPanics(t *testing.T) {
	a := NewArena(10)
	b := NewBook(a)
	mustAdd(t, b, 1, Buy, 100, 10)
	a.Close()
	a.Close()
	for name, use := range map[string]func(){
		"add":    func() { b.Add(&Order{ID: 2, Side: Buy, Price: 100, Qty: 1}, nil) },
		"cancel": func() { b.Cancel(1) },
		"bbo":    func() { b.BBO() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			use()
		})
	}
}
