package booktest

import (
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Collecting implements Book.
func (w *Twin) Collecting() bool { return w.book.Collecting() }

// OpenAuction implements Book.
func (w *Twin) OpenAuction() {
	w.begin(command{what: whatOpenAuction})
	w.model.OpenAuction()
	w.book.OpenAuction()
	w.shown()
}

// Equilibrium implements Book.
func (w *Twin) Equilibrium(reference orderbook.Price) orderbook.Equilibrium {
	w.begin(command{what: whatEquilibrium, order: orderbook.Order{Price: reference}})
	want, got := w.model.Equilibrium(reference), w.book.Equilibrium(reference)
	if got != want {
		w.failf("equilibrium\n  got  %+v\n  want %+v", got, want)
	}
	if w.wholeEvery == 1 && w.book.StateHash() != w.before {
		w.failf("asking for the equilibrium changed the book")
	}
	return got
}

// Uncross implements Book.
func (w *Twin) Uncross(price orderbook.Price, marketFirst bool, crosses []orderbook.Cross) []orderbook.Cross {
	had := len(crosses)
	w.begin(command{what: whatUncross, order: orderbook.Order{Price: price}, flag: marketFirst, room: cap(crosses) - had})
	w.crosses = slices.Grow(w.crosses[:0], cap(crosses))
	want := w.model.Uncross(price, marketFirst, append(w.crosses, crosses...)[:had:cap(crosses)])
	got := w.book.Uncross(price, marketFirst, crosses)
	if cap(got) != cap(crosses) {
		w.failf("the crosses grew from %d to %d", cap(crosses), cap(got))
	}
	if !slices.EqualFunc(got[had:], want[had:], sameCross) {
		w.failf("crosses\n  got  %+v\n  want %+v", got[had:], want[had:])
	}
	w.must(w.ledger.crossed(price, got[had:]))
	w.shown()
	return got
}

func sameCross(a, b orderbook.Cross) bool {
	a.BuySlot, a.SellSlot, b.BuySlot, b.SellSlot = 0, 0, 0, 0
	return a == b
}

// CloseAuction implements Book.
func (w *Twin) CloseAuction(price orderbook.Price) int {
	w.begin(command{what: whatCloseAuction, order: orderbook.Order{Price: price}})
	want, got := w.model.CloseAuction(price), w.book.CloseAuction(price)
	if got != want {
		w.failf("%d market orders have become limit orders, want %d", got, want)
	}
	w.shown()
	return got
}
