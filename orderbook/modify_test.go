package orderbook

import (
	"fmt"
	"testing"
)

// TestModifyInFront modifies the best order, which may take its level along, in every state that its ladder may be in.
// That must come to what a cancel and a new order come to.
func TestModifyInFront(t *testing.T) {
	const front = 9 // the order to modify
	for _, test := range []struct {
		name  string
		setup func(enter func(id OrderID, price Price), cancel func(OrderID))
	}{
		{"alone", func(enter func(OrderID, Price), cancel func(OrderID)) { enter(front, 100) }},
		{"second known", func(enter func(OrderID, Price), cancel func(OrderID)) { enter(1, 90); enter(front, 100) }},
		{"second gone, third not known", func(enter func(OrderID, Price), cancel func(OrderID)) {
			enter(1, 80)
			enter(2, 90)
			enter(front, 100)
			cancel(2)
		}},
		{"second gone, no third", func(enter func(OrderID, Price), cancel func(OrderID)) {
			enter(1, 90)
			enter(front, 100)
			cancel(1)
		}},
		{"best in the tree", func(enter func(OrderID, Price), cancel func(OrderID)) {
			enter(1, 90)
			enter(front, 100)
			enter(2, 110)
			cancel(2)
		}},
		{"first of two at its price", func(enter func(OrderID, Price), cancel func(OrderID)) {
			enter(1, 90)
			enter(front, 100)
			enter(2, 100)
		}},
		{"the other of two has gone", func(enter func(OrderID, Price), cancel func(OrderID)) {
			enter(1, 90)
			enter(2, 100)
			enter(front, 100)
			cancel(2)
		}},
	} {
		for _, side := range []Side{Buy, Sell} {
			for _, to := range []Price{70, 79, 80, 81, 89, 90, 91, 99, 100, 101, 109, 110, 500} {
				t.Run(fmt.Sprintf("%s/%v/to=%d", test.name, side, to), func(t *testing.T) {
					price := func(p Price) Price { return p + Price(side-Buy)*(1000-2*p) }
					var hashes [2]uint64
					for i := range hashes {
						a := NewArena(20)
						defer a.Close()
						b := NewBook(a)
						mustAdd(t, b, 20, side.Opposite(), price(600), 1)
						test.setup(func(id OrderID, p Price) { mustAdd(t, b, id, side, price(p), 5) }, func(id OrderID) { b.Cancel(id) })
						if i == 0 {
							_, r := b.Modify(front, &Terms{Price: price(to), Qty: 8}, nil)
							if r.Resting != 8 || r.Reject != Accepted {
								t.Fatalf("%+v", r)
							}
						} else {
							b.Cancel(front)
							mustAdd(t, b, front, side, price(to), 8)
						}
						mustCheck(t, b)
						hashes[i] = b.StateHash()
						mustAdd(t, b, 15, side, price(to), 2) // whatever the ladder noted is used
						mustAdd(t, b, 16, side, price(to+1), 2)
						b.Cancel(front)
						mustCheck(t, b)
					}
					if hashes[0] != hashes[1] {
						t.Errorf("the state is %#x, after a cancel and a new order %#x", hashes[0], hashes[1])
					}
				})
			}
		}
	}
}
