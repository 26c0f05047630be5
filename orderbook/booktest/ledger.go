package booktest

import (
	"fmt"

	"github.com/tezi-exchange/tezi/orderbook"
)

// ledger is the account of one book: what it should hold, by what its commands answered and nothing else.
type ledger struct {
	orders map[orderbook.OrderID]held
	slots  map[orderbook.Slot]orderbook.OrderID
	last   orderbook.Price
}

type held struct {
	slot  orderbook.Slot
	qty   orderbook.Qty
	waits bool
}

// newLedger opens the account of a book with what it holds.
func newLedger(b Book) ledger {
	l := ledger{orders: map[orderbook.OrderID]held{}, slots: map[orderbook.Slot]orderbook.OrderID{}, last: b.LastPrice()}
	for _, side := range sides {
		for o := range b.Orders(side) {
			l.put(o.ID, held{o.Slot, o.Qty, false})
		}
		for o := range b.Stops(side) {
			l.put(o.ID, held{o.Slot, o.Qty, true})
		}
	}
	return l
}

func (l *ledger) put(id orderbook.OrderID, h held) {
	l.orders[id] = h
	l.slots[h.slot] = id
}

// left notes what is left of an order.
func (l *ledger) left(id orderbook.OrderID, h held, left orderbook.Qty) {
	if left == 0 {
		delete(l.orders, id)
		delete(l.slots, h.slot)
		return
	}
	h.qty = left
	l.orders[id] = h
}

// entered books a command that may trade: order id enters, or is modified, with quantity qty.
func (l *ledger) entered(id orderbook.OrderID, qty orderbook.Qty, fills []orderbook.Fill, r orderbook.Result, waits bool) error {
	sum := uint64(r.Resting) + uint64(r.Cancelled)
	for i := range fills {
		f := &fills[i]
		maker, live := l.orders[f.Maker]
		sound := live && !maker.waits && maker.slot == f.MakerSlot && f.Maker != id
		if f.Qty == 0 { // self-trade prevention took it out
			sound = sound && f.MakerLeft == maker.qty && f.Gone()
			l.left(f.Maker, maker, 0)
		} else {
			sound = sound && maker.qty == f.Qty+f.MakerLeft && f.Gone() == (f.MakerLeft == 0)
			l.left(f.Maker, maker, f.MakerLeft)
			l.last = f.Price
		}
		if !sound {
			return fmt.Errorf("fill %+v of maker %+v, live %v", *f, maker, live)
		}
		if i > 0 && fills[i-1].Maker == f.Maker {
			return fmt.Errorf("two fills in a row of maker %d, want one", f.Maker)
		}
		if r.Slot == f.MakerSlot {
			return fmt.Errorf("I9: the order rests in slot %d, of maker %d in the same call", r.Slot, f.Maker)
		}
		sum += uint64(f.Qty)
	}
	if sum != uint64(qty) {
		return fmt.Errorf("I11: quantity %d, but filled, resting and cancelled make %d", qty, sum)
	}
	if (r.Resting == 0) != (r.Slot == orderbook.NoSlot) {
		return fmt.Errorf("I8: %d rest in slot %d", r.Resting, r.Slot)
	}
	if (r.Cancelled == 0) != (r.Cause == orderbook.CauseNone) || r.Cancelled > 0 && r.Resting > 0 {
		return fmt.Errorf("%+v: something is cancelled exactly if there is a cause, and then nothing rests", r)
	}
	own, known := l.orders[id]
	if known && r.Resting > 0 && r.Slot != own.slot {
		return fmt.Errorf("order %d has moved from slot %d to %d", id, own.slot, r.Slot)
	}
	if other, taken := l.slots[r.Slot]; taken && other != id {
		return fmt.Errorf("order %d rests in slot %d, of order %d", id, r.Slot, other)
	}
	if known {
		l.left(id, own, 0)
	}
	if r.Resting > 0 {
		l.put(id, held{r.Slot, r.Resting, waits})
	}
	return nil
}

// reduced books a cancel or a reduction.
func (l *ledger) reduced(id orderbook.OrderID, r orderbook.Result) error {
	if r.Reject != orderbook.Accepted {
		return nil
	}
	before, live := l.orders[id]
	if !live || r.Slot != before.slot || r.Resting+r.Cancelled != before.qty || r.Cause != orderbook.CauseNone {
		return fmt.Errorf("result %+v for order %d of %+v, live %v", r, id, before, live)
	}
	l.left(id, before, r.Resting)
	return nil
}

// crossed books trades of an auction.
func (l *ledger) crossed(price orderbook.Price, crosses []orderbook.Cross) error {
	for _, c := range crosses {
		buy, buyLive := l.orders[c.Buy]
		sell, sellLive := l.orders[c.Sell]
		if !buyLive || !sellLive || buy.waits || sell.waits || c.Qty == 0 || c.Buy == c.Sell ||
			buy != (held{c.BuySlot, c.Qty + c.BuyLeft, false}) || sell != (held{c.SellSlot, c.Qty + c.SellLeft, false}) {
			return fmt.Errorf("cross %+v of %+v, live %v, and %+v, live %v", c, buy, buyLive, sell, sellLive)
		}
		if c.BuyLeft > 0 && c.SellLeft > 0 {
			return fmt.Errorf("cross %+v leaves both", c)
		}
		l.left(c.Buy, buy, c.BuyLeft)
		l.left(c.Sell, sell, c.SellLeft)
		l.last = price
	}
	return nil
}

// holds compares an order of the book with the account.
func (l *ledger) holds(o *orderbook.RestingOrder, waits bool) error {
	if want := (held{o.Slot, o.Qty, waits}); l.orders[o.ID] != want || l.slots[o.Slot] != o.ID {
		return fmt.Errorf("order %+v, the results leave %+v", *o, l.orders[o.ID])
	}
	return nil
}
