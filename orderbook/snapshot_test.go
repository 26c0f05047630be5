package orderbook

import (
	"errors"
	"testing"
)

// saved returns a snapshot of an arena with something of everything in it.
func saved(t *testing.T) []byte {
	a := NewArena(50)
	defer a.Close()
	b, auction := NewBook(a), NewBook(a)
	auction.OpenAuction()
	fills := make([]Fill, 0, 10)
	for id := range OrderID(20) {
		b.Add(&Order{ID: id, Side: Buy + Side(id%2), Price: 100 + Price(id%2)*5 + Price(id/4), Qty: 10, Disclosed: Qty(id % 4)}, fills)
		auction.Add(&Order{ID: id, Side: Buy + Side(id%2), Price: 100, Qty: 10, PAN: PAN(id)}, fills)
	}
	b.Add(&Order{ID: 30, Side: Buy, Price: 300, Trigger: 200, Qty: 1}, fills)
	b.Cancel(3)
	b.SetRange(50, 150)
	return a.AppendState(nil)
}

// A snapshot of which any byte has changed, or that is cut or too long, is refused.
func TestDamagedSnapshotIsRefused(t *testing.T) {
	snapshot := saved(t)
	a, books, err := RestoreArena(snapshot)
	if err != nil || len(books) != 2 {
		t.Fatalf("%d books, %v", len(books), err)
	}
	if err := a.check(); err != nil {
		t.Error(err)
	}
	a.Close()
	refused := func(what string, damaged []byte) {
		t.Helper()
		if a, _, err := RestoreArena(damaged); !errors.Is(err, ErrSnapshot) || a != nil {
			t.Errorf("%s: %v, want %v", what, err, ErrSnapshot)
		}
	}
	for i := range snapshot {
		snapshot[i] ^= 0x10
		refused("a changed byte", snapshot)
		snapshot[i] ^= 0x10
	}
	for n := range len(snapshot) {
		refused("a cut", snapshot[:n])
	}
	refused("one byte more", append(snapshot, 0))
}

// A restored arena gives the same snapshot again.
func TestSnapshotOfARestoredArena(t *testing.T) {
	snapshot := saved(t)
	a, _, err := RestoreArena(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if again := a.AppendState(nil); string(again) != string(snapshot) {
		t.Error("the snapshots differ")
	}
}

// A snapshot and a hash leave no trace: of two arenas that took the same commands the bytes are the same, whoever has looked at
// one of them on the way. Filing the newest orders for a look, they once were not.
func TestSnapshotLeavesNoTrace(t *testing.T) {
	var bytes [2]string
	for looks := range bytes {
		a := NewArena(50)
		b := NewBook(a)
		for id := range OrderID(3) {
			b.Add(&Order{ID: id, Side: Buy, Price: 100 - Price(id), Qty: 10}, nil)
			if looks == 1 {
				a.AppendState(nil)
				b.StateHash()
			}
		}
		b.Cancel(2)
		bytes[looks] = string(a.AppendState(nil))
		if err := a.check(); err != nil {
			t.Error(err)
		}
		a.Close()
	}
	if bytes[0] != bytes[1] {
		t.Error("the snapshots differ")
	}
}
