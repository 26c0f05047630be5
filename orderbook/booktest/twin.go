package booktest

import (
	"fmt"
	"iter"
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// TB is what a Twin needs of a test: testing.TB, *rapid.T and others have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Twin is two books that get the same commands. After each command it compares what they
// returned and what they show, and it checks what must hold for any book: no quantity is lost,
// slots are used as promised, a refused command changes nothing. It fails the test at the first
// difference, with the commands that led there.
type Twin struct {
	t          TB
	book       Book
	model      Book
	ledger     map[orderbook.OrderID]resting // what should rest, by the results of book alone
	wholeEvery int                           // the whole books are compared after so many commands
	done       int
	history    []string // of the last commands
	fills      []orderbook.Fill
	before     uint64 // state hash before the command, if wholeEvery is 1
	bids, asks [2][]orderbook.Level
}

type resting struct {
	slot orderbook.Slot
	qty  orderbook.Qty
}

const historyMax = 40

// NewTwin compares book with model, in full after every wholeEvery commands.
func NewTwin(t TB, book, model Book, wholeEvery int) *Twin {
	w := &Twin{t: t, book: book, model: model, ledger: map[orderbook.OrderID]resting{}, wholeEvery: wholeEvery}
	for i := range w.bids {
		w.bids[i] = make([]orderbook.Level, 0, 8)
		w.asks[i] = make([]orderbook.Level, 0, 8)
	}
	return w
}

func (w *Twin) failf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), joinLines(w.history))
}

func joinLines(lines []string) (text string) {
	for _, line := range lines {
		text += "  " + line + "\n"
	}
	return text
}

// begin notes a command and the state before it.
func (w *Twin) begin(command string) {
	if len(w.history) == historyMax {
		w.history = slices.Delete(w.history, 0, 1)
	}
	w.history = append(w.history, command)
	w.done++
	if w.wholeEvery == 1 {
		w.before = w.book.StateHash()
	}
}

// Add implements Book.
func (w *Twin) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	w.t.Helper()
	w.begin(fmt.Sprintf("add %+v, room %d", *o, cap(fills)-len(fills)))
	return w.enter(o.ID, o.Qty, fills, func(b Book, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		return b.Add(o, fills)
	})
}

// Modify implements Book.
func (w *Twin) Modify(id orderbook.OrderID, market bool, tif orderbook.TimeInForce, price orderbook.Price, qty orderbook.Qty,
	fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	w.t.Helper()
	w.begin(fmt.Sprintf("modify %d market=%v tif=%d price=%d qty=%d, room %d", id, market, tif, price, qty, cap(fills)-len(fills)))
	return w.enter(id, qty, fills, func(b Book, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		return b.Modify(id, market, tif, price, qty, fills)
	})
}

// enter runs a command that may trade on both books.
func (w *Twin) enter(id orderbook.OrderID, qty orderbook.Qty, fills []orderbook.Fill,
	run func(Book, []orderbook.Fill) ([]orderbook.Fill, orderbook.Result)) ([]orderbook.Fill, orderbook.Result) {
	w.t.Helper()
	had, room := len(fills), cap(fills)
	w.fills = slices.Grow(w.fills[:0], cap(fills))[:0:cap(fills)]
	modelFills, want := run(w.model, append(w.fills, fills...))
	fills, got := run(w.book, fills)
	if cap(fills) != room {
		w.failf("the fills grew from %d to %d", room, cap(fills))
	}
	if !slices.EqualFunc(fills[had:], modelFills[had:], sameFill) {
		w.failf("fills\n  got  %+v\n  want %+v", fills[had:], modelFills[had:])
	}
	w.compare(id, got, want)
	if got.Reject != orderbook.Accepted {
		if len(fills) != had {
			w.failf("refused with %d fills", len(fills)-had)
		}
		return fills, got
	}
	w.settle(id, qty, fills[had:], got)
	return fills, got
}

func sameFill(a, b orderbook.Fill) bool {
	a.MakerSlot, b.MakerSlot = 0, 0
	return a == b
}

// settle books an entry or modify in the ledger.
func (w *Twin) settle(id orderbook.OrderID, qty orderbook.Qty, fills []orderbook.Fill, r orderbook.Result) {
	w.t.Helper()
	sum := uint64(r.Resting) + uint64(r.Cancelled)
	for _, f := range fills {
		maker, live := w.ledger[f.Maker]
		if !live || maker.slot != f.MakerSlot || maker.qty != f.Qty+f.MakerLeft || f.Qty == 0 || f.Maker == id {
			w.failf("fill %+v of maker %+v, live %v", f, maker, live)
		}
		w.ledger[f.Maker] = resting{maker.slot, f.MakerLeft}
		sum += uint64(f.Qty)
		if r.Slot == f.MakerSlot {
			w.failf("I9: the order rests in slot %d, of maker %d in the same call", r.Slot, f.Maker)
		}
	}
	if sum != uint64(qty) {
		w.failf("I11: quantity %d, but filled, resting and cancelled make %d", qty, sum)
	}
	for _, f := range fills {
		if f.MakerLeft == 0 {
			delete(w.ledger, f.Maker)
		}
	}
	delete(w.ledger, id)
	if (r.Resting == 0) != (r.Slot == orderbook.NoSlot) {
		w.failf("I8: %d rest in slot %d", r.Resting, r.Slot)
	}
	if r.Resting > 0 {
		w.ledger[id] = resting{r.Slot, r.Resting}
	}
}

// Reduce implements Book.
func (w *Twin) Reduce(id orderbook.OrderID, by orderbook.Qty) orderbook.Result {
	w.t.Helper()
	w.begin(fmt.Sprintf("reduce %d by %d", id, by))
	want, got := w.model.Reduce(id, by), w.book.Reduce(id, by)
	w.compare(id, got, want)
	w.takeOff(id, got)
	return got
}

// Cancel implements Book.
func (w *Twin) Cancel(id orderbook.OrderID) orderbook.Result {
	w.t.Helper()
	w.begin(fmt.Sprintf("cancel %d", id))
	want, got := w.model.Cancel(id), w.book.Cancel(id)
	w.compare(id, got, want)
	w.takeOff(id, got)
	return got
}

// takeOff books a cancel or reduce in the ledger.
func (w *Twin) takeOff(id orderbook.OrderID, r orderbook.Result) {
	w.t.Helper()
	if r.Reject != orderbook.Accepted {
		return
	}
	before := w.ledger[id]
	if r.Slot != before.slot || r.Resting+r.Cancelled != before.qty {
		w.failf("result %+v for an order of %+v", r, before)
	}
	w.ledger[id] = resting{before.slot, r.Resting}
	if r.Resting == 0 {
		delete(w.ledger, id)
	}
}

// compare compares the results of one command, which is about order id, and what the books show after it.
func (w *Twin) compare(id orderbook.OrderID, got, want orderbook.Result) {
	w.t.Helper()
	got.Slot, want.Slot = 0, 0
	if got != want {
		w.failf("result\n  got  %+v\n  want %+v", got, want)
	}
	if w.wholeEvery == 1 && got.Reject != orderbook.Accepted && w.book.StateHash() != w.before {
		w.failf("I5: refused with %v, but the state hash went from %#x to %#x", got.Reject, w.before, w.book.StateHash())
	}
	for i, b := range [...]Book{w.book, w.model} {
		w.bids[i] = b.Depth(orderbook.Buy, w.bids[i][:0])
		w.asks[i] = b.Depth(orderbook.Sell, w.asks[i][:0])
	}
	if !slices.Equal(w.bids[0], w.bids[1]) || !slices.Equal(w.asks[0], w.asks[1]) {
		w.failf("depth\n  got  %+v %+v\n  want %+v %+v", w.bids[0], w.asks[0], w.bids[1], w.asks[1])
	}
	bid, ask := w.book.BBO()
	if bid != first(w.bids[1]) || ask != first(w.asks[1]) {
		w.failf("touch\n  got  %+v %+v\n  want %+v %+v", bid, ask, first(w.bids[1]), first(w.asks[1]))
	}
	order, live := w.book.Lookup(id)
	modelOrder, modelLive := w.model.Lookup(id)
	order.Slot, modelOrder.Slot = 0, 0
	if order != modelOrder || live != modelLive {
		w.failf("lookup\n  got  %+v %v\n  want %+v %v", order, live, modelOrder, modelLive)
	}
	if w.done%w.wholeEvery == 0 {
		w.Whole()
	}
}

func first(levels []orderbook.Level) orderbook.Level {
	if len(levels) == 0 {
		return orderbook.Level{}
	}
	return levels[0]
}

// Whole compares every order of the two books and lets both check themselves.
func (w *Twin) Whole() {
	w.t.Helper()
	for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
		got, want := slices.Collect(w.book.Orders(side)), slices.Collect(w.model.Orders(side))
		if !slices.EqualFunc(got, want, sameOrder) {
			w.failf("%v orders\n  got  %+v\n  want %+v", side, got, want)
		}
		levels := w.model.Depth(side, make([]orderbook.Level, 0, len(want)))
		if depth := w.book.Depth(side, make([]orderbook.Level, 0, len(want))); !slices.Equal(depth, levels) {
			w.failf("%v depth\n  got  %+v\n  want %+v", side, depth, levels)
		}
	}
	if got, want := w.book.StateHash(), w.model.StateHash(); got != want {
		w.failf("state hash got %#x, want %#x", got, want)
	}
	if err := w.book.Check(); err != nil {
		w.failf("check: %v", err)
	}
	if err := w.model.Check(); err != nil {
		w.failf("check of the model: %v", err)
	}
}

func sameOrder(a, b orderbook.RestingOrder) bool {
	a.Slot, b.Slot = 0, 0
	return a == b
}

// Lookup implements Book.
func (w *Twin) Lookup(id orderbook.OrderID) (orderbook.RestingOrder, bool) { return w.book.Lookup(id) }

// BBO implements Book.
func (w *Twin) BBO() (bid, ask orderbook.Level) { return w.book.BBO() }

// Depth implements Book.
func (w *Twin) Depth(side orderbook.Side, dst []orderbook.Level) []orderbook.Level {
	return w.book.Depth(side, dst)
}

// Orders implements Book.
func (w *Twin) Orders(side orderbook.Side) iter.Seq[orderbook.RestingOrder] {
	return w.book.Orders(side)
}

// StateHash implements Book.
func (w *Twin) StateHash() uint64 { return w.book.StateHash() }

// Check implements Book.
func (w *Twin) Check() error { return w.book.Check() }
