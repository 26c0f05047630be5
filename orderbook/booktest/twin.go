package booktest

import (
	"fmt"
	"iter"
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// TB is what a Twin needs of a test: testing.TB, *rapid.T and others have it.
type TB interface {
	Fatalf(format string, args ...any)
}

// Twin is two books that get the same commands. After each command it compares what they
// returned and, after most, what they show, and it checks what must hold for any book: no quantity is lost,
// slots are used as promised, a refused command changes nothing. It fails the test at the first
// difference, with the commands that led there.
type Twin struct {
	t          TB
	book       Book
	model      Book
	ledger     ledger // what book should hold, by its results alone
	wholeEvery int    // the whole books are compared after so many commands
	history    history
	fills      []orderbook.Fill  // of the model
	crosses    []orderbook.Cross // of the model
	before     uint64            // state hash before the command, if wholeEvery is 1
	bids, asks [2][]orderbook.Level
}

// NewTwin compares book with model, in full after every wholeEvery commands. They need not be empty, but must
// hold the same.
func NewTwin(t TB, book, model Book, wholeEvery int) *Twin {
	w := &Twin{t: t, book: book, model: model, ledger: newLedger(book), wholeEvery: wholeEvery}
	for i := range w.bids {
		w.bids[i] = make([]orderbook.Level, 0, 8)
		w.asks[i] = make([]orderbook.Level, 0, 8)
	}
	return w
}

// Commands returns how many commands the twin has had.
func (w *Twin) Commands() int { return w.history.done }

func (w *Twin) failf(format string, args ...any) {
	w.t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), &w.history)
}

func (w *Twin) must(err error) {
	if err != nil {
		w.failf("%v", err)
	}
}

// begin notes a command and the state before it.
func (w *Twin) begin(c command) {
	w.history.note(c)
	if w.wholeEvery == 1 {
		w.before = w.book.StateHash()
	}
}

// Add implements Book.
func (w *Twin) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	w.begin(command{what: whatAdd, order: *o, room: cap(fills) - len(fills)})
	modelFills, want := w.model.Add(o, w.room(fills))
	gotFills, got := w.book.Add(o, fills)
	w.entered(o.ID, o.Qty, fills, gotFills, modelFills, got, want)
	return gotFills, got
}

// Modify implements Book.
func (w *Twin) Modify(id orderbook.OrderID, t *orderbook.Terms, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	w.begin(command{what: whatModify, room: cap(fills) - len(fills), order: orderbook.Order{
		ID: id, TIF: t.TIF, Market: t.Market, Price: t.Price, Trigger: t.Trigger, Qty: t.Qty, Disclosed: t.Disclosed}})
	modelFills, want := w.model.Modify(id, t, w.room(fills))
	gotFills, got := w.book.Modify(id, t, fills)
	w.entered(id, t.Qty, fills, gotFills, modelFills, got, want)
	return gotFills, got
}

// Trigger implements Book.
func (w *Twin) Trigger(fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result, bool) {
	w.begin(command{what: whatTrigger, room: cap(fills) - len(fills)})
	wantOrder, modelFills, want, wantReached := w.model.Trigger(w.room(fills))
	order, gotFills, got, reached := w.book.Trigger(fills)
	if reached != wantReached {
		w.failf("reached %v, want %v", reached, wantReached)
	}
	if !reached {
		w.history.unnote()
	}
	if !reached && (order != orderbook.Triggered{} || got != orderbook.Result{} || len(gotFills) != len(fills)) {
		w.failf("none is reached, but %+v %+v %+v", order, got, gotFills)
	}
	if reached {
		w.sameTriggered(order, wantOrder)
		w.entered(order.ID, order.Qty, fills, gotFills, modelFills, got, want)
	}
	return order, gotFills, got, reached
}

// Activate implements Book.
func (w *Twin) Activate(id orderbook.OrderID, fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result) {
	w.begin(command{what: whatActivate, order: orderbook.Order{ID: id}, room: cap(fills) - len(fills)})
	wantOrder, modelFills, want := w.model.Activate(id, w.room(fills))
	order, gotFills, got := w.book.Activate(id, fills)
	if want.Reject == orderbook.Accepted {
		w.sameTriggered(order, wantOrder)
	} else if order != (orderbook.Triggered{}) {
		w.failf("%+v activated, want none", order)
	}
	w.entered(id, order.Qty, fills, gotFills, modelFills, got, want)
	return order, gotFills, got
}

// sameTriggered checks an order that is said to have been triggered.
func (w *Twin) sameTriggered(got, want orderbook.Triggered) {
	slot := got.Slot
	got.Slot, want.Slot = 0, 0
	if held := w.ledger.orders[got.ID]; got != want || slot != held.slot || got.Qty != held.qty || !held.waits {
		w.failf("triggered\n  got  %+v in slot %d, of %+v\n  want %+v", got, slot, held, want)
	}
}

// room returns a copy of fills for the model, with as much room.
func (w *Twin) room(fills []orderbook.Fill) []orderbook.Fill {
	w.fills = slices.Grow(w.fills[:0], cap(fills))
	return append(w.fills, fills...)[:len(fills):cap(fills)]
}

// entered compares the outcome of a command that may trade, of order id and quantity qty.
func (w *Twin) entered(id orderbook.OrderID, qty orderbook.Qty, before, fills, wantFills []orderbook.Fill, got, want orderbook.Result) {
	had := len(before)
	if cap(fills) != cap(before) {
		w.failf("the fills grew from %d to %d", cap(before), cap(fills))
	}
	if !slices.EqualFunc(fills[had:], wantFills[had:], sameFill) {
		w.failf("fills\n  got  %+v\n  want %+v", fills[had:], wantFills[had:])
	}
	last := w.ledger.last
	if got.Reject == orderbook.Accepted {
		w.must(w.ledger.entered(id, qty, fills[had:], got, w.waits(id)))
	} else if len(fills) != had {
		w.failf("refused with %d fills", len(fills)-had)
	}
	if w.book.LastPrice() != w.ledger.last {
		w.failf("the last price is %d, was %d, want %d", w.book.LastPrice(), last, w.ledger.last)
	}
	w.compare(id, got, want)
}

// waits says whether the order is one that waits for its trigger now.
func (w *Twin) waits(id orderbook.OrderID) bool {
	o, live := w.book.Lookup(id)
	return live && o.Trigger != 0
}

func sameFill(a, b orderbook.Fill) bool {
	a.MakerSlot, b.MakerSlot = 0, 0
	return a == b
}

// Reduce implements Book.
func (w *Twin) Reduce(id orderbook.OrderID, by orderbook.Qty) orderbook.Result {
	w.begin(command{what: whatReduce, order: orderbook.Order{ID: id, Qty: by}})
	want, got := w.model.Reduce(id, by), w.book.Reduce(id, by)
	w.must(w.ledger.reduced(id, got))
	w.compare(id, got, want)
	return got
}

// Cancel implements Book.
func (w *Twin) Cancel(id orderbook.OrderID) orderbook.Result {
	w.begin(command{what: whatCancel, order: orderbook.Order{ID: id}})
	want, got := w.model.Cancel(id), w.book.Cancel(id)
	w.must(w.ledger.reduced(id, got))
	w.compare(id, got, want)
	return got
}

// CancelWhere implements Book.
func (w *Twin) CancelWhere(side orderbook.Side, match func(orderbook.Slot) bool, gone func(orderbook.RestingOrder)) int {
	w.begin(command{what: whatCancelWhere, order: orderbook.Order{Side: side}})
	// The slots of the books differ, so the model is told by number what matched in the book.
	chosen := map[orderbook.OrderID]bool{}
	named := map[orderbook.Slot]orderbook.OrderID{}
	for _, seq := range allOf(w.model) {
		for o := range seq {
			named[o.Slot] = o.ID
		}
	}
	var orders, wantOrders []orderbook.RestingOrder
	n := w.book.CancelWhere(side, func(slot orderbook.Slot) bool {
		id, live := w.ledger.slots[slot]
		if !live {
			w.failf("asked for slot %d, where no order is", slot)
		}
		chosen[id] = match(slot)
		return chosen[id]
	}, func(o orderbook.RestingOrder) {
		orders = append(orders, o)
		w.must(w.ledger.reduced(o.ID, orderbook.Result{Slot: o.Slot, Cancelled: o.Qty}))
		gone(o)
	})
	wantN := w.model.CancelWhere(side, func(slot orderbook.Slot) bool { return chosen[named[slot]] },
		func(o orderbook.RestingOrder) { wantOrders = append(wantOrders, o) })
	if n != wantN || !slices.EqualFunc(orders, wantOrders, sameOrder) {
		w.failf("cancelled\n  got  %d %+v\n  want %d %+v", n, orders, wantN, wantOrders)
	}
	w.shown()
	return n
}

// HoldStops implements Book.
func (w *Twin) HoldStops(hold bool) {
	w.begin(command{what: whatHoldStops, flag: hold})
	w.model.HoldStops(hold)
	w.book.HoldStops(hold)
	w.shown()
}

// LastPrice implements Book.
func (w *Twin) LastPrice() orderbook.Price { return w.book.LastPrice() }

// SetLastPrice implements Book.
func (w *Twin) SetLastPrice(price orderbook.Price) {
	w.begin(command{what: whatSetLastPrice, order: orderbook.Order{Price: price}})
	w.model.SetLastPrice(price)
	w.book.SetLastPrice(price)
	w.ledger.last = max(price, 0)
	w.shown()
}

// SetRange implements Book.
func (w *Twin) SetRange(low, high orderbook.Price) {
	w.begin(command{what: whatSetRange, order: orderbook.Order{Price: low, Trigger: high}})
	w.model.SetRange(low, high)
	w.book.SetRange(low, high)
	w.shown()
}

// compare compares the results of one command, which is about order id, and what the books show after it.
func (w *Twin) compare(id orderbook.OrderID, got, want orderbook.Result) {
	got.Slot, want.Slot = 0, 0
	if got != want {
		w.failf("result\n  got  %+v\n  want %+v", got, want)
	}
	if w.wholeEvery == 1 && got.Reject != orderbook.Accepted && w.book.StateHash() != w.before {
		w.failf("I5: refused with %v, but the state hash went from %#x to %#x", got.Reject, w.before, w.book.StateHash())
	}
	order, live := w.book.Lookup(id)
	modelOrder, modelLive := w.model.Lookup(id)
	if !sameOrder(order, modelOrder) || live != modelLive || w.book.Find(id) != order.Slot {
		w.failf("lookup\n  got  %+v %v, slot %d\n  want %+v %v", order, live, w.book.Find(id), modelOrder, modelLive)
	}
	w.shown()
}

// Lookup implements Book.
func (w *Twin) Lookup(id orderbook.OrderID) (orderbook.RestingOrder, bool) { return w.book.Lookup(id) }

// Find implements Book.
func (w *Twin) Find(id orderbook.OrderID) orderbook.Slot { return w.book.Find(id) }

// BBO implements Book.
func (w *Twin) BBO() (bid, ask orderbook.Level) { return w.book.BBO() }

// Depth implements Book.
func (w *Twin) Depth(side orderbook.Side, dst []orderbook.Level) []orderbook.Level {
	return w.book.Depth(side, dst)
}

// DepthAt implements Book.
func (w *Twin) DepthAt(side orderbook.Side, price orderbook.Price) orderbook.Level {
	return w.book.DepthAt(side, price)
}

// Orders implements Book.
func (w *Twin) Orders(side orderbook.Side) iter.Seq[orderbook.RestingOrder] {
	return w.book.Orders(side)
}

// Stops implements Book.
func (w *Twin) Stops(side orderbook.Side) iter.Seq[orderbook.RestingOrder] {
	return w.book.Stops(side)
}

// StateHash implements Book.
func (w *Twin) StateHash() uint64 { return w.book.StateHash() }

// Check implements Book.
func (w *Twin) Check() error { return w.book.Check() }
